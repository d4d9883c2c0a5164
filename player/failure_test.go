package player_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
	"busker/player"
	"busker/queue"
	"busker/track"
)

func TestFailuresCostOneTrack(t *testing.T) {
	gone := errors.New("gone")
	for _, tt := range []struct {
		name  string
		bad   func(*rig) track.Track
		kind  string
		heard int // frames of the bad track
	}{
		{"not there", func(*rig) track.Track { return track.Track{URI: "?", Title: "c"} }, "not_found", 0},
		{"read error", func(r *rig) track.Track {
			return r.shelf.put(2, 5, func(t *tape) { t.fails = gone })
		}, "internal", 5},
		{"no sound", func(r *rig) track.Track { return r.shelf.put(2, 0) }, "corrupt", 0},
		{"reader panics", func(r *rig) track.Track {
			return r.shelf.put(2, 5, func(t *tape) { t.panics = true })
		}, "internal", 5},
		{"open panics", func(r *rig) track.Track {
			t := r.shelf.put(2, 5)
			r.shelf.replace(t.URI, func(context.Context, time.Duration) (audio.Reader, error) { panic("fire") })
			return t
		}, "internal", 0},
		{"encoder panics", func(r *rig) track.Track { return r.shelf.put(2, 99, func(t *tape) { t.next = 60 }) }, "internal", 10},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, burning, func(r *rig) {
				r.play(r.shelf.put(1, 50), tt.bad(r), r.shelf.put(3, 50))
				r.pass(5 * time.Second)
				r.whole(1, 1, 50)
				r.whole(3, 1, 50)
				if got := len(r.out.of(2)); got != tt.heard {
					r.Errorf("%d frames heard of the bad track, want %d", got, tt.heard)
				}
				want := []string{"joined", "started b", "finished b"}
				if tt.heard > 0 {
					want = append(want, "started c", "failed c "+tt.kind, "failed c")
				} else {
					want = append(want, "failed c "+tt.kind)
				}
				r.expect(append(want, "started d", "finished d", "queue ended")...)
			})
		})
	}
}

// burning has the encoder panic at a frame number.
func burning(o *player.Options, _ *rig) {
	o.Encoder = func(player.GuildID) (opus.Encoder, error) { return &codec{panicsOn: 71}, nil }
}

func TestAThousandBrokenTracksAreGivenUpOn(t *testing.T) {
	run(t, nil, func(r *rig) {
		broken := make([]track.Track, 1000)
		for i := range broken {
			broken[i] = track.Track{URI: "?", Title: "c"}
		}
		r.play(broken...)
		r.pass(time.Minute)
		s := r.status()
		if n := r.shelf.opens.Load(); n != player.DefaultMaxFailures || s.State != player.StateIdle || len(s.Queue) != 990 {
			r.Errorf("%d opens, %v, %d left", n, s.State, len(s.Queue))
		}
		if fault.KindOf(s.LastError) != fault.NotFound {
			r.Errorf("last error %v", s.LastError)
		}
		if got := r.happened(); got[len(got)-1] != "gave up" {
			r.Errorf("last event %q", got[len(got)-1])
		}
		r.do(player.Resume{})
		r.pass(time.Second)
		if n := len(r.status().Queue); n != 980 {
			r.Errorf("%d left after resuming", n)
		}
	})
}

func TestALoopOfNothingEnds(t *testing.T) {
	for _, mode := range []queue.Loop{queue.Track, queue.All} {
		t.Run(mode.String(), func(t *testing.T) {
			run(t, nil, func(r *rig) {
				r.do(player.Join{Channel: lobby})
				r.do(player.Loop{Mode: mode})
				r.play(r.shelf.put(1, 0))
				r.pass(time.Minute)
				if n := r.shelf.opens.Load(); n > 2 || r.status().State != player.StateIdle {
					r.Errorf("%d opens, %v", n, r.status().State)
				}
			})
		})
	}
}

func TestAStuckTrackIsToldAndGivenUp(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 50, func(t *tape) { t.stalls = true }), r.shelf.put(2, 50))
		r.pass(10 * time.Second)
		r.expect("joined", "started b")
		r.pass(2 * time.Second)
		r.expect("stuck b")
		if s := r.status(); s.Position != time.Second || s.State != player.StatePlaying {
			r.Errorf("stuck at %v, %v", s.Position, s.State)
		}
		r.pass(player.DefaultStuckTimeout)
		r.expect("failed b timeout", "failed b", "started c", "finished c", "queue ended")
		r.whole(1, 1, 50)
		r.whole(2, 1, 50)
	})
}

func TestATrackThatStallsGoesOnWhereItWas(t *testing.T) {
	run(t, nil, func(r *rig) {
		tr := r.shelf.put(1, 100)
		r.shelf.replace(tr.URI, func(context.Context, time.Duration) (audio.Reader, error) {
			return &hiccup{tape{track: 1, frames: 100, closed: make(chan struct{})}}, nil
		})
		r.play(tr)
		r.pass(20 * time.Second)
		r.whole(1, 1, 100)
		r.expect("joined", "started b", "finished b", "queue ended")
	})
}

// hiccup is a tape that hangs for five seconds in the middle.
type hiccup struct{ tape }

func (h *hiccup) ReadBlock(b *audio.Block) error {
	if h.next == 50 {
		select {
		case <-time.After(5 * time.Second):
		case <-h.closed:
		}
	}
	return h.tape.ReadBlock(b)
}
