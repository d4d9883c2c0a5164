package opus

import (
	"errors"
	"fmt"
	"time"

	"busker/audio"
	"busker/internal/fault"
)

// SilenceFrame is 20 ms of stereo silence: what Discord wants to hear five times
// when a stream pauses, so that receivers do not interpolate.
const SilenceFrame = "\xF8\xFF\xFE"

// maxPacketTime bounds all frames of one packet together (RFC 6716 §3.2.5, R5).
const maxPacketTime = 120 * time.Millisecond

// PacketDuration returns how much audio the packet holds, from its table of
// contents alone (RFC 6716 §3.1). It looks no further: a packet with a duration
// may still be damaged.
//
//	 0 1 2 3 4 5 6 7   config: mode, bandwidth and frame length
//	+-+-+-+-+-+-+-+-+  s: stereo
//	| config  |s| c |  c: 0 one frame, 1 and 2 two, 3 a count in the low
//	+-+-+-+-+-+-+-+-+     six bits of the next byte
func PacketDuration(packet []byte) (time.Duration, error) {
	if len(packet) == 0 {
		return 0, corrupt("read table of contents", fmt.Errorf("packet is empty"))
	}
	frames := 1
	switch packet[0] & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(packet) < 2 {
			return 0, corrupt("read table of contents", fmt.Errorf("frame count is missing"))
		}
		frames = int(packet[1] & 0x3F)
	}
	d := time.Duration(frames) * frameDuration(packet[0]>>3)
	if frames == 0 || d > maxPacketTime {
		return 0, corrupt("read table of contents", fmt.Errorf("%d frames of %v", frames, frameDuration(packet[0]>>3)))
	}
	return d, nil
}

// frameDuration is table 2 of RFC 6716 §3.1, config being 0..31.
func frameDuration(config byte) time.Duration {
	switch {
	case config < 12: // SILK
		return [...]time.Duration{10, 20, 40, 60}[config&3] * time.Millisecond
	case config < 16: // hybrid
		return [...]time.Duration{10, 20}[config&1] * time.Millisecond
	default: // CELT
		return 2500 * time.Microsecond << (config & 3)
	}
}

func corrupt(step string, err error) error {
	return fault.Wrap(fault.Corrupt, "The Opus audio is damaged.", fmt.Errorf("%s: %w", step, err))
}

var (
	errClosed = errors.New("opus codec is closed")
	errNoRoom = errors.New("no room for the opus packet's content")
)

// checkRoom fails unless dst can take the packet's audio, or 20 ms for a lost one.
func checkRoom(dst []float32, packet []byte) error {
	need := audio.FrameTime
	if len(packet) > 0 {
		var err error
		if need, err = PacketDuration(packet); err != nil {
			return err
		}
	}
	if int64(len(dst)) < audio.DurationSamples(need)*audio.Channels {
		return fmt.Errorf("decode %v into %d floats: %w", need, len(dst), errNoRoom)
	}
	return nil
}
