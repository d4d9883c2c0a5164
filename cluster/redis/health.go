package redis

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"busker/internal/fault"

	"github.com/redis/go-redis/v9"
)

// watchEvery is how often Run looks how the server is.
const watchEvery = time.Second

// health tells how the server is.
type health Redis

func (h *health) Reachable() bool { return !h.down.Load() }

func (h *health) Ping(ctx context.Context) (time.Duration, error) {
	ctx = named(ctx, "ping")
	started := time.Now()
	// Of a cluster, that server counts which keeps the leases.
	err := h.rdb.Exists(ctx, (*leases)(h).keys()...).Err()
	return time.Since(started), unreachable(ctx, "ping", err)
}

// facts are what INFO says that an operator wants to know, by what we call it.
var facts = []struct{ name, field string }{
	{"version", "redis_version"},
	{"mode", "redis_mode"},
	{"role", "role"},
	{"replicas", "connected_slaves"},
	{"uptime_seconds", "uptime_in_seconds"},
	{"clients", "connected_clients"},
	{"memory_used", "used_memory_human"},
	{"memory_max", "maxmemory_human"},
	{"eviction", "maxmemory_policy"},
	{"appendonly", "aof_enabled"},
	{"appendonly_status", "aof_last_write_status"},
	{"clients_max", "maxclients"},
	{"memory_used_bytes", "used_memory"},
	{"memory_max_bytes", "maxmemory"},
	{"time_usec", "server_time_usec"},
	{"commands_per_second", "instantaneous_ops_per_sec"},
}

func (h *health) Facts(ctx context.Context) (map[string]string, error) {
	info, err := (*Redis)(h).info(ctx)
	if err != nil {
		return nil, err
	}
	known := map[string]string{"kind": h.kind, "url": h.opts.URL.String(), "namespace": h.opts.Namespace}
	for _, f := range facts {
		if value, ok := info[f.field]; ok {
			known[f.name] = value
		}
	}
	return known, nil
}

// info asks the server that keeps the leases for INFO, and notes its replicas.
// sections are those wanted of it; none = all that it tells by itself.
func (r *Redis) info(ctx context.Context, sections ...string) (map[string]string, error) {
	ctx = named(ctx, "info")
	home, err := r.home(ctx)
	if err != nil {
		return nil, unreachable(ctx, "info", err)
	}
	text, err := home.Info(ctx, sections...).Result()
	if err != nil {
		return nil, unreachable(ctx, "info", err)
	}
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	replicas, _ := strconv.ParseInt(info["connected_slaves"], 10, 64)
	r.replicas.Store(replicas)
	return info, nil
}

// inspect refuses servers that will not do, and says what is unwise about others. One
// that does not answer may yet do.
func (r *Redis) inspect(ctx context.Context) error {
	info, err := r.info(ctx)
	switch {
	case err == nil:
		return r.judge(info)
	case errors.Is(err, context.Canceled):
		return err
	}
	if refused := refusal(err); refused != nil {
		return refused
	}
	r.down.Store(true)
	r.opts.Logger.Warn("redis does not answer yet", "url", r.opts.URL, "error", err)
	return nil
}

// refusal says what a server means that will not have us; nil when it may yet.
func refusal(err error) error {
	switch {
	case begins(err, []string{"NOPERM"}):
		return fault.Wrap(fault.Denied, "The user of the Redis URL may not do what the bot needs: all keys, all channels and all commands but dangerous ones, and INFO.", err)
	case begins(err, []string{"NOAUTH", "WRONGPASS", "ERR AUTH"}):
		return fault.Wrap(fault.Denied, "Redis refused the user or password of its URL.", err)
	case begins(err, []string{"ERR This instance has cluster support disabled"}):
		return fault.Wrap(fault.Unsupported, "This Redis is no Redis Cluster: its URL begins with redis:// or rediss://.", err)
	}
	return nil
}

// judge looks once at a server that answers.
func (r *Redis) judge(info map[string]string) error {
	r.judged = true
	var major int
	if _, err := fmt.Sscanf(info["redis_version"], "%d.", &major); err == nil && major < 7 {
		return fault.Newf(fault.Unsupported, "Redis 7 or newer is needed; this one is %s.", info["redis_version"])
	}
	if info["redis_mode"] == "cluster" && r.kind == single {
		return fault.New(fault.Unsupported, "This Redis is a node of a Redis Cluster: its URL begins with redis+cluster:// or rediss+cluster://.")
	}
	if policy := info["maxmemory_policy"]; policy != "" && policy != "noeviction" {
		r.opts.Logger.Warn("redis may evict what the cluster needs: set maxmemory-policy noeviction", "policy", policy)
	}
	if info["aof_enabled"] == "0" {
		r.opts.Logger.Warn("redis forgets everything when it restarts: set appendonly yes")
	}
	r.role(info["role"])
	return nil
}

// role says when a server has become one that takes nothing in.
func (r *Redis) role(now string) {
	if now == "slave" && !r.replica {
		r.opts.Logger.Warn("this redis is a replica, where nothing can be written: use the address of the master, or redis+sentinel://", "url", r.opts.URL)
	}
	r.replica = now == "slave"
}

// look says what has come to light since the last look.
func (r *Redis) look(info map[string]string, err error) {
	told := ""
	switch {
	case err != nil:
		if err = refusal(err); err != nil {
			told = err.Error()
		}
	case !r.judged:
		err = r.judge(info)
	default:
		r.role(info["role"])
	}
	if err != nil && (told == "" || told != r.told) {
		r.opts.Logger.Error("this redis will not do", "url", r.opts.URL, "err", err)
	}
	r.told = told
}

// watch looks once how the server is.
func (r *Redis) watch(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, watchEvery)
	defer cancel()
	sections := []string{"replication"}
	if !r.judged {
		sections = nil
	}
	info, err := r.info(ctx, sections...)
	r.look(info, err)
	if err == nil && !r.anyOpen() {
		return
	}
	for _, c := range []redis.UniversalClient{r.rdb, r.vital} {
		if nodes, ok := c.(*redis.ClusterClient); ok {
			nodes.ReloadState(ctx) // another may have taken over
			r.forgetReplaced(ctx, nodes)
		}
	}
}
