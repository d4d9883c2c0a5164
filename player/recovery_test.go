package player_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/player"
)

func TestASeekThatFailsLeavesTheTrackWhereItWas(t *testing.T) {
	run(t, nil, func(r *rig) {
		tr := r.shelf.put(1, 500)
		good := r.shelf.tapes[tr.URI]
		r.shelf.replace(tr.URI, func(ctx context.Context, at time.Duration) (audio.Reader, error) {
			if at >= 5*time.Second {
				<-time.After(100 * time.Millisecond)
				return nil, fault.New(fault.Unavailable, "The server has a problem.")
			}
			return good(ctx, at)
		})
		r.play(tr, r.shelf.put(2, 50))
		r.pass(time.Second)
		r.do(player.Seek{At: 7 * time.Second})
		r.do(player.Seek{At: 6 * time.Second}) // its predecessor is not where to go back to
		r.pass(time.Second)
		if s := r.status(); s.Position < 1880*time.Millisecond || s.Position > 2*time.Second || s.LastError == nil {
			r.Errorf("at %v, %v", s.Position, s.LastError)
		}
		r.pass(10 * time.Second)
		r.whole(1, 1, 500)
		r.whole(2, 1, 50)
		r.expect("joined", "started b", "seeked", "seeked", "seek failed unavailable",
			"finished b", "started c", "finished c", "queue ended")
	})
}

func TestATrackGoneForGoodFailsOnce(t *testing.T) {
	run(t, nil, func(r *rig) {
		tr := r.shelf.put(1, 500)
		r.play(tr, r.shelf.put(2, 50))
		r.pass(time.Second)
		r.shelf.mu.Lock()
		delete(r.shelf.tapes, tr.URI)
		r.shelf.mu.Unlock()
		r.do(player.Seek{At: 7 * time.Second})
		r.pass(5 * time.Second)
		r.expect("joined", "started b", "seeked", "seek failed not_found", "failed b not_found", "failed b",
			"started c", "finished c", "queue ended")
	})
}

func TestALiveStreamIsOpenedAnewAfterItBroke(t *testing.T) {
	for _, tt := range []struct {
		name   string
		frames int
		fails  error
		opens  int64
		events []string
	}{
		{"after a while", 1000, errors.New("broken"), 3, []string{"joined", "started b"}},
		{"at once", 100, errors.New("broken"), 1, []string{"joined", "started b", "failed b internal", "failed b", "queue ended"}},
		{"with its end", 1000, nil, 1, []string{"joined", "started b", "finished b", "queue ended"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				tr := r.shelf.put(1, tt.frames, func(t *tape) { t.fails = tt.fails })
				tr.Live, tr.Seekable, tr.Length = true, false, 0
				r.play(tr)
				r.pass(50 * time.Second)
				if n := r.shelf.opens.Load(); n != tt.opens {
					r.Errorf("opened %d times, want %d", n, tt.opens)
				}
				r.expect(tt.events...)
			})
		})
	}
}
