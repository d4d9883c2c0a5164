package gateway_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cluster/redistest"
	"busker/emulator"
	eg "busker/emulator/gateway"
	"busker/gateway"
	"busker/internal/snowflake"
)

// fleetOf is some processes of one bot, with a real Redis and the local Discord.
type fleetOf struct {
	*square
	guilds []*emulator.Guild
	voices []*emulator.Channel
	texts  []*emulator.Channel
	server *redistest.Server
}

func newFleetOf(t *testing.T, shards, guilds int) *fleetOf {
	t.Helper()
	server := redistest.Start(t)
	f := &fleetOf{
		square: newSquare(t, eg.Limits{Shards: shards, MinShards: shards, MaxConcurrency: 16, Replay: 5000}), server: server,
		guilds: make([]*emulator.Guild, guilds), voices: make([]*emulator.Channel, guilds), texts: make([]*emulator.Channel, guilds),
	}
	for i := range guilds {
		f.guilds[i] = f.AddGuild(fmt.Sprintf("Guild %d", i), f.bot)
		f.voices[i] = f.guilds[i].AddVoiceChannel(fmt.Sprintf("Stage %d", i))
		f.texts[i] = f.guilds[i].AddTextChannel("chat")
	}
	return f
}

// process is one of them.
type process struct {
	*gateway.Gateway
	cluster *cluster.Cluster
	link    link
	stop    context.CancelFunc
	done    chan error

	mu     sync.Mutex
	owned  []gateway.Owned
	lost   int
	handed int
	heard  map[snowflake.ID]bool // messages
	states []gateway.VoiceState  // of the bot
}

func (f *fleetOf) start(t *testing.T, name string) *process {
	t.Helper()
	r, err := redis.Open(soon(t), redis.Options{URL: redis.URL(f.server.URL()), Process: name})
	if err != nil {
		t.Fatal(err)
	}
	var returning sync.WaitGroup
	p := &process{done: make(chan error, 1), heard: map[snowflake.ID]bool{}}
	opts := f.opts
	p.cluster = r.Cluster()
	opts.Cluster, opts.Process = p.link.through(p.cluster), name
	opts.OnVoiceServer = nil
	opts.OnVoiceState = func(v gateway.VoiceState) {
		if v.Self {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.states = append(p.states, v)
		}
		if i := slices.IndexFunc(f.guilds, func(g *emulator.Guild) bool { return g.ID == v.Guild }); v.Lost && i >= 0 {
			returning.Go(func() { _ = p.SendVoiceState(t.Context(), v.Guild, f.voices[i].ID, false, true) })
		}
	}
	opts.OnMessage = func(m gateway.Message) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.heard[m.ID] = true
	}
	opts.OnOwn = func(o gateway.Owned) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.owned = append(p.owned, o)
	}
	opts.OnHandOver = func(context.Context, func(snowflake.ID) bool) error {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.handed++
		return nil
	}
	opts.OnLost = func(func(snowflake.ID) bool, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.lost++
	}
	opts.Logger = slog.New(slog.NewTextHandler(testWriter{t, name, new(bool)}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if p.Gateway, err = gateway.New(opts); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.stop = cancel
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.Run(ctx) })
	go func() {
		err := p.Run(ctx)
		wg.Wait()
		returning.Wait()
		_ = r.Close()
		p.done <- err
		close(p.done)
	}()
	t.Cleanup(func() {
		p.link.resume()
		cancel()
		for err := range p.done {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
	return p
}

// kill ends a process without a word to the cluster.
func (p *process) kill(t *testing.T) {
	t.Helper()
	p.link.cut.Store(true)
	p.stop()
	if err := <-p.done; err != nil {
		t.Errorf("run: %v", err)
	}
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := soon(t)
	for !is() {
		select {
		case <-tick.C:
		case <-late.Done():
			t.Fatalf("not in time: %s", what)
		}
	}
}

// serves counts the guilds a process serves, and knows.
func (p *process) serves(guilds []*emulator.Guild) (n int) {
	for _, g := range guilds {
		if token, trusted := p.Token(g.ID); token != 0 && trusted && p.Online(g.ID) {
			n++
		}
	}
	return n
}

func (p *process) hears(id snowflake.ID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.heard[id]
}

// owns counts the shards that the process was told of.
func (p *process) owns() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.owned)
}

func (p *process) handedOver() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.handed
}

func (p *process) how(h gateway.How) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, o := range p.owned {
		if o.How == h {
			n++
		}
	}
	return n
}

// shared waits until all guilds are served, half of the shards by each.
func (f *fleetOf) shared(t *testing.T, a, b *process) {
	t.Helper()
	eventually(t, "shared", func() bool {
		held, err := a.cluster.Leases.List(t.Context(), "shard/")
		mine := 0
		for _, h := range held {
			if !bytes.Contains(h.Note, []byte(`"session":{"id":"`)) {
				return false // nothing is kept so far
			}
			if h.Owner == a.Process() {
				mine++
			}
		}
		return err == nil && len(held) == 4 && mine == 2 && a.owns()+b.owns() >= 4 && a.serves(f.guilds)+b.serves(f.guilds) == len(f.guilds)
	})
}

// kept waits until what the processes know is written down.
func (f *fleetOf) kept(t *testing.T, guild int, shards int, has func(map[string][]byte) bool) {
	t.Helper()
	cache := f.open(t).Cache
	table := fmt.Sprintf("guilds/%d/%d", shards, int(uint64(f.guilds[guild].ID>>22)%uint64(shards)))
	eventually(t, table, func() bool {
		entries, err := cache.Table(t.Context(), table)
		return err == nil && has(entries)
	})
}

// open opens another way to Redis, closed with the test.
func (f *fleetOf) open(t *testing.T) *cluster.Cluster {
	t.Helper()
	r, err := redis.Open(soon(t), redis.Options{URL: redis.URL(f.server.URL())})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r.Cluster()
}

// chatter has people say things everywhere until it is stopped; said returns the ids.
func (f *fleetOf) chatter(t *testing.T) (said func() []snowflake.ID, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var all []snowflake.ID
	var wg sync.WaitGroup
	people := make([]*emulator.User, len(f.guilds))
	for i, g := range f.guilds {
		people[i] = g.AddUser("chatty")
	}
	wg.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i = (i + 1) % len(people) {
			m, err := people[i].Say(f.texts[i], "la")
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			all = append(all, m.ID)
			mu.Unlock()
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return func() []snowflake.ID {
			mu.Lock()
			defer mu.Unlock()
			return all
		}, func() {
			cancel()
			wg.Wait()
		}
}

// heardAll waits until some process has heard each message.
func (f *fleetOf) heardAll(t *testing.T, said []snowflake.ID, by ...*process) {
	t.Helper()
	missing := func() (n int) {
		for _, id := range said {
			heard := false
			for _, p := range by {
				heard = heard || p.hears(id)
			}
			if !heard {
				n++
			}
		}
		return n
	}
	late := time.After(10 * time.Second)
	for missing() > 0 {
		select {
		case <-late:
			t.Fatalf("%d of %d messages were heard by nobody", missing(), len(said))
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Logf("all of %d messages were heard", len(said))
}
