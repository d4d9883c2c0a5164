package dca

import (
	"errors"
	"fmt"
	"io"
	"time"

	"busker/audio"
)

// markSamples lie between two places that are remembered: 5 s. To get from one to the next
// takes a few milliseconds at most.
const markSamples = 5 * audio.SampleRate

// Seek goes on with the packet that holds the given time since the beginning of the sound,
// or with the first one; times below 0 are in what Extra.Skip leaves out.
// Behind the end, ReadPacket returns io.EOF. Without an index it reads its way from the
// last place it knows; an input that cannot seek goes forward only. After a failure the
// Reader stays failed until another Seek.
//
// A decoder has to hear 80 ms before it has converged (RFC 7845 §4.6): to decode, seek that
// much earlier.
func (r *Reader) Seek(at time.Duration) error {
	target := max(0, int64(r.meta.Extra.Skip)+audio.DurationSamples(at))
	if err := r.seek(target); err != nil {
		if !errors.Is(err, errBackward) {
			r.err = err
		}
		return fmt.Errorf("seek to %v: %w", at, err)
	}
	return nil
}

var errBackward = fmt.Errorf("input is not seekable: %w", errors.ErrUnsupported)

func (r *Reader) seek(target int64) error {
	from := r.before(target)
	ahead := r.sample <= target
	switch {
	case ahead && r.err == nil && (from.sample <= r.sample || r.seeker == nil):
	case ahead && r.seeker == nil && isEnd(r.err):
		return nil
	case r.seeker == nil:
		return errBackward
	default:
		if err := r.jump(from); err != nil {
			return err
		}
	}
	return r.walk(target)
}

// before returns the last known place at or before target.
func (r *Reader) before(target int64) (best mark) {
	for _, m := range r.marks {
		if m.sample > target {
			break
		}
		best = m
	}
	return best
}

func (r *Reader) jump(to mark) error {
	if _, err := r.seeker.Seek(r.start+to.offset, io.SeekStart); err != nil {
		return err
	}
	r.buf.Reset(r.src)
	r.held, r.sample, r.offset, r.err = 0, to.sample, to.offset, nil
	return nil
}

// walk reads on to the packet that holds target. An end on the way is left to ReadPacket.
func (r *Reader) walk(target int64) error {
	for {
		r.remember()
		p, err := r.peek()
		if isEnd(err) {
			r.err = err
			return nil
		}
		if err != nil {
			return err
		}
		n := samples(p)
		if r.sample+n > target {
			return nil
		}
		r.take(p, n)
	}
}

func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// remember notes where the next packet begins, if no place near it is known.
func (r *Reader) remember() {
	if r.seeker == nil {
		return
	}
	var last mark
	if n := len(r.marks); n > 0 {
		last = r.marks[n-1]
	}
	if r.sample >= last.sample+markSamples {
		r.marks = append(r.marks, mark{r.sample, r.offset})
	}
}
