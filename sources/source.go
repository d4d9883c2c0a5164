// Package sources finds what a listener asked for and opens its audio.
//
// A Source is one place music comes from; a Set asks its sources in order and is
// what the rest of the house talks to. Each source has a folder of its own below
// this one. The package knows neither players nor Discord; its goroutines end before the
// call that started them returns.
package sources

import (
	"context"
	"time"

	"busker/audio"
	"busker/track"
)

// Source is one place music comes from. All methods may be called concurrently.
//
// Every error of Resolve and Open that has a meaning for the listener carries a
// fault: NotFound, Denied, Unsupported (naming the format), Corrupt, TooLarge,
// Timeout, Unavailable or Invalid.
type Source interface {
	// Name is what track.Track.Source says of this source's tracks.
	Name() string
	// Accepts reports, from the text alone, whether Resolve is worth a try.
	Accepts(q track.Query) bool
	// Resolve finds the tracks q asks for. It returns promptly even when the
	// content never ends: it reads no more than it needs to describe it.
	Resolve(ctx context.Context, q track.Query) (track.Result, error)
	// Open starts t at the given media time. The caller closes the Reader; ctx
	// bounds the Reader's whole life and not only the call. A Reader may be more: an
	// audio.PacketReader, Ending or Waiting.
	Open(ctx context.Context, t track.Track, at time.Duration) (audio.Reader, error)
}

// Searcher is a Source that can say what it has. It must be quick: people wait for
// it with every letter they type.
type Searcher interface {
	// Search returns what fits text best, the best first: at most limit hits. Text is
	// what somebody has typed so far. Finding nothing is no error.
	Search(ctx context.Context, text string, limit int) ([]track.Hit, error)
}

// Illustrator is a Source that can find the picture of a track it described earlier:
// tracks from long lists, and those that were written down, come without one.
type Illustrator interface {
	// Artwork returns nil without an error when there is none.
	Artwork(ctx context.Context, t track.Track) (*track.Artwork, error)
}
