package signal

import "context"

// DAVE takes part in the key agreement of Discord's end-to-end encryption. It
// outlives the socket: after a resume it goes on with the next one.
type DAVE interface {
	// HandleDAVE gets every frame of ops 4, 9, 11, 13 and 21 to 31 in the order they
	// came, in every state of the connection, replayed ones included, on the one
	// goroutine that reads. It answers through w, which is the current socket; an
	// error ends the session.
	HandleDAVE(ctx context.Context, w Writer, f Frame) error
}

// Writer sends frames to the voice gateway. It may be used concurrently.
type Writer interface {
	// WriteText sends {"op":op,"d":d}.
	WriteText(ctx context.Context, op Op, d any) error
	// WriteBinary sends the opcode as one byte and the payload after it.
	WriteBinary(ctx context.Context, op Op, payload []byte) error
}
