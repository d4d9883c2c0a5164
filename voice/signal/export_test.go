package signal

import (
	"context"
	"log/slog"
)

// Dispatch returns what a Conn does with a binary message, without a socket.
// One that is none is ignored.
func Dispatch(opts Options) func(context.Context, []byte) error {
	opts.Logger = slog.New(slog.DiscardHandler)
	c := &Conn{opts: opts}
	return func(ctx context.Context, b []byte) error {
		if f, err := DecodeBinary(b); err == nil {
			return c.handle(ctx, f)
		}
		return nil
	}
}
