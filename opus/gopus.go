package opus

import (
	"errors"
	"fmt"

	purego "github.com/thesyncim/gopus"

	"busker/audio"
	"busker/opus/toc"
)

var gopus = backend{
	Properties: Properties{
		Name: "gopus", Version: "thesyncim/gopus, after libopus 1.6.1",
		Prompt: true, Complexity: true, Float: true, Constrained: true,
	},
	newEncoder: newGoEncoder, newDecoder: newGoDecoder,
}

// goEncoder is nil inside after Close.
type goEncoder struct {
	enc                 *purego.Encoder
	bitrate, complexity int
	scratch             *audio.Block // see sane
}

func newGoEncoder() (Encoder, error) {
	e := &goEncoder{bitrate: DefaultBitrate, complexity: DefaultComplexity}
	if err := e.renew(); err != nil {
		return nil, err
	}
	return e, nil
}

// renew replaces the codec by a new one of the same settings.
func (e *goEncoder) renew() error {
	enc, err := purego.NewEncoder(purego.EncoderConfig{
		SampleRate:  audio.SampleRate,
		Channels:    audio.Channels,
		Application: purego.ApplicationAudio,
	})
	if err != nil {
		return err
	}
	e.enc = enc
	return errors.Join(
		enc.SetBitrateMode(purego.BitrateModeCVBR),
		enc.SetBitrate(e.bitrate),
		enc.SetComplexity(e.complexity),
	)
}

func (e *goEncoder) Encode(dst []byte, pcm *audio.Block) (int, error) {
	if e.enc == nil {
		return 0, errClosed
	}
	if len(dst) == 0 {
		return 0, errNoRoom
	}
	n, err := e.enc.Encode(sane(pcm, &e.scratch)[:], dst[:min(len(dst), audio.MaxPacketBytes)])
	if err == nil && n == 0 {
		err = errors.New("no packet")
	}
	if err != nil {
		return 0, fmt.Errorf("encode block: %w", err)
	}
	return n, nil
}

func (e *goEncoder) SetBitrate(bps int) error {
	if e.enc == nil {
		return errClosed
	}
	if err := checkBitrate(bps); err != nil {
		return err
	}
	e.bitrate = bps
	return e.enc.SetBitrate(bps)
}

func (e *goEncoder) SetComplexity(c int) error {
	if e.enc == nil {
		return errClosed
	}
	if err := checkComplexity(c); err != nil {
		return err
	}
	e.complexity = c
	return e.enc.SetComplexity(c)
}

func (e *goEncoder) Lookahead() int {
	if e.enc == nil {
		return 0
	}
	return e.enc.Lookahead()
}

func (e *goEncoder) Reset() error {
	if e.enc == nil {
		return errClosed
	}
	// The codec's own Reset leaves some of the old audio in place (v0.1.1).
	return e.renew()
}

func (e *goEncoder) Close() error {
	e.enc = nil
	return nil
}

// goDecoder is nil inside after Close.
type goDecoder struct{ dec *purego.Decoder }

func newGoDecoder(gain int) (Decoder, error) {
	dec, err := purego.NewDecoder(purego.DecoderConfig{
		SampleRate:       audio.SampleRate,
		Channels:         audio.Channels,
		MaxPacketSamples: MaxPacketSamples,
		MaxPacketBytes:   toc.MaxPacketBytes,
	})
	if err != nil {
		return nil, err
	}
	if err := dec.SetGain(gain); err != nil {
		return nil, err
	}
	return &goDecoder{dec}, nil
}

func (d *goDecoder) Decode(dst []float32, packet []byte) (int, error) {
	if d.dec == nil {
		return 0, errClosed
	}
	if err := checkRoom(dst, packet); err != nil {
		return 0, err
	}
	if len(packet) == 0 {
		packet, dst = nil, dst[:len(audio.Block{})]
	}
	n, err := d.dec.Decode(packet, dst)
	if err != nil {
		return 0, corrupt(err)
	}
	return n, nil
}

func (d *goDecoder) Reset() error {
	if d.dec == nil {
		return errClosed
	}
	d.dec.Reset()
	return nil
}

func (d *goDecoder) Close() error {
	d.dec = nil
	return nil
}
