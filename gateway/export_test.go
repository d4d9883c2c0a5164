package gateway

import (
	"context"
	"log/slog"
	"time"

	"busker/cluster"
)

// Identifies opens the pace of identifies to a test.
func Identifies(concurrency int, every time.Duration) (wait func(context.Context, int) error) {
	p := &permits{cluster: cluster.Local(), concurrency: concurrency, every: every, log: slog.New(slog.DiscardHandler)}
	p.ask = func(context.Context) (budget, error) { return budget{}, nil }
	return p.wait
}

// ReadInteraction opens the reader of interactions.
var ReadInteraction = readInteraction

// ReadMessage opens the reader of messages.
var ReadMessage = readMessage
