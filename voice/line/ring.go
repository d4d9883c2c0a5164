package line

import (
	"sync/atomic"

	"busker/audio"
)

// ring is a bounded queue of packets: one goroutine pushes, any pop. Nobody waits
// for anybody: a popper that loses a race tries the next packet.
type ring struct {
	slots []atomic.Pointer[audio.Packet]
	head  atomic.Uint64 // packets popped
	tail  atomic.Uint64 // packets pushed

	awaited atomic.Bool   // the pusher waits for the ring to fall to half
	fallen  chan struct{} // size 1: it has
}

func newRing(size int) *ring {
	return &ring{slots: make([]atomic.Pointer[audio.Packet], size), fallen: make(chan struct{}, 1)}
}

func (r *ring) len() int {
	head := r.head.Load() // first: it never overtakes the tail
	return int(r.tail.Load() - head)
}

// room returns how many packets fit once at most half of the ring is unsent, else 0
// and a token in fallen as soon as that is so. A token may be of an earlier wait:
// who got one asks again.
func (r *ring) room() int {
	for range 2 {
		if n := r.len(); n <= len(r.slots)/2 {
			return len(r.slots) - n
		}
		r.awaited.Store(true) // from now on a pop tells; one just before may not have
	}
	return 0
}

// push takes p unless the ring is full.
func (r *ring) push(p *audio.Packet) bool {
	tail := r.tail.Load()
	if tail-r.head.Load() == uint64(len(r.slots)) {
		return false
	}
	r.slots[tail%uint64(len(r.slots))].Store(p)
	r.tail.Store(tail + 1)
	return true
}

// pop returns the oldest packet, nil when there is none. Whoever popped wakes the pusher
// when fell says so.
func (r *ring) pop() *audio.Packet {
	for {
		head := r.head.Load()
		if head == r.tail.Load() {
			return nil
		}
		p := r.slots[head%uint64(len(r.slots))].Load()
		if r.head.CompareAndSwap(head, head+1) { // else p was somebody else's
			return p
		}
	}
}

// flush releases every packet and returns how many there were. It takes all at
// once: a popper gets one from before them or none, never one from their middle.
func (r *ring) flush() int {
	all := make([]*audio.Packet, 0, len(r.slots))
	for {
		head, tail := r.head.Load(), r.tail.Load()
		if head == tail {
			return 0
		}
		all = all[:0]
		for n := head; n < tail; n++ {
			all = append(all, r.slots[n%uint64(len(r.slots))].Load())
		}
		if r.head.CompareAndSwap(head, tail) { // else some were somebody else's
			break
		}
	}
	for _, p := range all {
		p.Release()
	}
	if r.fell() {
		r.Wake()
	}
	return len(all)
}

// fell reports whether the pusher waits for what has happened: that the ring fell to
// half.
func (r *ring) fell() bool { return r.awaited.Load() && r.len() <= len(r.slots)/2 }

// Wake wakes the pusher; it is a pace.Waker.
func (r *ring) Wake() {
	r.awaited.Store(false)
	select {
	case r.fallen <- struct{}{}:
	default:
	}
}
