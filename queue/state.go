package queue

import (
	"fmt"
	"slices"

	"busker/internal/fault"
)

// State is all of a Queue. It shares its slices with the Queue and costs next to
// nothing to take; none of it must be changed, and any goroutine may read it.
type State struct {
	Seq      uint64 `json:"seq"` // of the last Change it knows
	LastID   uint64 `json:"last_id"`
	Loop     Loop   `json:"loop,omitempty"`
	Fair     bool   `json:"fair,omitempty"`
	Current  *Item  `json:"current,omitempty"`
	Upcoming []Item `json:"upcoming,omitempty"`
	Played   []Item `json:"played,omitempty"` // oldest first
	Undo     []Step `json:"undo,omitempty"`   // oldest first
}

// State returns all of the Queue, Changes not yet asked for included.
func (q *Queue) State() State {
	s := State{
		Seq: q.seq, LastID: q.lastID, Loop: q.loop, Fair: q.fair,
		Upcoming: q.List(), Played: slices.Clip(q.played), Undo: slices.Clip(q.undo),
	}
	if current := q.current; current.ID != 0 {
		s.Current = &current
	}
	return s
}

// Restore returns the Queue that State was taken from once all of changes, in their
// order, had happened to it; those that State knows are passed over. The Queue shares
// the slices of both, which must not be changed from then on. Something that no Queue
// can have left behind, a gap in the numbers for one, is a fault.Corrupt. Items beyond
// opts.MaxItems are kept.
func Restore(s State, changes []Change, opts Options) (*Queue, error) {
	if err := s.check(); err != nil {
		return nil, fault.Wrap(fault.Corrupt, damaged, err)
	}
	q := New(opts)
	q.seq, q.lastID, q.loop, q.fair = s.Seq, s.LastID, s.Loop, s.Fair
	q.upcoming, q.played, q.undo = lined(s.Upcoming), slices.Clip(s.Played), slices.Clip(s.Undo)
	if s.Current != nil {
		q.current = *s.Current
	}
	for i := range changes {
		if err := q.replay(&changes[i]); err != nil {
			return nil, fault.Wrap(fault.Corrupt, damaged, err)
		}
	}
	return q, nil
}

func (q *Queue) replay(c *Change) error {
	switch {
	case c.Seq <= q.seq:
		return nil
	case c.Seq != q.seq+1:
		return fmt.Errorf("change %d follows change %d", c.Seq, q.seq)
	}
	if _, err := q.apply(*c); err != nil {
		return fmt.Errorf("change %d, %q: %w", c.Seq, c.Op, err)
	}
	q.seq++
	return nil
}

// maxID is far more than any Queue gives out, and far from an overflow.
const maxID = 1 << 62

// check returns what shows that no Queue can be in that state.
func (s *State) check() error {
	upcoming := s.Upcoming
	if s.Current != nil {
		upcoming = append([]Item{*s.Current}, upcoming...)
	}
	switch {
	case s.LastID > maxID:
		return fmt.Errorf("last id %d", s.LastID)
	case s.Loop > All:
		return fmt.Errorf("loop mode %d", s.Loop)
	case len(s.Played) > MaxHistory:
		return fmt.Errorf("%d items played", len(s.Played))
	case len(s.Undo) > maxUndo:
		return fmt.Errorf("%d steps to undo", len(s.Undo))
	}
	if err := s.once(upcoming); err != nil {
		return err
	}
	for i := range s.Played {
		if id := s.Played[i].ID; id == 0 || id > s.LastID {
			return fmt.Errorf("item %d was played and never added", id)
		}
	}
	for i := range s.Undo {
		if err := s.step(&s.Undo[i]); err != nil {
			return fmt.Errorf("step %d, %q: %w", i, s.Undo[i].Op, err)
		}
	}
	return nil
}

// once refuses items that were never added, or that are there twice.
func (s *State) once(items []Item) error {
	seen := make(map[uint64]bool, len(items))
	for i := range items {
		id := items[i].ID
		if id == 0 || id > s.LastID || seen[id] {
			return fmt.Errorf("item %d was never added, or is there twice", id)
		}
		seen[id] = true
	}
	return nil
}

// step refuses a Step that Undo could stumble over.
func (s *State) step(step *Step) error {
	switch step.Op {
	case OpAdd, OpRemove, OpClear, OpStop, OpSkip, OpMove, OpShuffle, OpLoop, OpFair:
	default:
		return errBroken()
	}
	if step.Loop > All || step.Op != OpMove && step.Spots != nil && len(step.Spots) != len(step.Items) {
		return errBroken()
	}
	return s.once(step.Items)
}
