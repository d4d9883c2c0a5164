package queue

import (
	"slices"

	"busker/internal/fault"
)

// Loop says what comes after an item has ended.
type Loop uint8

// The loop modes. Off is the zero Loop.
const (
	Off   Loop = iota // each item plays once
	Track             // the same item plays again
	All               // an item that ended goes to the end of the queue
)

var loopNames = [...]string{"off", "track", "queue"}

// String returns the mode as people write it: off, track or queue.
func (l Loop) String() string {
	if int(l) < len(loopNames) {
		return loopNames[l]
	}
	return loopNames[Off]
}

// ParseLoop reads what String writes.
func ParseLoop(s string) (Loop, error) {
	if i := slices.Index(loopNames[:], s); i >= 0 {
		return Loop(i), nil
	}
	return Off, fault.Newf(fault.Invalid, "There is no loop mode %q; take off, track or queue.", s)
}

// MarshalText implements encoding.TextMarshaler: String.
func (l Loop) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler: ParseLoop.
func (l *Loop) UnmarshalText(text []byte) (err error) {
	*l, err = ParseLoop(string(text))
	return err
}

// SetLoop sets the loop mode.
func (q *Queue) SetLoop(l Loop) {
	if l != q.loop && l <= All {
		q.must(Change{Op: OpLoop, Loop: l})
	}
}

// Loop returns the loop mode.
func (q *Queue) Loop() Loop { return q.loop }

func (q *Queue) setLoop(l Loop) error {
	if l == q.loop || l > All {
		return errBroken()
	}
	q.remember(Step{Op: OpLoop, Loop: q.loop})
	q.loop = l
	return nil
}
