package flac

import (
	"errors"
	"io"
)

// SeekSample makes Read go on at the given sample and returns it. Where damage has
// taken that sample, Read goes on at the next there is.
func (d *Decoder) SeekSample(sample int64) (int64, error) {
	if d.seeker == nil {
		return 0, errors.New("flac: the input cannot seek")
	}
	d.ready, d.used = nil, 0
	if d.Samples > 0 && sample >= d.Samples {
		d.window.finish()
		return sample, nil
	}
	at, err := d.bracket(sample)
	if err != nil {
		return 0, err
	}
	if err := d.window.seek(d.seeker, at.offset); err != nil {
		return 0, err
	}
	for {
		err := d.next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			d.sample = sample // past the end: Read says so
			return sample, nil
		}
		if err != nil {
			return 0, err
		}
		if end := d.sample + int64(d.frame.block); end > sample {
			into := max(sample-d.sample, 0)
			d.used = int(into) * d.Channels
			d.sample += into
			return min(d.sample, sample), nil
		}
	}
}

// near is how close to the wanted frame a search stops and decoding takes over, in bytes.
const near = 64 << 10

// maxSteps bounds a search; each step reads once from the input.
const maxSteps = 32

// bracket returns a frame at or before sample, not far before it if that can be
// had in few steps: from the seek table, then by interpolating between what is known.
func (d *Decoder) bracket(sample int64) (point, error) {
	low := point{0, d.start}
	high := point{d.Samples, d.size}
	for _, p := range d.points {
		p.offset += d.start
		if p.sample <= sample && p.sample > low.sample && (d.size < 0 || p.offset < d.size) {
			low = p
		}
		if p.sample > sample && (high.sample == 0 || p.sample < high.sample) {
			high = p
		}
	}
	for step := range maxSteps {
		if high.offset-low.offset <= near || high.sample <= low.sample {
			break
		}
		ahead := int64(float64(high.offset-low.offset) * float64(sample-low.sample) / float64(high.sample-low.sample))
		if ahead < 2*near {
			break
		}
		if step%4 == 3 { // interpolation does badly where the bit rate varies much
			ahead = (high.offset - low.offset) / 2
		}
		at := low.offset + ahead - near/2
		found, err := d.frameAt(at)
		switch {
		case errors.Is(err, io.EOF):
			high.offset = at
		case err != nil:
			return point{}, err
		case found.sample > sample:
			high = point{found.sample, at}
		case found.sample < low.sample:
			return low, nil // the stream contradicts itself: decode from what was good
		default:
			low = found
		}
	}
	return low, nil
}

// frameAt returns the first frame that begins at or behind offset.
func (d *Decoder) frameAt(offset int64) (point, error) {
	if err := d.window.seek(d.seeker, offset); err != nil {
		return point{}, err
	}
	if err := d.sync(); err != nil {
		return point{}, err
	}
	var h header
	if _, err := h.parse(d.window.bytes(), d.info); err != nil {
		return point{}, err
	}
	return point{h.first, d.window.offset()}, nil
}
