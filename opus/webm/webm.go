// Package webm reads the Opus audio out of WebM and Matroska files and live
// streams (RFC 9559, EBML by RFC 8794) while they arrive.
//
// It knows the container only: packets go in and out as they are. Positions are
// samples per channel at 48 kHz. Nothing here starts a goroutine.
//
// The EBML reader is our own and small. The parser at hand, remko/go-mkvparse,
// calls back instead of being asked, ignores what its block callback answers and
// so can not be stopped between packets; it takes short network reads for whole
// ones, recurses once per cluster of unknown size, and panics on an empty signed
// integer. Here the caller pulls packets, one loop walks the file flat (a cluster
// ends where another element of its level begins, whatever sizes say), and every
// size is checked before memory is spent on it.
package webm

import (
	"fmt"

	"busker/internal/fault"
)

// CodecError says that a file has audio, but none in Opus. NewReader returns it
// inside a fault.Unsupported.
type CodecError struct {
	Codec string // Matroska codec id of the first audio track, such as "A_VORBIS"
}

func (e *CodecError) Error() string { return fmt.Sprintf("audio codec is %q, not A_OPUS", e.Codec) }

func corrupt(format string, args ...any) error {
	return fault.Wrap(fault.Corrupt, "The WebM file is damaged.", fmt.Errorf(format, args...))
}

func unsupported(message fault.Term, err error) error {
	return fault.Wrap(fault.Unsupported, string(message), err)
}
