package queue

// This file stands in for the real types and goes away with them. What session and
// store rely on: both are JSON by encoding/json, Change.Seq counts a queue's changes
// from 1 without gaps, and State.Seq is that of the last change that is in the State.

// Change is one step of a queue.
type Change struct {
	Seq uint64 `json:"seq"`
}

// State is all of a queue.
type State struct {
	Seq uint64 `json:"seq"`
}
