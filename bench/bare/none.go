//go:build !cgo || nolibopus || layeh

// Package bare encodes with libopus in a loop of C; this build has none.
package bare

import (
	"errors"
	"time"

	"busker/audio"
)

// Available says that this build has libopus to compare with.
const Available = false

// Encoder does not exist here.
type Encoder struct{}

// New fails.
func New(bitrate, complexity int) (*Encoder, error) {
	return nil, errors.New("no libopus in this build")
}

// Encode fails.
func (e *Encoder) Encode([]audio.Block) (time.Duration, error) { return 0, errors.New("no libopus") }

// Close does nothing.
func (e *Encoder) Close() {}
