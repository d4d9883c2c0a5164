package studio

import (
	"sync"

	"busker/audio"
)

// windowBlocks is how many blocks of a live stream's sound are kept: 480 ms, 180 KiB.
const windowBlocks = 24

// window is the newest blocks of a live stream, numbered from 0. One goroutine appends,
// any number reads.
type window struct {
	mu         sync.Mutex // held for the copying of one block at most
	blocks     []audio.Block
	first, end int64
	open       bool  // blocks follow one another without a gap, from first on
	err        error // what follows the last block
	crowd      crowd
}

// begin forgets what is kept and lets readers in.
func (w *window) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.blocks == nil {
		w.blocks = make([]audio.Block, windowBlocks)
	}
	w.first, w.open = w.end, true
}

// pause has new readers wait until begin.
func (w *window) pause() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = false
}

func (w *window) append(b *audio.Block) {
	w.mu.Lock()
	w.blocks[w.end%windowBlocks] = *b
	w.end++
	w.first = max(w.first, w.end-windowBlocks)
	called := w.crowd.take(false)
	w.mu.Unlock()
	ring(called)
}

func (w *window) finish(err error) {
	w.mu.Lock()
	w.err = err
	called := w.crowd.take(true)
	w.mu.Unlock()
	ring(called)
}

// read copies block seq; a negative one stands for the newest, so far behind it. It
// returns the number of the block it copied.
func (w *window) read(seq int64, b *audio.Block, who *waiter) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if seq < 0 && w.open {
		seq = max(w.first, w.end+seq)
	}
	switch {
	case seq >= 0 && seq < w.first:
		return seq, errBehind
	case seq >= 0 && seq < w.end:
		*b = w.blocks[seq%windowBlocks]
		return seq, nil
	case w.err != nil:
		return seq, w.err
	}
	w.crowd.join(who)
	return seq, errLater
}
