package player

import (
	"busker/audio"
	"busker/dsp"
)

// frame is all it takes to send one frame, and to do it once more.
type frame struct {
	segment *segment      // nil = filler: silence that belongs to no track
	packet  *audio.Packet // to be sent as it is; nil = block is to be encoded
	block   *audio.Block  // before volume; nil = silence. With a packet: its sound, if that is known
	gain    dsp.Gain      // as it was before this frame
}

// window holds the newest frames by their number, so that those the Output gives
// back unsent can be encoded again. Frames are numbered from 0 in the order they
// are sent; a number is never used for anything else once it was sent.
//
//	oldest ......... next ......... end
//	  | handed to the | taken from a |
//	  | output        | reader       |
type window struct {
	frames    []frame // number n is at n modulo the length
	next, end int64
	keep      int64 // how many frames before next are held
	low       int64 // the oldest of them
}

// spare is how many frames may come at once on top of those that are kept: a chain that
// plays four times slower makes four of one, and its end some more.
const spare = 16

func newWindow(keep int64) window { return window{frames: make([]frame, keep+spare), keep: keep} }

// at returns frame n, which must not be older than oldest.
func (w *window) at(n int64) *frame { return &w.frames[n%int64(len(w.frames))] }

// oldest returns the number of the oldest frame that is still held.
func (w *window) oldest() int64 { return max(w.low, w.end-int64(len(w.frames))) }

// full reports that no frame can be pushed without losing one that is not sent.
func (w *window) full() bool { return w.end-w.next >= spare/2 }

// advance makes the frame behind the next one the next, and lets the oldest go.
func (w *window) advance() {
	w.next++
	for ; w.low < w.next-w.keep; w.low++ {
		w.recycle(w.low)
	}
}

// push appends f and recycles what it displaces.
func (w *window) push(f frame) {
	w.recycle(w.end)
	*w.at(w.end) = f
	w.end++
}

// rewind goes back by n frames, as far as they and the one before them are held.
func (w *window) rewind(n int64) {
	first := int64(0) // the one frame with none before it
	if w.oldest() > 0 {
		first = w.oldest() + 1
	}
	w.next = max(w.next-n, min(first, w.next))
}

// truncate forgets the frames from number n on; n must not lie before next.
func (w *window) truncate(n int64) {
	for ; w.end > n; w.end-- {
		w.recycle(w.end - 1)
	}
}

// endsInFiller reports whether the newest frame is a filler, or there is none.
func (w *window) endsInFiller() bool { return w.end == 0 || w.at(w.end-1).segment == nil }

// endsInPacket reports whether the newest frame is a packet, which leaves nothing behind in
// an encoder.
func (w *window) endsInPacket() bool { return w.end > 0 && w.at(w.end-1).packet != nil }

func (w *window) recycle(n int64) {
	f := w.at(n)
	if f.block != nil {
		blocks.Put(f.block)
	}
	if f.packet != nil {
		f.packet.Release()
	}
	*f = frame{}
}
