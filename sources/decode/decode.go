// Package decode turns whatever a file or a link holds into 48 kHz stereo blocks.
//
// What the content is, the content itself says: names and declared types are
// never believed. Common formats are decoded in this process, the rest by an
// ffmpeg child where one is configured. The package fetches nothing and knows no
// paths or addresses; hostile input may cost an error and never the process.
package decode

import (
	"context"
	"time"

	"busker/audio"
	"busker/internal/fault"
)

// Open decodes in from the given media time on. It takes in over: Close of the
// Reader closes in.Reader where that is an io.Closer, and so does a failed Open.
//
// A Reader may be closed while a ReadBlock is in progress if closing in.Reader
// ends a Read of it. Content cut short plays to the cut and ends there.
func Open(ctx context.Context, in Input, at time.Duration, opts Options) (audio.Reader, error) {
	return nil, fault.New(fault.Unsupported, "Nothing can be decoded yet.")
}

// Probe says what in holds without decoding more than it must and without
// reading all of it. It leaves in open, at any position.
func Probe(ctx context.Context, in Input, opts Options) (Info, error) {
	return Info{}, fault.New(fault.Unsupported, "Nothing can be decoded yet.")
}
