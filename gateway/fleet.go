package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/cluster"
	"busker/gateway/conn"
	"busker/internal/fault"
	"busker/internal/snowflake"
)

// Fleet decides which of the bot's shards run in this process: those whose leases it
// holds in the cluster. It takes free ones up to its fair share, hands some to
// members that joined, all of them when it drains, and stops those it lost. While
// the cluster cannot be reached it keeps what runs and takes nothing.
//
// Its methods may be called from anywhere.
type Fleet struct {
	opts FleetOptions
	log  *slog.Logger
	c    *cluster.Cluster

	group    *errgroup.Group // of Run: every holding runs in it
	stopping chan struct{}   // closed when Run is to end
	wake     chan struct{}   // the next survey is due at once

	mu       sync.Mutex
	layout   layout
	written  []byte // the layout as the cluster has it
	held     map[string]*Holding
	sets     int // how many different numbers of shards are among held
	view     view
	draining bool                 // it takes no shards any more
	drained  bool                 // and has given away those it had
	promised map[string]int       // shards on their way to a member
	refused  map[int]bool         // sets that are too few shards for Discord
	shut     map[string]time.Time // shards that Discord refused: until when
	eager    time.Time            // until when an operator wants the shards evened out

	moving     atomic.Bool // one shard at a time, to even out
	revalidate gate        // one at a time, for all that wait
	ready      chan struct{}
	readyOnce  sync.Once
	started    time.Time
	cutOff     bool // the cluster could not be told that we are there; of meet alone
}

// FleetOptions are those of gateway.Options that concern the fleet, and what runs a
// shard.
type FleetOptions struct {
	Cluster *cluster.Cluster
	Process string        // this member's id; "" = random
	Role    string        // only "all" (or "") and "gateway" run shards
	Version string        // of Busker, for those who look at the members
	TTL     time.Duration // of leases; 0 = 3 s
	Alone   bool          // there is nobody else to wait for

	Shards    int                                // number of shards of a new cluster; 0 = Recommend
	Recommend func(context.Context) (int, error) // asks Discord

	// Runner makes what runs a shard; its Run is called once.
	Runner func(*Holding) Runner

	Facts      func() (playing, players int, load float64)
	Guilds     func() int // how many there are here
	OnOwn      func(Owned)
	OnHandOver func(ctx context.Context, serves func(snowflake.ID) bool) error
	OnLost     func(serves func(snowflake.ID) bool, why error)

	Logger *slog.Logger
}

// Runner is one shard's connection and what is known of its guilds.
type Runner interface {
	// Run keeps the shard connected until ctx ends, which returns nil and leaves the
	// session for whoever comes next, or until Discord refuses for good.
	Run(ctx context.Context) error
	// Seal holds back all further events and keeps what came so far in the cluster,
	// for another process to go on from; Unseal lets the events come. After Run has
	// returned Seal only keeps.
	Seal(ctx context.Context) error
	Unseal()
	// Begin has the events count that were only collected so far: it calls now between
	// two of them.
	Begin(now func())
	// Rewrite keeps everything anew: the cluster may have lost it, or the token is new.
	Rewrite()
	// Former tells of the state another runner kept, by whose session the bot may still
	// be in voice.
	Former(state []byte)
	// InVoice counts the guilds in whose voice the bot is or wants to be; by this
	// shard's session are those of them that end with it.
	InVoice() (guilds, bySession int)
	// End has Run end the session when it ends.
	End()
}

// How is how a process came to own a shard.
type How uint8

// The ways to own a shard. In every case players of its guilds that still play here
// go on; the others return from the store.
const (
	Fresh      How = iota + 1 // nobody had it, or nothing of its session is left
	TakenOver                 // its owner died, and the session goes on
	HandedOver                // its owner plays on until we do
	Kept                      // it was ours all the time: only the token is new
	Returned                  // it was to be handed over, which failed: players that handed over already must return
)

var hows = map[How]string{Fresh: "fresh", TakenOver: "taken_over", HandedOver: "handed_over", Kept: "kept", Returned: "returned"}

// String names h in logs.
func (h How) String() string { return hows[h] }

// Owned is a shard that is up, and whose guilds are known.
type Owned struct {
	Shard, Shards int
	Token         uint64
	How           How
}

// Serves reports whether guild is one of the shard's.
func (o Owned) Serves(guild snowflake.ID) bool { return shardNumber(guild, o.Shards) == o.Shard }

// errHandedOver is why a shard is another's that was given to it.
var errHandedOver = errors.New("the shard was handed over")

// lingering is how long players that were handed over may play on: the other process
// joins the channels meanwhile, at Discord's pace.
const lingering = 15 * time.Second

// NewFleet checks o; Run does the rest.
func NewFleet(o FleetOptions) (*Fleet, error) {
	if o.Cluster == nil || o.Runner == nil || o.Recommend == nil {
		return nil, errors.New("a fleet needs a cluster, runners and a number of shards")
	}
	if o.TTL < 0 || o.Shards < 0 || o.Shards > maxShards {
		return nil, fault.Newf(fault.Invalid, "A bot has between 1 and %d shards.", maxShards)
	}
	if o.TTL == 0 {
		o.TTL = 3 * time.Second
	}
	if o.Process == "" {
		o.Process = strings.ToLower(rand.Text()[:12])
	}
	if o.Role == "" {
		o.Role = RoleAll
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Fleet{
		opts: o, log: o.Logger.With("process", o.Process), c: o.Cluster,
		wake: make(chan struct{}, 1), held: map[string]*Holding{}, refused: map[int]bool{}, shut: map[string]time.Time{}, promised: map[string]int{},
		view: view{free: map[string]time.Time{}}, ready: make(chan struct{}),
		stopping: make(chan struct{}), revalidate: newGate(),
	}, nil
}

// The roles whose processes run shards.
const (
	RoleAll     = "all"
	RoleGateway = "gateway"
)

// runsShards reports whether a member may own shards.
func runsShards(m cluster.Member) bool {
	return (m.Role == RoleAll || m.Role == RoleGateway) && !m.Draining
}

// Process returns this member's id.
func (f *Fleet) Process() string { return f.opts.Process }

// Run owns and runs shards until ctx ends, which returns nil: the shards are left for
// others to take at once. It fails when Discord refuses the bot for good.
func (f *Fleet) Run(ctx context.Context) error {
	f.started = time.Now()
	outer := ctx
	group, ctx := errgroup.WithContext(ctx)
	f.group = group
	group.Go(func() error {
		<-ctx.Done()
		close(f.stopping)
		return nil
	})
	group.Go(func() error {
		if err := f.agree(ctx); err != nil {
			return err
		}
		group.Go(func() error { return f.every(ctx, f.opts.TTL/12, f.wake, f.survey) })
		group.Go(func() error { return f.every(ctx, f.opts.TTL/3, nil, f.keep) })
		return f.every(ctx, f.opts.TTL/3, nil, f.meet)
	})
	if f.c.Bus != nil {
		group.Go(func() error { return f.obey(ctx) })
	}
	err := group.Wait()
	f.resign() //nolint:contextcheck // ctx has ended
	return stopped(outer, err)
}

// resign tells the others that this member is gone.
func (f *Fleet) resign() {
	ctx, cancel := context.WithTimeout(context.Background(), f.opts.TTL/3)
	defer cancel()
	if err := f.c.Members.Resign(ctx, f.opts.Process); err != nil {
		f.log.Debug("others will notice by themselves that this process is gone", "err", err)
	}
}

// every calls do at once and then at an even pace, and when somebody wakes it.
func (f *Fleet) every(ctx context.Context, pace time.Duration, wake <-chan struct{}, do func(context.Context)) error {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		do(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		case <-wake:
		}
	}
}

// agree waits until the cluster has a layout, and makes the first.
func (f *Fleet) agree(ctx context.Context) error {
	again := conn.Backoff{First: f.opts.TTL / 12}
	for {
		err := f.tryAgree(ctx)
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, cluster.ErrUnreachable):
			return err
		}
		f.log.Warn("the cluster cannot be reached: no shards are taken until it can", "err", err)
		if err := pause(ctx, min(again.Next(), f.opts.TTL)); err != nil {
			return err
		}
	}
}

func (f *Fleet) tryAgree(ctx context.Context) error {
	for {
		l, written, ok, err := readLayout(ctx, f.c.Cache)
		if err != nil {
			return err
		}
		if ok && !f.unclaimed(ctx, l) {
			f.setLayout(l, written)
			return nil
		}
		shards := f.opts.Shards
		if shards == 0 {
			if shards, err = f.opts.Recommend(ctx); err != nil {
				return err
			}
		}
		if _, err := swapLayout(ctx, f.c.Cache, written, layout{
			Shards: shards, Memory: rand.Text(), Order: l.Order + 1, Since: l.Order + 1,
		}); err != nil {
			return err
		}
	}
}

// unclaimed reports whether a layout is none of ours and nobody uses it, so that we
// may choose another.
func (f *Fleet) unclaimed(ctx context.Context, l layout) bool {
	if f.opts.Shards == 0 || l.has(f.opts.Shards) {
		return false
	}
	held, err := f.c.Leases.List(ctx, shardsPrefix)
	if err == nil && len(held) > 0 {
		f.log.Warn("the other processes run another number of shards: order them to reshard",
			"configured", f.opts.Shards, "shards", l.Shards)
	}
	return err == nil && len(held) == 0
}

func (f *Fleet) setLayout(l layout, written []byte) {
	f.mu.Lock()
	before := f.layout
	f.layout, f.written = l, written
	f.mu.Unlock()
	if l.Shards != before.Shards || l.Next != before.Next {
		f.log.Info("number of shards", "shards", l.Shards, "next", l.Next)
		f.rouse()
	}
	if l.forgotten(before) {
		f.log.Warn("the cluster has lost its memory: all is kept anew")
		f.rewrite()
	}
}

// Ready is closed once somebody owns every shard, and each of ours was up.
func (f *Fleet) Ready() <-chan struct{} { return f.ready }

// ShardOf returns the shard of guild and the number of shards, 0 before it is known.
func (f *Fleet) ShardOf(guild snowflake.ID) (shard, shards int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if h := f.find(guild); h != nil {
		return h.shard, h.shards
	}
	if f.layout.Shards == 0 {
		return 0, 0
	}
	return shardNumber(guild, f.layout.Shards), f.layout.Shards
}

// Token returns the fencing token under which this process serves guild, 0 when it
// does not. Past its trust window it is not trusted, and Validate asks.
func (f *Fleet) Token(guild snowflake.ID) (token uint64, trusted bool) {
	h := f.Of(guild)
	if h == nil {
		return 0, false
	}
	l := h.Lease()
	return l.Token, l.Trusted()
}

// Of returns the holding that serves guild, nil when this process does not.
func (f *Fleet) Of(guild snowflake.ID) *Holding {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.find(guild)
}

// served counts those of guilds that this process serves: others may still play here that
// were handed over.
func (f *Fleet) served(guilds []snowflake.ID) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, guild := range guilds {
		if f.find(guild) != nil {
			n++
		}
	}
	return n
}

// find returns the holding that counts for guild; the caller holds the lock.
func (f *Fleet) find(guild snowflake.ID) *Holding {
	if f.layout.Shards == 0 {
		return nil
	}
	h := f.held[shardKey(f.layout.Shards, shardNumber(guild, f.layout.Shards))]
	if h == nil || !h.begun() {
		h = f.former(guild)
	}
	if h == nil || !h.counts(guild) {
		return nil
	}
	return h
}

// former returns what served guild last, of the sets that began before the present one:
// an older one does not serve again what it had given up. The caller holds the lock.
func (f *Fleet) former(guild snowflake.ID) (last *Holding) {
	if f.sets < 2 {
		return nil
	}
	for _, h := range f.held {
		if h.serves(guild) && h.begun() && (last == nil || h.set > last.set) {
			last = h
		}
	}
	return last
}

// Validate asks the cluster whether guild is still ours, unless that is certain. It
// returns cluster.ErrLost when it is not, and cluster.ErrUnreachable when nobody
// knows.
func (f *Fleet) Validate(ctx context.Context, guild snowflake.ID) error {
	h := f.Of(guild)
	if h == nil {
		return fmt.Errorf("guild %s: %w", guild, cluster.ErrLost)
	}
	return h.Validate(ctx)
}

// self is how this process announces itself.
func (f *Fleet) self() cluster.Member {
	host, _ := os.Hostname() // a member without the name of its host is none the worse
	m := cluster.Member{
		ID: f.opts.Process, Role: f.opts.Role, Host: host, Version: f.opts.Version, Started: f.started,
	}
	f.mu.Lock()
	m.Draining = f.draining
	for _, h := range f.held {
		if h.Lease().Token != 0 {
			m.Shards++
		}
	}
	f.mu.Unlock()
	if f.opts.Facts != nil {
		m.Playing, m.Players, m.Load = f.opts.Facts()
	}
	if f.opts.Guilds != nil {
		m.Guilds = f.opts.Guilds()
	}
	return m
}

// elsewhere reports whether another member owns guild's shard, as far as is known.
func (f *Fleet) elsewhere(guild snowflake.ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.layout.Shards == 0 {
		return false
	}
	owner := f.view.held[shardKey(f.layout.Shards, shardNumber(guild, f.layout.Shards))].Owner
	return owner != "" && owner != f.opts.Process
}
