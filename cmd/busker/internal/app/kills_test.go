package app_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/emulator"
	"busker/emulator/gateway"
	"busker/queue"
	"busker/session"
	"busker/store"
)

var (
	killGuilds = flag.Int("kill.guilds", 4, "how many guilds play in TestKillsLoseNothing")
	killRounds = flag.Int("kill.rounds", 2, "how often TestKillsLoseNothing kills the process")
)

// audience are guilds that play while people go on adding songs, each with a name of its own.
type audience struct {
	rooms []*room
	songs []string
}

// room is one guild, and what its people were told.
type room struct {
	*stage
	meter *meter

	mu    sync.Mutex
	told  int // songs that were added, as people were told
	asked int // songs that people asked for

	wishes map[string]bool // songs under a name of their own, and whether people were told of them
}

// TestKillsLoseNothing kills the process while guilds play and people add songs, starts
// it again and listens: how far from where it was each guild goes on, and whether every
// song that people were told of is in the queue.
func TestKillsLoseNothing(t *testing.T) {
	t.Parallel()
	const shards = 8
	e := emulator.Start(t, emulator.Options{Gateway: gateway.Limits{MaxConcurrency: shards, IdentifyEvery: 10 * time.Millisecond}})
	bot := e.AddBot("Busker")
	dir := t.TempDir()
	writeSweep(t, dir, 30*time.Minute)
	o := orders{Token: bot.Token, API: e.URL(), CA: e.CAFile(), Music: dir, Store: filepath.Join(t.TempDir(), "busker.db")}
	base := &stage{t: t, ctx: t.Context(), local: e, bot: bot}
	c := audience{}
	for i := range *killGuilds {
		r := &room{stage: base.newRoom(fmt.Sprint("Room ", i)), meter: &meter{}}
		c.rooms, o.Guilds = append(c.rooms, r), append(o.Guilds, r.guild.ID)
	}
	for range 8 { // short ones, that nobody gets to hear
		name := fmt.Sprintf("extra-%d.wav", len(c.songs))
		writeTones(t, filepath.Join(dir, name), lowTone, highTone)
		c.songs = append(c.songs, name)
	}
	process := startChild(t, o)
	if err := bot.WaitCommands(t.Context(), c.rooms[0].guild, 1); err != nil {
		t.Fatal(err)
	}
	c.each(t, func(r *room) {
		r.add(t.Context(), sweepFile)
	})
	listening, stop := context.WithCancel(t.Context())
	var ears sync.WaitGroup
	for _, r := range c.rooms {
		hears(t, t.Context(), r.ears)
		ears.Go(func() { r.meter.attend(listening, r.ears) })
	}
	defer ears.Wait()
	defer stop()

	var off, quiet []time.Duration
	for round := range *killRounds {
		busy, done := context.WithCancel(t.Context())
		var people sync.WaitGroup
		for _, r := range c.rooms {
			people.Go(func() { c.goOnAdding(busy, r) })
		}
		<-time.After(time.Duration(2000+rand.IntN(3000)) * time.Millisecond)
		process.kill()
		done()
		people.Wait()
		killed := time.Now()
		c.check(t, round, o.Store)
		process = startChild(t, o)
		for _, r := range c.rooms {
			r.again(t, killed)
			silent, _, by := r.meter.silence(killed.Add(-time.Second)) // ahead or back
			off, quiet = append(off, by), append(quiet, silent)
		}
	}
	t.Logf("%d guilds killed %d times: position off by %s; silent for %s", *killGuilds, *killRounds, quantilesOf(off), quantilesOf(quiet))
	if worst := slices.Max(off); worst > 2*time.Second {
		t.Errorf("a guild went on %v from where it was", worst)
	}
}

// each has all rooms do something, a few at a time.
func (c audience) each(t *testing.T, do func(r *room)) {
	t.Helper()
	var all sync.WaitGroup
	for part := range slices.Chunk(c.rooms, 10) {
		for _, r := range part {
			all.Go(func() { do(r) })
		}
		all.Wait()
	}
}

// add asks for a song, and reports whether somebody said that it is in the queue.
func (r *room) add(ctx context.Context, query string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	i, err := r.you.Command(ctx, r.text, "play", emulator.Args{"query": query})
	if err != nil {
		return false
	}
	r.mu.Lock()
	r.asked++
	r.mu.Unlock()
	m, err := i.Response(ctx)
	if err != nil || m.Ephemeral() || !strings.Contains(m.Content, "laying") && !strings.Contains(m.Content, "Added") {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told++
	return true
}

// goOnAdding adds songs until somebody ends that, whoever is killed meanwhile.
func (c audience) goOnAdding(ctx context.Context, r *room) {
	for ctx.Err() == nil {
		r.add(ctx, c.songs[rand.IntN(len(c.songs))])
		select {
		case <-time.After(time.Duration(500+rand.IntN(1000)) * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// check compares what the dead process kept with what it had told.
func (c audience) check(t *testing.T, round int, path string) {
	t.Helper()
	kept, err := store.Open(t.Context(), path, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	for _, r := range c.rooms {
		saved, err := kept.Sessions().Load(t.Context(), r.guild.ID)
		if err != nil || !saved.Found {
			t.Fatalf("round %d: %v, found %v", round, err, saved.Found)
		}
		n := countItems(t, saved)
		if n < r.told || n > r.asked {
			t.Errorf("round %d: %d songs are kept; people were told of %d and asked for %d", round, n, r.told, r.asked)
		}
	}
}

func countItems(t *testing.T, saved session.Saved) int {
	t.Helper()
	q, err := queue.Restore(saved.Queue, saved.Log, queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := q.Len()
	if _, playing := q.Current(); playing {
		n++
	}
	return n
}

// again waits until the guild is heard again.
func (r *room) again(t *testing.T, since time.Time) {
	t.Helper()
	late := time.After(2 * patience)
	for {
		if _, steady := r.meter.position(); steady && r.meter.brokenSince(since) {
			return
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-late:
			t.Fatalf("a guild is not heard again:\n%s", r.ears.Report())
		}
	}
}

// brokenSince reports whether a silence has ended since.
func (m *meter) brokenSince(since time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.gaps) > 0 && m.gaps[len(m.gaps)-1].to.After(since)
}

// quantilesOf is the median, the 95th percentile and the worst of durations.
func quantilesOf(all []time.Duration) string {
	slices.Sort(all)
	at := func(q float64) time.Duration { return all[min(int(q*float64(len(all))), len(all)-1)] }
	return fmt.Sprintf("%v, p95 %v, at most %v", at(0.5).Round(time.Millisecond), at(0.95).Round(time.Millisecond), at(1).Round(time.Millisecond))
}
