package queue_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"busker/internal/fault"
	"busker/queue"
	"busker/track"
)

// kept is what a store knows of a queue: a state, and all changes since.
type kept struct {
	state   queue.State
	changes []queue.Change
}

// through sends v through JSON and back.
func through[T any](t rapid.TB, v T) (back T) {
	t.Helper()
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &back)
	}
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func text(t rapid.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestRestoreIsExact keeps states of any moment and all changes since, and restores the
// queue after each step, from memory and from JSON.
func TestRestoreIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &pair{q: queue.New(queue.Options{}), m: &model{}}
		k := kept{}
		steps := p.steps()
		steps["keep"] = func(t *rapid.T) {
			k = kept{state: p.q.State()}
			if rapid.Bool().Draw(t, "late") { // with changes in it that come again
				k.changes = p.q.Changes()
			} else {
				p.q.Changes()
			}
			if rapid.Bool().Draw(t, "json") {
				k.state = through(t, k.state)
			}
		}
		steps["go on from there"] = func(t *rapid.T) {
			p.q.Changes()
			q, err := queue.Restore(p.q.State(), nil, queue.Options{})
			if err != nil {
				t.Fatal(err)
			}
			p.q, k = q, kept{state: q.State()}
		}
		steps[""] = func(t *rapid.T) {
			p.same(t)
			k.changes = append(k.changes, through(t, p.q.Changes())...)
			got, err := queue.Restore(k.state, k.changes, queue.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if want, got := text(t, p.q.State()), text(t, got.State()); want != got {
				t.Fatalf("restored\n%s, want\n%s", got, want)
			}
			if len(got.Changes()) != 0 {
				t.Fatal("restoring is no change")
			}
		}
		t.Repeat(steps)
	})
}

// TestAllOfAnItemIsKept compares values, not JSON.
func TestAllOfAnItemIsKept(t *testing.T) {
	q := queue.New(queue.Options{})
	full := track.Track{
		Source: "file", URI: "a/b.ogg", Title: "T", Artist: "A", Album: "L", Length: time.Minute, Format: "Ogg Opus",
		Seekable: true, Page: "https://example.org", Loudness: track.Loudness{LUFS: -9.5, Peak: 1, Known: true},
		Version: "1", Cacheable: true,
	}
	for range 3 {
		_, _ = q.Add(queue.AddOptions{}, queue.Item{Track: full, Requester: 1 << 63})
	}
	q.Next()
	q.Next()
	_, _ = q.Remove(3)
	restored, err := queue.Restore(through(t, queue.State{}), through(t, q.Changes()), queue.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, pair := range map[string][2]any{
		"history": {q.History(), restored.History()}, "state": {through(t, q.State()), through(t, restored.State())},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s\n%+v, want\n%+v", name, pair[1], pair[0])
		}
	}
	if c, _ := restored.Current(); c.Track != full || c.Requester != 1<<63 {
		t.Errorf("current %+v", c)
	}
}

// TestAChangeIsAsSmallAsWhatWasAsked measures changes of a long queue.
func TestAChangeIsAsSmallAsWhatWasAsked(t *testing.T) {
	for name, do := range operations(10_000) {
		q := full(t)
		do(q)
		_, _ = q.Undo()
		changes := q.Changes()
		if b := text(t, changes); len(b) > 1000 || len(changes) == 0 {
			t.Errorf("%s: %d changes of %d bytes", name, len(changes), len(b))
		}
	}
}

// TestAShuffleIsTheSameForEver pins the order a seed gives: kept changes rely on it.
func TestAShuffleIsTheSameForEver(t *testing.T) {
	q := queue.New(queue.Options{})
	fill(t, q, 10)
	q.Shuffle(42)
	if got, want := fmt.Sprint(titles(values(q.List()))), "[9 4 2 0 1 7 8 5 3 6]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestRestoreRefusesWhatCannotBe(t *testing.T) {
	item := queue.Item{ID: 1}
	for name, tt := range map[string]kept{
		"an item without a number":        {state: queue.State{LastID: 1, Upcoming: []*queue.Item{{}}}},
		"an item that is null":            {state: queue.State{Upcoming: []*queue.Item{nil}}},
		"a played item that is null":      {state: queue.State{Played: []*queue.Item{nil}}},
		"a removed item that is null":     {state: queue.State{Undo: []queue.Step{{Op: queue.OpClear, Items: []*queue.Item{nil}}}}},
		"an added item that is null":      {changes: []queue.Change{{Seq: 1, Op: queue.OpAdd, Items: []*queue.Item{nil}}}},
		"an item never added":             {state: queue.State{Upcoming: []*queue.Item{&item}}},
		"an item twice":                   {state: queue.State{LastID: 1, Upcoming: []*queue.Item{&item, &item}}},
		"the current item waiting":        {state: queue.State{LastID: 1, Upcoming: []*queue.Item{&item}, Current: &item}},
		"a current item of no number":     {state: queue.State{Current: &queue.Item{}}},
		"an item played and never added":  {state: queue.State{Played: []*queue.Item{&item}}},
		"too much history":                {state: queue.State{LastID: 1, Played: make([]*queue.Item, queue.MaxHistory+1)}},
		"too many steps":                  {state: queue.State{Undo: make([]queue.Step, 1000)}},
		"a step nobody knows":             {state: queue.State{Undo: []queue.Step{{Op: "explode"}}}},
		"a step with an item twice":       {state: queue.State{LastID: 1, Undo: []queue.Step{{Op: queue.OpClear, Items: []*queue.Item{&item, &item}}}}},
		"a step with spots for no items":  {state: queue.State{Undo: []queue.Step{{Op: queue.OpRemove, Spots: make([]queue.Spot, 1)}}}},
		"a loop mode nobody knows":        {state: queue.State{Loop: 9}},
		"numbers at their end":            {state: queue.State{LastID: 1<<64 - 1}},
		"a gap":                           {changes: []queue.Change{{Seq: 2, Op: queue.OpUndo}}},
		"a change nobody knows":           {changes: []queue.Change{{Seq: 1, Op: "explode"}}},
		"an undo of nothing":              {changes: []queue.Change{{Seq: 1, Op: queue.OpUndo}}},
		"a removal of nothing":            {changes: []queue.Change{{Seq: 1, Op: queue.OpRemove, IDs: []uint64{1}}}},
		"a move of nothing":               {changes: []queue.Change{{Seq: 1, Op: queue.OpMove, Item: 1}}},
		"going back to nothing":           {changes: []queue.Change{{Seq: 1, Op: queue.OpPrevious}}},
		"an addition of nothing":          {changes: []queue.Change{{Seq: 1, Op: queue.OpAdd}}},
		"an addition with a wrong number": {changes: []queue.Change{{Seq: 1, Op: queue.OpAdd, Items: []*queue.Item{{ID: 2}}}}},
		"an addition nowhere":             {changes: []queue.Change{{Seq: 1, Op: queue.OpAdd, Items: []*queue.Item{&item}, Place: 9}}},
		"the same loop mode":              {changes: []queue.Change{{Seq: 1, Op: queue.OpLoop}}},
		"the same fair mode":              {changes: []queue.Change{{Seq: 1, Op: queue.OpFair}}},
	} {
		if _, err := queue.Restore(tt.state, tt.changes, queue.Options{}); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzRestore has hostile JSON restored, and the queue used when it can be.
func FuzzRestore(f *testing.F) {
	q := queue.New(queue.Options{})
	fill(f, q, 4)
	q.Next()
	q.SetFair(true)
	q.Shuffle(1)
	q.Stop()
	state := text(f, q.State())
	for _, seed := range []string{
		`[{"seq":8,"op":"undo"},{"seq":9,"op":"undo"},{"seq":10,"op":"undo"}]`,
		`[{"seq":8,"op":"add","items":[{"id":5,"track":{"length":9223372036854775807}}],"place":2,"index":99},{"seq":9,"op":"skip","count":-5}]`,
		text(f, q.Changes()),
	} {
		f.Add([]byte(state), []byte(seed))
		f.Add([]byte(`{}`), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, state, changes []byte) {
		var s queue.State
		var c []queue.Change
		if json.Unmarshal(state, &s) != nil || json.Unmarshal(changes, &c) != nil {
			return
		}
		q, err := queue.Restore(s, c, queue.Options{})
		if err != nil {
			if fault.KindOf(err) != fault.Corrupt {
				t.Fatal(err)
			}
			return
		}
		for range 30 { // more than there are steps
			_, _ = q.Undo()
			q.Next()
		}
		q.Previous()
		for _, do := range operations(q.Len()) {
			do(q)
		}
		again, err := queue.Restore(through(t, q.State()), nil, queue.Options{})
		if err != nil {
			t.Fatalf("what became of it cannot be restored: %v", err)
		}
		if want, got := text(t, q.State()), text(t, again.State()); want != got {
			t.Fatalf("%s\nbecame\n%s", want, got)
		}
	})
}
