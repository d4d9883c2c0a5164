package listen

import (
	"fmt"

	"busker/audio"
	"busker/opus"
)

// unroller decodes the frames of a tape one after the other.
type unroller struct {
	decoder opus.Decoder
	pcm     [opus.MaxPacketSamples * audio.Channels]float32
	silence [audio.FrameSamples * audio.Channels]float32
}

// heardFunc takes decoded samples, interleaved stereo, valid during the call;
// silent says that they fill a hole and nobody spoke.
type heardFunc func(at int64, pcm []float32, silent bool)

func newUnroller(backend string) (*unroller, error) {
	d, err := opus.NewDecoder(opus.DecoderOptions{Backend: backend})
	if err != nil {
		return nil, fmt.Errorf("make a decoder to listen with: %w", err)
	}
	return &unroller{decoder: d}, nil
}

// play decodes f and what fills the hole before it. An error means that f's own
// packet could not be decoded; silence takes its place.
func (u *unroller) play(f frame, heard heardFunc) error {
	at, hole := f.at-f.hole, f.hole
	for i := 0; i < f.conceal && hole >= frameSamples; i++ {
		n, err := u.decoder.Decode(u.pcm[:], nil)
		if err != nil || int64(n) != frameSamples {
			break
		}
		heard(at, u.pcm[:n*audio.Channels], false)
		at, hole = at+frameSamples, hole-frameSamples
	}
	u.rest(at, hole, heard)
	n, err := u.decoder.Decode(u.pcm[:], f.payload)
	if err != nil {
		u.rest(f.at, f.samples, heard)
		return err
	}
	got := min(int64(n), f.samples)
	heard(f.at, u.pcm[:got*audio.Channels], false)
	u.rest(f.at+got, f.samples-got, heard)
	return nil
}

// rest gives n samples of silence.
func (u *unroller) rest(at, n int64, heard heardFunc) {
	for n > 0 {
		step := min(n, frameSamples)
		heard(at, u.silence[:step*audio.Channels], true)
		at, n = at+step, n-step
	}
}

func (u *unroller) close() { _ = u.decoder.Close() }
