package web

import (
	"context"
	"errors"
	"io"
	"sync"

	"busker/sources/decode"
)

// origin is what is read ahead of.
type origin interface {
	io.ReadSeekCloser
	// from returns the same content, read from pos on, in place of the origin, which
	// is closed.
	from(pos int64) origin
}

// ahead reads an origin before anybody asks for it, so that a decoder seldom waits and
// nothing is heard of a network that falters for seconds. Its goroutine begins with the
// first Read after begin and ends with Close. What it holds is bounded: when that is
// full the server waits, until half of it is used up.
//
// One goroutine uses it at a time; Close may come from another.
type ahead struct {
	limit int   // bytes
	size  int64 // of the content, -1 when unknown

	mu     sync.Mutex
	moved  sync.Cond // any of the fields below changed
	origin origin
	begun  bool
	ring   []byte // its bytes from, from+1, … (mod its length) are yet to be read
	first  int
	have   int
	full   bool // nothing is fetched until half of ring is used up
	pos    int64
	drop   int64         // bytes to leave out before the next that is read
	err    error         // what follows the bytes in ring
	halt   bool          // the goroutine is to end
	ended  chan struct{} // closed when it has; nil while there is none
	closed bool
}

const (
	// ringBytes is what a ring begins with.
	ringBytes = 16 << 10
	// pieceBytes is the most that is fetched at a time.
	pieceBytes = 16 << 10
)

func newAhead(o origin, limit int, size int64) *ahead {
	a := &ahead{origin: o, limit: limit, size: size}
	a.moved.L = &a.mu
	return a
}

// input is the content as a decoder takes it.
func (a *ahead) input(like decode.Input) decode.Input {
	if _, ok := like.Reader.(io.Seeker); ok {
		like.Reader = a
	} else {
		like.Reader = struct{ io.ReadCloser }{a} // hides Seek
	}
	return like
}

// begin has everything from the next Read on fetched ahead. Before, when headers and
// indexes are looked for all over a file, that would be for nothing.
func (a *ahead) begin() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begun = a.limit > 0
}

// Read implements io.Reader.
func (a *ahead) Read(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return 0, context.Canceled
	case !a.begun:
		return a.direct(p)
	case a.ended == nil:
		a.start()
	}
	for {
		a.leaveOut()
		switch {
		case a.closed:
			return 0, context.Canceled
		case a.have > 0:
			return a.take(p), nil
		case a.err != nil:
			return 0, a.err
		case len(p) == 0:
			return 0, nil
		}
		a.moved.Wait()
	}
}

// direct reads without fetching anything ahead. It gives up mu meanwhile: Close ends
// the read.
func (a *ahead) direct(p []byte) (int, error) {
	o := a.origin
	a.mu.Unlock()
	n, err := o.Read(p)
	a.mu.Lock()
	a.pos += int64(n)
	return n, err
}

// take moves bytes out of the ring.
func (a *ahead) take(p []byte) int {
	n := copy(p, a.ring[a.first:min(a.first+a.have, len(a.ring))])
	a.used(n)
	return n
}

func (a *ahead) used(n int) {
	a.first = (a.first + n) % len(a.ring)
	a.have -= n
	a.pos += int64(n)
	if a.full && a.have <= a.limit/2 {
		a.full = false
		a.moved.Broadcast()
	}
}

// leaveOut drops what a Seek stepped over, as far as it is here.
func (a *ahead) leaveOut() {
	if n := int(min(a.drop, int64(a.have))); n > 0 {
		a.drop -= int64(n)
		a.used(n)
		a.pos -= int64(n) // it was moved on by Seek
	}
}

// start starts the goroutine.
func (a *ahead) start() {
	ended := make(chan struct{})
	a.ended, a.halt, a.err = ended, false, nil
	a.first, a.have, a.full, a.drop = 0, 0, false, 0
	o := a.origin
	go func() {
		defer close(ended)
		a.fetch(o)
	}()
}

// fetch fills the ring until the content ends.
func (a *ahead) fetch(o origin) {
	for {
		piece := a.room()
		if piece == nil {
			return
		}
		n, err := o.Read(piece)
		a.mu.Lock()
		a.have += n
		a.full = a.have >= a.limit
		a.err = err
		a.moved.Broadcast()
		a.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// room waits for a place to fetch to; nil asks to end.
func (a *ahead) room() []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.full && !a.halt {
		a.moved.Wait()
	}
	if a.halt {
		return nil
	}
	if a.have == len(a.ring) {
		a.grow()
	}
	if a.have == 0 {
		a.first = 0 // whoever reads gets all of it at once
	}
	from := (a.first + a.have) % len(a.ring)
	to := len(a.ring)
	if from < a.first {
		to = a.first
	}
	return a.ring[from:min(to, from+pieceBytes)]
}

// grow makes the ring twice as large.
func (a *ahead) grow() {
	ring := make([]byte, min(max(2*len(a.ring), ringBytes), a.limit))
	n := copy(ring, a.ring[a.first:])
	copy(ring[n:], a.ring[:a.first])
	a.ring, a.first = ring, 0
}

// Seek implements io.Seeker. It makes no request; what comes next does.
func (a *ahead) Seek(offset int64, whence int) (int64, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch whence {
	case io.SeekCurrent:
		offset += a.pos
	case io.SeekEnd:
		offset += a.size
	}
	switch {
	case a.closed:
		return 0, context.Canceled
	case offset < 0:
		return 0, errors.New("seek before the beginning")
	case a.ended == nil:
		if _, err := a.origin.Seek(offset, io.SeekStart); err != nil {
			return 0, err
		}
	case offset >= a.pos && offset-a.pos+a.drop <= int64(a.have)+near:
		a.drop += offset - a.pos
	default:
		a.turn(offset)
	}
	a.pos = offset
	return offset, nil
}

// turn ends the goroutine; the next Read starts another at pos.
func (a *ahead) turn(pos int64) {
	o := a.stop()
	if !a.closed {
		a.origin = o.from(pos)
	}
	a.ended = nil
}

// stop closes the origin and waits for the goroutine, giving up mu meanwhile.
func (a *ahead) stop() origin {
	o, ended := a.origin, a.ended
	a.halt = true
	a.moved.Broadcast()
	a.mu.Unlock()
	_ = o.Close() // it never has anything to tell
	if ended != nil {
		<-ended
	}
	a.mu.Lock()
	return o
}

// Close ends a Read in progress and the goroutine.
func (a *ahead) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.stop()
	return nil
}
