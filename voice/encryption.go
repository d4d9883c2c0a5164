package voice

import (
	"context"

	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/signal"
)

// encryption is the end-to-end encryption of one voice session, which a dave.Session
// is. It outlives resumes.
type encryption interface {
	signal.DAVE
	frameSealer
	Settled() <-chan struct{}
	Check(ctx context.Context, w signal.Writer) error
	Status() dave.Status
	PairwiseCode(user snowflake.ID) (string, error)
}

// frameSealer encrypts media frames end to end, before the transport does. The
// pacer's goroutine calls it; it neither blocks nor allocates. An error costs the
// frame, not its time.
type frameSealer interface {
	SealFrame(dst, opus []byte) ([]byte, error)
}

// encrypt is how sessions get their encryption.
func encrypt(opts dave.Options) encryption { return dave.NewSession(opts) }
