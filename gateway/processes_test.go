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
		for range p.done {
			continue
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

func TestAKilledGatewayIsResumedByAnother(t *testing.T) {
	f := newFleetOf(t, 4, 12)
	a, b := f.start(t, "a"), f.start(t, "b")
	f.shared(t, a, b)
	theirs := -1
	for i, g := range f.guilds {
		if token, _ := a.Token(g.ID); token != 0 {
			theirs = i
		}
	}
	if theirs < 0 {
		t.Fatal("a serves nobody")
	}
	eve := f.guilds[theirs].AddUser("eve")
	bob := f.guilds[theirs].AddUser("bob")
	if _, err := eve.JoinVoice(f.voices[theirs]); err != nil {
		t.Fatal(err)
	}
	eventually(t, "eve is seen", func() bool { _, ok := a.VoiceChannelOf(f.guilds[theirs].ID, eve.ID); return ok })
	shard, _ := a.ShardOf(f.guilds[theirs].ID)
	token, _ := a.Token(f.guilds[theirs].ID)
	f.kept(t, theirs, 4, func(entries map[string][]byte) bool { return len(entries) >= 3 })
	before := f.Fences()

	a.kill(t)
	if _, err := bob.JoinVoice(f.voices[theirs]); err != nil { // nobody hears it
		t.Fatal(err)
	}
	said, err := bob.Say(f.texts[theirs], "is anybody there?")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "b serves all", func() bool { return b.serves(f.guilds) == 12 })
	eventually(t, "the message is heard", func() bool { return b.hears(said.ID) })
	for _, u := range []*emulator.User{eve, bob} {
		if c, ok := b.VoiceChannelOf(f.guilds[theirs].ID, u.ID); !ok || c != f.voices[theirs].ID {
			t.Errorf("b believes %v is in %v, %v", u.ID, c, ok)
		}
	}
	if info, ok := b.ChannelInfo(f.voices[theirs].ID); !ok || info.Name != fmt.Sprintf("Stage %d", theirs) {
		t.Errorf("b knows of the channel %+v, %v", info, ok)
	}
	eventually(t, "two shards are taken over", func() bool { return b.how(gateway.TakenOver) == 2 })
	after := f.Fences()
	if after.Identifies != before.Identifies || after.Resumes-before.Resumes != b.how(gateway.TakenOver) || b.how(gateway.TakenOver) == 0 {
		t.Errorf("before %+v, after %+v, %d taken over", before, after, b.how(gateway.TakenOver))
	}
	now, _ := b.Token(f.guilds[theirs].ID)
	if now <= token {
		t.Errorf("shard %d has token %d, and had %d", shard, now, token)
	}
	if b.UserID() != f.bot.ID || b.ApplicationID() == 0 {
		t.Errorf("b is %v of %v", b.UserID(), b.ApplicationID())
	}
}

func TestADrainedGatewayLosesNoEvent(t *testing.T) {
	f := newFleetOf(t, 4, 12)
	a, b := f.start(t, "a"), f.start(t, "b")
	f.shared(t, a, b)
	before := f.Fences()
	said, stop := f.chatter(t)
	if err := a.Drain(soon(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "b serves all", func() bool { return b.serves(f.guilds) == 12 })
	stop()
	f.heardAll(t, said(), a, b)
	if after := f.Fences(); after.Identifies != before.Identifies {
		t.Errorf("%d new sessions", after.Identifies-before.Identifies)
	}
	eventually(t, "two shards are handed over", func() bool {
		return a.handedOver() >= 2 && b.how(gateway.HandedOver)+a.how(gateway.HandedOver) == a.handedOver()+b.handedOver()
	})
	a.stop()
	if err := <-a.done; err != nil {
		t.Error(err)
	}
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

func TestReshardingLosesNoEvent(t *testing.T) {
	f := newFleetOf(t, 4, 16)
	a, b := f.start(t, "a"), f.start(t, "b")
	f.shared(t, a, b)
	f.singIn(t, 0, a, b)
	before := a.serves(f.guilds)
	said, stop := f.chatter(t)
	f.reshard(t, 8, a, b)
	stop()
	f.heardAll(t, said(), a, b)
	if now := a.serves(f.guilds); now != before {
		t.Errorf("a serves %d guilds, and served %d", now, before)
	}
	lost := false
	for _, p := range []*process{a, b} {
		p.mu.Lock()
		for _, v := range p.states {
			lost = lost || v.Lost && v.Guild == f.guilds[0].ID
			if v.Channel == 0 && !v.Lost {
				t.Errorf("told of %+v: the bot was put out", v)
			}
		}
		p.mu.Unlock()
	}
	if !lost {
		t.Error("nobody brings the bot's voice to the new session")
	}
	if in := f.bot.VoiceChannel(f.guilds[0]); in != f.voices[0].ID {
		t.Errorf("the bot is in %v, and is to be in %v", in, f.voices[0].ID)
	}
}

// reshard changes the number of shards and waits until nothing is left of the former.
func (f *fleetOf) reshard(t *testing.T, shards int, a, b *process) {
	t.Helper()
	if err := gateway.Reshard(soon(t), a.cluster, shards); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new shards", func() bool {
		_, of := a.ShardOf(f.guilds[0].ID)
		_, and := b.ShardOf(f.guilds[0].ID)
		return of == shards && and == shards && a.serves(f.guilds)+b.serves(f.guilds) == len(f.guilds)
	})
	eventually(t, "one set", func() bool {
		held, err := a.cluster.Leases.List(t.Context(), "shard/")
		return err == nil && len(held) == shards
	})
}

// What is left of shards that ended says nothing to those of a later set of as many.
func TestReshardingThereAndBack(t *testing.T) {
	f := newFleetOf(t, 2, 8)
	a, b := f.start(t, "a"), f.start(t, "b")
	eventually(t, "shared", func() bool { return a.serves(f.guilds)+b.serves(f.guilds) == len(f.guilds) })
	f.reshard(t, 3, a, b)
	eve := f.guilds[0].AddUser("eve")
	if _, err := eve.JoinVoice(f.voices[0]); err != nil {
		t.Fatal(err)
	}
	before := f.Fences()
	gone := f.kickedOut(t)
	f.reshard(t, 2, a, b)
	if after := f.Fences(); after.Identifies-before.Identifies != 2 {
		t.Errorf("%d sessions began for 2 shards", after.Identifies-before.Identifies)
	}
	eventually(t, "eve is seen", func() bool {
		for _, p := range []*process{a, b} {
			if token, _ := p.Token(f.guilds[0].ID); token != 0 {
				in, _ := p.VoiceChannelOf(f.guilds[0].ID, eve.ID)
				return in == f.voices[0].ID
			}
		}
		return false
	})
	left := gone()
	for _, p := range []*process{a, b} {
		eventually(t, "the guilds are forgotten", func() bool {
			return !slices.ContainsFunc(p.Guilds(), func(g snowflake.ID) bool { return slices.Contains(left, g) })
		})
		p.mu.Lock()
		for _, o := range p.owned {
			if o.Shards == 2 && o.How == gateway.TakenOver {
				t.Errorf("shard %d of 2 was taken over from the first set", o.Shard)
			}
		}
		p.mu.Unlock()
	}
	for shard := range 3 {
		eventually(t, "nothing of the second set is kept", func() bool {
			table, err := a.cluster.Cache.Table(t.Context(), fmt.Sprintf("guilds/3/%d", shard))
			return err == nil && len(table) == 0
		})
	}
}

// kickedOut has the bot thrown out of guilds, one after the other; gone waits for that and
// returns which.
func (f *fleetOf) kickedOut(t *testing.T) (gone func() []snowflake.ID) {
	t.Helper()
	guilds := make([]*emulator.Guild, 40)
	ids := make([]snowflake.ID, len(guilds))
	for i := range guilds {
		guilds[i] = f.AddGuild(fmt.Sprint("Unkind ", i), f.bot)
		ids[i] = guilds[i].ID
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for _, g := range guilds {
			<-tick.C
			g.Kick(f.bot)
		}
	})
	return func() []snowflake.ID {
		wg.Wait()
		return ids
	}
}

// singIn has whoever serves a guild join voice there, and come back when that is lost.
func (f *fleetOf) singIn(t *testing.T, guild int, ps ...*process) {
	t.Helper()
	for _, p := range ps {
		if token, _ := p.Token(f.guilds[guild].ID); token == 0 {
			continue
		}
		if err := p.SendVoiceState(soon(t), f.guilds[guild].ID, f.voices[guild].ID, false, true); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "in voice", func() bool { return f.bot.VoiceChannel(f.guilds[guild]) == f.voices[guild].ID })
}

// TestAStoppedGatewayDoesNotResumeOverItsSuccessor stops one for longer than its leases
// live, and has it wake to a closed socket.
func TestAStoppedGatewayDoesNotResumeOverItsSuccessor(t *testing.T) {
	f := newFleetOf(t, 4, 12)
	a, b := f.start(t, "a"), f.start(t, "b")
	f.shared(t, a, b)
	a.link.stop()
	eventually(t, "b serves all", func() bool { return b.serves(f.guilds) == 12 })
	eventually(t, "two shards are taken over", func() bool { return b.how(gateway.TakenOver) == 2 })
	before := f.Fences()
	a.link.resume()
	eventually(t, "a has noticed", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.lost == 2
	})
	for _, g := range f.guilds {
		err := a.SendVoiceState(contextSoon(t), g.ID, f.voices[0].ID, false, true)
		if token, _ := a.Token(g.ID); token == 0 && err == nil {
			t.Errorf("a sends it is in voice in a guild of b's")
		}
	}
	after := f.Fences()
	if moved := a.how(gateway.HandedOver); after.Resumes-before.Resumes > moved || after.Identifies != before.Identifies {
		t.Errorf("before %+v, after %+v, with %d shards given back", before, after, moved)
	}
}

// TestDiscordWantsMoreShards finds a cluster with too few shards for the bot by now.
func TestDiscordWantsMoreShards(t *testing.T) {
	f := newFleetOf(t, 4, 4)
	if err := f.open(t).Cache.Set(t.Context(), "layout", []byte(`{"shards":2}`), 0); err != nil {
		t.Fatal(err)
	}
	a, b := f.start(t, "a"), f.start(t, "b")
	eventually(t, "four shards", func() bool {
		_, shards := a.ShardOf(f.guilds[0].ID)
		return shards == 4 && a.serves(f.guilds)+b.serves(f.guilds) == 4
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
