package gateway

import (
	"context"
	"time"
)

// Identifies opens the identify limiter to a test of its pace.
func Identifies(concurrency int, every time.Duration) (wait func(context.Context, int) error) {
	return newIdentifyLimiter(concurrency, every).wait
}

// ReadInteraction opens the reader of interactions.
var ReadInteraction = readInteraction

// ReadMessage opens the reader of messages.
var ReadMessage = readMessage
