package queue

import (
	"errors"
	"fmt"
	"slices"

	"busker/internal/fault"
)

// State is all of a Queue. It shares its slices with the Queue and costs next to
// nothing to take; none of it must be changed, and any goroutine may read it.
type State struct {
	Seq      uint64  `json:"seq"` // of the last Change it knows
	LastID   uint64  `json:"last_id"`
	Loop     Loop    `json:"loop,omitempty"`
	Fair     bool    `json:"fair,omitempty"`
	Current  *Item   `json:"current,omitempty"`
	Upcoming []*Item `json:"upcoming,omitempty"`
	Played   []*Item `json:"played,omitempty"` // oldest first
	Undo     []Step  `json:"undo,omitempty"`   // oldest first
}

// State returns all of the Queue, Changes not yet asked for included.
func (q *Queue) State() State {
	return State{
		Seq: q.seq, LastID: q.lastID, Loop: q.loop, Fair: q.fair, Current: q.current,
		Upcoming: q.List(), Played: slices.Clip(q.played), Undo: slices.Clip(q.undo),
	}
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
	q.upcoming, q.current = line{items: slices.Clip(s.Upcoming), length: lengthOf(s.Upcoming)}, s.Current
	q.played, q.undo = slices.Clip(s.Played), slices.Clip(s.Undo)
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

// Without returns s without a user: as if nobody had asked for what they asked for. It is
// one change later, and no Change leads to it: who keeps it must keep it whole. It reports
// false, and returns s, when it does not know them.
func (s State) Without(user UserID) (State, bool) {
	o := omission{user: user, copies: map[*Item]*Item{}}
	with := s
	s.Upcoming, s.Played, s.Undo = o.items(s.Upcoming), o.items(s.Played), slices.Clone(s.Undo)
	for i := range s.Undo {
		s.Undo[i].Items = o.items(s.Undo[i].Items)
	}
	if s.Current != nil {
		s.Current = o.item(s.Current)
	}
	if len(o.copies) == 0 {
		return with, false
	}
	s.Seq++
	return s, true
}

// omission makes items without a requester of those a user asked for.
type omission struct {
	user   UserID
	copies map[*Item]*Item // by what they are copies of
}

func (o *omission) item(it *Item) *Item {
	if it.Requester != o.user {
		return it
	}
	c, ok := o.copies[it]
	if !ok {
		c = new(*it)
		c.Requester = 0
		o.copies[it] = c
	}
	return c
}

func (o *omission) items(all []*Item) []*Item {
	all = slices.Clone(all)
	for i, it := range all {
		all[i] = o.item(it)
	}
	return all
}

// maxID is far more than any Queue gives out, and far from an overflow.
const maxID = 1 << 62

// check returns what shows that no Queue can be in that state.
func (s *State) check() error {
	upcoming := s.Upcoming
	if s.Current != nil {
		upcoming = append([]*Item{s.Current}, upcoming...)
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
	for _, it := range s.Played {
		if it == nil || it.ID == 0 || it.ID > s.LastID {
			return errors.New("an item was played and never added")
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
func (s *State) once(items []*Item) error {
	seen := make(map[uint64]bool, len(items))
	for _, it := range items {
		if it == nil || it.ID == 0 || it.ID > s.LastID || seen[it.ID] {
			return errors.New("an item was never added, or is there twice")
		}
		seen[it.ID] = true
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
