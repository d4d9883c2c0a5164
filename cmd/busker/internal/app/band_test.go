package app_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
	"busker/queue"
	"busker/session"
	"busker/store"
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

// song makes a song nobody has asked for yet.
func (b *band) song() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.titles++
	name := fmt.Sprintf("song-%d.wav", b.titles)
	if err := os.Link(filepath.Join(b.dir, "extra.wav"), filepath.Join(b.dir, name)); err != nil {
		b.Error(err)
	}
	return name
}

// ask has people add songs, each another one, in all rooms until the returned function is
// called.
func (b *band) ask() (stop func()) {
	busy, done := context.WithCancel(b.Context())
	var people sync.WaitGroup
	for _, r := range b.rooms {
		people.Go(func() {
			for busy.Err() == nil {
				r.wish(busy, b.song())
				select {
				case <-time.After(time.Duration(500+rand.IntN(1500)) * time.Millisecond):
				case <-busy.Done():
				}
			}
		})
	}
	return func() {
		done()
		people.Wait()
	}
}

// wish adds a song and notes whether people were told that it is in the queue.
func (r *room) wish(ctx context.Context, song string) {
	told := r.add(ctx, song)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wishes == nil {
		r.wishes = map[string]bool{}
	}
	r.wishes[song] = told
}

// audit compares what is kept of each guild with what its people were told: a song they
// were told of is there once, and no song is there twice.
func (b *band) audit() (told, silent int) {
	b.Helper()
	kept, err := store.Open(b.Context(), b.store, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer kept.Close()
	for _, r := range b.rooms {
		saved, err := kept.Sessions().Load(b.Context(), r.guild.ID)
		if err != nil || !saved.Found {
			b.Fatalf("%v, found %v", err, saved.Found)
		}
		there := songsOf(b.T, saved)
		r.mu.Lock()
		for song, wasTold := range r.wishes {
			n := there[song]
			switch {
			case n > 1:
				b.Errorf("%s: %s is in the queue %d times", r.guild.Name, song, n)
			case n == 0 && wasTold:
				b.Errorf("%s: %s was promised, and is lost", r.guild.Name, song)
			}
			if wasTold {
				told++
			} else if n == 1 {
				silent++
			}
		}
		r.mu.Unlock()
	}
	return told, silent
}

func songsOf(t *testing.T, saved session.Saved) map[string]int {
	t.Helper()
	q, err := queue.Restore(saved.Queue, saved.Log, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]int{}
	for _, it := range q.List() {
		there[filepath.Base(it.Track.URI)]++
	}
	return there
}

// heardSince waits until each of the rooms is heard, where broken after a silence since
// then, and returns how long the longest silence was, when the last of them ended, counted
// from since, and how far the music jumped; all are 0 where there was none.
func (b *band) heardSince(rooms []*room, since time.Time, broken bool) (silent, back, off []time.Duration) {
	b.Helper()
	for _, r := range rooms {
		if broken {
			r.again(b.T, since)
		}
		b.until("a guild to be heard", func() bool { _, steady := r.meter.position(); return steady })
		quiet, ended, skipped := r.meter.silence(since)
		silent, back, off = append(silent, quiet), append(back, ended), append(off, skipped)
	}
	return silent, back, off
}

// silence returns what there was of it since a time.
func (m *meter) silence(since time.Time) (longest, back, off time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range m.gaps {
		if !g.to.After(since) {
			continue
		}
		longest, back = max(longest, g.to.Sub(g.from)), max(back, g.to.Sub(since))
		if g.after >= 0 {
			off = max(off, apart(g.before, g.after).Abs())
		}
	}
	return longest, back, off
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

// worstOf is the largest of durations, 0 of none.
func worstOf(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	return slices.Max(all)
}

// figure is a line of a table of results.
func figure(what string, all []time.Duration) string {
	if len(all) == 0 {
		return what + ": nobody"
	}
	return fmt.Sprintf("%s: %s", what, strings.TrimSpace(quantilesOf(all)))
}

// mark is where a guild was heard to be at a moment.
type mark struct {
	at   time.Duration // modulo sweepTime
	when time.Time
}

// marks waits until all of the rooms are heard steadily, and returns where they are.
func (b *band) marks(rooms []*room) (all []mark) {
	b.Helper()
	for _, r := range rooms {
		b.until("a guild to be heard", func() bool {
			at, steady := r.meter.position()
			if steady {
				all = append(all, mark{at, time.Now()})
			}
			return steady
		})
	}
	return all
}

// drift returns how far each room is now from where it would be had nothing happened since
// the marks.
func (b *band) drift(rooms []*room, since []mark) (off []time.Duration) {
	b.Helper()
	for i, now := range b.marks(rooms) {
		by := apart(since[i].at, now.at) - now.when.Sub(since[i].when)
		if by.Abs() > 2*time.Second {
			b.Logf("%s (%v) is off by %v at %v", rooms[i].guild.Name, rooms[i].guild.ID, by, now.when.UTC())
		}
		off = append(off, by.Abs())
	}
	return off
}

// changes returns the gaps between what one process was heard to say in each of the rooms
// and what the next one did, since a time.
func changes(rooms []*room, since time.Time) (gaps []time.Duration) {
	for _, r := range rooms {
		for _, s := range r.ears.Report().Sources {
			if s.Packets > 0 && s.First.After(since) {
				gaps = append(gaps, s.Gap)
			}
		}
	}
	return gaps
}

// heardFrom returns how long after a time each of the rooms heard another voice session than
// before, which is another process's, and complains of those that took long.
func (b *band) heardFrom(rooms []*room, since time.Time) (after []time.Duration) {
	b.Helper()
	for _, r := range rooms {
		for _, s := range r.ears.Report().Sources {
			if s.Packets > 0 && s.First.After(since) {
				after = append(after, s.First.Sub(since))
				if took := s.First.Sub(since); took > 8*time.Second {
					b.Logf("%s (%v) waited %v", r.guild.Name, r.guild.ID, took)
				}
				break
			}
		}
	}
	return after
}

// fenced fails the test if two processes were heard in one guild at the same time, and tells
// what Discord had to refuse.
func (b *band) fenced() {
	b.Helper()
	for _, r := range b.rooms {
		if doubled := r.ears.Report().Doubled; doubled > 0 {
			b.Errorf("%s: two processes were heard for %v", r.guild.Name, doubled)
		}
	}
	f := b.local.Fences()
	if f.AnsweredTwice > 0 {
		b.Logf("%d answers were refused for somebody had answered", f.AnsweredTwice)
	}
	b.Logf("fences: %+v", f)
}
