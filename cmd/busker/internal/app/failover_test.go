package app_test

import (
	"flag"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"busker/emulator"
)

var (
	bandProcesses = flag.Int("band.processes", 2, "how many processes the tests of several processes start")
	bandShards    = flag.Int("band.shards", 4, "how many shards they share")
	bandGuilds    = flag.Int("band.guilds", 8, "how many guilds there are")
	bandPlaying   = flag.Int("band.playing", 4, "how many of them play")
	bandRounds    = flag.Int("band.rounds", 1, "how often a process is killed, drained or stopped")
	bandAll       = flag.Bool("band.all", false, "whether to try all that can happen to Redis and to machines, which takes some minutes")
	bandStopped   = flag.Duration("band.stopped", 8*time.Second, "how long a process is stopped, or cut off")
)

// long skips what takes too long for every run of the tests.
func long(t *testing.T) {
	t.Helper()
	if !*bandAll {
		t.Skip("takes about a minute: -band.all")
	}
}

func bandSize() size { return size{*bandProcesses, *bandShards, *bandGuilds, *bandPlaying} }

// TestAKilledProcessIsReplaced kills a process while people listen and ask for songs: the
// others take its shards and go on where the music was, and nothing that was promised is
// lost or done twice.
func TestAKilledProcessIsReplaced(t *testing.T) {
	t.Parallel()
	b := newBand(t, bandSize(), nil)
	b.play()
	var back, off []time.Duration
	for round := range *bandRounds {
		victim := names[rand.IntN(*bandProcesses)]
		rooms := b.of(victim)
		stop := b.ask()
		<-time.After(time.Duration(2000+rand.IntN(2000)) * time.Millisecond)
		killed := time.Now()
		b.members[victim].kill()
		_, _, skipped := b.heardSince(rooms, killed, true)
		after := b.heardFrom(rooms, killed)
		back, off = append(back, after...), append(off, skipped...)
		stop()
		told, silent := b.audit()
		t.Logf("round %d: %s with %d playing; %d songs promised and there, %d there unpromised; %s; %s",
			round, victim, len(rooms), told, silent, figure("heard again after", after), figure("position off by", skipped))
		b.start(victim)
		b.settled(*bandProcesses)
	}
	t.Logf("%d guilds of which %d play, %d kills: %s; %s", *bandGuilds, *bandPlaying, *bandRounds,
		figure("heard again after", back), figure("position off by", off))
	if worst := worstOf(off); worst > 3*time.Second {
		t.Errorf("a guild went on %v from where it was", worst)
	}
	b.fenced()
}

// TestARollingRestartIsHardlyHeard stops one process after the other as a deployment does.
func TestARollingRestartIsHardlyHeard(t *testing.T) {
	t.Parallel()
	b := newBand(t, bandSize(), nil)
	b.play()
	var gaps, off []time.Duration
	for range *bandRounds {
		for _, name := range names[:*bandProcesses] {
			rooms := b.of(name)
			stop := b.ask()
			<-time.After(time.Duration(1000+rand.IntN(1000)) * time.Millisecond)
			before, asked := b.marks(rooms), time.Now()
			b.signal(name, syscall.SIGTERM)
			b.gone(name)
			took := time.Since(asked)
			skipped := b.drift(rooms, before)
			between := changes(rooms, asked)
			stop()
			told, _ := b.audit()
			t.Logf("%s drained %d playing guilds in %v; %d songs promised and there; %s; %s",
				name, len(rooms), took.Round(time.Millisecond), told, figure("gaps", between), figure("position off by", skipped))
			if len(between) < len(rooms) {
				t.Errorf("%d of %d guilds went over", len(between), len(rooms))
			}
			gaps, off = append(gaps, between...), append(off, skipped...)
			b.start(name)
			b.settled(*bandProcesses)
		}
	}
	t.Logf("%d guilds of which %d play, %d rolling restarts of %d processes: %s; %s", *bandGuilds, *bandPlaying,
		*bandRounds, *bandProcesses, figure("gaps", gaps), figure("position off by", off))
	if worst := worstOf(off); worst > 3*time.Second {
		t.Errorf("a guild went on %v from where it was", worst)
	}
	b.fenced()
}

// TestAStoppedProcessActsOnNothing stops a process, so that others take its shards, and
// lets it go on.
func TestAStoppedProcessActsOnNothing(t *testing.T) {
	t.Parallel()
	s := bandSize()
	b := openBandOn(t, s, emulator.Options{
		Gateway: s.quickly(), Lenient: true, // of heartbeats that do not come
	}, nil)
	b.assemble()
	b.play()
	for range *bandRounds {
		victim := names[rand.IntN(*bandProcesses)]
		rooms := b.of(victim)
		stop := b.ask()
		stopped := time.Now()
		b.signal(victim, syscall.SIGSTOP)
		_, _, off := b.heardSince(rooms, stopped, true)
		after := b.heardFrom(rooms, stopped)
		if left := *bandStopped - time.Since(stopped); left > 0 {
			<-time.After(left)
		}
		b.signal(victim, syscall.SIGCONT)
		continued := time.Now()
		b.settled(*bandProcesses)
		for _, r := range b.rooms {
			b.until("a guild to be heard", func() bool { _, steady := r.meter.position(); return steady })
		}
		stop()
		told, _ := b.audit()
		quiet, _, _ := b.heardSince(rooms, continued, false)
		t.Logf("%s stopped for %v with %d playing; %d songs promised and there; %s; %s; after it went on %s", victim,
			continued.Sub(stopped).Round(time.Second), len(rooms), told, figure("heard again after", after),
			figure("position off by", off), figure("silent for", quiet))
	}
	b.fenced()
}
