package cluster_test

import (
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/clustertest"
	"busker/internal/bubble"
)

func TestLocalKeepsTheContracts(t *testing.T) {
	clustertest.Run(t, func(t *testing.T, test func(*testing.T, clustertest.Rig)) {
		bubble.Test(t, func(t *testing.T) {
			c := cluster.Local()
			test(t, clustertest.Rig{
				Open:    func(*testing.T) *cluster.Cluster { return c },
				Advance: func(d time.Duration) { <-time.After(d) },
				Instant: true,
			})
		})
	})
}
