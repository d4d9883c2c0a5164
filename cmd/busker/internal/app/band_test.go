package app_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cluster/redistest"
	"busker/emulator"
	"busker/emulator/gateway"
	botgateway "busker/gateway"
	"busker/internal/snowflake"
	"busker/store/storetest"
)

// band is the bot in several processes that share a real Redis and a real Postgres, and
// guilds whose people listen and go on asking for songs.
type band struct {
	*testing.T
	audience
	local   *emulator.Emulator
	bot     *emulator.Bot
	redis   *redistest.Server
	store   string // URL
	orders  orders
	size    size
	seats   *botgateway.Directory
	members map[string]*child

	mu     sync.Mutex
	titles int // songs that exist, each under a name of its own
	dir    string
}

// size says how large a band is.
type size struct{ processes, shards, guilds, playing int }

// names are the processes of a band.
var names = []string{"ada", "bix", "cab", "dot"}

// newBand starts the processes and has some of the guilds play.
func newBand(t *testing.T, s size, change func(*orders)) *band {
	t.Helper()
	b := openBand(t, s, s.quickly(), change)
	b.assemble()
	return b
}

// quickly is a Discord that lets all shards begin at once.
func (s size) quickly() gateway.Limits {
	return gateway.Limits{Shards: s.shards, MaxConcurrency: s.shards, IdentifyEvery: 10 * time.Millisecond}
}

// openBand prepares all but guilds and processes.
func openBand(t *testing.T, s size, discord gateway.Limits, change func(*orders)) *band {
	t.Helper()
	return openBandOn(t, s, emulator.Options{Gateway: discord}, change)
}

// openBandOn is openBand on any local Discord.
func openBandOn(t *testing.T, s size, discord emulator.Options, change func(*orders)) *band {
	t.Helper()
	b := &band{T: t, size: s, members: map[string]*child{}, dir: t.TempDir()}
	b.redis, b.store = redistest.Start(t), storetest.Postgres(t)
	b.local = emulator.Start(t, discord)
	b.bot = b.local.AddBot("Busker")
	writeSweep(t, b.dir, 30*time.Minute)
	writeTones(t, filepath.Join(b.dir, "extra.wav"), lowTone, highTone)
	b.orders = orders{
		Token: b.bot.Token, API: b.local.URL(), CA: b.local.CAFile(), Music: b.dir, Store: b.store,
		Redis: b.redis.URL(), LeaseTTL: 3 * time.Second,
	}
	if change != nil {
		change(&b.orders)
	}
	b.seats = &botgateway.Directory{Cluster: b.cluster()}
	return b
}

// assemble makes the guilds and starts the processes.
func (b *band) assemble() {
	b.Helper()
	s := b.size
	base := &stage{t: b.T, ctx: b.Context(), local: b.local, bot: b.bot}
	for i := range s.guilds {
		if i >= s.playing {
			g := b.local.AddGuild(fmt.Sprint("Quiet ", i), b.bot)
			g.AddVoiceChannel("Lounge")
			continue
		}
		r := &room{stage: base.newRoom(fmt.Sprint("Room ", i)), meter: &meter{}}
		b.rooms, b.orders.Guilds = append(b.rooms, r), append(b.orders.Guilds, r.guild.ID)
	}
	for _, name := range names[:s.processes] {
		b.start(name)
	}
	b.settled(s.processes)
}

// cluster looks at what the processes agree on, from the outside.
func (b *band) cluster() *cluster.Cluster {
	b.Helper()
	r, err := redis.Open(b.Context(), redis.Options{URL: redis.URL(b.orders.Redis)})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = r.Run(ctx) })
	b.Cleanup(func() {
		cancel()
		running.Wait()
		if err := r.Close(); err != nil {
			b.Error(err)
		}
	})
	return r.Cluster()
}

// start starts a process, again if need be.
func (b *band) start(name string) {
	b.Helper()
	o := b.orders
	o.Name = name
	if way := o.Ways[name]; way != "" {
		o.Redis = way
	}
	b.members[name] = startChild(b.T, o)
}

// settled waits until the bot answers, and its shards are spread.
func (b *band) settled(processes int) {
	b.Helper()
	if err := b.bot.WaitCommands(b.Context(), b.rooms[0].guild, 1); err != nil {
		b.Fatal(err)
	}
	b.ordered(processes)
}

// ordered waits until all shards have owners, and each process about as many.
func (b *band) ordered(processes int) {
	b.Helper()
	ordered := false
	b.until("the shards to be spread", func() bool {
		of := b.shards()
		if !ordered && len(b.present()) == processes { // at once, and not one every three seconds
			ordered = botgateway.OrderRebalance(b.Context(), b.seats.Cluster) == nil
		}
		least, most, all := 1<<30, 0, 0
		for _, n := range of {
			least, most, all = min(least, n), max(most, n), all+n
		}
		return len(of) == processes && all == b.size.shards && most-least <= 1
	})
}

// present are the processes that say they are there.
func (b *band) present() []cluster.Member {
	members, err := b.seats.Cluster.Members.Members(b.Context())
	if err != nil {
		b.Log(err)
	}
	return members
}

// shards is how many each process owns.
func (b *band) shards() map[string]int {
	of := map[string]int{}
	held, err := b.seats.Cluster.Leases.List(b.Context(), "shard/")
	if err != nil {
		b.Log(err)
	}
	for _, h := range held {
		of[h.Owner]++
	}
	return of
}

func (b *band) until(what string, is func() bool) {
	b.Helper()
	b.within(2*patience, what, is)
}

func (b *band) within(limit time.Duration, what string, is func() bool) {
	b.Helper()
	late := time.After(limit)
	for !is() {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-late:
			b.Fatalf("waited in vain for %s: %v", what, b.shards())
		}
	}
}

// owner is the process a guild is played by.
func (b *band) owner(guild snowflake.ID) string {
	owner, _, _, _, err := b.seats.Owner(b.Context(), guild)
	if err != nil {
		return ""
	}
	return owner
}

// of returns the rooms a process plays in.
func (b *band) of(name string) (rooms []*room) {
	for _, r := range b.rooms {
		if b.owner(r.guild.ID) == name {
			rooms = append(rooms, r)
		}
	}
	return rooms
}

// play has all rooms play the sweep, and their people listen until the test ends.
func (b *band) play() {
	b.Helper()
	b.each(b.T, func(r *room) {
		for !r.add(b.Context(), sweepFile) {
			if b.Context().Err() != nil {
				return
			}
		}
	})
	listening, stop := context.WithCancel(b.Context())
	var ears sync.WaitGroup
	for _, r := range b.rooms {
		hears(b.T, b.Context(), r.ears)
		ears.Go(func() { r.meter.attend(listening, r.ears) })
	}
	b.marks(b.rooms) // what happens from now on is noticed in all of them
	b.Cleanup(func() {
		stop()
		ears.Wait()
	})
}

// signal sends a process a signal.
func (b *band) signal(name string, s syscall.Signal) {
	b.Helper()
	if err := b.members[name].process.Process.Signal(s); err != nil {
		b.Fatal(err)
	}
}

// gone waits until a process has ended by itself.
func (b *band) gone(name string) {
	b.Helper()
	c := b.members[name]
	ended := make(chan error, 1)
	go func() {
		c.reading.Wait()
		ended <- c.process.Wait()
	}()
	select {
	case err := <-ended:
		if err != nil {
			b.Errorf("%s ended with %v", name, err)
		}
	case <-time.After(2 * patience):
		b.Errorf("%s does not end", name)
	}
}
