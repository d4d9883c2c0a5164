package player

import (
	"context"
	"sync"

	"busker/audio"
)

// readAhead is how many frames a reader may be ahead of the pump: nearly as much again
// as the ring of an Output holds, which bridges the opening of the next track.
const readAhead = 8

// piece is one frame as its reader gave it: one of the two is not nil.
type piece struct {
	packet *audio.Packet
	block  *audio.Block
}

func (p piece) release() {
	if p.packet != nil {
		p.packet.Release()
	}
	if p.block != nil {
		blocks.Put(p.block)
	}
}

// reel carries the frames of one track from the goroutine that reads it to the pump.
// The reader works in jobs: it waits until half of the reel is empty, and fills it.
type reel struct {
	more chan struct{} // size 1: something was put, or it is over
	room chan struct{} // size 1: half of it is empty

	mu     sync.Mutex // guards the rest
	pieces [readAhead]piece
	head   int
	count  int
	over   bool
	end    ending
}

// ending is what is known of a track once it is over.
type ending struct {
	err  error // why reading ended, nil at the track's end
	tail int   // samples of padding at the end of the last frame
}

func newReel() *reel {
	return &reel{more: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// await waits until half of the reel is empty and returns how many pieces fit.
func (r *reel) await(ctx context.Context) (int, error) {
	for {
		if n := r.len(); n <= readAhead/2 {
			return readAhead - n, ctx.Err()
		}
		select {
		case <-r.room:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// put adds p, for which await has found room.
func (r *reel) put(p piece) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		p.release()
		return
	}
	r.pieces[(r.head+r.count)%readAhead] = p
	r.count++
	wake(r.more)
}

// finish says that nothing more comes. Only the first one counts.
func (r *reel) finish(e ending) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.over {
		r.over, r.end = true, e
		wake(r.more)
	}
}

// ending returns how the track ended, zero while it is not over.
func (r *reel) ending() ending {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.end
}

// take removes the oldest piece, if there is one.
func (r *reel) take() (p piece, ok bool) {
	r.mu.Lock()
	if ok = r.count > 0; ok {
		p, r.pieces[r.head] = r.pieces[r.head], piece{}
		r.head = (r.head + 1) % readAhead
		r.count--
	}
	half := r.count == readAhead/2
	r.mu.Unlock()
	if ok && half {
		wake(r.room)
	}
	return p, ok
}

// left returns how many pieces are there, and whether they are the last.
func (r *reel) left() (count int, over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count, r.over
}

func (r *reel) len() int {
	n, _ := r.left()
	return n
}

// wake leaves a token in a channel of size 1.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
