package player_test

import (
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/player"
	"busker/queue"
)

func TestATrackIsHeardWholeAndOnce(t *testing.T) {
	run(t, nil, func(r *rig) {
		s := r.play(r.shelf.put(1, 100))
		if s.State != player.StatePlaying || s.Channel != lobby || s.Track.Title != "b" || s.Requester != 7 || s.Length != 2*time.Second {
			r.Errorf("status %+v", s)
		}
		r.pass(3 * time.Second)
		r.whole(1, 1, 100)
		r.seamless()
		r.expect("joined", "started b", "finished b", "queue ended")
		all := r.out.all()
		if len(all) != 101 || all[100].track != 0 {
			r.Errorf("%d packets: the encoder's tail must be pushed out by exactly one filler", len(all))
		}
		if s := r.status(); s.State != player.StateIdle || s.Position != 0 || s.ItemID != 0 {
			r.Errorf("afterwards %+v", s)
		}
	})
}

func TestEventsFireWhenPacketsAreSent(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 100), r.shelf.put(2, 100))
		for e := range r.events {
			heard := len(r.out.of(1))
			switch e := e.Event.(type) {
			case player.TrackStarted:
				if e.Item.Track.Title == "b" && heard > 2 || e.Item.Track.Title == "c" && len(r.out.of(2)) > 2 {
					r.Errorf("%s told after %d and %d frames", describe(e), heard, len(r.out.of(2)))
				}
				if e.Item.Track.Title == "c" {
					return
				}
			case player.TrackEnded:
				if heard != 100 {
					r.Errorf("%s told after %d frames", describe(e), heard)
				}
			}
		}
	})
}

func TestTracksFollowWithoutASeam(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 50), r.shelf.put(2, 3), r.shelf.put(3, 50), r.shelf.put(4, 15))
		r.pass(5 * time.Second)
		for id, n := range map[int]int{1: 50, 2: 3, 3: 50, 4: 15} {
			r.whole(id, 1, n)
		}
		r.expect("joined", "started b", "finished b", "started c", "finished c",
			"started d", "finished d", "started e", "finished e", "queue ended")
		heard := r.out.all()
		if d := heard[50].at - heard[49].at; d != audio.FrameTime {
			r.Errorf("%v between the first tracks", d)
		}
	})
}

func TestPauseLosesAndRepeatsNothing(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 200), r.shelf.put(2, 300))
		for i := range 30 {
			r.pass(time.Duration(37+i*11) * time.Millisecond)
			before := len(r.out.all())
			s := r.do(player.Pause{})
			if s.State != player.StatePaused {
				r.Fatalf("status %+v", s)
			}
			r.pass(time.Second)
			if n := len(r.out.all()) - before; n > 1 {
				r.Errorf("%d frames heard after the pause", n)
			}
			if at := r.status().Position; at < s.Position || at > s.Position+audio.FrameTime {
				r.Errorf("position went from %v to %v", s.Position, at)
			}
			r.do(player.Resume{})
		}
		r.pass(10 * time.Second)
		r.whole(1, 1, 200)
		r.whole(2, 1, 300)
	})
}

func TestPauseAndResumeAreIdempotent(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.refuse(player.Pause{}, fault.Invalid)
		r.refuse(player.Resume{}, fault.Invalid)
		r.play(r.shelf.put(1, 100))
		r.pass(time.Second)
		for range 3 {
			r.do(player.Pause{})
		}
		r.pass(time.Minute)
		for range 3 {
			r.do(player.Resume{})
		}
		r.pass(5 * time.Second)
		r.whole(1, 1, 100)
		r.expect("joined", "started b", "paused", "resumed", "finished b", "queue ended")
	})
}

func TestPositionIsWhatWasHeard(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 200))
		for range 50 {
			r.pass(33 * time.Millisecond)
			if at, heard := r.status().Position, len(r.out.of(1)); at != audio.Duration(int64(heard)) {
				r.Fatalf("position %v after %d frames", at, heard)
			}
		}
	})
}

func TestSeek(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 1000))
		r.pass(time.Second)
		before := r.out.of(1)
		if s := r.do(player.Seek{At: 10 * time.Second}); s.Position != 10*time.Second {
			r.Errorf("position %v right after", s.Position)
		}
		r.pass(time.Second)
		after := r.out.of(1)[len(before):]
		if after[0].frame != 501 || after[0].at-before[len(before)-1].at > 2*audio.FrameTime {
			r.Errorf("frame %v heard %v later", after[0].frame, after[0].at-before[len(before)-1].at)
		}
		if at := r.status().Position; at != 10*time.Second+audio.Duration(int64(len(after))) {
			r.Errorf("position %v after %d frames", at, len(after))
		}
		r.do(player.Pause{})
		if s := r.do(player.Seek{At: 2 * time.Second}); s.State != player.StatePaused {
			r.Errorf("a seek ended the pause: %+v", s)
		}
		heard := len(r.out.all())
		r.pass(time.Second)
		if n := len(r.out.all()); n > heard+1 || r.status().Position != 2*time.Second {
			r.Errorf("paused at %v, and %d frames heard", r.status().Position, n-heard)
		}
		r.do(player.Resume{})
		r.pass(time.Second)
		if s := r.out.of(1); s[len(s)-1].frame < 140 || s[len(s)-1].frame > 152 {
			r.Errorf("a second after resuming at 2 s: frame %v", s[len(s)-1].frame)
		}
		r.expect("joined", "started b", "seeked", "paused", "seeked", "resumed")
	})
}

func TestSeekRefuses(t *testing.T) {
	run(t, nil, func(r *rig) {
		live, fixed := r.shelf.put(1, -1), r.shelf.put(2, 100)
		live.Live, fixed.Seekable = true, false
		r.refuse(player.Seek{}, fault.Invalid)
		r.play(live, fixed, r.shelf.put(3, 100))
		r.refuse(player.Seek{At: time.Second}, fault.Unsupported)
		r.do(player.Skip{})
		r.refuse(player.Seek{At: time.Second}, fault.Unsupported)
		r.do(player.Skip{})
		r.refuse(player.Seek{At: 2 * time.Second}, fault.Invalid)
		r.refuse(player.Seek{At: -time.Second}, fault.Invalid)
		r.do(player.Seek{At: 1900 * time.Millisecond})
		r.pass(time.Second)
		r.whole(3, 96, 100)
	})
}

func TestSkip(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.refuse(player.Skip{}, fault.Invalid)
		r.play(r.shelf.put(1, 500), r.shelf.put(2, 500), r.shelf.put(3, 500), r.shelf.put(4, 500))
		r.pass(time.Second)
		r.refuse(player.Skip{Count: -1}, fault.Invalid)
		heard := r.out.all()
		r.do(player.Skip{})
		r.pass(time.Second)
		after := r.out.all()[len(heard):]
		if after[0].track != 2 || after[0].frame != 1 {
			r.Errorf("first heard %+v", after[0])
		}
		r.do(player.Pause{})
		if s := r.do(player.Skip{Count: 2}); s.State != player.StatePlaying || s.Track.Title != "e" {
			r.Errorf("status %+v", s)
		}
		r.pass(time.Second)
		if s := r.do(player.Skip{Count: 9}); s.State != player.StateIdle || s.Channel != lobby {
			r.Errorf("status %+v", s)
		}
		heard = r.out.all()
		r.pass(time.Second)
		if n := len(r.out.all()); n > len(heard)+1 {
			r.Errorf("%d frames heard after the last skip", n-len(heard))
		}
		r.expect("joined", "started b", "skipped b", "started c", "paused", "skipped c", "resumed",
			"started e", "skipped e", "queue ended")
	})
}

func TestStopEmptiesTheQueueAndStays(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 500), r.shelf.put(2, 500))
		r.do(player.Loop{Mode: queue.All})
		r.pass(time.Second)
		if s := r.do(player.Stop{}); s.State != player.StateIdle || len(s.Queue) != 0 || s.Channel != lobby {
			r.Errorf("status %+v", s)
		}
		r.play(r.shelf.put(3, 50))
		r.pass(900 * time.Millisecond)
		r.expect("joined", "other", "started b", "stopped b", "started d")
	})
}

func TestLoopModes(t *testing.T) {
	for _, tt := range []struct {
		mode queue.Loop
		want map[int]int // frames heard of each track in 3 s
	}{
		{queue.Off, map[int]int{1: 25, 2: 25}},
		{queue.Track, map[int]int{1: 150}},
		{queue.All, map[int]int{1: 75, 2: 75}},
	} {
		t.Run(tt.mode.String(), func(t *testing.T) {
			run(t, nil, func(r *rig) {
				r.play(r.shelf.put(1, 25), r.shelf.put(2, 25))
				r.do(player.Loop{Mode: tt.mode})
				r.pass(3*time.Second + time.Millisecond)
				for id, n := range tt.want {
					if got := len(r.out.of(id)); got < n-1 || got > n {
						r.Errorf("track %d: %d frames, want %d", id, got, n)
					}
				}
				r.seamless()
			})
		})
	}
}

func TestLoopTrackEndsWithASkipOrItsOwnEnd(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 25), r.shelf.put(2, 25))
		r.do(player.Loop{Mode: queue.Track})
		r.pass(1400 * time.Millisecond) // in the third round, the fourth is open and in the ring
		r.do(player.Loop{Mode: queue.Off})
		r.pass(3 * time.Second)
		if n, m := len(r.out.of(1)), len(r.out.of(2)); n != 75 || m != 25 {
			r.Errorf("%d and %d frames", n, m)
		}
		r.seamless()
	})
}

// TestWhatIsNextMayChangeAtTheLastMoment changes the queue while the first frames
// of the next track lie in the ring already.
func TestWhatIsNextMayChangeAtTheLastMoment(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change player.Command
		next   int // track that is heard after track 1; 0 = none
	}{
		{"remove", player.Remove{Index: 0}, 3},
		{"move", player.Move{From: 2, To: 0}, 4},
		{"clear", player.Clear{}, 0},
		{"loop", player.Loop{Mode: queue.Track}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				r.play(r.shelf.put(1, 50), r.shelf.put(2, 50), r.shelf.put(3, 50), r.shelf.put(4, 50))
				r.pass(950 * time.Millisecond)
				r.do(tt.change)
				r.pass(500 * time.Millisecond)
				heard := r.out.all()
				r.seamless()
				for i := range 50 {
					if heard[i].track != 1 || heard[i].frame != float32(i+1) {
						r.Fatalf("frame %d: %+v", i, heard[i])
					}
				}
				if heard[50].track != float32(tt.next) || tt.next != 0 && heard[50].frame != 1 {
					r.Errorf("then %+v", heard[50])
				}
			})
		})
	}
}

func TestVolumeGlidesWithinOneRing(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 500))
		r.refuse(player.Volume{Percent: 201}, fault.Invalid)
		r.refuse(player.Volume{Percent: -1}, fault.Invalid)
		for _, percent := range []int{50, 80, 100} {
			r.pass(500 * time.Millisecond)
			before := len(r.out.all())
			if s := r.do(player.Volume{Percent: percent}); s.Volume != percent {
				r.Errorf("status says %d", s.Volume)
			}
			r.pass(300 * time.Millisecond)
			if got := r.out.all()[before+11]; got.track != float32(percent)/100 {
				r.Errorf("volume %d: a ring later it is %v", percent, got.track)
			}
		}
		r.pass(10 * time.Second)
		heard := r.out.all()
		for i := 1; i < 500; i++ {
			if number := heard[i].frame / heard[i].track; number < float32(i)+0.99 || number > float32(i)+1.01 {
				r.Fatalf("after %d frames came frame %v", i, number)
			}
			if step := heard[i].headTrack - heard[i-1].track; step > 0.01 || step < -0.01 {
				r.Fatalf("the level jumps by %v at frame %d", step, i)
			}
		}
		r.seamless()
	})
}
