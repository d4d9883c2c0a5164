package sessiontest

import (
	"fmt"
	"reflect"
	"testing"

	"busker/internal/snowflake"
	"busker/queue"
	"busker/session"
	"busker/track"
)

// commands are those from first to last of some guild.
func commands(first, last uint64) (list []session.Applied) {
	for n := first; n <= last; n++ {
		list = append(list, session.Applied{N: n, Command: fmt.Sprint("command ", n), Added: int(n)})
	}
	return list
}

func appliedComeBack(t *testing.T, s session.Store) {
	clear := session.Applied{
		N: 3, Command: "i:1:\"2\"", First: 1<<63 + 5, Undone: queue.OpClear,
		Dropped: []*queue.Item{{ID: 7, Track: track.Track{Title: "One"}}, {ID: 8}},
	}
	for _, guild := range []snowflake.ID{1, 1<<63 + 9} {
		save(t, s, session.Change{Guild: guild, Queue: steps(1, 2), Applied: commands(1, 2)})
		save(t, s, session.Change{Guild: guild, Queue: steps(3, 3), Applied: []session.Applied{clear}})
		sameApplied(t, load(t, s, guild), append(commands(1, 2), clear))
	}
}

func appliedAreForgotten(t *testing.T, s session.Store) {
	const most = session.MaxApplied
	save(t, s, session.Change{Guild: 1, Applied: commands(1, 5)}, session.Change{Guild: 1, Applied: commands(6, 7)}, session.Change{Guild: 2, Applied: commands(1, 1)})
	save(t, s, session.Change{Guild: 1, Applied: commands(6, most+2)}) // whether some were saved was not known
	sameApplied(t, load(t, s, 1), commands(3, most+2))
	save(t, s, session.Change{Guild: 1, Applied: commands(1, 5)}) // older ones are forgotten already
	sameApplied(t, load(t, s, 1), commands(3, most+2))
	save(t, s, session.Change{Guild: 1, Applied: commands(most+3, 4*most)}) // more than are remembered
	sameApplied(t, load(t, s, 1), commands(3*most+1, 4*most))
	save(t, s, session.Change{Guild: 1, Applied: commands(1<<20, 1<<20+1)}) // numbers may leap
	if got := load(t, s, 1).Applied; len(got) < 2 || !reflect.DeepEqual(got[len(got)-2:], commands(1<<20, 1<<20+1)) {
		t.Errorf("after a leap: %+v", got)
	}
	sameApplied(t, load(t, s, 2), commands(1, 1))
}

func appliedOnlyWithTheRest(t *testing.T, s session.Store) {
	save(t, s, session.Change{Guild: 1, Token: 7, Queue: steps(1, 1), Applied: commands(1, 1)})
	if err := s.Take(t.Context(), 1, 8); err != nil {
		t.Fatal(err)
	}
	refused(t, s, []snowflake.ID{1}, session.Change{Guild: 1, Token: 7, Queue: steps(2, 2), Applied: commands(2, 2)})
	got := load(t, s, 1)
	sameLog(t, got, 0, 1)
	sameApplied(t, got, commands(1, 1))
}

func wholeInOneStep(t *testing.T, s session.Store) {
	save(t, s, session.Change{Guild: 1, Queue: steps(1, 4), Applied: commands(1, 1)})
	kept := state(9)
	save(t, s, session.Change{Guild: 1, Whole: &kept, Queue: steps(10, 11), Applied: commands(2, 3)})
	got := load(t, s, 1)
	sameLog(t, got, 9, 11)
	sameApplied(t, got, commands(1, 3))
	old := state(5)
	save(t, s, session.Change{Guild: 1, Whole: &old})
	sameLog(t, load(t, s, 1), 9, 11)
}

func sameApplied(t *testing.T, got session.Saved, want []session.Applied) {
	t.Helper()
	if !reflect.DeepEqual(got.Applied, want) {
		t.Errorf("remembered are\n  %+v, want\n  %+v", got.Applied, want)
	}
}
