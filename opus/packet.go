package opus

import (
	"errors"
	"fmt"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus/toc"
)

// SilenceFrame is 20 ms of stereo silence: what Discord wants to hear five times
// when a stream pauses, so that receivers do not interpolate.
const SilenceFrame = "\xF8\xFF\xFE"

// PacketDuration returns how much audio the packet holds, from its table of
// contents alone (RFC 6716 §3.1). It looks no further: a packet with a duration
// may still be damaged.
func PacketDuration(packet []byte) (time.Duration, error) {
	d, err := toc.Duration(packet)
	if err != nil {
		return 0, corrupt(err)
	}
	return d, nil
}

var (
	errClosed = errors.New("opus codec is closed")
	errNoRoom = errors.New("no room")
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
		return fmt.Errorf("decode %v of opus into %d floats: %w", need, len(dst), errNoRoom)
	}
	return nil
}

func corrupt(err error) error {
	return fault.Wrap(fault.Corrupt, "The Opus audio is damaged.", err)
}
