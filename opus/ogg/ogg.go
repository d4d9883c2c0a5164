// Package ogg reads and writes Ogg, the container, and the Opus streams in it
// (RFC 3533 and RFC 7845).
//
// Page and PageReader know any codec; Reader and Writer know Opus only, and only
// its packets: they neither decode nor encode. Positions are samples per channel
// at 48 kHz. Nothing here starts a goroutine, and every size a file claims is
// bounded before memory is spent on it.
package ogg

import "busker/internal/fault"

func corrupt(err error) error {
	return fault.Wrap(fault.Corrupt, "The Ogg file is damaged.", err)
}

func unsupported(err error) error {
	return fault.Wrap(fault.Unsupported, "The Ogg file has no Opus audio that can be played.", err)
}
