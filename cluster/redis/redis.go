// Package redis is cluster over Redis 7: a single server, a master that Sentinels
// watch, or a Redis Cluster.
//
// It alone knows go-redis. Redis.Run keeps an eye on the server; calls work without it.
//
// # What the server must be like
//
// Persistent: appendonly yes (appendfsync everysec is enough), since leases, their notes
// and the bus lie there. maxmemory-policy noeviction: what is evicted is lost. Its clock
// set by NTP: it decides when leases expire, and tokens follow it.
//
// # What can get lost, and why nobody gets hurt
//
// Replication is asynchronous: a failover may forget the grants of the last moments,
// and a server that starts without data forgets all. Then a lease can lie with an older
// owner, or with nobody, while a newer one trusts in it. Three things keep that
// harmless. Tokens follow the server's clock, so none is ever granted twice or goes
// back, as long as the servers' clocks differ by less than a failover takes. A renewal
// brings back what the server forgot, and of two the newer grant wins, within one
// interval of renewal; meanwhile nobody else is granted what the server never heard of.
// And whatever a lease protects compares tokens itself: the store refuses the older one,
// and Discord ends the older session. Where there are replicas, a grant waits a moment
// for one of them to have it, so that even this is rare.
package redis

import (
	"context"
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"busker/cluster"
	"busker/internal/fault"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Options are how to reach Redis. Only URL is required.
type Options struct {
	URL URL

	// Namespace is what all keys begin with; bots with different ones do not see each
	// other. Lower-case letters, digits, - and _; "" = "busker".
	Namespace string

	// Process names this process in Redis' list of clients.
	Process string

	// Timeout is how long one attempt of a call may wait for the server; 0 = 500 ms.
	// A call makes up to three, within its context's deadline.
	Timeout time.Duration

	// Margin is how long before its expiry a lease is no longer trusted; 0 =
	// cluster.Margin.
	Margin time.Duration

	// Connections to one server, at most; 0 = 32. Leases and members have up to four
	// besides, so that they wait for nothing else.
	Connections int

	Logger  *slog.Logger // nil = none
	Metrics *Metrics     // nil = none
}

// Redis is an open way to a Redis.
type Redis struct {
	opts     Options
	kind     string
	rdb      redis.UniversalClient
	vital    redis.UniversalClient // the same with connections of its own, for leases and members
	down     atomic.Bool           // the newest call was not answered
	seen     atomic.Uint64         // the highest token any answer held
	replicas atomic.Int64          // of the server that keeps the leases
	bus      *bus

	// Of Open, and of Run after it.
	judged  bool   // a server has answered, and was looked at
	replica bool   // it was one the last time
	told    string // why it would not have us the last time

	mu     sync.Mutex
	fuses  map[string]fuse // by server
	opened map[string]bool // servers that are not asked because they did not answer
}

const (
	defaultNamespace   = "busker"
	defaultTimeout     = 500 * time.Millisecond
	defaultConnections = 32
	vitalConnections   = 4
	retries            = 2
)

var namespaces = regexp.MustCompile(`^[a-z0-9_-]+$`)

func (o Options) withDefaults() Options {
	if o.Namespace == "" {
		o.Namespace = defaultNamespace
	}
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Connections == 0 {
		o.Connections = defaultConnections
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	return o
}

// Open opens a way to Redis and looks whether the server is one that will do. A server
// that does not answer is no error, since it may come back: what is returned then works
// as soon as it does. Close it after Run has ended.
func Open(ctx context.Context, opts Options) (*Redis, error) {
	opts = opts.withDefaults()
	kind, u, err := opts.URL.parse()
	if err != nil {
		return nil, err
	}
	if !namespaces.MatchString(opts.Namespace) {
		return nil, fault.New(fault.Invalid, "The cluster's namespace may hold lower-case letters, digits, - and _.")
	}
	r := &Redis{opts: opts, kind: kind, fuses: map[string]fuse{}, opened: map[string]bool{}}
	r.bus = newBus(r)
	opts.shape(u)
	r.rdb = r.client(u)
	few := *u
	few.PoolSize, few.Addrs = vitalConnections, slices.Clone(u.Addrs) // cluster clients append to theirs
	r.vital = r.client(&few)
	if err := r.inspect(ctx); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// shape sets what does not depend on the kind of installation.
func (o Options) shape(u *redis.UniversalOptions) {
	u.ClientName = o.Process
	u.ContextTimeoutEnabled = true
	u.DialTimeout, u.ReadTimeout, u.WriteTimeout = o.Timeout, o.Timeout, o.Timeout
	u.PoolTimeout = o.Timeout
	u.DialerRetries = 1
	u.MaxRetries, u.MinRetryBackoff, u.MaxRetryBackoff = retries, 8*time.Millisecond, 64*time.Millisecond
	u.PoolSize = o.Connections
	u.DisableIdentity = true
	u.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
}

// client makes the client, with a meter around all and a fuse at every server. Hooks
// that are added first are outside.
func (r *Redis) client(u *redis.UniversalOptions) redis.UniversalClient {
	var c redis.UniversalClient
	meter := r.meter()
	switch r.kind {
	case sentinels:
		c = redis.NewFailoverClient(u.Failover())
		c.AddHook(meter)
		c.AddHook(r.fuse("master"))
	case clusterMode:
		nodes := redis.NewClusterClient(u.Cluster())
		nodes.OnNewNode(func(node *redis.Client) { node.AddHook(r.fuse(node.Options().Addr)) })
		nodes.AddHook(meter)
		c = nodes
	default:
		c = redis.NewClient(u.Simple())
		c.AddHook(meter)
		c.AddHook(r.fuse("server"))
	}
	return c
}

func (r *Redis) meter() meter { return meter{r.opts.Metrics, &r.down, r.opts.Timeout} }

// Cluster returns everything there is to agree on, kept by this Redis.
func (r *Redis) Cluster() *cluster.Cluster {
	return &cluster.Cluster{
		Leases:  (*leases)(r),
		Members: (*members)(r),
		Claims:  (*claims)(r),
		Limits:  (*limits)(r),
		Cache:   (*cache)(r),
		Bus:     r.bus,
		Health:  (*health)(r),
	}
}

// Run keeps an eye on the server until ctx ends: whether it answers, how many replicas
// it has. It also listens for news of the bus, which is slow without.
func (r *Redis) Run(ctx context.Context) error {
	var group sync.WaitGroup
	defer group.Wait()
	group.Go(func() { r.bus.rings.run(ctx) })
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		r.watch(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Close closes all connections. Calls fail from then on.
func (r *Redis) Close() error { return errors.Join(r.rdb.Close(), r.vital.Close()) }

// key returns the name of something in Redis.
func (r *Redis) key(kind, name string) string { return r.opts.Namespace + ":" + kind + ":" + name }

// slot returns the name of one of several things that lie on one server.
func (r *Redis) slot(together, name string) string {
	return "{" + r.opts.Namespace + ":" + together + "}:" + name
}
