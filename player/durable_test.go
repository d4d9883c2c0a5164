package player_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/player"
)

// TestAnAnswerThatComesTooLateIsNone: whoever waits no longer is not told that what is not
// durable is done.
func TestAnAnswerThatComesTooLateIsNone(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		p.do(guild, player.Play{Tracks: l.album(1), Channel: lobby})
		p.pass(time.Second)
		l.store.Delay(500 * time.Millisecond)
		ctx, cancel := context.WithTimeout(l.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := p.m.Do(ctx, guild, player.Add{Tracks: l.album(1)}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("answered with %v", err)
		}
		p.end()
	})
}

// TestSharedGuildsAreNotPromisedWhatIsNotKept: another process may go on with them before it is.
func TestSharedGuildsAreNotPromisedWhatIsNotKept(t *testing.T) {
	live(t, func(l *lives) {
		l.tune = func(o *player.Options) { o.Shared = true }
		p := l.begin()
		p.do(guild, player.Play{Tracks: l.album(1), Channel: lobby})
		p.pass(time.Second)
		l.store.Fail(errors.New("no disk"))
		one := player.WithCommandID(l.Context(), "one")
		add := player.Add{Tracks: l.album(1)}
		begun := time.Now()
		if _, err := p.m.Do(one, guild, add); !errors.Is(err, player.ErrUnkept) || time.Since(begun) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		if s := p.status(guild); s.Position < 5*time.Second || len(s.Queue) != 1 {
			t.Errorf("plays at %v, then %d tracks: it waits for the store", s.Position, len(s.Queue))
		}
		l.store.Fail(nil)
		if s, err := p.m.Do(one, guild, add); err != nil || !s.Repeated || len(s.Queue) != 1 {
			t.Errorf("given again: %v, %v, then %d tracks", s.Repeated, err, len(s.Queue))
		}
		p.kill()
		p = l.begin()
		p.revive()
		if s := p.status(guild); len(s.Queue) != 1 {
			t.Errorf("%d tracks are kept", len(s.Queue))
		}
		p.end()
	})
}

// TestSharedGuildsThatCannotBeLoaded play, and people hear that it may be forgotten.
func TestSharedGuildsThatCannotBeLoaded(t *testing.T) {
	live(t, func(l *lives) {
		l.tune = func(o *player.Options) { o.Shared = true }
		l.store.Fail(fault.New(fault.Unavailable, "I cannot reach my memory."))
		p := l.begin()
		p.do(guild, player.Look{})
		one := player.WithCommandID(l.Context(), "one")
		play := player.Play{Tracks: l.album(2), Channel: lobby}
		for range 2 {
			if s, err := p.m.Do(one, guild, play); !errors.Is(err, player.ErrUnkept) {
				t.Errorf("answered with %v while nothing is kept: %+v", err, s)
			}
		}
		if s := p.status(guild); s.State != player.StatePlaying || len(s.Queue) != 1 {
			t.Errorf("%v, then %d tracks", s.State, len(s.Queue))
		}
		l.store.Fail(nil)
		p.pass(10 * time.Second)
		if s, err := p.m.Do(one, guild, play); err != nil || !s.Repeated {
			t.Errorf("given again: %v, %v", s.Repeated, err)
		}
		p.kill()
		p = l.begin()
		p.revive()
		if s := p.status(guild); s.Track.Title != "b" || len(s.Queue) != 1 {
			t.Errorf("%q is kept, then %d tracks", s.Track.Title, len(s.Queue))
		}
		p.end()
	})
}

// dozing is a context of somebody who has given a command and is not scheduled for a while.
type dozing struct {
	context.Context //nolint:containedctx // it is one
	looks           atomic.Int32
}

func (d *dozing) Done() <-chan struct{} {
	if d.looks.Add(1) == 2 {
		sleep(time.Second)
	}
	return d.Context.Done()
}

// TestAPlayerThatHasEndedPromisesNothing: its last changes were refused.
func TestAPlayerThatHasEndedPromisesNothing(t *testing.T) {
	live(t, func(l *lives) {
		a := l.owner(5)
		for g := range player.GuildID(20) {
			a.do(g+1, player.Play{Tracks: l.album(1), Channel: lobby})
			a.pass(time.Second)
			if err := l.store.Take(l.Context(), g+1, 6); err != nil {
				t.Fatal(err)
			}
			if _, err := a.m.Do(&dozing{Context: l.Context()}, g+1, player.Add{Tracks: l.album(1)}); !errors.Is(err, player.ErrMoved) {
				t.Errorf("guild %d: answered with %v, and nothing is kept", g+1, err)
			}
		}
		a.end()
	})
}

// TestWhatIsNotKeptIsNotHandedOver: it would be lost with the guild.
func TestWhatIsNotKeptIsNotHandedOver(t *testing.T) {
	for name, early := range map[string]bool{"the memory is back before the guild": true, "the memory is back after it": false} {
		t.Run(name, func(t *testing.T) {
			live(t, func(l *lives) {
				l.store.Fail(errors.New("no disk"))
				a := l.owner(5)
				a.do(guild, player.Play{Tracks: l.album(3), Channel: lobby})
				a.pass(time.Second)
				if err := a.m.HandOver(l.Context(), nil); !errors.Is(err, player.ErrUnkept) {
					t.Errorf("handed over: %v", err)
				}
				a.moved(player.Skip{})
				if early {
					l.store.Fail(nil)
					a.pass(10 * time.Second)
				}
				a.m.TakeBack(nil)
				a.pass(time.Second)
				l.store.Fail(nil)
				a.pass(10 * time.Second)
				if s := a.do(guild, player.Add{Tracks: l.album(1)}); s.State != player.StatePlaying || len(s.Queue) != 3 {
					t.Errorf("%v, then %d tracks", s.State, len(s.Queue))
				}
				a.handOver()
				b := l.owner(6)
				b.follow()
				if s := b.status(guild); s.Track.Title != "b" || len(s.Queue) != 3 {
					t.Errorf("the next owner plays %q, then %d tracks", s.Track.Title, len(s.Queue))
				}
				a.end()
				b.end()
			})
		})
	}
}
