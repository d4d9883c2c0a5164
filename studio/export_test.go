package studio

import (
	"context"

	"busker/audio"
)

// InTime is inTime.
var InTime = inTime

// Reel is a reel for tests.
type Reel struct{ *reel }

// NewReel is newReel.
func NewReel(bitrate int) Reel { return Reel{newReel(bitrate)} }

// Append is append.
func (r Reel) Append(p []byte) { r.append(p) }

// Read is read, by a reader who does not wait; ok = the packet is kept.
func (r Reel) Read(seq int64, p *audio.Packet) (ok bool) {
	w := newWaiter()
	return r.read(seq, p, &w) == nil
}

// Kept returns which packets are kept.
func (r Reel) Kept() (first, end int64) { return r.first, r.end }

// Bytes returns the room for packets.
func (r Reel) Bytes() int { return len(r.bytes) }

// Await is await.
func (r Reel) Await(ctx context.Context) error {
	_, err := r.await(ctx)
	return err
}

// Window is a window for tests.
type Window struct{ window }

// Begin is begin.
func (w *Window) Begin() { w.begin() }

// Pause is pause.
func (w *Window) Pause() { w.pause() }

// Append appends a block that begins with its number.
func (w *Window) Append(n int64) { w.append(&audio.Block{float32(n)}) }

// Read returns what the block says that is read by a reader who does not wait; -1 = none.
func (w *Window) Read(seq int64) int64 {
	var b audio.Block
	who := newWaiter()
	if _, err := w.read(seq, &b, &who); err != nil {
		return -1
	}
	return int64(b[0])
}
