package session

import "busker/queue"

// MaxApplied is how many of a guild's commands are remembered: more than are on their way
// at any time.
const MaxApplied = 64

// Applied is a command that was carried out, and what it did to the queue: whoever gives
// it again gets the same answer, and nothing is done.
type Applied struct {
	N       uint64 `json:"-"` // counts the guild's commands that were kept
	Command string `json:"-"` // its id

	Added   int           `json:"added,omitempty"`
	First   uint64        `json:"first,omitempty"`
	Dropped []*queue.Item `json:"dropped,omitempty"` // without who asked for them
	Undone  queue.Op      `json:"undone,omitempty"`
}

// newest drops all but the newest commands.
func newest(list []Applied) []Applied { return list[max(0, len(list)-MaxApplied):] }
