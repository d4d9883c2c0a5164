package voice

import (
	"context"

	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/line"
	"busker/voice/signal"
)

// encryption is the end-to-end encryption of one voice session, which a dave.Session
// is. It outlives resumes.
type encryption interface {
	signal.DAVE
	line.FrameSealer
	Settled() <-chan struct{}
	Check(ctx context.Context, w signal.Writer) error
	Status() dave.Status
	PairwiseCode(user snowflake.ID) (string, error)
}

// encrypt is how sessions get their encryption.
func encrypt(opts dave.Options) encryption { return dave.NewSession(opts) }
