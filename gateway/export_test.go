package gateway

import (
	"context"
	"time"
)

// Opcode opens the frame reader to the fuzz target.
var Opcode = opcode

// Identifies opens the identify limiter to a test of its pace.
func Identifies(concurrency int, every time.Duration) (wait func(context.Context, int) error, sent func(int)) {
	l := newIdentifyLimiter(concurrency, every)
	return l.wait, l.sent
}

// CommandBudget opens the command limit to a test of its pace.
func CommandBudget() func(context.Context) error {
	return newCommandBudget().Wait
}

// Backoff opens the pauses between reconnects.
func Backoff(first time.Duration) (next func() time.Duration) {
	b := backoff{first: first}
	return b.next
}

// ReadInteraction opens the reader of interactions.
var ReadInteraction = readInteraction

// ReadMessage opens the reader of messages.
var ReadMessage = readMessage
