package player_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busker/audio"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
	"busker/track"
)

// tracks puts one tape on the shelf and returns it as a list.
func tracks(r *rig, id, frames int) []track.Track { return []track.Track{r.shelf.put(id, frames)} }

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	ok := player.Options{Opener: &shelf{}, Connect: func(player.GuildID) player.Output { return nil }}
	if _, err := player.NewManager(ok); err != nil {
		t.Errorf("the least there must be: %v", err)
	}
	for name, spoil := range map[string]func(*player.Options){
		"no opener":         func(o *player.Options) { o.Opener = nil },
		"no connect":        func(o *player.Options) { o.Connect = nil },
		"negative patience": func(o *player.Options) { o.StuckTimeout = -1 },
	} {
		o := ok
		spoil(&o)
		if _, err := player.NewManager(o); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestCommandsAfterShutdownAreRefused(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 500))
		r.pass(time.Second)
		r.stop()
		r.refuse(player.Pause{}, fault.Unavailable)
		r.expect("joined", "started b", "left b", "left shutdown")
		if _, open := <-r.events; open {
			r.Error("the subscription goes on")
		}
		if late, _ := r.m.Subscribe(1); late != nil {
			if _, open := <-late; open {
				r.Error("a late subscription is open")
			}
		}
	})
}

func TestShutdownDuringAJoinAnswersEverybody(t *testing.T) {
	run(t, slow(nil), func(r *rig) {
		failed := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := r.m.Do(r.Context(), guild, player.Play{Channel: lobby, Tracks: tracks(r, 1, 50)})
				failed <- err
			}()
		}
		r.pass(500 * time.Millisecond)
		r.stop()
		for range 2 {
			if err := <-failed; fault.KindOf(err) != fault.Unavailable {
				r.Errorf("answer %v", err)
			}
		}
	})
}

func TestACallerMayGoAway(t *testing.T) {
	run(t, slow(nil), func(r *rig) {
		ctx, cancel := context.WithTimeout(r.Context(), 100*time.Millisecond)
		defer cancel()
		_, err := r.m.Do(ctx, guild, player.Play{Channel: lobby, Tracks: tracks(r, 1, 10)})
		if !errors.Is(err, context.DeadlineExceeded) {
			r.Errorf("error %v", err)
		}
		r.pass(2 * time.Second)
		r.whole(1, 1, 10)
	})
}

func TestASlowSubscriberLosesEvents(t *testing.T) {
	registry := prometheus.NewRegistry()
	run(t, func(o *player.Options, _ *rig) { o.Metrics = player.NewMetrics(registry) }, func(r *rig) {
		slow, cancel := r.m.Subscribe(1)
		r.play(r.shelf.put(1, 50))
		r.pass(5 * time.Second)
		cancel()
		cancel()
		var got int
		for range slow {
			got++
		}
		if got != 1 {
			r.Errorf("%d events in a buffer of one", got)
		}
		r.expect("joined", "started b", "finished b", "queue ended")
		if got := value(t, registry, "busker_player_events_dropped_total"); got < 3 {
			r.Errorf("%v events counted as dropped", got)
		}
		if got := value(t, registry, "busker_player_frames_total"); got != 51 {
			r.Errorf("%v frames counted", got)
		}
	})
}

// value returns a counter's value.
func value(t *testing.T, r *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

// TestPanicsOfAnOutputCostOnePlayer lets the output break in each of its methods;
// the guild must be able to play again after.
func TestPanicsOfAnOutputCostOnePlayer(t *testing.T) {
	for _, where := range []string{"join", "send", "flush", "leave"} {
		t.Run(where, func(t *testing.T) {
			var fuse string
			connect := func(o *player.Options, r *rig) {
				o.Connect = func(player.GuildID) player.Output { return &bomb{r.out, &fuse} }
			}
			run(t, connect, func(r *rig) {
				r.play(r.shelf.put(1, 500))
				r.pass(time.Second)
				fuse = where
				for _, c := range []player.Command{player.Join{Channel: stage}, player.Pause{}, player.Leave{}} {
					if _, err := r.m.Do(r.Context(), guild, c); err != nil && fault.KindOf(err) != fault.Internal && fault.KindOf(err) != fault.Invalid {
						r.Errorf("%#v: %v", c, err)
					}
				}
				r.pass(time.Second)
				fuse = ""
				r.play(r.shelf.put(2, 50))
				r.pass(2 * time.Second)
				r.out.forgive() // a bomb loses packets
				if n := len(r.out.of(2)); n != 50 {
					r.Errorf("%d frames heard after", n)
				}
			})
		})
	}
}

// bomb is an output that panics where the fuse says.
type bomb struct {
	*output
	fuse *string
}

func (b *bomb) check(where string) {
	if *b.fuse == where {
		panic("output on fire in " + where)
	}
}

func (b *bomb) Join(ctx context.Context, c snowflake.ID) error {
	b.check("join")
	return b.output.Join(ctx, c)
}

func (b *bomb) Send(p *audio.Packet) error {
	b.check("send")
	return b.output.Send(p)
}

func (b *bomb) Flush() int { b.check("flush"); return b.output.Flush() }

func (b *bomb) Leave(ctx context.Context) error { b.check("leave"); return b.output.Leave(ctx) }

// TestHammer has many people command one player at once, while its output is
// moved, cut and restored. What they hear must never be torn.
func TestHammer(t *testing.T) {
	run(t, nil, func(r *rig) {
		list := []track.Track{r.shelf.put(1, 60), r.shelf.put(2, 7), r.shelf.put(3, 200), r.shelf.put(4, 0), {URI: "?"}}
		r.play(list...)
		var people sync.WaitGroup
		for i := range 8 {
			people.Go(func() { hammer(r, list, rand.New(rand.NewPCG(uint64(i), 1))) })
		}
		people.Go(func() { unsettle(r, rand.New(rand.NewPCG(9, 1))) })
		people.Wait()
		r.do(player.Stop{})
		r.do(player.Loop{})
		r.do(player.Volume{Percent: 100})
		before := len(r.out.all())
		r.play(r.shelf.put(5, 100))
		r.pass(10 * time.Second)
		r.whole(5, 1, 100)
		if n := len(r.out.all()) - before; n > 103 {
			r.Errorf("%d packets for 100 frames", n)
		}
		checkPairs(r.T, r.happened())
	})
}

func hammer(r *rig, list []track.Track, random *rand.Rand) {
	for range 300 {
		sleep(time.Duration(random.IntN(60)) * time.Millisecond)
		_, _ = r.m.Do(r.Context(), guild, randomCommand(list, random))
		s, _ := r.m.Status(guild)
		if s.Position < 0 || len(s.Queue) > queue.DefaultMaxItems {
			r.Errorf("status %+v", s)
		}
	}
}

// unsettle is a bad day of the voice connection.
func unsettle(r *rig, random *rand.Rand) {
	for range 100 {
		sleep(time.Duration(random.IntN(200)) * time.Millisecond)
		kind := player.OutputEventKind(random.IntN(4))
		r.out.held.Store(kind == player.OutputInterrupted)
		r.m.OutputChanged(guild, player.OutputEvent{Kind: kind, Channel: []snowflake.ID{lobby, stage}[random.IntN(2)]})
	}
	r.out.held.Store(false)
}

func randomCommand(list []track.Track, random *rand.Rand) player.Command {
	all := []player.Command{
		player.Play{Tracks: list, Channel: lobby},
		player.Play{Tracks: list, Channel: stage},
		player.Add{Tracks: list[:1]},
		player.Pause{},
		player.Resume{},
		player.Resume{},
		player.Skip{},
		player.Skip{Count: 2},
		player.Seek{At: time.Duration(random.IntN(2000)) * time.Millisecond},
		player.Volume{Percent: random.IntN(201)},
		player.Shuffle{},
		player.Loop{Mode: queue.Loop(random.IntN(3))},
		player.Remove{Index: random.IntN(4)},
		player.Move{From: random.IntN(4), To: random.IntN(4)},
		player.Clear{},
		player.Join{Channel: stage},
		player.Join{Channel: lobby},
	}
	if n := random.IntN(len(all) + 2); n < len(all) {
		return all[n]
	}
	return []player.Command{player.Stop{}, player.Leave{}}[random.IntN(2)]
}

// checkPairs checks that every start has exactly one end.
func checkPairs(t *testing.T, events []string) {
	t.Helper()
	playing := ""
	for i, e := range events {
		for _, title := range []string{"b", "c", "d", "e", "f"} {
			switch e {
			case "started " + title:
				if playing != "" {
					t.Errorf("event %d: %s while %s plays", i, e, playing)
				}
				playing = title
			case "finished " + title, "skipped " + title, "stopped " + title, "failed " + title, "left " + title:
				if playing != title {
					t.Errorf("event %d: %s while %q plays", i, e, playing)
				}
				playing = ""
			}
		}
	}
	if playing != "" {
		t.Errorf("%s never ended", playing)
	}
}

// TestTwoHundredStartsAndStopsLeaveNothing relies on synctest and goleak to find
// what is left, and on the rig for readers and outputs.
func TestTwoHundredStartsAndStopsLeaveNothing(t *testing.T) {
	run(t, nil, func(r *rig) {
		for i := range 200 {
			r.play(r.shelf.put(1, 50), r.shelf.put(2, -1))
			r.pass(time.Duration(i*7) * time.Millisecond)
			r.do(player.Leave{})
			if i%20 == 0 {
				r.pass(2 * time.Minute)
			}
		}
		synctest.Wait()
		r.out.forgive() // a new player has a new encoder
		if n := r.shelf.live.Load(); n != 0 {
			r.Errorf("%d readers are open", n)
		}
	})
}
