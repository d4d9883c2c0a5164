package mp3

import (
	"errors"
	"io"
)

// reservoir is how far back a layer III frame may refer, in bytes (main_data_begin
// has nine bits); one frame more lets the filter bank swing in.
const reservoir = 511

// SeekSample makes Read go on at the given sample of the trimmed stream, or near
// it where Options.Guess was set, and returns it.
func (d *Decoder) SeekSample(sample int64) (int64, error) {
	if d.seeker == nil {
		return 0, errors.New("mp3: the input cannot seek")
	}
	lead := int64(0)
	if d.tag.trims {
		lead = d.tag.delay + codecDelay
	}
	frame := (sample + lead) / int64(d.head.samples)
	at := place{0, d.start}
	if d.opts.Guess {
		at = d.guess(max(frame-guessLead, 0))
	}
	at, err := d.walk(at, frame)
	if err != nil {
		return 0, err
	}
	if err := d.goTo(at.offset); err != nil {
		return 0, err
	}
	if err := d.codec.reset(); err != nil {
		return 0, err
	}
	d.index = at.frame
	d.from(sample)
	return sample, nil
}

// guessLead is how many frames before its goal a guess aims: the reservoir fits
// into them at all but the lowest bit rates.
const guessLead = 10

// place is where a frame begins.
type place struct{ frame, offset int64 }

// guess returns about where a frame lies.
func (d *Decoder) guess(frame int64) place {
	total := d.Samples / int64(d.head.samples)
	length := d.tag.bytes
	if length == 0 {
		length = d.opts.Size - d.start
	}
	if frame == 0 || total <= 0 || length <= 0 || frame >= total {
		return place{0, d.start}
	}
	part := float64(frame) / float64(total)
	if d.tag.toc != nil && d.tag.frames > 0 { // 100 points of 1/256 of the bytes
		i := min(int(part*100), 99)
		low, high := float64(d.tag.toc[i]), 256.0
		if i < 99 {
			high = float64(d.tag.toc[i+1])
		}
		part = (low + (high-low)*(part*100-float64(i))) / 256
	}
	return place{frame, d.start + int64(part*float64(length))}
}

// walk goes from frame to frame and returns the place to start decoding from so
// that the wanted frame is whole.
func (d *Decoder) walk(at place, want int64) (place, error) {
	if err := d.goTo(at.offset); err != nil {
		return place{}, err
	}
	var trail [64]place // the frames behind, in a ring
	n := 0
	for index := at.frame; ; index++ {
		_, _, err := d.frames.peek()
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended {
			return place{}, err
		}
		here := place{index, d.frames.pos}
		if index >= want || ended {
			back := here
			for i := 1; i <= min(n, len(trail)); i++ {
				back = trail[(n-i)%len(trail)]
				if here.offset-back.offset > reservoir+maxFrameBytes {
					break
				}
			}
			return back, nil
		}
		trail[n%len(trail)] = here
		n++
		d.frames.next()
	}
}

func (d *Decoder) goTo(offset int64) error {
	if _, err := d.seeker.Seek(offset, io.SeekStart); err != nil {
		return err
	}
	d.frames.reset(d.seeker.(io.Reader), offset)
	return nil
}
