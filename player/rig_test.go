package player_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"busker/audio"
	"busker/internal/bubble"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/opus"
	"busker/player"
	"busker/track"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	guild = player.GuildID(1)
	lobby = snowflake.ID(100)
	stage = snowflake.ID(200)
)

// rig is a Manager with one guild's output and shelf, in synthetic time.
type rig struct {
	*testing.T
	m      *player.Manager
	out    *output
	shelf  *shelf
	events <-chan player.Envelope
	stop   func() // ends Run and waits
}

// run gives body a running rig. Nothing of it may be left afterwards.
func run(t *testing.T, change func(*player.Options, *rig), body func(*rig)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		r := &rig{
			T:     t,
			out:   &output{start: time.Now(), ring: make(chan *audio.Packet, 10), fallen: make(chan struct{}, 1)},
			shelf: &shelf{tapes: map[string]func(context.Context, time.Duration) (audio.Reader, error){}},
		}
		opts := player.Options{
			Opener:  r.shelf,
			Connect: func(player.GuildID) player.Output { return r.out },
			Encoder: func(player.GuildID) (opus.Encoder, error) { return &codec{}, nil },
			Decoder: func() (opus.Decoder, error) { return &decoder{}, nil },
			Seed:    1,
		}
		if change != nil {
			change(&opts, r)
		}
		m, err := player.NewManager(opts)
		if err != nil {
			t.Fatal(err)
		}
		r.m = m
		var cancelEvents func()
		r.events, cancelEvents = m.Subscribe(10_000)
		defer cancelEvents()
		r.start(body)
	})
}

func (r *rig) start(body func(*rig)) {
	ctx, cancel := context.WithCancel(r.Context())
	paceCtx, stopPace := context.WithCancel(r.Context())
	var running, pacing sync.WaitGroup
	running.Go(func() {
		if err := r.m.Run(ctx); err != nil {
			r.Errorf("run: %v", err)
		}
	})
	pacing.Go(func() { r.out.pace(paceCtx) })
	r.stop = func() { cancel(); running.Wait() }
	defer func() {
		r.stop()
		stopPace()
		pacing.Wait()
		if n := r.shelf.live.Load(); n != 0 {
			r.Errorf("%d readers were never closed", n)
		}
		for _, s := range r.out.torn {
			r.Error(s)
		}
		if r.out.in.Load() != 0 {
			r.Error("the output was never left")
		}
	}()
	body(r)
}

// do carries out a command that must succeed.
func (r *rig) do(c player.Command) player.Status {
	r.Helper()
	s, err := r.m.Do(r.Context(), guild, c)
	if err != nil {
		r.Fatalf("%#v: %v", c, err)
	}
	return s
}

// refuse carries out a command that must fail.
func (r *rig) refuse(c player.Command, kind fault.Kind) {
	r.Helper()
	if _, err := r.m.Do(r.Context(), guild, c); fault.KindOf(err) != kind {
		r.Errorf("%#v: %v, want %v", c, err, kind)
	} else if _, ok := fault.Message(err); !ok {
		r.Errorf("%#v: nothing to tell people: %v", c, err)
	}
}

func (r *rig) play(tracks ...track.Track) player.Status {
	r.Helper()
	return r.do(player.Play{Tracks: tracks, Requester: 7, Channel: lobby})
}

func (r *rig) status() player.Status {
	s, _ := r.m.Status(guild)
	return s
}

func sleep(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the clock is synctest's

// pass lets time pass and everything settle.
func (r *rig) pass(d time.Duration) {
	sleep(d)
	synctest.Wait()
}

// happened returns the events so far, by kind and track.
func (r *rig) happened() (names []string) {
	synctest.Wait()
	for {
		select {
		case e, open := <-r.events:
			if !open {
				return names
			}
			names = append(names, describe(e.Event))
		default:
			return names
		}
	}
}

func describe(e player.Event) string {
	switch e := e.(type) {
	case player.TrackStarted:
		return "started " + e.Item.Track.Title
	case player.TrackEnded:
		return e.Reason.String() + " " + e.Item.Track.Title
	case player.TrackFailed:
		return "failed " + e.Item.Track.Title + " " + fault.KindOf(e.Err).String()
	case player.TrackStuck:
		return "stuck " + e.Item.Track.Title
	case player.GaveUp:
		return "gave up"
	case player.QueueEnded:
		return "queue ended"
	case player.Left:
		return "left " + e.Reason.String()
	case player.Joined:
		return "joined"
	case player.Moved:
		return "moved"
	case player.Idle:
		return "idle"
	case player.Interrupted:
		return "interrupted"
	case player.Reconnected:
		return "reconnected"
	case player.Paused:
		return "paused"
	case player.Resumed:
		return "resumed"
	case player.Seeked:
		return "seeked"
	case player.SeekFailed:
		return "seek failed " + fault.KindOf(e.Err).String()
	case player.QueueChanged:
		return "queue"
	}
	return "other"
}

// expect compares the events so far, "queue" left out.
func (r *rig) expect(want ...string) {
	r.Helper()
	got := slices.DeleteFunc(r.happened(), func(s string) bool { return s == "queue" })
	if !slices.Equal(got, want) {
		r.Errorf("events\n  %q, want\n  %q", got, want)
	}
}

// whole checks that frames first..last of a track were heard, each once and in order.
func (r *rig) whole(track, first, last int) {
	r.Helper()
	heard := r.out.of(track)
	for i, s := range heard {
		if s.frame != float32(first+i) {
			r.Fatalf("track %d: after %d frames came frame %v, want %d", track, i, s.frame, first+i)
		}
	}
	if len(heard) != last-first+1 {
		r.Errorf("track %d: %d frames heard, want %d to %d", track, len(heard), first, last)
	}
}

// seamless checks that no frame time passed without a packet from the first to
// the last frame of any track.
func (r *rig) seamless() {
	r.Helper()
	heard := r.out.all()
	for i := 1; i < len(heard); i++ {
		if heard[i].track == 0 { // the filler after the end
			continue
		}
		if d := heard[i].at - heard[i-1].at; d != audio.FrameTime || heard[i-1].track == 0 {
			r.Errorf("%v between packet %d (%v) and packet %d (%v)", d, i-1, heard[i-1], i, heard[i])
		}
	}
}
