package player_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"busker/dsp"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
	"busker/session"
	"busker/track"
)

const hour = 3600 * 50 // in frames

// album puts endless-looking tapes on the shelf.
func (l *lives) album(n int) (list []track.Track) {
	for i := range n {
		list = append(list, l.shelf.put(i+1, hour))
	}
	return list
}

func TestAKilledProcessLosesNothing(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		p.do(guild, player.Volume{Percent: 130})
		p.do(guild, player.Filters{Settings: dsp.Settings{BassBoost: 6}, Effects: []dsp.Part{{Preset: "bassboost", Strength: .5}}})
		p.do(guild, player.Crossfade{Duration: 3 * time.Second})
		p.do(guild, player.Normalise{On: true})
		p.do(guild, player.Loop{Mode: queue.All})
		p.do(guild, player.Play{Tracks: l.album(5), Requester: 7, Channel: lobby})
		p.do(guild, player.Move{From: 3, To: 0})
		p.do(guild, player.Skip{})
		p.pass(90*time.Second + 300*time.Millisecond)
		before := p.status(guild)
		p.kill()
		sleep(time.Hour)

		q := l.begin()
		defer q.end()
		q.revive()
		after := q.status(guild)
		near(t, "after the restart", after.Position, before.Position, 2*time.Second)
		if after.Channel != lobby || after.State != player.StatePlaying || after.ItemID != before.ItemID {
			t.Errorf("%v in %v with item %d, before item %d", after.State, after.Channel, after.ItemID, before.ItemID)
		}
		sameKept(t, after, before)
		q.pass(10 * time.Second)
		near(t, "it goes on", q.status(guild).Position, before.Position+10*time.Second, 2*time.Second)
	})
}

// sameKept compares all that is kept but the position.
func sameKept(t *testing.T, got, want player.Status) {
	t.Helper()
	if !slices.EqualFunc(got.Queue, want.Queue, same) || !slices.EqualFunc(got.History, want.History, same) ||
		got.Undoable != want.Undoable {
		t.Errorf("queue\n  %v, undoable %q, want\n  %v, %q", titles(got.Queue), got.Undoable, titles(want.Queue), want.Undoable)
	}
	g := []any{got.Volume, got.Filters, got.Effects, got.Normalise, got.Crossfade, got.Loop, got.Fair, got.Stay}
	w := []any{want.Volume, want.Filters, want.Effects, want.Normalise, want.Crossfade, want.Loop, want.Fair, want.Stay}
	if !reflect.DeepEqual(g, w) {
		t.Errorf("sound\n  %v, want\n  %v", g, w)
	}
}

func same(a, b *queue.Item) bool { return *a == *b }

func titles(items []*queue.Item) (list []string) {
	for _, it := range items {
		list = append(list, fmt.Sprint(it.ID, it.Track.Title))
	}
	return list
}

func TestAStoppedProcessKnowsThePlaceExactly(t *testing.T) {
	for name, c := range map[string]player.Command{"playing": nil, "paused": player.Pause{}, "held": player.Hold{On: true}} {
		t.Run(name, func(t *testing.T) {
			live(t, func(l *lives) {
				p := l.begin()
				p.do(guild, player.Play{Tracks: l.album(2), Channel: lobby})
				p.pass(12340 * time.Millisecond)
				if c != nil {
					p.do(guild, c)
					p.pass(time.Minute)
				}
				p.end()
				at := time.Duration(len(p.outputs[guild].of(1))) * 20 * time.Millisecond
				q := l.begin()
				defer q.end()
				q.revive()
				s := q.status(guild)
				near(t, "after the restart", s.Position, at, 50*time.Millisecond) // in which Revive paused
				if still := c != nil; still != (s.State == player.StatePaused) || s.Held != (name == "held") {
					t.Errorf("%v, held %v", s.State, s.Held)
				}
				if c != nil {
					q.do(guild, player.Resume{})
				}
				q.pass(time.Second)
				if heard := q.outputs[guild].of(1); len(heard) == 0 || heard[0].frame != float32(at/(20*time.Millisecond))+1 {
					t.Errorf("goes on with %v after %v", heard[0], at)
				}
			})
		})
	}
}

// TestKilledAgainAndAgain kills processes in the middle of random commands.
func TestKilledAgainAndAgain(t *testing.T) {
	for seed := range uint64(20) {
		live(t, func(l *lives) {
			r := rand.New(rand.NewPCG(seed, 1))
			album := l.album(12)
			p := l.begin()
			p.do(guild, player.Play{Tracks: album[:6], Requester: 7, Channel: lobby})
			for range 6 {
				for range 1 + r.IntN(8) {
					_, _ = p.m.Do(l.Context(), guild, anyCommand(r, album))
					p.pass(time.Duration(r.IntN(4000)) * time.Millisecond)
				}
				p.do(guild, player.Add{Tracks: album[:1], Requester: 9})
				p.pass(time.Duration(r.IntN(3000)+60) * time.Millisecond)
				before := p.status(guild)
				p.kill()
				p = l.begin()
				p.revive()
				after := p.status(guild)
				near(t, "after the restart", after.Position, before.Position, 2*time.Second)
				if after.ItemID != before.ItemID || after.State != before.State || after.Channel != before.Channel {
					t.Errorf("item %d %v in %v, before item %d %v in %v",
						after.ItemID, after.State, after.Channel, before.ItemID, before.State, before.Channel)
				}
				sameKept(t, after, before)
			}
			p.end()
		})
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

func anyCommand(r *rand.Rand, album []track.Track) player.Command {
	all := []player.Command{
		player.Add{Tracks: album[r.IntN(len(album)):], Requester: queue.UserID(r.IntN(3))},
		player.Skip{Count: 1 + r.IntN(3)},
		player.Previous{},
		player.Shuffle{},
		player.Undo{},
		player.RemoveDuplicates{},
		player.Remove{Index: r.IntN(5)},
		player.Move{From: r.IntN(5), To: r.IntN(5)},
		player.Jump{Index: r.IntN(5)},
		player.Loop{Mode: queue.Loop(r.IntN(3))},
		player.Fair{On: r.IntN(2) == 0},
		player.Clear{},
		player.Seek{At: time.Duration(r.IntN(3000)) * time.Second},
		player.Pause{},
		player.Resume{},
		player.Filters{Settings: dsp.Settings{Timescale: dsp.Timescale{Speed: 0.5 + r.Float64()}}},
		player.Filters{},
		player.Volume{Percent: r.IntN(200)},
		player.Join{Channel: []snowflake.ID{lobby, stage}[r.IntN(2)]},
		player.Hold{On: r.IntN(2) == 0},
		player.Stay{On: r.IntN(2) == 0},
		player.RemoveBy{Users: []queue.UserID{1}},
	}
	return all[r.IntN(len(all))]
}

func TestAnswersAreDurable(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		p.do(guild, player.Play{Tracks: l.album(1), Channel: lobby})
		l.store.Delay(300 * time.Millisecond)
		p.pass(time.Second)
		start := time.Now()
		p.do(guild, player.Add{Tracks: l.album(2)})
		if d := time.Since(start); d < 300*time.Millisecond {
			t.Errorf("answered after %v", d)
		}
		if s, err := l.store.Load(l.Context(), guild); err != nil || len(s.Log) == 0 || len(s.Log[len(s.Log)-1].Items) != 2 {
			t.Errorf("answered, and kept is %+v, %v", s.Log, err)
		}
		l.store.Fail(errors.New("no disk"))
		start = time.Now()
		p.do(guild, player.Volume{Percent: 50})
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("without a store answered after %v", d)
		}
		if p.status(guild).Position < 3*time.Second {
			t.Error("the music waits for the store")
		}
		l.store.Fail(nil)
		p.end()
	})
}

// TestWhatCannotBeLoadedIsNotOverwritten: the store answers only long after people have
// begun to play something.
func TestWhatCannotBeLoadedIsNotOverwritten(t *testing.T) {
	live(t, func(l *lives) {
		album := l.album(6)
		p := l.begin()
		p.do(guild, player.Volume{Percent: 70})
		p.do(guild, player.Play{Tracks: album[:3], Requester: 7, Channel: lobby})
		p.pass(time.Second)
		p.kill()

		l.store.Fail(errors.New("no disk"))
		q := l.begin()
		q.do(guild, player.Play{Tracks: album[3:5], Requester: 8, Channel: lobby})
		q.pass(20 * time.Second)
		if s := q.status(guild); s.Track.Title != "e" || s.Volume != 100 {
			t.Errorf("plays %q at volume %d", s.Track.Title, s.Volume)
		}
		l.store.Fail(nil)
		q.pass(6 * time.Second)
		want := []string{"f", "b", "c", "d"}
		check := func(p *life) {
			t.Helper()
			s, got := p.status(guild), []string{}
			for _, it := range s.Queue {
				got = append(got, it.Track.Title)
			}
			if !slices.Equal(got, want) || s.Volume != 70 || s.Track.Title != "e" {
				t.Errorf("plays %q, then %v, want %v, at volume %d", s.Track.Title, got, want, s.Volume)
			}
		}
		check(q)
		q.pass(time.Second)
		q.kill()
		q = l.begin()
		q.revive()
		check(q)
		q.end()
	})
}

func TestADamagedQueueDoesNotStopAGuild(t *testing.T) {
	live(t, func(l *lives) {
		save(t, l, session.Change{Guild: guild, Sound: &session.Sound{Volume: 33}, Queue: []queue.Change{{Seq: 5, Op: "?"}}})
		p := l.begin()
		if s := p.do(guild, player.Play{Tracks: l.album(2), Channel: lobby}); s.Volume != 33 || len(s.Queue) != 1 {
			t.Errorf("volume %d, %d tracks", s.Volume, len(s.Queue))
		}
		p.kill()
		p = l.begin()
		p.revive()
		if s := p.status(guild); s.Track.Title != "b" || len(s.Queue) != 1 {
			t.Errorf("plays %q, then %d tracks", s.Track.Title, len(s.Queue))
		}
		p.end()
	})
}

func save(t *testing.T, l *lives, c session.Change) {
	t.Helper()
	if _, err := l.store.Save(l.Context(), []session.Change{c}); err != nil {
		t.Fatal(err)
	}
}

func TestLeavingForgetsQueueAndPlace(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		p.do(guild, player.Volume{Percent: 55})
		p.do(guild, player.Play{Tracks: l.album(3), Channel: lobby})
		p.do(guild, player.Leave{})
		p.kill()
		p = l.begin()
		p.revive()
		if s := p.do(guild, player.Normalise{On: true}); s.Channel != 0 || len(s.Queue) != 0 || s.Volume != 55 {
			t.Errorf("in %v with %d tracks, volume %d", s.Channel, len(s.Queue), s.Volume)
		}
		p.end()
	})
}

func TestAKickKeepsQueueAndPlace(t *testing.T) {
	live(t, func(l *lives) {
		album := l.album(4)
		p := l.begin()
		p.do(guild, player.Play{Tracks: album[:3], Channel: lobby})
		p.pass(10 * time.Second)
		p.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputDisconnected, Channel: lobby})
		p.pass(time.Second)
		p.kill()
		p = l.begin()
		p.revive()
		if _, exists := p.m.Status(guild); exists {
			t.Error("the guild returned to where it was put out")
		}
		s := p.do(guild, player.Play{Tracks: album[3:], Channel: stage})
		near(t, "after the kick", s.Position, 10*time.Second, 0)
		if s.Track.Title != "b" || len(s.Queue) != 3 || s.Channel != stage {
			t.Errorf("plays %q, then %v", s.Track.Title, titles(s.Queue))
		}
		p.end()
	})
}

// TestLogsStayShort: the player hands its queue over now and then, and what is kept of a
// long life is no longer than the queue.
func TestLogsStayShort(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		p.do(guild, player.Play{Tracks: l.album(20), Channel: lobby})
		for range 2000 {
			p.do(guild, player.Move{From: 0, To: 10})
		}
		p.pass(time.Second)
		if n := l.store.Logged(guild); n > 600 {
			t.Errorf("%d changes are logged", n)
		}
		before := p.status(guild)
		p.kill()
		p = l.begin()
		p.revive()
		sameKept(t, p.status(guild), before)
		p.end()
	})
}

func TestIdlePlayersWriteNothing(t *testing.T) {
	live(t, func(l *lives) {
		p := l.begin()
		p.do(guild, player.Play{Tracks: l.album(1), Channel: lobby})
		p.pass(time.Second)
		n := l.store.Saves()
		p.pass(10 * time.Minute)
		if extra := l.store.Saves() - n; extra > 0 {
			t.Errorf("%d transactions while a track plays", extra)
		}
		p.end()
	})
}
