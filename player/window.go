package player

import (
	"sync"
	"time"

	"busker/audio"
)

// frame is one packet as it is sent, and what it is of.
type frame struct {
	packet  *audio.Packet // never changed; what is sent are copies
	segment *segment      // whose sound it is; nil = filler, which belongs to no track
	fresh   bool          // what lies before it need not have been heard to decode it
	cut     bool          // what lies before it is not what listeners heard before
}

// window holds the newest packets by their number, so that those the Output gives
// back unsent can be sent again. Frames are numbered from 0 in the order they are
// sent; a number is never used for anything else once it was sent.
//
//	oldest ......... next ......... end
//	  | handed to the | made, and    |
//	  | output        | still here   |
type window struct {
	frames    []frame // number n is at n modulo the length
	next, end int64
	marks     marks
}

func newWindow(size int64) window {
	return window{frames: make([]frame, size), marks: marks{all: make([]mark, size)}}
}

// at returns frame n, which must not be older than oldest.
func (w *window) at(n int64) *frame { return &w.frames[n%int64(len(w.frames))] }

// oldest returns the number of the oldest frame that is still held.
func (w *window) oldest() int64 { return max(0, w.end-int64(len(w.frames))) }

// push appends f, which ends at a time of the segment m names, and recycles what it
// displaces.
func (w *window) push(f frame, m mark) {
	w.recycle(w.end)
	*w.at(w.end) = f
	w.marks.set(w.end, m)
	w.end++
}

// rewind goes back by n frames, as far as they are held.
func (w *window) rewind(n int64) { w.next = max(w.next-n, min(w.oldest(), w.next)) }

// truncate forgets the frames from number n on; n must not lie before next.
func (w *window) truncate(n int64) {
	for ; w.end > n; w.end-- {
		w.recycle(w.end - 1)
	}
}

// clear forgets the packets of all frames, and which segments they are of.
func (w *window) clear() {
	for i := range w.frames {
		w.recycle(int64(i))
	}
	w.marks.clear()
}

// endsInFiller reports whether the newest frame is a filler, or there is none.
func (w *window) endsInFiller() bool { return w.end == 0 || w.at(w.end-1).segment == nil }

func (w *window) recycle(n int64) {
	f := w.at(n)
	if f.packet != nil {
		f.packet.Release()
	}
	*f = frame{}
}

// mark says where in its track a frame ends. A filler has the mark of what it follows.
type mark struct {
	segment *segment
	at      time.Duration
}

// marks are the marks of the frames in a window, for any goroutine to look at.
type marks struct {
	mu  sync.Mutex
	all []mark
}

func (m *marks) set(n int64, to mark) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.all[n%int64(len(m.all))] = to
}

func (m *marks) get(n int64) mark {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all[n%int64(len(m.all))]
}

func (m *marks) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.all)
}
