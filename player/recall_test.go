package player_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
	"busker/session"
)

// TestLookingChangesNothing: not in a guild that could go on, either.
func TestLookingChangesNothing(t *testing.T) {
	live(t, func(l *lives) {
		p := killedWith(l, 1)
		p.kill()
		p = l.begin()
		s := p.do(guild, player.Look{})
		p.pass(time.Second)
		if s.State != player.StateIdle || p.status(guild).State != player.StateIdle || len(p.happened(guild)) > 0 {
			t.Errorf("%v after looking, then %v", s.State, p.status(guild).State)
		}
		p.revive()
		if s := p.status(guild); s.Channel != lobby || s.Track.Title != "b" {
			t.Errorf("plays %q in %v after the return", s.Track.Title, s.Channel)
		}
		p.end()
	})
}

// TestAnEmptyMemoryThatAnswersLate: what is kept after that is found again.
func TestAnEmptyMemoryThatAnswersLate(t *testing.T) {
	live(t, func(l *lives) {
		l.store.Fail(errors.New("no disk"))
		p := l.begin()
		p.do(guild, player.Look{})
		l.store.Fail(nil)
		p.pass(6 * time.Second)
		p.do(guild, player.Play{Tracks: l.album(3), Channel: lobby})
		p.pass(time.Second)
		p.kill()
		p = l.begin()
		p.revive()
		if s := p.status(guild); s.Track.Title != "b" || len(s.Queue) != 2 {
			t.Errorf("plays %q, then %d tracks", s.Track.Title, len(s.Queue))
		}
		p.end()
	})
}

// TestReturnWaitsForTheMemory: a guild nobody could ask about has not returned.
func TestReturnWaitsForTheMemory(t *testing.T) {
	live(t, func(l *lives) {
		p := killedWith(l, 2)
		p.kill()
		p = l.begin()
		l.store.Fail(errors.New("no disk"))
		back := time.AfterFunc(15*time.Second, func() { l.store.Fail(nil) })
		defer back.Stop()
		p.revive()
		if s := p.status(guild); s.Channel != lobby || s.State != player.StatePlaying {
			t.Errorf("%v in %v", s.State, s.Channel)
		}
		p.end()
	})
}

// TestAMomentWithoutTheMemory is the restart of a database.
func TestAMomentWithoutTheMemory(t *testing.T) {
	live(t, func(l *lives) {
		p := killedWith(l, 1)
		p.kill()
		p = l.begin()
		l.store.Fail(fault.New(fault.Unavailable, "I cannot reach my memory."))
		back := time.AfterFunc(time.Second, func() { l.store.Fail(nil) })
		defer back.Stop()
		if s := p.do(guild, player.Look{}); len(s.Queue) != 1 {
			t.Errorf("%d tracks", len(s.Queue))
		}
		p.end()
	})
}

// TestKeptModesCannotBeUndone: nobody has just chosen them, however the queue was lost.
func TestKeptModesCannotBeUndone(t *testing.T) {
	sound := &session.Sound{Volume: 33, Loop: queue.All, Fair: true}
	for name, kept := range map[string]session.Change{
		"no queue":      {Guild: guild, Sound: sound},
		"damaged queue": {Guild: guild, Sound: sound, Queue: []queue.Change{{Seq: 5, Op: "?"}}},
	} {
		t.Run(name, func(t *testing.T) {
			live(t, func(l *lives) {
				save(t, l, kept)
				p := l.begin()
				if s := p.do(guild, player.Look{}); s.Undoable != "" || s.Loop != queue.All || !s.Fair {
					t.Errorf("undoable %q, loop %v, fair %v", s.Undoable, s.Loop, s.Fair)
				}
				p.do(guild, player.Loop{Mode: queue.Off})
				p.do(guild, player.Play{Tracks: l.album(2), Channel: lobby})
				p.kill()
				p = l.begin()
				p.revive()
				if s := p.status(guild); s.Track.Title != "b" || len(s.Queue) != 1 || s.Loop != queue.Off || !s.Fair {
					t.Errorf("plays %q, then %d tracks, loop %v, fair %v", s.Track.Title, len(s.Queue), s.Loop, s.Fair)
				}
				p.end()
			})
		})
	}
}

// TestForgetLeavesTheTracks: nothing names the person any more, before and after a restart.
func TestForgetLeavesTheTracks(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		p.do(guild, player.Play{Tracks: l.album(4), Requester: 7, Channel: lobby})
		p.do(guild, player.Add{Tracks: l.album(1), Requester: 8})
		p.do(guild, player.Skip{})
		p.do(guild, player.Remove{Index: 0})
		p.do(guild, player.Forget{User: 7})
		check := func(s player.Status, left int) {
			t.Helper()
			if len(s.Queue) != left || s.Requester == 7 || slices.ContainsFunc(slices.Concat(s.Queue, s.History), func(it *queue.Item) bool {
				return it.Requester == 7
			}) {
				t.Errorf("by %v, then %v, before %v", s.Requester, s.Queue, s.History)
			}
		}
		check(p.status(guild), 2)
		check(p.do(guild, player.Undo{}), 3)
		p.do(guild, player.RemoveExcept{Users: []queue.UserID{9}}) // what nobody asked for stays
		check(p.status(guild), 2)
		p.pass(time.Second)
		p.kill()
		p = l.begin()
		p.revive()
		check(p.status(guild), 2)
		p.end()
	})
}

// TestGuildsWithoutRoomAreTold when the machine has not got any to the last.
func TestGuildsWithoutRoomAreTold(t *testing.T) {
	live(t, func(l *lives) {
		p := killedWith(l, 1)
		p.kill()
		l.tune = func(o *player.Options) {
			o.Reachable = func(player.GuildID, snowflake.ID) error {
				return fault.New(fault.Busy, "This machine carries no more.")
			}
		}
		p = l.begin()
		start := time.Now()
		p.revive()
		if took := time.Since(start); took < 5*time.Minute || took > 20*time.Minute {
			t.Errorf("tried for %v", took)
		}
		if got := p.happened(guild); !slices.Equal(got, []string{"return failed"}) {
			t.Errorf("events %q", got)
		}
		p.end()
	})
}
