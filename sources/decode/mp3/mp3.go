// Package mp3 decodes MPEG-1 and MPEG-2 audio, layer III and where the codec knows
// them layers I and II, to interleaved stereo floats.
//
// The package itself finds the frames, the length, the encoder's padding and the
// way to any sample; only the samples of one frame come from a codec: libmpg123 in
// builds with cgo, go-mp3 in those without (or with the build tag nompg123). It
// starts no goroutines.
package mp3

import (
	"errors"
	"fmt"
	"io"
)

// Errors of NewDecoder. ErrUnsupported means MPEG audio this build cannot decode.
var (
	ErrFormat      = errors.New("mp3: no MPEG audio found")
	ErrUnsupported = errors.New("mp3: unsupported MPEG audio")
)

// Channels is how many every Decoder puts out: mono comes as two equal ones.
const Channels = 2

// codecDelay is the delay of every layer III decoder in samples: 528 of the filter
// bank and one more. The delay a LAME tag names is the encoder's alone.
const codecDelay = 529

// Options of a Decoder.
type Options struct {
	Size int64 // of the input in bytes, -1 when unknown
	// Guess makes SeekSample estimate where a sample lies instead of walking there
	// frame by frame, which reads everything in between.
	Guess bool
	// Endless says not to believe where the stream says it ends.
	Endless bool
}

// Decoder reads one stream. One goroutine uses it at a time.
type Decoder struct {
	// Samples per channel, after trimming; 0 when unknown. Exact says whether the
	// file states it or it is estimated from the bit rate.
	Samples int64
	Exact   bool
	Layer   int

	opts    Options
	frames  framer
	codec   codec
	seeker  io.Seeker
	head    header // of the first frame with audio
	tag     tag
	start   int64 // of the first frame with audio, in bytes
	rate    int
	pending []float32
	pcm     [maxFrameSamples * Channels]float32
	index   int64 // number of the next frame
	skip    int64 // samples to drop before the next that is wanted
	left    int64 // samples to go, -1 when the file does not say
}

// codec decodes one whole frame at a time.
type codec interface {
	// decode writes the stereo samples of frame to dst and returns the number of
	// values; a frame it cannot use yields none.
	decode(dst []float32, frame []byte) (int, error)
	reset() error // forgets everything heard
	close()
}

// NewDecoder reads up to the first frame with audio; Close frees the codec. If r
// is an io.Seeker, SeekSample works.
func NewDecoder(r io.Reader, opts Options) (*Decoder, error) {
	d := &Decoder{opts: opts, frames: newFramer(r, 0), left: -1}
	d.seeker, _ = r.(io.Seeker)
	h, frame, err := d.frames.peek()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if parsed, ok := parseTag(frame, h); ok {
		d.tag = parsed
		d.frames.next()
		if h, _, err = d.frames.peek(); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
	}
	d.head, d.rate, d.Layer, d.start = h, h.rate, h.layer, d.frames.pos
	if d.codec, err = newCodec(h); err != nil {
		return nil, err
	}
	d.measure()
	d.from(0)
	return d, nil
}

// measure finds the length.
func (d *Decoder) measure() {
	per := int64(d.head.samples)
	switch bytes := d.opts.Size - d.start; {
	case d.tag.frames > 0:
		d.Samples, d.Exact = d.tag.frames*per-d.tag.delay-d.tag.padding, true
	case d.opts.Size >= 0 && d.head.size > 0:
		d.Samples = int64(float64(bytes) * 8 * float64(d.head.rate) / float64(d.head.bitrate))
	}
	d.Samples = max(d.Samples, 0)
}

// Rate returns the sample rate of what the last Read returned, in hertz.
func (d *Decoder) Rate() int { return d.rate }

// Gain returns the ReplayGain of the track in dB, if its encoder measured it.
func (d *Decoder) Gain() (db float64, known bool) { return d.tag.gain, d.tag.gained }

// Read decodes into dst, whole pairs of left and right, and returns the number of
// values. Damage is left out. io.EOF follows the last frame, io.ErrUnexpectedEOF
// one that is cut off.
func (d *Decoder) Read(dst []float32) (int, error) {
	for len(d.pending) == 0 {
		if d.left == 0 {
			return 0, io.EOF
		}
		if err := d.next(); err != nil {
			return 0, err
		}
	}
	n := copy(dst[:len(dst)/Channels*Channels], d.pending)
	d.pending = d.pending[n:]
	return n, nil
}

// next decodes a frame and keeps what of it is to be heard.
func (d *Decoder) next() error {
	h, frame, err := d.frames.peek()
	if err != nil {
		return err
	}
	if h.rate != d.rate {
		d.rate, d.left = h.rate, -1 // another file was appended to this one
		if err := d.codec.reset(); err != nil {
			return err
		}
	}
	n, err := d.codec.decode(d.pcm[:], frame)
	if err != nil {
		return err
	}
	d.frames.next()
	d.index++
	whole := h.samples * Channels
	if n < whole { // the codec lacked what an earlier frame holds: keep the time
		copy(d.pcm[whole-n:whole], d.pcm[:n])
		clear(d.pcm[:whole-n])
	}
	drop := min(d.skip, int64(h.samples))
	d.skip -= drop
	d.pending = d.pcm[drop*Channels : whole]
	if d.left >= 0 {
		keep := min(d.left, int64(h.samples)-drop)
		d.left -= keep
		d.pending = d.pending[:keep*Channels]
	}
	return nil
}

// from makes the given sample of the trimmed stream the next to be read, while the
// next frame is the one with number d.index.
func (d *Decoder) from(sample int64) {
	lead := int64(0)
	if d.tag.trims {
		lead = d.tag.delay + codecDelay
	}
	d.pending = nil
	d.skip = max(sample+lead-d.index*int64(d.head.samples), 0)
	d.left = -1
	if d.tag.trims && d.tag.frames > 0 && !d.opts.Endless {
		d.left = max(d.Samples-sample, 0)
	}
}

// Close frees the codec.
func (d *Decoder) Close() error {
	d.codec.close()
	return nil
}
