package player_test

import (
	"context"
	"testing"
	"time"

	"busker/audio"
	"busker/player"
)

// drip is a tape whose frames come one each interval.
type drip struct {
	tape
	every time.Duration
}

func (d *drip) ReadBlock(b *audio.Block) error {
	select {
	case <-time.After(d.every):
	case <-d.closed:
	}
	return d.tape.ReadBlock(b)
}

// dripping replaces the tapes of a track by slow ones.
func (r *rig) dripping(uri string, id, frames int, every time.Duration) {
	r.shelf.replace(uri, func(_ context.Context, at time.Duration) (audio.Reader, error) {
		return &drip{tape{track: float32(id), next: int(audio.Frames(at)), frames: frames, closed: make(chan struct{})}, every}, nil
	})
}

// TestTracksShorterThanTheHeadStart are heard as soon as they are known to be over.
func TestTracksShorterThanTheHeadStart(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 1), r.shelf.put(2, 1), r.shelf.put(3, 4), r.shelf.put(4, 50))
		r.pass(2 * time.Second)
		for id, frames := range map[int]int{1: 1, 2: 1, 3: 4, 4: 50} {
			r.whole(id, 1, frames)
		}
	})
}

// TestCommandsWhileTheHeadStartGathers come between two frames of which none was sent.
func TestCommandsWhileTheHeadStartGathers(t *testing.T) {
	run(t, nil, func(r *rig) {
		tr := r.shelf.put(1, 40)
		r.dripping(tr.URI, 1, 40, 100*time.Millisecond)
		r.play(tr, r.shelf.put(2, 50))
		r.pass(250 * time.Millisecond)
		if s := r.status(); len(r.out.all()) != 0 || s.Position != 0 || s.State != player.StatePlaying {
			r.Errorf("%d frames heard, %+v", len(r.out.all()), s)
		}
		r.do(player.Pause{})
		r.pass(5 * time.Second)
		if n := len(r.out.all()); n != 0 {
			r.Errorf("%d frames heard in the pause", n)
		}
		r.do(player.Resume{})
		r.do(player.Volume{Percent: 50})
		r.do(player.Volume{Percent: 100})
		r.pass(time.Second)
		before := len(r.out.of(1))
		r.do(player.Seek{At: 600 * time.Millisecond})
		r.pass(250 * time.Millisecond)
		r.do(player.Seek{At: 400 * time.Millisecond})
		r.pass(10 * time.Second)
		after := r.out.of(1)[before:]
		if before == 0 || len(after) != 20 || after[0].frame != 21 || after[19].frame != 40 {
			r.Errorf("%d frames heard, after the seeks %d", before, len(after))
		}
		r.whole(2, 1, 50)
	})
}

// TestAStreamThatStopsWithinTheHeadStart is given up, and what came of it is heard.
func TestAStreamThatStopsWithinTheHeadStart(t *testing.T) {
	run(t, nil, func(r *rig) {
		tr := r.shelf.put(1, 3, func(t *tape) { t.stalls = true })
		tr.Live = true
		r.play(tr, r.shelf.put(2, 50))
		r.pass(5*time.Second + player.DefaultStuckTimeout)
		r.whole(1, 1, 3)
		r.whole(2, 1, 50)
		r.expect("joined", "stuck b", "started b", "failed b timeout", "failed b", "started c", "finished c", "queue ended")
	})
}
