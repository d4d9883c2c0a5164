package sessiontest

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"busker/dsp"
	"busker/internal/snowflake"
	"busker/queue"
	"busker/session"
)

// Run tests a Store. open returns one that is empty, another one each time.
func Run(t *testing.T, open func(t *testing.T) session.Store) {
	for _, test := range []struct {
		name string
		test func(*testing.T, session.Store)
	}{
		{"nothing is kept at first", nothingAtFirst},
		{"what was saved is loaded", savedIsLoaded},
		{"what did not change stays", restStays},
		{"changes of a queue come back in order and once", logInOrder},
		{"a State replaces the changes up to it", stateReplaces},
		{"an old State changes nothing", oldStateIgnored},
		{"a State may come before its changes", stateFirst},
		{"changes are saved while a State is", compactionAside},
		{"nothing is half saved", nothingHalf},
		{"unfinished guilds come newest first", unfinishedOrder},
		{"the position goes on with the heartbeat", heartbeat},
		{"an older owner changes nothing", olderOwner},
		{"nothing of an older owner is kept after a Take", takeAside},
		{"commands that were carried out come back", appliedComeBack},
		{"the newest commands are remembered", appliedAreForgotten},
		{"a command is remembered only with what it did", appliedOnlyWithTheRest},
		{"a queue as a whole is one step with what follows", wholeInOneStep},
		{"a long queue does not make saving slower", costOfSave},
	} {
		t.Run(test.name, func(t *testing.T) { test.test(t, open(t)) })
	}
}

// noon is when the tests play. Stores keep milliseconds at least.
var noon = time.Date(2026, 5, 1, 12, 0, 0, int(7*time.Millisecond), time.UTC)

func nothingAtFirst(t *testing.T, s session.Store) {
	if got := load(t, s, 1); got.Found {
		t.Errorf("found %+v", got)
	}
	if list, err := s.Unfinished(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("unfinished %v, %v", list, err)
	}
}

// sample is a guild with something in every field.
func sample(guild snowflake.ID) session.Change {
	return session.Change{
		Guild: guild,
		Sound: &session.Sound{
			Volume: 150, Filters: dsp.Settings{BassBoost: 6.5, Timescale: dsp.Timescale{Speed: 1.25}},
			Effects:   []dsp.Part{{Preset: "nightcore", Strength: 0.5}},
			Normalise: true, Crossfade: 4 * time.Second, Loop: queue.All, Fair: true, Stay: true,
		},
		Place: &session.Place{
			Channel: 1<<63 + 5, Item: 77, Position: 61*time.Second + 20*time.Millisecond, Speed: 1.25, At: noon,
			Process: "a", Playing: true, Paused: true, Held: true, SleepAt: noon.Add(time.Hour), SleepAfterTrack: true,
		},
		Queue: steps(1, 3),
	}
}

func savedIsLoaded(t *testing.T, s session.Store) {
	// Ids use all 64 bits where a database has a sign.
	for _, guild := range []snowflake.ID{1, 1<<63 + 9} {
		want := sample(guild)
		save(t, s, want)
		got := load(t, s, guild)
		if !got.Found || got.Sound == nil || !reflect.DeepEqual(*got.Sound, *want.Sound) {
			t.Errorf("sound\n  %+v, want\n  %+v", got.Sound, want.Sound)
		}
		samePlace(t, got.Place, *want.Place)
		sameLog(t, got, 0, 3)
	}
}

func restStays(t *testing.T, s session.Store) {
	want := sample(1)
	save(t, s, want)
	save(t, s, session.Change{Guild: 1, Queue: steps(4, 5)}, session.Change{Guild: 2, Place: want.Place})
	louder := *want.Sound
	louder.Volume = 160
	save(t, s, session.Change{Guild: 1, Sound: &louder})
	moved := *want.Place
	moved.Channel = 0
	save(t, s, session.Change{Guild: 1, Place: &moved})
	got := load(t, s, 1)
	if got.Sound.Volume != 160 || !got.Sound.Stay {
		t.Errorf("sound %+v", got.Sound)
	}
	samePlace(t, got.Place, moved)
	sameLog(t, got, 0, 5)
	if other := load(t, s, 2); other.Sound != nil || len(other.Log) != 0 || !other.Found {
		t.Errorf("another guild has %+v", other)
	}
}

func logInOrder(t *testing.T, s session.Store) {
	save(t, s, session.Change{Guild: 1, Queue: steps(1, 4)})
	save(t, s, session.Change{Guild: 1, Queue: steps(3, 6)}) // whether that was saved was not known
	save(t, s, session.Change{Guild: 1, Queue: steps(7, 8)}, session.Change{Guild: 1, Queue: steps(9, 11)})
	sameLog(t, load(t, s, 1), 0, 11)
}

func stateReplaces(t *testing.T, s session.Store) {
	save(t, s, session.Change{Guild: 1, Queue: steps(1, 10)}, session.Change{Guild: 2, Queue: steps(1, 10)})
	compact(t, s, 1, 7)
	sameLog(t, load(t, s, 1), 7, 10)
	sameLog(t, load(t, s, 2), 0, 10)
	save(t, s, session.Change{Guild: 1, Queue: steps(5, 12)})
	sameLog(t, load(t, s, 1), 7, 12)
	compact(t, s, 1, 12)
	sameLog(t, load(t, s, 1), 12, 12)
}

func oldStateIgnored(t *testing.T, s session.Store) {
	save(t, s, session.Change{Guild: 1, Queue: steps(1, 10)})
	compact(t, s, 1, 8)
	compact(t, s, 1, 4)
	sameLog(t, load(t, s, 1), 8, 10)
}

func stateFirst(t *testing.T, s session.Store) {
	compact(t, s, 1, 20)
	save(t, s, session.Change{Guild: 1, Queue: steps(18, 22)})
	sameLog(t, load(t, s, 1), 20, 22)
}

func compactionAside(t *testing.T, s session.Store) {
	const last, step = 300, 7
	saved := make(chan uint64, last)
	var working sync.WaitGroup
	working.Go(func() {
		defer close(saved)
		for seq := uint64(1); seq <= last; seq++ {
			if _, err := s.Save(t.Context(), []session.Change{{Guild: 1, Queue: steps(seq, seq)}}); err != nil {
				t.Errorf("save %d: %v", seq, err)
				return
			}
			saved <- seq
		}
	})
	working.Go(func() {
		for seq := range saved {
			if seq%step != 0 {
				continue
			}
			if err := s.Compact(t.Context(), 1, 0, state(seq)); err != nil {
				t.Errorf("compact %d: %v", seq, err)
			}
			whole(t, load(t, s, 1))
		}
	})
	working.Wait()
	got := load(t, s, 1)
	sameLog(t, got, last/step*step, last)
}

// nothingHalf saves for several guilds at once, is broken off, and is watched: Item of
// every guild's place is the number of its last change.
func nothingHalf(t *testing.T, s session.Store) {
	const guilds, rounds = 20, 40
	kept := uint64(0)
	for range rounds {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.Int64N(int64(4*time.Millisecond))))
		changes := make([]session.Change, 0, guilds)
		for g := range snowflake.ID(guilds) {
			changes = append(changes, session.Change{
				Guild: g + 1, Queue: steps(kept+1, kept+3), Place: &session.Place{Item: kept + 3, At: noon},
			})
		}
		var watching sync.WaitGroup
		watching.Go(func() { agree(t, load(t, s, 1+rand.N(snowflake.ID(guilds)))) })
		_, err := s.Save(ctx, changes)
		cancel()
		watching.Wait()
		last := load(t, s, 1).Place.Item
		for g := range snowflake.ID(guilds) {
			got := load(t, s, g+1)
			agree(t, got)
			if got.Place.Item != last {
				t.Fatalf("guild %d is at %d, guild 1 at %d", g+1, got.Place.Item, last)
			}
		}
		if err == nil && last != kept+3 || last != kept && last != kept+3 {
			t.Fatalf("after a save with error %v all are at %d, before at %d", err, last, kept)
		}
		kept = last
	}
}

func agree(t *testing.T, got session.Saved) {
	t.Helper()
	whole(t, got)
	if n := uint64(len(got.Log)); n != got.Place.Item {
		t.Errorf("the place is of change %d, the last change is %d", got.Place.Item, n)
	}
}

func unfinishedOrder(t *testing.T, s session.Store) {
	place := func(guild, channel snowflake.ID, after time.Duration) session.Change {
		return session.Change{Guild: guild, Place: &session.Place{Channel: channel, At: noon.Add(after)}}
	}
	save(t, s, place(1, 10, 0), place(2, 20, 5*time.Millisecond), place(3, 30, -time.Hour), place(4, 0, time.Hour),
		session.Change{Guild: 5, Queue: steps(1, 1)}, place(1<<63, 60, time.Minute))
	unfinished(t, s, 1<<63, 2, 1, 3)
	save(t, s, place(2, 0, 2*time.Hour), place(3, 30, 3*time.Hour))
	unfinished(t, s, 3, 1<<63, 1)
}

func unfinished(t *testing.T, s session.Store, want ...snowflake.ID) {
	t.Helper()
	if got, err := s.Unfinished(t.Context()); err != nil || !slices.Equal(got, want) {
		t.Errorf("unfinished %v, %v, want %v", got, err, want)
	}
}

func heartbeat(t *testing.T, s session.Store) {
	save(t, s, session.Change{Guild: 1, Place: &session.Place{Position: time.Minute, Speed: 2, At: noon, Process: "a"}},
		session.Change{Guild: 2, Place: &session.Place{Position: time.Minute, At: noon, Process: "a"}})
	at := func(guild snowflake.ID, want time.Duration) {
		t.Helper()
		if got := load(t, s, guild).Position(); got != want {
			t.Errorf("guild %d is at %v, want %v", guild, got, want)
		}
	}
	beat := func(process string, after time.Duration) {
		t.Helper()
		if err := s.Beat(t.Context(), process, noon.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	at(1, time.Minute)
	beat("a", -time.Second) // before the anchor
	at(1, time.Minute)
	beat("a", 3*time.Second)
	beat("b", time.Hour)
	at(1, time.Minute+6*time.Second)
	at(2, time.Minute)
	beat("a", 4*time.Second)
	at(1, time.Minute+8*time.Second)
}

// costOfSave compares a guild with much behind it to one with nothing. It is generous:
// what it looks for is work that grows with the queue.
func costOfSave(t *testing.T, s session.Store) {
	const length, tries = 20_000, 40
	save(t, s, session.Change{Guild: 1, Queue: steps(1, length)})
	measure := func(guild snowflake.ID, seq uint64) time.Duration {
		all := make([]time.Duration, 0, tries)
		for range tries {
			seq++
			start := time.Now()
			save(t, s, session.Change{Guild: guild, Place: &session.Place{Item: seq, At: noon}, Queue: steps(seq, seq)})
			all = append(all, time.Since(start))
		}
		slices.Sort(all)
		return all[tries/4]
	}
	measure(2, 0)
	short, long := measure(3, 0), measure(1, length)
	if long > 3*short+2*time.Millisecond {
		t.Errorf("one change costs %v with %d behind it, else %v", long, length, short)
	}
	t.Logf("one change costs %v with %d behind it, else %v", long, length, short)
}

// steps returns the changes from first to last of some queue.
func steps(first, last uint64) (all []queue.Change) {
	for seq := first; seq <= last; seq++ {
		all = append(all, queue.Change{Seq: seq})
	}
	return all
}

func state(seq uint64) queue.State { return queue.State{Seq: seq} }

func save(t *testing.T, s session.Store, changes ...session.Change) {
	t.Helper()
	if fenced, err := s.Save(t.Context(), changes); err != nil || len(fenced) > 0 {
		t.Fatalf("save: %v, fenced %v", err, fenced)
	}
}

func compact(t *testing.T, s session.Store, guild snowflake.ID, seq uint64) {
	t.Helper()
	if err := s.Compact(t.Context(), guild, 0, state(seq)); err != nil {
		t.Fatalf("compact: %v", err)
	}
}

func load(t *testing.T, s session.Store, guild snowflake.ID) session.Saved {
	t.Helper()
	got, err := s.Load(t.Context(), guild)
	if err != nil {
		t.Errorf("load: %v", err)
	}
	return got
}

func samePlace(t *testing.T, got, want session.Place) {
	t.Helper()
	if !got.At.Equal(want.At) || !got.SleepAt.Equal(want.SleepAt) {
		t.Errorf("times %v and %v, want %v and %v", got.At, got.SleepAt, want.At, want.SleepAt)
	}
	got.At, got.SleepAt = want.At, want.SleepAt
	if got != want {
		t.Errorf("place\n  %+v, want\n  %+v", got, want)
	}
}

// sameLog checks that a State up to one change is kept, and the changes after it up to last.
func sameLog(t *testing.T, got session.Saved, upTo, last uint64) {
	t.Helper()
	whole(t, got)
	if got.Queue.Seq != upTo || uint64(len(got.Log)) != last-upTo {
		t.Errorf("kept are a State of %d and %d changes, want %d and %d", got.Queue.Seq, len(got.Log), upTo, last-upTo)
	}
	want, err := json.Marshal(steps(upTo+1, last))
	if err != nil {
		t.Fatal(err)
	}
	if b, err := json.Marshal(slices.Concat([]queue.Change(nil), got.Log)); err != nil || string(b) != string(want) {
		t.Errorf("the log is %s, %v, want %s", b, err, want)
	}
}

// whole checks that no change is missing after the State.
func whole(t *testing.T, got session.Saved) {
	t.Helper()
	for i, c := range got.Log {
		if want := got.Queue.Seq + uint64(i) + 1; c.Seq != want {
			t.Errorf("change %d of the log is %d, want %d", i, c.Seq, want)
			return
		}
	}
}
