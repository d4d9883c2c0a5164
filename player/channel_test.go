package player_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
)

// slow makes joins take a second, and fail where that is asked for.
func slow(fails map[snowflake.ID]error) func(*player.Options, *rig) {
	return func(_ *player.Options, r *rig) {
		r.out.join = func(ctx context.Context, channel snowflake.ID) error {
			select {
			case <-time.After(time.Second):
				return fails[channel]
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

var errFull = fault.New(fault.Busy, "The channel is full.")

func TestAJoinThatFailsFailsItsCommandAndNothingElse(t *testing.T) {
	run(t, slow(map[snowflake.ID]error{lobby: errFull}), func(r *rig) {
		_, err := r.m.Do(r.Context(), guild, player.Play{Channel: lobby, Tracks: tracks(r, 1, 50)})
		if !errors.Is(err, errFull) {
			r.Errorf("error %v", err)
		}
		if s := r.status(); s.State != player.StateIdle || len(s.Queue) != 0 || s.Channel != 0 {
			r.Errorf("status %+v", s)
		}
		r.do(player.Play{Channel: stage, Tracks: tracks(r, 2, 50)})
		r.pass(2 * time.Second)
		r.whole(2, 1, 50)
		r.expect("joined", "started c", "finished c", "queue ended")
	})
}

func TestAPlayThatMakesNoSenseJoinsNothing(t *testing.T) {
	run(t, func(o *player.Options, _ *rig) { o.MaxQueue = 3 }, func(r *rig) {
		r.refuse(player.Play{Channel: lobby}, fault.Invalid)
		r.refuse(player.Play{Tracks: tracks(r, 1, 50)}, fault.Invalid)
		r.refuse(player.Add{Tracks: tracks(r, 1, 50)}, fault.Invalid)
		r.refuse(player.Join{}, fault.Invalid)
		four := append(tracks(r, 1, 50), tracks(r, 1, 50)...)
		r.refuse(player.Play{Channel: lobby, Tracks: append(four, four...)}, fault.TooLarge)
		if n := r.out.joins.Load(); n != 0 {
			r.Errorf("%d joins", n)
		}
	})
}

// TestCommandsDuringAJoinTakeEffectInOrder sends five commands while the first is
// still on its way to the channel.
func TestCommandsDuringAJoinTakeEffectInOrder(t *testing.T) {
	run(t, slow(nil), func(r *rig) {
		done := make(chan player.Status, 5)
		for _, c := range []player.Command{
			player.Play{Channel: lobby, Tracks: tracks(r, 1, 500)},
			player.Play{Channel: lobby, Tracks: tracks(r, 2, 500)},
			player.Skip{},
			player.Pause{},
			player.Join{Channel: stage},
		} {
			go func() { done <- r.do(c) }()
			synctest.Wait()
		}
		if s := r.status(); s.State != player.StateJoining {
			r.Errorf("state %v", s.State)
		}
		var last player.Status
		for range 5 {
			last = <-done
		}
		if last.State != player.StatePaused || last.Track.Title != "c" || last.Channel != stage {
			r.Errorf("in the end %+v", last)
		}
	})
}

func TestLeaveEndsAJoin(t *testing.T) {
	run(t, slow(nil), func(r *rig) {
		failed := make(chan error, 1)
		go func() {
			_, err := r.m.Do(r.Context(), guild, player.Play{Channel: lobby, Tracks: tracks(r, 1, 50)})
			failed <- err
		}()
		r.pass(500 * time.Millisecond)
		if s := r.do(player.Leave{}); s.State != player.StateIdle || s.Channel != 0 || len(s.Queue) != 0 {
			r.Errorf("status %+v", s)
		}
		if err := <-failed; fault.KindOf(err) != fault.Canceled {
			r.Errorf("the play: %v", err)
		}
		r.pass(5 * time.Second)
		r.expect()
	})
}

func TestLeaveStopsAndForgets(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.do(player.Leave{}) // from nowhere
		r.play(r.shelf.put(1, 500), r.shelf.put(2, 500))
		r.pass(time.Second)
		if s := r.do(player.Leave{}); s.State != player.StateIdle || s.Channel != 0 || len(s.Queue) != 0 {
			r.Errorf("status %+v", s)
		}
		r.expect("joined", "started b", "left b", "left asked")
		r.play(r.shelf.put(3, 10))
		r.pass(time.Second)
		r.whole(3, 1, 10)
		r.expect("joined", "started d", "finished d", "queue ended")
	})
}

func TestAMoveKeepsPlaying(t *testing.T) {
	run(t, slow(nil), func(r *rig) {
		r.play(r.shelf.put(1, 200))
		r.pass(time.Second)
		if s := r.do(player.Join{Channel: stage}); s.Channel != stage || s.State != player.StatePlaying {
			r.Errorf("status %+v", s)
		}
		r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputMoved, Channel: lobby})
		r.pass(5 * time.Second)
		if s := r.status(); s.Channel != lobby {
			r.Errorf("in %v", s.Channel)
		}
		r.whole(1, 1, 200)
		r.expect("joined", "started b", "moved", "moved", "finished b", "queue ended")
	})
}

func TestPlayFromAnotherChannelMovesOnlyAnIdlePlayer(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 50))
		if s := r.do(player.Play{Channel: stage, Tracks: tracks(r, 2, 50)}); s.Channel != lobby || len(s.Queue) != 1 {
			r.Errorf("playing: %+v", s)
		}
		r.pass(5 * time.Second)
		if s := r.do(player.Play{Channel: stage, Tracks: tracks(r, 3, 50)}); s.Channel != stage {
			r.Errorf("idle: %+v", s)
		}
	})
}

func TestBeingPutOutKeepsTheQueue(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 500), r.shelf.put(2, 500))
		r.pass(time.Second)
		r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputDisconnected, Channel: stage}) // late news
		r.pass(time.Second)
		if s := r.status(); s.State != player.StatePlaying {
			r.Errorf("late news ended the track: %+v", s)
		}
		r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputDisconnected, Channel: lobby})
		r.pass(0)
		if s := r.status(); s.State != player.StateIdle || s.Channel != 0 || len(s.Queue) != 1 {
			r.Errorf("status %+v", s)
		}
		r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputDisconnected, Channel: lobby}) // twice
		r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputMoved, Channel: lobby})        // a ghost
		r.pass(time.Second)
		r.expect("joined", "started b", "left b", "left disconnected")
		if s := r.do(player.Join{Channel: stage}); s.Track.Title != "b" || s.Position != 2*time.Second {
			r.Errorf("back in a channel: %q at %v", s.Track.Title, s.Position)
		}
		r.pass(20 * time.Second)
		r.whole(1, 1, 500)
		r.whole(2, 1, 500)
	})
}

func TestAnOutputThatTakesNothingIsLeft(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 500))
		r.pass(time.Second)
		r.out.breakDown(errors.New("connection closed"))
		r.pass(time.Second)
		r.expect("joined", "started b", "left b", "left disconnected")
		r.out.breakDown(nil)
		r.play(r.shelf.put(2, 20))
		r.pass(11 * time.Second)
		r.whole(1, 1, 500)
		r.whole(2, 1, 20)
	})
}

// TestWhyWeWerePutOut: the pump hears that the output takes no more packets before the
// output says why, and is not believed.
func TestWhyWeWerePutOut(t *testing.T) {
	run(t, nil, func(r *rig) {
		told, cancel := r.m.Subscribe(100)
		defer cancel()
		why := errors.New("kicked")
		r.out.left = func() {
			r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputDisconnected, Channel: lobby, Err: why})
		}
		r.play(r.shelf.put(1, 500))
		r.pass(time.Second)
		r.out.breakDown(errors.New("not in a channel"))
		r.pass(time.Second)
		left := 0
		for len(told) > 0 {
			if e, ok := (<-told).Event.(player.Left); ok {
				left++
				if !errors.Is(e.Err, why) || e.Reason != player.LeaveDisconnected {
					r.Errorf("%+v", e)
				}
			}
		}
		if left != 1 {
			r.Errorf("left %d times", left)
		}
	})
}

func TestAnInterruptionHoldsThePosition(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 200))
		r.pass(time.Second + 5*time.Millisecond)
		r.out.held.Store(true)
		r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputInterrupted, Err: errors.New("no route")})
		at := r.status().Position
		r.pass(time.Minute)
		if now := r.status().Position; now != at {
			r.Errorf("position went from %v to %v", at, now)
		}
		r.do(player.Pause{})
		r.do(player.Resume{})
		r.out.held.Store(false)
		r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputConnected, Channel: lobby})
		r.pass(5 * time.Second)
		r.whole(1, 1, 200)
	})
}

// TestALostRingDoesNotStopTheQueue has the output drop what it holds and say nothing.
func TestALostRingDoesNotStopTheQueue(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 50), r.shelf.put(2, 50))
		r.pass(500 * time.Millisecond)
		r.out.Flush()
		r.pass(10 * time.Second)
		r.out.forgive() // of course
		r.expect("joined", "started b", "finished b", "started c", "finished c", "queue ended")
	})
}

func TestAnIdlePlayerLeavesAndIsForgotten(t *testing.T) {
	run(t, func(o *player.Options, _ *rig) { o.IdleTimeout = time.Minute }, func(r *rig) {
		r.play(r.shelf.put(1, 50))
		r.pass(50 * time.Second)
		r.do(player.Play{Tracks: tracks(r, 2, 50)})
		r.pass(59 * time.Second)
		r.expect("joined", "started b", "finished b", "queue ended", "started c", "finished c", "queue ended")
		r.pass(3 * time.Second)
		r.expect("idle", "left idle")
		if _, ok := r.m.Status(guild); !ok {
			r.Error("the player is gone at once, with its settings")
		}
		r.pass(2 * time.Minute)
		if _, ok := r.m.Status(guild); ok {
			r.Error("the player is still there")
		}
		r.play(r.shelf.put(3, 10))
		r.pass(time.Second)
		r.whole(3, 1, 10)
	})
}

func TestAPausedPlayerIsNotIdle(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 50))
		r.do(player.Pause{})
		r.pass(time.Hour)
		r.do(player.Resume{})
		r.pass(5 * time.Second)
		r.whole(1, 1, 50)
	})
}

func TestIdleForEver(t *testing.T) {
	run(t, func(o *player.Options, _ *rig) { o.IdleTimeout = -1 }, func(r *rig) {
		r.do(player.Join{Channel: lobby})
		r.pass(time.Hour)
		r.expect("joined")
	})
}
