package player_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/player"
	"busker/queue"
	"busker/track"
)

// spell returns the titles of the current track, a bar and those upcoming.
func spell(s player.Status) string {
	text := s.Track.Title + "|"
	for _, it := range s.Queue {
		text += it.Track.Title
	}
	return text
}

// album puts tracks of 10 s on the shelf and plays them for 5 s: b, c, d, e and f.
func (r *rig) album() []track.Track {
	var all []track.Track
	for id := 1; id <= 5; id++ {
		all = append(all, r.shelf.put(id, 500))
	}
	r.play(all...)
	r.pass(5 * time.Second)
	r.happened()
	return all
}

// extra are tracks w, x and y, each of 10 s.
func (r *rig) extra() []track.Track {
	return []track.Track{r.shelf.put(22, 500), r.shelf.put(23, 500), r.shelf.put(24, 500)}
}

// TestTheQueueIsCommanded gives one command, after some others, to a player of b|cdef.
func TestTheQueueIsCommanded(t *testing.T) {
	type does = func(r *rig) player.Command
	is := func(c player.Command) does { return func(*rig) player.Command { return c } }
	for _, tt := range []struct {
		name   string
		before []player.Command
		do     does
		want   string
		events []string // but for "queue" and what starts
	}{
		{"add to the end", nil, func(r *rig) player.Command { return player.Add{Tracks: r.extra()} }, "b|cdefwxy", nil},
		{"play next", nil, func(r *rig) player.Command {
			return player.Play{Tracks: r.extra(), Where: queue.Where{Place: queue.Next}}
		}, "b|wxycdef", nil},
		{"insert", nil, func(r *rig) player.Command {
			return player.Add{Tracks: r.extra(), Where: queue.Where{Place: queue.At, Index: 2}}
		}, "b|cdwxyef", nil},
		{"play now", nil, func(r *rig) player.Command {
			return player.Play{Tracks: r.extra(), Now: true, Channel: stage}
		}, "w|xycdef", []string{"skipped b"}},
		{"play now, paused", []player.Command{player.Pause{}}, func(r *rig) player.Command {
			return player.Add{Tracks: r.extra(), Now: true}
		}, "w|xycdef", []string{"skipped b", "resumed"}},
		{"play now, looping", []player.Command{player.Loop{Mode: queue.Track}}, func(r *rig) player.Command {
			return player.Add{Tracks: r.extra()[:1], Now: true}
		}, "w|cdef", []string{"skipped b"}},
		{"take what fits", nil, func(r *rig) player.Command {
			return player.Add{Tracks: r.extra(), Requester: 8, PerUser: 2, Partial: true}
		}, "b|cdefwx", nil},
		{"fair turns", []player.Command{player.Fair{On: true}}, func(r *rig) player.Command {
			return player.Add{Tracks: r.extra(), Requester: 8}
		}, "b|wcxdyef", nil},
		{"jump", nil, is(player.Jump{Index: 2}), "e|f", []string{"skipped b"}},
		{"jump to an item", []player.Command{player.Move{From: 3, To: 0}}, is(player.Jump{Item: 5}), "f|cde", []string{"skipped b"}},
		{"jump, looping a track", []player.Command{player.Loop{Mode: queue.Track}}, is(player.Jump{Index: 0}), "c|def", []string{"skipped b"}},
		{"jump, looping all", []player.Command{player.Loop{Mode: queue.All}}, is(player.Jump{Index: 1}), "d|efbc", []string{"skipped b"}},
		{"previous", []player.Command{player.Skip{}}, is(player.Previous{}), "b|cdef", []string{"skipped c"}},
		{"previous, looping all", []player.Command{player.Loop{Mode: queue.All}, player.Skip{}}, is(player.Previous{}), "b|cdef", []string{"skipped c"}},
		{"replay", nil, is(player.Replay{}), "b|cdef", []string{"seeked"}},
		{"remove", nil, is(player.Remove{Index: 1}), "b|cef", nil},
		{"remove an item", []player.Command{player.Shuffle{}}, is(player.RemoveRange{To: 3}), "b|", nil},
		{"remove a range", nil, is(player.RemoveRange{From: 1, To: 2}), "b|cf", nil},
		{"remove by users", nil, is(player.RemoveBy{Users: []queue.UserID{7}}), "b|", nil},
		{"remove by others", nil, is(player.RemoveBy{Users: []queue.UserID{8}}), "b|cdef", nil},
		{"remove who is absent", nil, is(player.RemoveExcept{Users: []queue.UserID{8}}), "b|", nil},
		{"remove duplicates", nil, is(player.RemoveDuplicates{}), "b|cdef", nil},
		{"move an item", nil, is(player.Move{Item: 5, To: 1}), "b|cfde", nil},
		{"undo a removal", []player.Command{player.Remove{Item: 3}}, is(player.Undo{}), "b|cdef", nil},
		{"undo a shuffle", []player.Command{player.Shuffle{}}, is(player.Undo{}), "b|cdef", nil},
		{"undo a jump", []player.Command{player.Jump{Index: 2}}, is(player.Undo{}), "e|cdf", nil},
		{"undo stop", []player.Command{player.Stop{}}, is(player.Undo{}), "b|cdef", nil},
		{"undo clear while nothing plays", []player.Command{player.Clear{}, player.Skip{}}, is(player.Undo{}), "c|def", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				r.album()
				for _, c := range tt.before {
					r.do(c)
					r.pass(100 * time.Millisecond)
				}
				r.happened()
				s := r.do(tt.do(r))
				if got := spell(s); got != tt.want {
					t.Errorf("%s, want %s", got, tt.want)
				}
				r.expect(tt.events...)
				before := s.ItemID
				r.pass(time.Second)
				if s := r.status(); s.ItemID != before || s.Position == 0 {
					t.Errorf("a second later item %d is at %v", s.ItemID, s.Position)
				}
			})
		})
	}
}

func TestWhatTheQueueRefuses(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.refuse(player.Jump{}, fault.Invalid)
		r.refuse(player.Previous{}, fault.Invalid)
		r.refuse(player.Undo{}, fault.Invalid)
		r.refuse(player.Replay{}, fault.Invalid)
		r.refuse(player.SeekBy{}, fault.Invalid)
		tracks := r.album()
		r.refuse(player.Previous{}, fault.Invalid)
		r.refuse(player.Jump{Index: 4}, fault.Invalid)
		r.refuse(player.Jump{Item: 99}, fault.NotFound)
		r.refuse(player.Jump{Item: 1}, fault.NotFound) // it plays
		r.refuse(player.Remove{Index: -1}, fault.Invalid)
		r.refuse(player.Remove{Item: 99}, fault.NotFound)
		r.refuse(player.RemoveRange{From: 2, To: 1}, fault.Invalid)
		r.refuse(player.RemoveRange{From: 0, To: 4}, fault.Invalid)
		r.refuse(player.Move{Item: 99}, fault.NotFound)
		r.refuse(player.Move{Item: 2, To: 4}, fault.Invalid)
		r.refuse(player.Add{Tracks: tracks, PerUser: 3, Requester: 7}, fault.TooLarge)
		r.refuse(player.Play{Tracks: tracks, PerUser: 3, Requester: 7, Partial: true}, fault.TooLarge)
		r.refuse(player.SeekBy{Delta: time.Minute}, fault.Invalid)
		r.expect()
		if got := spell(r.status()); got != "b|cdef" {
			t.Error(got)
		}
	})
}

// TestAnswersSayWhatWasDone checks what bots tell people after a command.
func TestAnswersSayWhatWasDone(t *testing.T) {
	run(t, nil, func(r *rig) {
		tracks := r.album()
		s := r.do(player.Add{Tracks: tracks, PerUser: 2, Partial: true, Requester: 9})
		if s.Added != 2 || s.First != 6 || s.Queue[4].ID != 6 || s.Undoable != queue.OpAdd {
			t.Errorf("added %d from %d on, can undo %q", s.Added, s.First, s.Undoable)
		}
		if wait, known := s.Until(1); !known || wait.Round(time.Second) != 15*time.Second {
			t.Errorf("until the second %v, %v", wait, known)
		}
		s = r.do(player.RemoveDuplicates{})
		if len(s.Dropped) != 2 || s.Dropped[0].Track.Title != "b" || s.Added != 0 || s.Undoable != queue.OpRemove {
			t.Errorf("dropped %v", s.Dropped)
		}
		s = r.do(player.Undo{})
		if s.Undone != queue.OpRemove || s.Undoable != queue.OpAdd || len(s.Queue) != 6 {
			t.Errorf("undone %q, can undo %q", s.Undone, s.Undoable)
		}
		r.do(player.Loop{Mode: queue.All})
		if s = r.do(player.Fair{On: true}); !s.Fair || s.Undoable != queue.OpFair {
			t.Errorf("fair %v, can undo %q", s.Fair, s.Undoable)
		}
		if s = r.do(player.Undo{}); s.Fair || s.Loop != queue.All {
			t.Errorf("fair %v, loop %v", s.Fair, s.Loop)
		}
		if s = r.do(player.Undo{}); s.Loop != queue.Off {
			t.Errorf("loop %v", s.Loop)
		}
		r.do(player.Skip{Count: 2})
		var names []string
		for _, it := range r.status().History {
			names = append(names, it.Track.Title)
		}
		if want := []string{"c", "b"}; !slices.Equal(names, want) {
			t.Errorf("history %v, want %v", names, want)
		}
		if s := r.status(); s.Added != 0 || s.Dropped != nil {
			t.Errorf("an outcome of no command: %+v", s.Outcome)
		}
	})
}

// TestTheQueueTellsWhatChanged checks the events a card and a page live by.
func TestTheQueueTellsWhatChanged(t *testing.T) {
	run(t, nil, func(r *rig) {
		tracks := r.album()
		for _, c := range []player.Command{
			player.Add{Tracks: tracks[:1]},
			player.Remove{},
			player.Move{To: 1},
			player.Shuffle{},
			player.Fair{On: true},
			player.Fair{On: true},
			player.Undo{},
			player.Loop{Mode: queue.All},
			player.Undo{},
			player.Clear{},
			player.Clear{},
			player.RemoveBy{},
			player.Undo{},
			player.Stop{},
		} {
			r.do(c)
		}
		var got []string
		for len(r.events) > 0 {
			switch e := (<-r.events).Event.(type) {
			case player.QueueChanged:
				got = append(got, string(e.Kind))
			case player.FairChanged:
				got = append(got, fmt.Sprint("fair ", e.On))
			case player.LoopChanged:
				got = append(got, "loop "+e.Mode.String())
			}
		}
		want := []string{
			"add", "remove", "move", "shuffle", "fair true", "fair", "fair false", "undo",
			"loop queue", "loop off", "clear", "undo", "stop",
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q, want\n%q", got, want)
		}
	})
}

// TestSeekByIsFromWhereItIs goes forward and back, and not before the beginning.
func TestSeekByIsFromWhereItIs(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.album() // 5 s into b
		for _, step := range []struct{ by, want time.Duration }{
			{3 * time.Second, 8 * time.Second}, {-2 * time.Second, 6 * time.Second}, {-time.Hour, 0},
		} {
			s := r.do(player.SeekBy{Delta: step.by})
			if d := (s.Position - step.want).Abs(); d > 40*time.Millisecond {
				t.Errorf("by %v: at %v, want %v", step.by, s.Position, step.want)
			}
		}
	})
}

// TestReplayNeedsNoSeeking starts a track over that cannot be sought in, and no stream.
func TestReplayNeedsNoSeeking(t *testing.T) {
	run(t, nil, func(r *rig) {
		plain, live := r.shelf.put(1, 500), r.shelf.put(2, -1)
		plain.Seekable, live.Live = false, true
		r.play(plain, live)
		r.pass(5 * time.Second)
		if s := r.do(player.Replay{}); s.Position > 40*time.Millisecond || s.Track.Title != "b" {
			t.Errorf("%s at %v", s.Track.Title, s.Position)
		}
		r.pass(12 * time.Second)
		r.refuse(player.Replay{}, fault.Unsupported)
		r.expect("joined", "started b", "seeked", "finished b", "started c")
	})
}

// TestSilenceGoesBack has the last track over, and people want it again.
func TestSilenceGoesBack(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.play(r.shelf.put(1, 50), r.shelf.put(2, 50))
		r.pass(5 * time.Second)
		if s := r.do(player.Previous{}); s.State != player.StatePlaying || spell(s) != "c|" {
			t.Errorf("%v %s", s.State, spell(s))
		}
		if s := r.do(player.Previous{}); spell(s) != "b|c" {
			t.Error(spell(s))
		}
		r.pass(5 * time.Second)
		r.expect("joined", "started b", "finished b", "started c", "finished c", "queue ended",
			"started b", "finished b", "started c", "finished c", "queue ended")
	})
}
