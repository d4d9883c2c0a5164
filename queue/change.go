package queue

import (
	"fmt"

	"busker/internal/fault"
)

// Op names what a Change does, and what Undo takes back.
type Op string

// The operations. Undo takes back those marked with *; it calls everything that
// removes OpRemove.
const (
	OpAdd        Op = "add"               // * Items at Place and Index
	OpSkip       Op = "skip"              // * Count; undone are the items passed over
	OpDrop       Op = "drop"              //   the current item is forgotten
	OpPrevious   Op = "previous"          //
	OpRemove     Op = "remove"            // * IDs
	OpRange      Op = "remove-range"      // * From to To
	OpBy         Op = "remove-by"         // * Users
	OpExcept     Op = "remove-except"     // * Users
	OpDuplicates Op = "remove-duplicates" // *
	OpClear      Op = "clear"             // *
	OpStop       Op = "stop"              // *
	OpMove       Op = "move"              // * Item to To
	OpShuffle    Op = "shuffle"           // * Seed
	OpLoop       Op = "loop"              // * Loop
	OpFair       Op = "fair"              // * On
	OpUndo       Op = "undo"              //   the newest Step
)

// Change is one step in the life of a Queue. It repeats exactly on a Queue in the
// same state, and is as small as what people asked for, however long the queue.
// Its content must not be changed; whoever is given one may keep it.
type Change struct {
	Seq   uint64   `json:"seq"` // 1 for the first, and then one more each
	Op    Op       `json:"op"`
	Items []*Item  `json:"items,omitempty"` // with the IDs they were given
	Place Place    `json:"place,omitempty"`
	Index int      `json:"index,omitempty"`
	IDs   []uint64 `json:"ids,omitempty"`
	Users []UserID `json:"users,omitempty"`
	Item  uint64   `json:"item,omitempty"`
	From  int      `json:"from,omitempty"`
	To    int      `json:"to,omitempty"`
	Count int      `json:"count,omitempty"`
	Seed  uint64   `json:"seed,omitempty"`
	Loop  Loop     `json:"loop,omitempty"`
	On    bool     `json:"on,omitempty"`
}

// Changes returns what happened since the last call, oldest first. Whoever does not
// keep a Queue must call it all the same from time to time, for they pile up.
func (q *Queue) Changes() []Change {
	log := q.log
	q.log = nil
	return log
}

// do carries out c and notes it. It returns the items that were removed, or why
// nothing was changed.
func (q *Queue) do(c Change) ([]*Item, error) {
	removed, err := q.apply(c)
	if err != nil {
		return nil, err
	}
	q.seq++
	c.Seq = q.seq
	q.log = append(q.log, c)
	return removed, nil
}

// must is do for a Change that cannot fail.
func (q *Queue) must(c Change) []*Item {
	removed, err := q.do(c)
	if err != nil {
		panic(fmt.Sprintf("queue: %s: %v", c.Op, err))
	}
	return removed
}

// apply carries out c: it decides by nothing but c and the state of q.
func (q *Queue) apply(c Change) (removed []*Item, err error) {
	switch c.Op {
	case OpAdd:
		return nil, q.add(c.Items, Where{c.Place, c.Index})
	case OpSkip:
		q.skip(c.Count)
	case OpDrop:
		q.current = nil
		q.prune()
	case OpStop:
		q.stop()
	case OpPrevious:
		err = q.previous()
	case OpMove:
		err = q.move(c.Item, c.To)
	case OpShuffle:
		q.shuffle(c.Seed)
	case OpLoop:
		err = q.setLoop(c.Loop)
	case OpFair:
		err = q.setFair(c.On)
	case OpUndo:
		err = q.takeBack()
	default:
		return q.removeBy(c)
	}
	return nil, err
}

const damaged = "The saved queue is damaged."

// errBroken is a Change or State that cannot have happened.
func errBroken() error { return fault.New(fault.Corrupt, damaged) }
