package doctor

import (
	"context"
	"strconv"
	"time"

	"busker/cluster/redis"
	"busker/internal/fault"
)

const (
	// slowRedis is felt: every command of a guild elsewhere takes some round trips.
	slowRedis = 50 * time.Millisecond
	// pings are how often the latency is measured; the shortest counts.
	pings = 5
	// nearlyFull is the share of its memory from which Redis should have more, in percent.
	nearlyFull = 80
	// replyPatience is how long one answer may take here; the bot waits less.
	replyPatience = 2 * time.Second
)

// openRedis opens the way to Redis. Without an address ok is false.
func (d *doctor) openRedis(ctx context.Context) (r *redis.Redis, ok bool, err error) {
	if d.Config.Redis.URL == "" {
		return nil, false, nil
	}
	r, err = redis.Open(ctx, redis.Options{
		URL: redis.URL(d.Config.Redis.URL.Reveal()), Namespace: d.Config.Cluster.Namespace,
		Process: "busker-doctor", Timeout: replyPatience, Connections: 1,
	})
	return r, true, err
}

// redis looks at what the processes agree through.
func (d *doctor) redis(ctx context.Context, f *findings) {
	r, used, err := d.openRedis(ctx)
	switch {
	case !used:
		f.note("Not used: one process is the whole bot.")
		return
	case err != nil:
		f.problem(doOpen(err), "%s.", sentence(plain(err)))
		return
	}
	defer r.Close() //nolint:errcheck // it was only read
	health := r.Cluster().Health
	took, err := quickest(ctx, health.Ping)
	if err != nil {
		f.problem("Start it, correct REDIS_URL, or let this machine connect there. Of Sentinels, the name of the master must be theirs.",
			"Redis does not answer at %s: %s.", redis.URL(d.Config.Redis.URL.Reveal()), cause(err))
		return
	}
	facts, err := health.Facts(ctx)
	if err != nil {
		f.problem("Let the user of the URL carry out INFO.", "Redis does not say how it is: %s.", cause(err))
		return
	}
	installed(f, facts)
	persistent(f, facts)
	roomy(f, facts)
	if took > slowRedis {
		f.warn("Put it nearer to the bot, or look what else it does.", "Redis takes %s to answer.", took.Round(time.Millisecond))
	}
	if len(f.list) == 0 {
		f.ok("Redis %s (%s) answers in %s, keeps everything on disk, evicts nothing, and uses %s.",
			facts["version"], facts["kind"], took.Round(10*time.Microsecond), facts["memory_used"])
	}
}

// doOpen says what to do about an address or a server that will not do.
func doOpen(err error) string {
	switch fault.KindOf(err) {
	case fault.Denied:
		return "Correct user and password in REDIS_URL."
	case fault.Unsupported:
		return "Update Redis."
	}
	return "Correct REDIS_URL, or the namespace."
}

func quickest(ctx context.Context, ping func(context.Context) (time.Duration, error)) (best time.Duration, err error) {
	for i := range pings {
		took, err := ping(ctx)
		if err != nil {
			return 0, err
		}
		if i == 0 || took < best {
			best = took
		}
	}
	return best, nil
}

// installed looks whether the server is of the kind the URL says, and may be written.
func installed(f *findings, facts map[string]string) {
	if facts["role"] == "slave" {
		f.problem("Use the address of the master, or redis+sentinel:// so that it is found.", "This Redis is a replica, where nothing can be written.")
	}
	if facts["mode"] == "cluster" && facts["kind"] != "cluster" {
		f.problem("Write redis+cluster:// and the addresses of some nodes.", "This Redis is a node of a Redis Cluster, and the URL is that of a single server.")
	}
	if facts["kind"] == "sentinel" && facts["replicas"] == "0" {
		f.warn("Add one: the Sentinels have nobody to make master.", "The master has no replica.")
	}
}

// persistent looks whether it forgets.
func persistent(f *findings, facts map[string]string) {
	switch {
	case facts["appendonly"] == "0":
		f.warn("Set appendonly yes (appendfsync everysec is enough).", "Redis keeps no log: a restart forgets who has which shard, and commands on their way.")
	case facts["appendonly_status"] != "" && facts["appendonly_status"] != "ok":
		f.problem("Look at its log: most likely the disk is full.", "Redis cannot write its log (%s).", facts["appendonly_status"])
	}
}

// roomy looks at memory, and at connections.
func roomy(f *findings, facts map[string]string) {
	used, most := number(facts["memory_used_bytes"]), number(facts["memory_max_bytes"])
	if policy := facts["eviction"]; policy != "" && policy != "noeviction" {
		says := "With maxmemory-policy %s, Redis throws away what the processes agreed on when its memory is full."
		if most > 0 {
			f.problem("Set maxmemory-policy noeviction.", says, policy)
		} else {
			f.warn("Set maxmemory-policy noeviction.", says, policy)
		}
	}
	if most > 0 && used*100 >= most*nearlyFull {
		f.warn("Raise maxmemory, or find out what else is kept there. When it is full, no shard changes hands.", "Redis uses %s of its %s.", size(used), size(most))
	}
	if clients, limit := number(facts["clients"]), number(facts["clients_max"]); limit > 0 && clients*10 >= limit*9 {
		f.warn("Raise maxclients.", "%d of the %d clients Redis takes are connected.", clients, limit)
	}
}

// number is 0 for what is none.
func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// redisClock compares with the clock by which leases end.
func (d *doctor) redisClock(ctx context.Context) (skew, bool) {
	r, used, err := d.openRedis(ctx)
	if !used || err != nil {
		return skew{}, false
	}
	defer r.Close() //nolint:errcheck // it was only read
	asked := d.Now()
	facts, err := r.Cluster().Health.Facts(ctx)
	took := d.Now().Sub(asked)
	usec := number(facts["time_usec"])
	if err != nil || usec == 0 {
		return skew{}, false
	}
	return skew{whose: "Redis", offset: time.UnixMicro(usec).Sub(asked.Add(took / 2)), uncertain: took / 2}, true
}
