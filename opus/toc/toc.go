// Package toc reads the table of contents of Opus packets: what the codec
// and the containers both have to know, and nothing more of either.
package toc

import (
	"errors"
	"fmt"
	"time"

	"busker/audio"
)

const (
	// MaxPacketBytes is the longest packet a container needs to carry: 48 frames
	// of 1275 bytes and their lengths, rounded up (RFC 7845 §6). Longer ones can
	// only be padding.
	MaxPacketBytes = 61440
	// MaxDuration bounds all frames of one packet together (RFC 6716 §3.2.5, R5).
	MaxDuration = 120 * time.Millisecond
)

// Duration returns how much audio the packet holds, from its table of contents
// alone (RFC 6716 §3.1 and §3.2). It looks no further: a packet with a duration
// may still be damaged.
//
//	 0 1 2 3 4 5 6 7   config: mode, bandwidth and frame length
//	+-+-+-+-+-+-+-+-+  s: stereo
//	| config  |s| c |  c: 0 one frame, 1 and 2 two, 3 a count in the low
//	+-+-+-+-+-+-+-+-+     six bits of the next byte
func Duration(packet []byte) (time.Duration, error) {
	if len(packet) == 0 {
		return 0, errors.New("opus packet is empty")
	}
	frames := 1
	switch packet[0] & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(packet) < 2 {
			return 0, errors.New("opus packet without its frame count")
		}
		frames = int(packet[1] & 0x3F)
	}
	each := frameDuration(packet[0] >> 3)
	d := time.Duration(frames) * each
	if d == 0 || d > MaxDuration {
		return 0, fmt.Errorf("opus packet of %d frames of %v", frames, each)
	}
	return d, nil
}

// Samples returns the packet's Duration in samples per channel at 48 kHz.
func Samples(packet []byte) (int, error) {
	d, err := Duration(packet)
	return int(audio.DurationSamples(d)), err
}

// frameDuration is table 2 of RFC 6716 §3.1; config is 0..31.
func frameDuration(config byte) time.Duration {
	const ms = time.Millisecond
	switch {
	case config < 12: // SILK
		return [...]time.Duration{10 * ms, 20 * ms, 40 * ms, 60 * ms}[config&3]
	case config < 16: // hybrid
		return [...]time.Duration{10 * ms, 20 * ms}[config&1]
	default: // CELT
		return 2500 * time.Microsecond << (config & 3)
	}
}
