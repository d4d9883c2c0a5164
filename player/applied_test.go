package player_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
	"busker/session"
	"busker/track"
)

// once carries out a command under an id.
func (p *life) once(id string, c player.Command) (player.Status, error) {
	return p.m.Do(player.WithCommandID(p.Context(), id), guild, c)
}

// must is once for a command that must succeed.
func (p *life) must(id string, c player.Command) player.Status {
	p.Helper()
	s, err := p.once(id, c)
	if err != nil {
		p.Fatalf("%s, %#v: %v", id, c, err)
	}
	return s
}

// repeated checks that s is the answer to a command that was carried out before, as first.
func repeated(t *testing.T, s, first player.Status) {
	t.Helper()
	got, want := s.Outcome, first.Outcome
	if !got.Repeated || want.Repeated {
		t.Errorf("repeated: %v, and at first %v", got.Repeated, want.Repeated)
	}
	got.Repeated = want.Repeated
	same := reflect.DeepEqual(asked(got.Dropped), asked(want.Dropped))
	if got.Dropped, want.Dropped = nil, nil; !same || !reflect.DeepEqual(got, want) {
		t.Errorf("did %+v, and at first %+v", got, want)
	}
}

// asked returns what of items is kept: all but who asked for them.
func asked(items []*queue.Item) (list []queue.Item) {
	for _, it := range items {
		list = append(list, queue.Item{ID: it.ID, Track: it.Track})
	}
	return list
}

func TestACommandIsCarriedOutOnce(t *testing.T) {
	for _, name := range []string{"in one process", "after a restart", "after a kill"} {
		t.Run(name, func(t *testing.T) {
			live(t, func(l *lives) {
				p := l.begin()
				tracks := l.album(6)
				commands := []player.Command{
					player.Play{Tracks: tracks, Requester: 7, Channel: lobby},
					player.Add{Tracks: tracks[:2], Requester: 7},
					player.Remove{Index: 1},
					player.Skip{},
					player.Clear{},
					player.Undo{},
					player.SeekBy{Delta: time.Minute},
					player.Volume{Percent: 120},
				}
				var first []player.Status
				for i, c := range commands {
					first = append(first, p.must(fmt.Sprint(i), c))
				}
				before := p.status(guild)
				switch name {
				case "after a restart":
					p.end()
					p = l.begin()
					p.revive()
				case "after a kill":
					p.kill()
					p = l.begin()
					p.revive()
				}
				defer p.end()
				for i, c := range commands {
					repeated(t, p.must(fmt.Sprint(i), c), first[i])
				}
				after := p.status(guild)
				sameKept(t, after, before)
				if after.ItemID != before.ItemID || after.Position < time.Minute || after.Position > 62*time.Second {
					t.Errorf("item %d at %v, before %d at %v", after.ItemID, after.Position, before.ItemID, before.Position)
				}
				if s := p.must("another", commands[1]); s.Repeated || s.Upcoming != after.Upcoming+2 {
					t.Errorf("another command: repeated %v, %d upcoming after %d", s.Repeated, s.Upcoming, after.Upcoming)
				}
			})
		})
	}
}

func TestARefusedCommandMayBeTriedAgain(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		defer p.end()
		add := player.Add{Tracks: l.album(1)}
		if _, err := p.once("a", add); fault.KindOf(err) != fault.Invalid {
			t.Fatalf("%v", err)
		}
		p.do(guild, player.Join{Channel: lobby})
		if s := p.must("a", add); s.Repeated || s.Added != 1 {
			t.Errorf("%+v", s.Outcome)
		}
		if s := p.must("a", add); !s.Repeated || s.Upcoming != 0 {
			t.Errorf("%+v, %d upcoming", s.Outcome, s.Upcoming)
		}
	})
}

func TestARepeatedCommandIsAnsweredWhenTheFirstIsDurable(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		defer p.end()
		p.do(guild, player.Play{Tracks: l.album(3), Channel: lobby})
		p.pass(time.Second)
		l.store.Delay(time.Second)
		start := time.Now()
		answered := make(chan time.Duration, 2)
		for range 2 {
			go func() {
				p.must("a", player.Clear{})
				answered <- time.Since(start)
			}()
			p.pass(100 * time.Millisecond)
		}
		for range 2 {
			if after := <-answered; after < time.Second {
				t.Errorf("answered after %v", after)
			}
		}
		l.store.Delay(0)
	})
}

func TestARepetitionWaitsForTheJourney(t *testing.T) {
	for _, full := range []bool{false, true} {
		live(t, func(l *lives) {
			l.join = func(ctx context.Context, _ player.GuildID, _ snowflake.ID) error {
				sleep(3 * time.Second)
				if full {
					return fault.New(fault.Denied, "It is full.")
				}
				return ctx.Err()
			}
			p := l.begin()
			defer p.end()
			play := player.Play{Tracks: l.album(3), Channel: lobby}
			results := make(chan error, 2)
			for range 2 {
				go func() {
					s, err := p.once("a", play)
					if err == nil && (s.Added != 3 || s.Upcoming != 2) {
						err = fmt.Errorf("%+v, %d upcoming", s.Outcome, s.Upcoming)
					}
					results <- err
				}()
				p.pass(time.Second)
			}
			for range 2 {
				if err := <-results; full && fault.KindOf(err) != fault.Denied || !full && err != nil {
					t.Errorf("full %v: %v", full, err)
				}
			}
			if n := p.outputs[guild].joins.Load(); n != 1 {
				t.Errorf("%d journeys", n)
			}
		})
	}
}

func TestOnlyTheNewestCommandsAreRemembered(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		tracks := l.album(1)
		p.do(guild, player.Join{Channel: lobby})
		for i := range 3 * session.MaxApplied {
			p.must(fmt.Sprint(i), player.Add{Tracks: tracks})
			p.must("look", player.Look{})
			p.must(fmt.Sprint("pause", i), player.Resume{}) // changes nothing
		}
		p.kill()
		p = l.begin()
		defer p.end()
		p.revive()
		for i := range session.MaxApplied {
			if s := p.must(fmt.Sprint(2*session.MaxApplied+i), player.Add{Tracks: tracks}); !s.Repeated {
				t.Fatalf("%d was carried out again", i)
			}
		}
		if s := p.must("0", player.Add{Tracks: tracks}); s.Repeated {
			t.Error("the oldest is remembered")
		}
	})
}

func TestACommandIsRememberedThoughTheStoreWasAway(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		tracks := l.album(2)
		p.must("early", player.Play{Tracks: tracks, Channel: lobby})
		p.kill()
		l.store.Fail(errors.New("away"))
		p = l.begin()
		p.must("late", player.Play{Tracks: tracks[:1], Channel: lobby})
		l.store.Fail(nil)
		p.pass(time.Minute)
		for _, id := range []string{"early", "late"} {
			if s := p.must(id, player.Add{Tracks: tracks}); !s.Repeated {
				t.Errorf("%s is carried out again", id)
			}
		}
		p.must("sound", player.Volume{Percent: 50})
		p.kill()
		p = l.begin()
		defer p.end()
		for _, id := range []string{"early", "late", "sound"} {
			if s := p.must(id, player.Skip{}); !s.Repeated {
				t.Errorf("%s is carried out again after a restart", id)
			}
		}
	})
}

func TestACommandIsAppliedOnceWithoutAStore(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, hour))
		one := []track.Track{r.shelf.put(2, hour)}
		for range 3 {
			if _, err := r.m.Do(player.WithCommandID(r.Context(), "a"), guild, player.Add{Tracks: one}); err != nil {
				t.Error(err)
			}
		}
		if n := r.status().Upcoming; n != 1 {
			t.Errorf("%d upcoming", n)
		}
	})
}
