package decode

import (
	"context"
	"time"
)

// Starts is starts.
type Starts struct{ *starts }

// NewStarts is newStarts.
func NewStarts(rate float64) Starts { return Starts{newStarts(rate)} }

// Wait is wait.
func (s Starts) Wait(ctx context.Context, patience time.Duration) error { return s.wait(ctx, patience) }
