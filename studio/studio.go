// Package studio opens tracks once for all guilds that play them alike.
package studio

import (
	"context"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/track"
)

// Opener opens the origins of tracks, for everybody anew.
type Opener interface {
	Open(ctx context.Context, t track.Track, at time.Duration) (audio.Reader, error)
}

// How says what a guild wants of a track.
type How struct {
	Plain    bool         // as recorded: nothing done to it; Settings is zero then
	Settings dsp.Settings // what the guild's chain does
	Bitrate  int          // bit/s of the guild's channel
}

// Studio is not written yet.
type Studio struct{}

// Run makes what is shared, until ctx ends.
func (s *Studio) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Open returns the track from the given time on: an audio.PacketReader where the studio
// encodes or a kept encoding exists, the origin's own Reader otherwise.
func (s *Studio) Open(ctx context.Context, t track.Track, at time.Duration, how How) (audio.Reader, error) {
	return nil, nil
}
