//go:build cgo && layeh

package opus

import (
	"fmt"
	"math"

	layehopus "layeh.com/gopus"

	"busker/audio"
)

// layeh holds its own copy of libopus, whose symbols are those of the system's: a
// program has one or the other (docs/decisions/0008-opus-backends.md).
var layeh = backend{
	Properties: Properties{
		Name: "layeh", Version: "layeh.com/gopus, libopus 1.1.2 on amd64 and 386",
		Prompt: true, Constrained: true,
	},
	newEncoder: newLayehEncoder, newDecoder: newLayehDecoder,
}

// layehLookahead is libopus' delay with the audio profile at 48 kHz, in samples; the
// binding does not tell it.
const layehLookahead = 312

// layehEncoder is nil inside after Close. It allocates every packet it makes.
type layehEncoder struct {
	enc *layehopus.Encoder
	pcm [len(audio.Block{})]int16
}

func newLayehEncoder() (Encoder, error) {
	enc, err := layehopus.NewEncoder(audio.SampleRate, audio.Channels, layehopus.Audio)
	if err != nil {
		return nil, err
	}
	enc.SetVbr(true) // constrained is libopus' own default
	return &layehEncoder{enc: enc}, nil
}

func (e *layehEncoder) Encode(dst []byte, pcm *audio.Block) (int, error) {
	if e.enc == nil {
		return 0, errClosed
	}
	if len(dst) == 0 {
		return 0, errNoRoom
	}
	for i, v := range pcm {
		e.pcm[i] = pcm16(v)
	}
	packet, err := e.enc.Encode(e.pcm[:], audio.FrameSamples, min(len(dst), audio.MaxPacketBytes))
	if err != nil {
		return 0, fmt.Errorf("encode block: %w", err)
	}
	return copy(dst, packet), nil
}

// pcm16 rounds v to 16 bits; what is no number becomes silence.
func pcm16(v float32) int16 {
	switch {
	case v >= 1:
		return 32767
	case v <= -1:
		return -32768
	case v != v:
		return 0
	case v < 0:
		return int16(v*32768 - 0.5)
	}
	return int16(min(v*32768+0.5, 32767))
}

func (e *layehEncoder) SetBitrate(bps int) error {
	if e.enc == nil {
		return errClosed
	}
	if err := checkBitrate(bps); err != nil {
		return err
	}
	e.enc.SetBitrate(bps)
	return nil
}

// SetComplexity checks c and leaves the codec at 9, which it starts with: the binding
// has no way to say another.
func (e *layehEncoder) SetComplexity(c int) error {
	if e.enc == nil {
		return errClosed
	}
	return checkComplexity(c)
}

func (e *layehEncoder) Lookahead() int { return layehLookahead }

func (e *layehEncoder) Reset() error {
	if e.enc == nil {
		return errClosed
	}
	e.enc.ResetState()
	return nil
}

func (e *layehEncoder) Close() error {
	e.enc = nil
	return nil
}

// layehDecoder is nil inside after Close. It allocates the audio of every packet.
type layehDecoder struct {
	dec  *layehopus.Decoder
	gain float32
}

func newLayehDecoder(gain int) (Decoder, error) {
	dec, err := layehopus.NewDecoder(audio.SampleRate, audio.Channels)
	if err != nil {
		return nil, err
	}
	return &layehDecoder{dec, float32(math.Pow(10, float64(gain)/256/20))}, nil
}

func (d *layehDecoder) Decode(dst []float32, packet []byte) (int, error) {
	if d.dec == nil {
		return 0, errClosed
	}
	if err := checkRoom(dst, packet); err != nil {
		return 0, err
	}
	samples := audio.FrameSamples
	if len(packet) > 0 {
		duration, err := PacketDuration(packet)
		if err != nil {
			return 0, err
		}
		samples = int(audio.DurationSamples(duration))
	}
	pcm, err := d.dec.Decode(packet, samples, false)
	if err != nil {
		return 0, corrupt(err)
	}
	for i, v := range pcm {
		dst[i] = float32(v) / 32768 * d.gain
	}
	return len(pcm) / audio.Channels, nil
}

func (d *layehDecoder) Reset() error {
	if d.dec == nil {
		return errClosed
	}
	d.dec.ResetState()
	return nil
}

func (d *layehDecoder) Close() error {
	d.dec = nil
	return nil
}
