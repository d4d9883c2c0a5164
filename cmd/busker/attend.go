package main

import (
	"context"

	"busker/cmd/busker/internal/config"
	"busker/cmd/busker/internal/member"
	"busker/internal/telemetry"
	"busker/store"
)

// attend is the process of a role that runs no shards.
func attend(ctx context.Context, s *config.Config, o *others, kept *store.Store, tel *telemetry.Telemetry) error {
	if s.Role == config.RoleAPI {
		tel.Logger().Warn("there is no REST API in this version: the process takes part and serves nothing but monitoring")
	}
	return member.New(member.Options{
		Cluster:    o.agreed(),
		RunCluster: o.run,
		Store:      kept,
		Telemetry:  tel,
		Name:       s.Cluster.Name,
		Role:       string(s.Role),
		Version:    version,
		Worker:     s.Role == config.RoleWorker,
		LeaseTTL:   s.Cluster.LeaseTTL,
	}).Run(ctx)
}
