// Package opus turns 20 ms blocks of PCM into Opus packets and packets into PCM.
//
// It holds several implementations of the codec behind one pair of interfaces:
// "libopus", Xiph's C library; "gopus", the same codec in pure Go at about half the
// speed, for builds without cgo; "layeh", an old libopus that can be built in instead of
// the system's; and "ffmpeg", a child process, which encodes whole streams only. It
// knows neither containers nor the network, and always works at 48 kHz stereo; only an
// encoder of "ffmpeg" has goroutines, which end with its Close. The build tag nolibopus
// leaves the C library out of a build that has cgo, layeh puts "layeh" in its place.
package opus

import (
	"fmt"
	"strings"

	"busker/audio"
	"busker/internal/fault"
)

const (
	// DefaultBitrate is in bits per second: transparent enough for music, and
	// what every Discord voice channel allows.
	DefaultBitrate = 96000
	// DefaultComplexity is the last step that still changes what is heard; 8 to
	// 10 cost 1.6 times as much.
	DefaultComplexity = 5
	// MinBitrate is the least SetBitrate takes, in bits per second (RFC 6716 §2.1.1).
	MinBitrate = 6000
	// MaxBitrate is the most SetBitrate takes, in bits per second.
	MaxBitrate = 510000
	// MaxComplexity is the most work the encoder may be asked for.
	MaxComplexity = 10
	// MaxPacketSamples is the most one packet can hold, in samples per channel:
	// 120 ms (RFC 6716 §3.2.5). A Decode into twice as many floats always fits.
	MaxPacketSamples = 5760
)

// Encoder makes one packet out of each block. One goroutine uses it at a time;
// consecutive blocks must be consecutive audio, or Reset lies between them. Blocks may
// hold anything: samples that are no numbers are encoded as silence, and those beyond
// ±8 as ±8.
type Encoder interface {
	// Encode writes the packet for pcm to dst and returns its length. A dst of
	// audio.MaxPacketBytes always fits; a shorter one lowers the quality or fails.
	Encode(dst []byte, pcm *audio.Block) (n int, err error)
	// SetBitrate takes effect with the next block; bps lies in MinBitrate..MaxBitrate.
	SetBitrate(bps int) error
	// SetComplexity takes effect with the next block; c lies in 0..MaxComplexity. Where
	// Properties.Complexity is false it changes nothing.
	SetComplexity(c int) error
	// Lookahead is the delay of the codec in samples per channel: a decoder's
	// output sample Lookahead is the first sample that was encoded. It is the
	// pre-skip of a container.
	Lookahead() int
	// Reset forgets all audio and keeps the settings.
	Reset() error
	// Close frees the codec; every later call fails. It may be called twice.
	Close() error
}

// Decoder makes PCM out of packets. One goroutine uses it at a time.
type Decoder interface {
	// Decode writes the packet's audio to dst, left and right interleaved, and
	// returns the number of samples per channel. An empty packet stands for a
	// lost one: 20 ms are made up in its place. A damaged packet is a
	// fault.Corrupt, after which decoding may go on with the next.
	Decode(dst []float32, packet []byte) (samples int, err error)
	// Reset forgets all audio and keeps the settings.
	Reset() error
	// Close frees the codec; every later call fails. It may be called twice.
	Close() error
}

// EncoderOptions describe an encoder. All use constrained VBR and the audio
// (not voice) profile.
type EncoderOptions struct {
	Backend    string // one of Backends or StreamBackends; "" is DefaultBackend
	Bitrate    int    // bits per second; 0 is DefaultBitrate
	Complexity int    // 1..MaxComplexity; 0 is DefaultComplexity (SetComplexity takes a true 0)
	// Delayed takes an encoder too that gives packets later than it was given blocks, a
	// Flusher: good for making files, useless for playing. Else such a Backend is refused.
	Delayed bool
}

// DecoderOptions describe a decoder.
type DecoderOptions struct {
	Backend string // one of Backends; "" is DefaultBackend
	Gain    int    // applied to the output, in 1/256 dB (the output gain of RFC 7845 §5.1)
}

// backend is one implementation of the codec. Its constructors return codecs
// whose settings NewEncoder and NewDecoder have yet to make.
type backend struct {
	Properties
	newEncoder func() (Encoder, error)
	newDecoder func(gain int) (Decoder, error) // nil = it has none
}

// NewEncoder returns an encoder the caller must Close.
func NewEncoder(opts EncoderOptions) (Encoder, error) {
	b, err := backendNamed(opts.Backend)
	if err != nil {
		return nil, err
	}
	if !b.Prompt && !opts.Delayed {
		return nil, fault.Newf(fault.Unsupported, "Opus backend %q encodes whole files only; to play, choose one of these: %s.", b.Name, strings.Join(Backends(), ", "))
	}
	e, err := b.newEncoder()
	if err != nil {
		return nil, fmt.Errorf("make %s encoder: %w", b.Name, err)
	}
	if err := configure(e, opts); err != nil {
		_ = e.Close()
		return nil, err
	}
	return e, nil
}

func configure(e Encoder, opts EncoderOptions) error {
	if err := e.SetBitrate(orDefault(opts.Bitrate, DefaultBitrate)); err != nil {
		return err
	}
	return e.SetComplexity(orDefault(opts.Complexity, DefaultComplexity))
}

// NewDecoder returns a decoder the caller must Close.
func NewDecoder(opts DecoderOptions) (Decoder, error) {
	b, err := backendNamed(opts.Backend)
	if err != nil {
		return nil, err
	}
	if opts.Gain < -32768 || opts.Gain > 32767 {
		return nil, fault.Newf(fault.Invalid, "Opus gain %d is outside -32768..32767.", opts.Gain)
	}
	if b.newDecoder == nil {
		return nil, fault.Newf(fault.Unsupported, "Opus backend %q decodes no packets; choose one of these: %s.", b.Name, strings.Join(Backends(), ", "))
	}
	d, err := b.newDecoder(opts.Gain)
	if err != nil {
		return nil, fmt.Errorf("make %s decoder: %w", b.Name, err)
	}
	return d, nil
}

func orDefault(v, zero int) int {
	if v == 0 {
		return zero
	}
	return v
}

func checkBitrate(bps int) error {
	if bps < MinBitrate || bps > MaxBitrate {
		return fault.Newf(fault.Invalid, "Opus bitrate %d is outside %d..%d.", bps, MinBitrate, MaxBitrate)
	}
	return nil
}

func checkComplexity(c int) error {
	if c < 0 || c > MaxComplexity {
		return fault.Newf(fault.Invalid, "Opus complexity %d is outside 0..%d.", c, MaxComplexity)
	}
	return nil
}
