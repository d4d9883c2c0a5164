// Package file plays what lies in one music folder.
//
// It finds files by path or by words of their name and opens them; nothing
// outside the folder can be reached, whatever a query or a symbolic link says.
// It starts no goroutines.
package file

import (
	"context"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/sources/decode"
	"busker/track"
)

// Name is the source name of the tracks found here.
const Name = "file"

// Options of a Source.
type Options struct {
	// Root is the music folder. Required.
	Root string
	// Refresh is how old the list of file names may get before a search by words
	// reads the folder again. 0 is 30 s.
	Refresh time.Duration
	// MaxFiles bounds the list. 0 is 100 000.
	MaxFiles int
	// Decode says how content is decoded.
	Decode decode.Options
}

// Source is the music folder. It is safe for concurrent use.
type Source struct{ opts Options }

// New opens the music folder; Close gives it back.
func New(opts Options) (*Source, error) { return &Source{opts}, nil }

// Close gives the folder back. Readers that are open stay usable.
func (s *Source) Close() error { return nil }

// Name returns "file".
func (s *Source) Name() string { return Name }

// Accepts takes everything that is not a link.
func (s *Source) Accepts(q track.Query) bool { return false }

// Resolve finds q among the files.
func (s *Source) Resolve(ctx context.Context, q track.Query) (track.Result, error) {
	return track.Result{}, fault.New(fault.NotFound, "not yet")
}

// Open starts t.
func (s *Source) Open(ctx context.Context, t track.Track, at time.Duration) (audio.Reader, error) {
	return nil, fault.New(fault.NotFound, "not yet")
}
