package player_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/player"
	"busker/queue"
	"busker/track"
)

// slowly has a track take a second to open.
func (r *rig) slowly(t track.Track) track.Track {
	r.shelf.mu.Lock()
	open := r.shelf.tapes[t.URI]
	r.shelf.mu.Unlock()
	r.shelf.replace(t.URI, func(ctx context.Context, at time.Duration) (audio.Reader, error) {
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		return open(ctx, at)
	})
	return t
}

// TestTheNextTrackIsOpenedAhead has a server take its time before each track: only before
// the first anybody hears of it.
func TestTheNextTrackIsOpenedAhead(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.slowly(r.shelf.put(1, 400)), r.slowly(r.shelf.put(2, 100)), r.slowly(r.shelf.put(3, 100)))
		r.pass(3 * time.Second)
		if n := r.shelf.opens.Load(); n != 1 {
			t.Errorf("opened %d times", n)
		}
		r.pass(20 * time.Second)
		for id, frames := range map[int]int{1: 400, 2: 100, 3: 100} {
			r.whole(id, 1, frames)
		}
		r.seamless()
		if n := r.shelf.opens.Load(); n != 3 {
			t.Errorf("opened %d times", n)
		}
	})
}

// TestWhatIsOpenedAheadFollowsTheQueue changes what is next when it is open already.
func TestWhatIsOpenedAheadFollowsTheQueue(t *testing.T) {
	for _, tt := range []struct {
		name    string
		command player.Command
		next    int  // the track heard after the first, 0 = none
		cut     bool // the first is not heard to its end
		opens   int64
	}{
		{"moved", player.Move{From: 1, To: 0}, 3, false, 4},
		{"removed", player.Remove{Index: 0}, 3, false, 3},
		{"looped", player.Loop{Mode: queue.Track}, 1, false, 3},
		{"cleared", player.Clear{}, 0, false, 2},
		{"skipped", player.Skip{}, 2, true, 4},
		{"undone", player.Undo{}, 0, false, 2},
		{"moved by its item", player.Move{Item: 3, To: 0}, 3, false, 4},
		{"jumped over", player.Jump{Index: 1}, 3, true, 3},
		{"shuffled away", player.Shuffle{}, 3, false, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, func(o *player.Options, _ *rig) { o.Seed = 4 }, func(r *rig) {
				r.play(r.shelf.put(1, 300), r.shelf.put(2, 200), r.shelf.put(3, 200))
				r.pass(3 * time.Second)
				if n, live := r.shelf.opens.Load(), r.shelf.live.Load(); n != 2 || live != 2 {
					t.Errorf("opened %d times, %d open", n, live)
				}
				r.do(tt.command)
				r.pass(100 * time.Millisecond)
				if live := r.shelf.live.Load(); live > 2 {
					t.Errorf("%d open", live)
				}
				r.pass(3500 * time.Millisecond)
				if n := r.shelf.opens.Load(); n != tt.opens {
					t.Errorf("opened %d times, want %d", n, tt.opens)
				}
				heard := r.out.all()
				first := slices.IndexFunc(heard, func(s sample) bool { return s.track != 1 })
				if tt.next == 1 {
					first = slices.IndexFunc(heard[1:], func(s sample) bool { return s.frame == 1 }) + 1
				}
				if tt.cut == (first == 300) || heard[first].track != float32(tt.next) {
					t.Errorf("after %d frames %+v", first, heard[first])
				}
			})
		})
	}
}

// TestALiveStreamIsNotOpenedAhead: it would be old when it is heard.
func TestALiveStreamIsNotOpenedAhead(t *testing.T) {
	run(t, nil, func(r *rig) {
		live := r.shelf.put(2, -1)
		live.Live = true
		r.play(r.shelf.put(1, 200), live)
		r.pass(3 * time.Second)
		if n := r.shelf.opens.Load(); n != 1 {
			t.Errorf("opened %d times", n)
		}
		r.pass(3 * time.Second)
		r.whole(1, 1, 200)
		r.seamless()
	})
}

// TestPreparedSoundThatCameTooLate changes the filters of a live stream while it opens,
// and while it is the next track.
func TestPreparedSoundThatCameTooLate(t *testing.T) {
	half := dsp.Settings{ChannelMix: dsp.ChannelMix{On: true, LeftToLeft: 0.5, RightToRight: 0.5}}
	open := func(_ context.Context, tr track.Track, _ time.Duration, how player.How) (audio.Reader, error) {
		if !tr.Live {
			return &wave{sound: tone(500, 0.1), samples: audio.SampleRate}, nil
		}
		<-time.After(300 * time.Millisecond)
		level := 0.1
		if how.Settings == half {
			level = 0.05
		}
		return tuned{&wave{sound: tone(500, level), samples: 1 << 30}, how.Settings}, nil
	}
	live := track.Track{URI: "live", Title: "live", Live: true}
	for name, list := range map[string][]track.Track{
		"current": {live},
		"next":    {{URI: "first", Title: "first", Length: time.Second}, live},
	} {
		t.Run(name, func(t *testing.T) {
			heard := listen(t, func(r *rig, _ *jukebox) {
				r.do(player.Filters{Settings: half})
				r.play(list...)
				if len(list) > 1 {
					r.pass(880 * time.Millisecond)
				}
				r.pass(100 * time.Millisecond)
				r.do(player.Filters{Settings: dsp.Settings{Width: -1}})
				r.pass(5 * time.Second)
				r.do(player.Stop{})
			}, func(o *player.Options) { o.Opener = openerFunc(open) })
			got := decodeHeard(t, heard)
			for _, at := range []float64{2, 4} {
				if level := dB(got, at, 500); level < -1 || level > 1 {
					t.Errorf("at %v s %.1f dB", at, level)
				}
			}
		})
	}
}
