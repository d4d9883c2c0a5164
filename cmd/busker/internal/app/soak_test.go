package app_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/cmd/busker/internal/app"
	"busker/emulator"
	"busker/emulator/gateway"
	"busker/emulator/listen"
	"busker/player"
)

var (
	soakFor    = flag.Duration("soak", 10*time.Second, "how long TestSoak lets faults strike")
	soakGuilds = flag.Int("soak.guilds", 4, "how many guilds play in TestSoak")
	soakEvery  = flag.Duration("soak.every", time.Second, "how often a fault strikes in TestSoak, on average")
	soakSeed   = flag.Uint64("soak.seed", 1, "which faults strike in TestSoak, and where")
)

const (
	// soakShards carry the guilds.
	soakShards = 2
	// soakBack is how soon after a fault the music should be heard again.
	soakBack = 5 * time.Second
	// soakEnough strikes make a percentile worth judging. Some faults take longer by
	// nature: a dead path must be noticed, an identify waits for its turn.
	soakEnough = 200
	// soakOff is how far the position a player tells may lie from the one heard: a
	// packet or two on their way, and a busy machine.
	soakOff = 500 * time.Millisecond
)

// TestSoak plays in many guilds while one fault of the catalogue after the other
// strikes one of them, or a shard of all. Somebody listens in each guild: how long is
// it quiet, is what is heard afterwards what the player says, and is anything left
// behind in the end?
func TestSoak(t *testing.T) {
	music := t.TempDir()
	writeSweep(t, music, *soakFor+5*time.Minute)
	s := newStage(t, func(o *app.Options) { o.MusicDir, o.Shards = music, soakShards },
		emulator.Options{Gateway: gateway.Limits{MaxConcurrency: soakShards}})
	k := newSoak(s, *soakGuilds)
	for _, r := range k.rooms { // players are made once, and outlive their channel for a while
		r.command(t, "join", nil)
		r.command(t, "leave", nil)
	}
	goroutines, heap := residue()
	k.run(t)
	k.report(t)
	k.close(t)
	awaitResidue(t, goroutines, heap)
}

// soak is a run of TestSoak.
type soak struct {
	*stage
	rooms  []*soakRoom
	random *rand.Rand
	alone  sync.RWMutex // held for writing by faults that strike every guild

	mu       sync.Mutex
	outcomes []outcome       // of every strike in every guild it struck
	longest  []time.Duration // of every strike, the longest silence in any guild
	off      []time.Duration // of positions told from positions heard
}

// soakRoom is a guild that plays the sweep, with a person in each of two channels.
type soakRoom struct {
	*stage
	meter  meter
	target emulator.Target
	usher  *emulator.User
	busy   bool // a fault strikes here
}

// outcome is what a fault did to the listeners of one guild.
type outcome struct {
	fault   string
	quiet   time.Duration // the longest silence, the fault's own time included
	skipped time.Duration // of the music, in that silence
	err     error
}

func newSoak(s *stage, guilds int) *soak {
	k := &soak{stage: s, random: rand.New(rand.NewPCG(*soakSeed, 0))}
	for n := range guilds {
		room := s.newRoom(fmt.Sprintf("Room %d", n))
		other := room.guild.AddVoiceChannel("Back Yard")
		k.rooms = append(k.rooms, &soakRoom{
			stage: room, usher: room.guild.AddUser("usher"),
			target: emulator.Target{Bot: s.bot, Guild: room.guild, Voice: room.voice, Other: other},
		})
	}
	return k
}

// run plays and lets faults strike until the time is over.
func (k *soak) run(t *testing.T) {
	ctx, cancel := context.WithCancel(k.ctx)
	var ears, strikes sync.WaitGroup
	for _, r := range k.rooms {
		r.play(t, sweepFile)
		ushers, err := r.usher.JoinVoice(r.target.Other, listen.Options{Keep: time.Second})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range []*listen.Listener{r.ears, ushers} {
			ears.Go(func() { r.meter.attend(ctx, l) })
		}
	}
	for _, r := range k.rooms {
		if !r.audible(ctx, patience) {
			t.Fatalf("nothing to hear in %s:\n%s", r.guild.Name, r.ears.Report())
		}
		ears.Go(func() { k.compare(ctx, r) })
	}
	faults := k.faults()
	for end, n := time.Now().Add(*soakFor), 0; time.Now().Before(end); n++ {
		fault := faults[n%len(faults)]
		if room := k.idle(); room != nil {
			strikes.Go(func() { k.strike(ctx, room, fault) })
		}
		<-time.After(time.Duration(k.random.Int64N(2 * int64(*soakEvery))))
	}
	strikes.Wait()
	cancel()
	ears.Wait()
}

// faults shuffles the catalogue, without those after which a bot does right to be out.
func (k *soak) faults() []emulator.NamedFault {
	all := slices.DeleteFunc(emulator.Faults(), func(f emulator.NamedFault) bool { return f.Final })
	k.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// idle takes a guild in which no fault strikes, nil when there is none.
func (k *soak) idle() *soakRoom {
	k.mu.Lock()
	defer k.mu.Unlock()
	first := k.random.IntN(len(k.rooms))
	for i := range k.rooms {
		if r := k.rooms[(first+i)%len(k.rooms)]; !r.busy {
			r.busy = true
			return r
		}
	}
	return nil
}

// strike lets a fault happen in a guild and waits until music is heard again.
func (k *soak) strike(ctx context.Context, r *soakRoom, fault emulator.NamedFault) {
	struck := []*soakRoom{r}
	if strings.HasPrefix(fault.Name, "shard") { // every guild of the bot feels it
		k.alone.Lock()
		defer k.alone.Unlock()
		struck = k.rooms
	} else {
		k.alone.RLock()
		defer k.alone.RUnlock()
	}
	timed, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	began := time.Now()
	err := fault.Strike(timed, r.target)
	var longest time.Duration
	for _, room := range struck {
		if !room.audible(ctx, patience) && err == nil {
			err = fmt.Errorf("nothing is heard any more: %+v", room.status())
		}
		quiet, skipped := room.meter.worst(began)
		longest = max(longest, quiet)
		k.mu.Lock()
		k.outcomes = append(k.outcomes, outcome{fault.Name, quiet, skipped, err})
		k.mu.Unlock()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.longest = append(k.longest, longest)
	r.busy = false
}

// audible waits until music has been heard for half a second without a break.
func (r *soakRoom) audible(ctx context.Context, patience time.Duration) bool {
	late := time.After(patience)
	for steady := 0; steady < 10; {
		select {
		case <-ctx.Done():
			return false
		case <-late:
			return false
		case <-time.After(50 * time.Millisecond):
		}
		if steady++; r.meter.quiet() > briefest {
			steady = 0
		}
	}
	return true
}

func (r *soakRoom) status() player.Status {
	status, _ := r.app.Players().Status(r.guild.ID)
	return status
}

// compare holds the position a player tells to what is heard, while it is heard.
func (k *soak) compare(ctx context.Context, r *soakRoom) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		heard, steady := r.meter.position()
		if told := r.status().Position; steady {
			k.mu.Lock()
			k.off = append(k.off, apart(heard, told%sweepTime))
			k.mu.Unlock()
		}
	}
}

// report tells what was measured and fails where it is not as it should be.
func (k *soak) report(t *testing.T) {
	byFault := map[string][]outcome{}
	for _, o := range k.outcomes {
		byFault[o.fault] = append(byFault[o.fault], o)
		if o.err != nil {
			t.Errorf("%s: %v", o.fault, o.err)
		}
	}
	t.Logf("%d strikes of %d faults in %d guilds and %v: quiet for %s", len(k.longest), len(byFault), len(k.rooms), *soakFor, spread(k.longest))
	for _, name := range slices.Sorted(maps.Keys(byFault)) {
		t.Log(line(name, byFault[name]))
	}
	if p := percentile(k.longest, 95); p > soakBack && len(k.longest) >= soakEnough {
		t.Errorf("the music was back after %v at p95", p)
	}
	wrong := 0
	for i, d := range k.off {
		if k.off[i] = d.Abs(); d.Abs() > soakOff {
			wrong++
		}
	}
	t.Logf("%d positions told and heard, apart by %s; %d by more than %v", len(k.off), spread(k.off), wrong, soakOff)
	if wrong*20 > len(k.off) {
		t.Errorf("%d of %d positions were wrong", wrong, len(k.off))
	}
	for _, r := range k.rooms {
		if report := r.ears.Report(); report.Plain > 0 {
			t.Errorf("%s heard in the clear:\n%s", r.guild.Name, report)
		}
	}
}

func line(name string, of []outcome) string {
	var quiet, skipped []time.Duration
	for _, o := range of {
		quiet, skipped = append(quiet, o.quiet), append(skipped, o.skipped)
	}
	return fmt.Sprintf("%-36s %3d × quiet %s, music lost %s", name, len(of), spread(quiet), spread(skipped))
}

func spread(of []time.Duration) string {
	if len(of) == 0 {
		return "never"
	}
	ms := func(p int) time.Duration { return percentile(of, p).Round(time.Millisecond) }
	return fmt.Sprintf("p50 %v, p95 %v, max %v", ms(50), ms(95), ms(100))
}

func percentile(of []time.Duration, p int) time.Duration {
	sorted := slices.SortedFunc(slices.Values(of), cmp.Compare)
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)*p/100, len(sorted)-1)]
}

// close lets every bot and person go.
func (k *soak) close(t *testing.T) {
	for _, r := range k.rooms {
		r.command(t, "leave", nil)
		r.usher.LeaveVoice()
		r.you.LeaveVoice()
	}
}

// residueRoom is how many goroutines may be left that no strike left behind: idle
// connections to REST, a card that is just being edited.
const residueRoom = 10

// awaitResidue fails when clearly more is left than before, after a while: what was
// closed last may still be on its way out.
func awaitResidue(t *testing.T, goroutines int, heap float64) {
	t.Helper()
	left, grown := residue()
	for range 100 {
		if left <= goroutines {
			break
		}
		<-time.After(100 * time.Millisecond)
		left, grown = residue()
	}
	t.Logf("goroutines %d, then %d; heap %.1f MB, then %.1f MB", goroutines, left, heap, grown)
	if left > goroutines+residueRoom {
		t.Errorf("%d goroutines before, %d after", goroutines, left)
	}
}
