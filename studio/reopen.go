package studio

import (
	"context"
	"errors"
	"hash/maphash"
	"io"
	"time"

	"busker/audio"
	"busker/internal/fault"
)

const (
	// reopenTries is how often a live stream that has ended is opened anew, within 16 s
	// and the time it takes to answer: about what a station needs to restart.
	reopenTries = 6
	// reopenAfter is the first wait before that; each is twice as long as the one before.
	reopenAfter = 250 * time.Millisecond
	// steadyFrames is how much must have come since for that to be counted from 0 again:
	// 30 s.
	steadyFrames = 30 * audio.FramesPerSecond
	// beginningFrames is how much of a beginning tells it from others: 500 ms.
	beginningFrames = 25
)

// errSignedOff is what a live stream ends with that never goes on for long.
var errSignedOff = fault.New(fault.Unavailable, "The station has stopped sending.")

// reopen opens another origin in the place of one that ended with err. It returns nil when
// the stream can go on; listeners just wait meanwhile.
//
// A server may end a live stream as cleanly as a file whose length it did not tell, which
// we take for a live stream. Only a file begins twice in the same way: that one has ended.
func (m *stream) reopen(ctx context.Context, err error) error {
	if !goesOn(err) {
		return err
	}
	if m.steady >= steadyFrames {
		m.tries = 0
	}
	m.steady = 0
	finished := errors.Is(err, io.EOF)
	for m.tries < reopenTries {
		m.studio.opts.Logger.Info("a live stream ended and is opened again", "track", m.track.Address(), "try", m.tries+1, "err", err)
		wait := reopenAfter << m.tries
		m.tries++
		err = m.replace(ctx, wait, finished)
		switch {
		case err == nil:
			m.studio.opts.Metrics.reopened.Inc()
			return nil
		case errors.Is(err, errSame):
			return io.EOF
		case ctx.Err() != nil, errors.Is(err, errChanged):
			return err
		}
	}
	if errors.Is(err, io.EOF) {
		return errSignedOff
	}
	return err
}

// goesOn reports whether what ended so may be there again soon.
func goesOn(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Timeout, fault.Busy, fault.Corrupt:
		return true
	default:
		return errors.Is(err, io.EOF)
	}
}

// replace waits and opens another origin; finished says that the one before had come to
// an end of its own.
func (m *stream) replace(ctx context.Context, wait time.Duration, finished bool) error {
	if m.origin != nil {
		_ = m.origin.Close() // it has failed already
		m.origin = nil
	}
	if err := m.pace.sleep(ctx, wait); err != nil {
		return err
	}
	origin, err := m.studio.opts.Opener.Open(ctx, m.track, 0)
	if err != nil {
		return err
	}
	m.origin = origin
	if err := m.attach(); err != nil || !finished {
		return err
	}
	return m.compare(ctx)
}

// errSame says that an origin begins as the first did.
var errSame = errors.New("it is the same from the beginning")

// compare reads the beginning of an origin, which nobody hears.
func (m *stream) compare(ctx context.Context) (err error) {
	use := m.desk.use
	defer func() { m.desk.use = use }()
	var b beginning
	m.desk.use = func() error {
		b.add(m)
		return nil
	}
	for err == nil && b.frames < beginningFrames {
		err = m.desk.job(ctx, beginningFrames-b.frames, liveDelay)
	}
	if ctx.Err() == nil && b == m.start {
		return errSame
	}
	return err
}

// beginning is what the first frames of an origin are recognised by.
type beginning struct {
	frames int
	hash   uint64
}

var beginningSeed = maphash.MakeSeed()

// add takes the frame the stream has read.
func (b *beginning) add(m *stream) {
	var h maphash.Hash
	h.SetSeed(beginningSeed)
	maphash.WriteComparable(&h, *b)
	if m.packets != nil {
		_, _ = h.Write(m.packet.Bytes()) // a hash takes everything
	} else {
		maphash.WriteComparable(&h, m.block)
	}
	b.frames, b.hash = b.frames+1, h.Sum64()
}
