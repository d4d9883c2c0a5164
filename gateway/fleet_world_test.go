package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"busker/cluster"
	"busker/gateway"
	"busker/internal/snowflake"
)

// town is some processes of one bot in one bubble of time.
type town struct {
	t       *testing.T
	cluster *cluster.Cluster
	shards  int           // of a new cluster
	opening time.Duration // for a session to begin
	members []*member
	dead    []*member
	quiet   bool           // logs nothing
	highest map[int]uint64 // token of each guild that was seen
}

// member is a process with a fleet whose shards are imagined.
type member struct {
	town *town
	name string
	*gateway.Fleet
	link   link
	kill   context.CancelFunc
	done   chan error
	refuse atomic.Bool // hand-overs
	drains bool        // it was told to

	mu      sync.Mutex
	runs    map[string]*imagined // by "shards/shard"
	news    []string             // what OnOwn, OnHandOver and OnLost said
	playing map[string]int       // guilds in voice, by shard
	ended   []string             // shards whose sessions were ended
	fail    map[string]error     // what Run of a shard returns
}

func newTown(t *testing.T, shards int, names ...string) *town {
	w := &town{t: t, cluster: cluster.Local(), shards: shards, opening: 50 * time.Millisecond, highest: map[int]uint64{}}
	w.cluster.Bus = &wire{to: map[string]cluster.Server{}}
	for _, name := range names {
		w.join(name)
	}
	return w
}

// join starts another process.
func (w *town) join(name string) *member {
	w.t.Helper()
	m := &member{
		town: w, name: name, done: make(chan error, 1), runs: map[string]*imagined{}, playing: map[string]int{}, fail: map[string]error{},
	}
	var err error
	m.Fleet, err = gateway.NewFleet(gateway.FleetOptions{
		Cluster: m.link.through(w.cluster), Process: name,
		Recommend: func(context.Context) (int, error) { return w.shards, nil },
		Runner:    func(h *gateway.Holding) gateway.Runner { return m.imagine(h) },
		Logger:    slog.New(slog.NewTextHandler(testWriter{w.t, name, &w.quiet}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		OnOwn: func(o gateway.Owned) {
			m.say("%s %d/%d", o.How, o.Shard, o.Shards)
		},
		OnHandOver: func(context.Context, func(snowflake.ID) bool) error {
			m.say("hand over")
			if m.refuse.Load() {
				return errors.New("not now")
			}
			return nil
		},
		OnLost: func(_ func(snowflake.ID) bool, why error) { m.say("lost: %v", why) },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	m.kill = cancel
	go func() { m.done <- m.Run(ctx) }()
	w.members = append(w.members, m)
	return m
}

// close stops all processes; bubbles end only without goroutines.
func (w *town) close() {
	for _, m := range w.members {
		m.link.resume()
		m.kill()
	}
	for _, m := range w.members {
		if err := <-m.done; err != nil {
			w.t.Errorf("%s: %v", m.name, err)
		}
		m.done <- nil
	}
}

// die ends a process like kill -9 does: without a word to anybody.
func (m *member) die() {
	m.link.cut.Store(true)
	m.kill()
}

func (m *member) say(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.news = append(m.news, fmt.Sprintf(format, args...))
}

// said returns what was said since it was last asked.
func (m *member) said() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	said := m.news
	m.news = nil
	return said
}

// owns returns how many shards of a set this process serves.
func (m *member) owns(shards int) (n int) {
	for shard := range shards {
		if token, _ := m.Token(guildOf(shard)); token != 0 {
			if _, of := m.ShardOf(guildOf(shard)); of == shards {
				n++
			}
		}
	}
	return n
}

// guildOf is a guild of a shard.
func guildOf(shard int) snowflake.ID { return snowflake.ID(shard) << 22 }

// owner returns who serves a shard, and complains of two who are sure to.
func (w *town) owner(shard int) (name string) {
	synctest.Wait() // nothing changes hands while all are asked
	for _, m := range w.members {
		if token, trusted := m.Token(guildOf(shard)); token != 0 && trusted {
			if name != "" {
				w.t.Errorf("%s and %s both serve shard %d", name, m.name, shard)
			}
			name = m.name
		}
	}
	return name
}

// spread returns how many shards each process serves.
func (w *town) spread(shards int) map[string]int {
	all := map[string]int{}
	for shard := range shards {
		if name := w.owner(shard); name != "" {
			all[name]++
		}
	}
	return all
}

// wait lets time pass, until something is so.
func (w *town) wait(most time.Duration, what string, is func() bool) time.Duration {
	w.t.Helper()
	began := time.Now()
	for !is() {
		if time.Since(began) > most {
			w.t.Fatalf("%s: not within %v; shards are spread %v", what, most, w.spread(w.shards))
		}
		pass(10 * time.Millisecond)
		synctest.Wait()
	}
	return time.Since(began)
}

// served waits until all shards have owners.
func (w *town) served(most time.Duration, shards int) time.Duration {
	w.t.Helper()
	return w.wait(most, "all served", func() bool {
		total := 0
		for _, n := range w.spread(shards) {
			total += n
		}
		return total == shards
	})
}

// imagined is a shard without a Discord.
type imagined struct {
	m   *member
	h   *gateway.Holding
	key string

	sealed, final atomic.Bool
	rewrites      atomic.Int32
}

func (m *member) imagine(h *gateway.Holding) *imagined {
	shard, shards := h.Shard()
	i := &imagined{m: m, h: h, key: fmt.Sprintf("%d/%d", shard, shards)}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.runs[i.key] = i
	return i
}

func (i *imagined) Run(ctx context.Context) error {
	i.m.mu.Lock()
	fail := i.m.fail[i.key]
	i.m.mu.Unlock()
	if fail != nil {
		return fail
	}
	select {
	case <-time.After(i.m.town.opening):
		i.h.Up()
		_ = i.h.Keep(ctx, []byte(`"session of `+i.key+`"`)) // the fleet sees what is lost
	case <-ctx.Done():
		return nil
	}
	<-ctx.Done()
	if i.final.Load() {
		i.m.mu.Lock()
		defer i.m.mu.Unlock()
		i.m.ended = append(i.m.ended, i.key)
	}
	return nil
}

func (i *imagined) Seal(ctx context.Context) error {
	i.sealed.Store(true)
	return i.h.Keep(ctx, []byte(`"sealed `+i.key+`"`))
}
func (i *imagined) Unseal()          { i.sealed.Store(false) }
func (i *imagined) Begin(now func()) { now() }
func (i *imagined) Rewrite()         { i.rewrites.Add(1) }
func (i *imagined) Former([]byte)    {}
func (i *imagined) End()             { i.final.Store(true) }

func (i *imagined) InVoice() (int, int) {
	i.m.mu.Lock()
	defer i.m.mu.Unlock()
	return i.m.playing[i.key], 0
}

func contextWithin(t *testing.T, most time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), most)
}

type testWriter struct {
	t     *testing.T
	name  string
	quiet *bool
}

func (w testWriter) Write(b []byte) (int, error) {
	if testing.Verbose() && !*w.quiet {
		w.t.Logf("%s", b)
	}
	return len(b), nil
}

func contextSoon(t *testing.T) context.Context {
	ctx, cancel := contextWithin(t, time.Second)
	t.Cleanup(cancel)
	return ctx
}

// pass lets the bubble's time pass.
func pass(d time.Duration) { <-time.After(d) }
