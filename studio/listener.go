package studio

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/track"
)

// listener is one guild's Reader of something shared, or kept. One goroutine reads;
// any may Close.
type listener struct {
	studio  *Studio
	track   track.Track
	bitrate int
	live    bool
	made    bool // its packets are encoded here,
	first   bool // because of this listener

	// For the reading goroutine.
	at     time.Duration // of the next packet
	kept   audio.PacketReader
	reel   *reel
	ending *int  // the tail of the reel's last packet
	seq    int64 // of the next packet in the reel
	skip   int
	began  bool // the first packet was read
	tail   int
	failed error
	wait   waiter
	blocks *decoding // made by ReadBlock

	gone  chan struct{} // closed by Close, and by the end of the context
	cause error         // set before
	stop  func() bool

	mu    sync.Mutex
	over  bool   // gone is closed
	leave func() // gives up the place it has
}

var errClosed = errors.New("the reader is closed")

func (s *Studio) newListener(t track.Track, at time.Duration, bitrate int) *listener {
	s.opts.Metrics.listeners.Inc()
	return &listener{
		studio: s, track: t, at: at, bitrate: bitrate,
		wait: newWaiter(), gone: make(chan struct{}), leave: func() {},
	}
}

// follow closes the listener when ctx ends.
func (l *listener) follow(ctx context.Context) {
	l.stop = context.AfterFunc(ctx, func() { l.quit(ctx.Err()) })
}

// sit takes a place in a reel instead of the one the listener has. It reports false
// when the listener has gone.
func (l *listener) sit(r *reel, seq int64, leave func()) bool {
	l.mu.Lock()
	if l.over {
		l.mu.Unlock()
		leave()
		return false
	}
	before := l.leave
	l.leave = leave
	l.mu.Unlock()
	before()
	l.reel, l.seq = r, seq
	return true
}

// sitIn is sit for a take.
func (l *listener) sitIn(k *take, seq int64) bool {
	l.ending = &k.tail
	if !l.began {
		l.skip = k.skip
	}
	return l.sit(k.reel, seq, func() { l.studio.leave(&k.share) })
}

// Made reports whether the packets are encoded in this process, for all who play the same,
// and whether that was begun for this listener.
func (l *listener) Made() (here, first bool) { return l.made, l.first }

// ReadPacket sets p to the next packet.
func (l *listener) ReadPacket(p *audio.Packet) error {
	if l.failed != nil {
		return l.failed
	}
	for {
		err := l.next(p)
		switch {
		case err == nil:
			l.began = true
			l.at += audio.FrameTime
			l.studio.opts.Metrics.served.Inc()
			return nil
		case errors.Is(err, errAgain):
			continue
		}
		l.failed = err
		return err
	}
}

// errAgain says that the listener may find its packet now.
var errAgain = errors.New("read again")

func (l *listener) next(p *audio.Packet) error {
	select {
	case <-l.gone:
		return l.cause
	default:
	}
	if l.kept != nil {
		return l.nextKept(p)
	}
	err := l.reel.read(l.seq, p, &l.wait)
	switch {
	case err == nil:
		l.wait.urgent = false
		l.seq++
		return nil
	case errors.Is(err, errLater):
		if !l.wait.wait(l.gone) {
			return l.cause
		}
		return errAgain
	case errors.Is(err, errBehind) && l.live:
		l.studio.opts.Metrics.jumps.Inc()
		l.seq = l.reel.newest(liveDelay)
		return errAgain
	case errors.Is(err, errBehind):
		l.studio.opts.Metrics.moves.Inc()
		return l.move()
	case errors.Is(err, io.EOF) && l.ending != nil:
		l.tail = *l.ending
	}
	return err
}

// nextKept reads from the cache; when that breaks, the rest comes from a take.
func (l *listener) nextKept(p *audio.Packet) error {
	err := l.kept.ReadPacket(p)
	switch {
	case err == nil:
		if !l.began {
			l.skip = l.kept.Skip()
		}
		return nil
	case errors.Is(err, io.EOF):
		if e, ok := l.kept.(audio.Ending); ok {
			l.tail = e.Tail()
		}
		return err
	}
	select {
	case <-l.gone:
		return l.cause
	default:
	}
	l.studio.opts.Logger.Warn("a kept encoding does not read", "track", l.track.Address(), "err", err)
	l.kept = nil
	return l.move()
}

// move goes on at the same time of the track in a take that has it.
func (l *listener) move() error {
	k, seq, origin, err := l.studio.enter(context.Background(), l.gone, l.track, l.at, l.bitrate)
	switch {
	case errors.Is(err, errGone):
		return l.cause
	case errors.Is(err, errTaken): // what was PCM has packets now: it is another content
		return errChanged
	case err != nil:
		return err
	case origin != nil: // the same
		_ = origin.Close()
		k.end()
		return errChanged
	case !l.sitIn(k, seq):
		return l.cause
	}
	return errAgain
}

var errChanged = fault.New(fault.Unavailable, "The track changed while it was playing.")

// Skip implements audio.PacketReader.
func (l *listener) Skip() int { return l.skip }

// Tail implements audio.Ending.
func (l *listener) Tail() int {
	if l.blocks != nil {
		return l.blocks.tail
	}
	return l.tail
}

// Close gives up the place and ends a read in progress.
func (l *listener) Close() error {
	l.stop()
	l.quit(errClosed)
	return nil
}

func (l *listener) quit(cause error) {
	l.mu.Lock()
	if l.over {
		l.mu.Unlock()
		return
	}
	l.over, l.cause = true, cause
	close(l.gone)
	if l.blocks != nil {
		_ = l.blocks.decoder.Close()
	}
	l.mu.Unlock()
	l.leave()
	l.studio.opts.Metrics.listeners.Dec()
}
