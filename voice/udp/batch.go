package udp

import (
	"cmp"
	"slices"
)

// maxBatch bounds the datagrams per system call, so that none lasts longer than some
// 200 µs: the thread keeps its place in Go's scheduler meanwhile.
const maxBatch = 64

// message is a datagram on its way.
type message struct {
	socket   uint32 // its number, to sort by
	stream   *Stream
	datagram []byte
}

// batch is what a thread queued since its last flush. Its memory is used again and
// again.
type batch struct {
	messages []message
	metrics  *Metrics
	sender
}

func (b *batch) init(m *Metrics) {
	b.metrics = m
	b.sender.init(m)
}

// flush sends all, a socket after the other. What was queued by one stream stays in
// its order.
func (b *batch) flush() {
	slices.SortStableFunc(b.messages, bySocket)
	for from := 0; from < len(b.messages); {
		to := from + 1
		for to < len(b.messages) && to-from < maxBatch && b.messages[to].socket == b.messages[from].socket {
			to++
		}
		b.metrics.batches.Observe(float64(to - from))
		b.send(b.messages[from].stream.socket, b.messages[from:to])
		from = to
	}
	clear(b.messages) // else the last of a stream would keep it in memory
	b.messages = b.messages[:0]
}

func bySocket(a, b message) int { return cmp.Compare(a.socket, b.socket) }
