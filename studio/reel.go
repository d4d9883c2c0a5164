package studio

import (
	"context"
	"errors"
	"sync"

	"busker/audio"
)

const (
	// reelFrames is how many packets a reel keeps at most: 2.56 s.
	reelFrames = 128
	// ahead is how many frames a take is made ahead of its fastest listener; when half
	// of them are left, it goes on.
	ahead = 16
	// jobFrames is how many frames are made in one turn.
	jobFrames = 8

	// A reel's packets share a ring of bytes that holds reelFrames of them on average.
	// In the least and the most favourable case it still keeps 51.
	leastReelBytes = 24 << 10
	mostReelBytes  = 64 << 10
)

var (
	errBehind = errors.New("no longer kept")
	errLater  = errors.New("not there yet")
)

// reel is the newest packets of something, numbered from 0. One goroutine appends, any
// number reads.
type reel struct {
	more chan struct{} // holds one: the producer is to go on

	mu         sync.Mutex // held for the copying of one packet at most
	slots      [reelFrames]slot
	bytes      []byte
	head       int   // in bytes: where the next packet goes
	first, end int64 // the packets kept
	lead       int64 // the number the fastest reader wants next
	idle       bool  // the producer waits for readers to come closer
	err        error // what follows the last packet: io.EOF, or why there are no more
	crowd      crowd
}

// slot is where packet n of a reel lies, for all n that are equal modulo reelFrames.
type slot struct{ at, size int32 }

func newReel(bitrate int) *reel {
	perFrame := bitrate / (8 * audio.FramesPerSecond)
	size := min(max(reelFrames*perFrame*9/8, leastReelBytes), mostReelBytes)
	return &reel{more: make(chan struct{}, 1), bytes: make([]byte, size)}
}

// append adds a packet and forgets what there is no more room for.
func (r *reel) append(packet []byte) {
	r.mu.Lock()
	r.place(len(packet))
	copy(r.bytes[r.head:], packet)
	r.slots[r.end%reelFrames] = slot{int32(r.head), int32(len(packet))}
	r.head += len(packet)
	r.end++
	called := r.crowd.take(r.end == 1)
	r.mu.Unlock()
	ring(called)
}

// place makes room for n bytes at head. The oldest packets lie right behind it.
func (r *reel) place(n int) {
	if r.end-r.first == reelFrames {
		r.first++
	}
	if r.head+n > len(r.bytes) {
		for r.first < r.end && int(r.oldest().at) >= r.head {
			r.first++
		}
		r.head = 0
	}
	for r.first < r.end && int(r.oldest().at) >= r.head && int(r.oldest().at) < r.head+n {
		r.first++
	}
}

func (r *reel) oldest() slot { return r.slots[r.first%reelFrames] }

// finish says what follows the last packet.
func (r *reel) finish(err error) {
	r.mu.Lock()
	r.err = err
	called := r.crowd.take(true)
	r.mu.Unlock()
	ring(called)
}

// read copies packet seq. Where it is not there yet, w will be rung.
func (r *reel) read(seq int64, p *audio.Packet, w *waiter) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case seq < r.first:
		return errBehind
	case seq < r.end:
		p.Set(r.packet(seq))
		r.want(seq + 1)
		return nil
	case r.err != nil:
		return r.err
	}
	r.want(seq)
	r.crowd.join(w)
	return errLater
}

// want says what a reader wants next, which may wake the producer.
func (r *reel) want(seq int64) {
	r.lead = max(r.lead, seq)
	if r.idle && r.end-r.lead <= ahead/2 {
		r.idle = false
		select {
		case r.more <- struct{}{}:
		default:
		}
	}
}

// packet returns packet seq, which is kept. The producer needs no lock for that.
func (r *reel) packet(seq int64) []byte {
	s := r.slots[seq%reelFrames]
	return r.bytes[s.at : s.at+s.size]
}

// await waits until the fastest reader needs more, and returns how many frames it has
// left.
func (r *reel) await(ctx context.Context) (left int64, err error) {
	for {
		r.mu.Lock()
		left = r.end - r.lead
		r.idle = left > ahead/2
		idle := r.idle
		r.mu.Unlock()
		if !idle {
			return left, ctx.Err()
		}
		select {
		case <-r.more:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// joinable reports whether a reader that begins at packet seq can be served. What is
// about to be forgotten is left out.
func (r *reel) joinable(seq int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return seq <= r.end && (seq >= r.first+ahead || seq >= 0 && r.first == 0)
}

// newest returns the number of a packet so far behind the newest, or of the first.
func (r *reel) newest(behind int64) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return max(r.first, r.end-behind)
}
