package listen

import (
	"maps"
	"slices"
)

const (
	// patience is how many packets may wait for an earlier one before it is given
	// up as lost: 60 ms at 20 ms each, a small jitter buffer.
	patience = 3
	// sequenceJump is the distance, in packets, from which a sequence number is
	// taken for a new stream and not for loss or reordering: a minute of audio.
	sequenceJump = 3000
	// remembered is how far back, in packets, a given-up one is still recognised
	// when it arrives after all.
	remembered = 1000
)

// verdict is what the place of a packet in its stream says about it.
type verdict int

const (
	inOrder verdict = iota // newer than all before
	reordered
	late // its place had been given up
	duplicated
)

// reorderer puts packets back in the order of their sequence numbers. Numbers are
// extended to 64 bits, so they never wrap.
type reorderer struct {
	started bool
	ssrc    uint32
	first   int64
	next    int64 // the number to be placed next
	newest  int64
	held    []held // sorted; more than patience of them give up what they wait for
	missed  map[int64]struct{}
	counts  [duplicated + 1]int64
	lost    int64
}

type held struct {
	number int64
	packet Packet // owns its payload
}

// restarts reports whether p begins another stream than the packets before it.
func (q *reorderer) restarts(p Packet) bool {
	if !q.started {
		return false
	}
	distance := q.extend(p.Sequence) - q.newest
	return p.SSRC != q.ssrc || distance > sequenceJump || distance < -sequenceJump
}

func (q *reorderer) extend(sequence uint16) int64 {
	return q.newest + int64(int16(sequence-uint16(q.newest)))
}

// push takes a packet and calls place for every packet whose turn has come.
func (q *reorderer) push(p Packet, place func(p Packet, missing int)) verdict {
	if !q.started || p.SSRC != q.ssrc {
		q.begin(p)
	}
	v := q.judge(q.extend(p.Sequence))
	q.counts[v]++
	if v == late || v == duplicated {
		return v
	}
	number := q.extend(p.Sequence)
	q.newest = max(q.newest, number)
	if number == q.next {
		q.next++
		place(p, 0)
	} else {
		q.hold(number, p)
	}
	q.drain(patience, place)
	return v
}

func (q *reorderer) begin(p Packet) {
	number := int64(p.Sequence) + 1<<16 // never below zero, however early the first ones come
	q.started, q.ssrc = true, p.SSRC
	q.first, q.next, q.newest = number, number, number-1
	q.held, q.missed = nil, make(map[int64]struct{})
}

func (q *reorderer) judge(number int64) verdict {
	_, missed := q.missed[number]
	switch {
	case missed:
		delete(q.missed, number)
		q.lost--
		return late
	case number < q.first:
		return late
	case number < q.next || q.holds(number):
		return duplicated
	case number < q.newest:
		return reordered
	}
	return inOrder
}

func (q *reorderer) holds(number int64) bool {
	return slices.ContainsFunc(q.held, func(h held) bool { return h.number == number })
}

func (q *reorderer) hold(number int64, p Packet) {
	p.Payload = slices.Clone(p.Payload)
	i, _ := slices.BinarySearchFunc(q.held, number, func(h held, n int64) int { return int(h.number - n) })
	q.held = slices.Insert(q.held, i, held{number, p})
}

// drain places what is due, giving up missing packets while more than limit wait.
func (q *reorderer) drain(limit int, place func(p Packet, missing int)) {
	for len(q.held) > 0 && (q.held[0].number == q.next || len(q.held) > limit) {
		h := q.held[0]
		q.held = slices.Delete(q.held, 0, 1)
		missing := int(h.number - q.next)
		q.giveUp(h.number)
		q.next = h.number + 1
		place(h.packet, missing)
	}
}

// giveUp declares the packets from next up to number lost.
func (q *reorderer) giveUp(number int64) {
	for n := q.next; n < number; n++ {
		q.missed[n] = struct{}{}
		q.lost++
	}
	if len(q.missed) > 2*remembered {
		maps.DeleteFunc(q.missed, func(n int64, _ struct{}) bool { return n < number-remembered })
	}
}

// flush places all that is held, as at the end of a stream.
func (q *reorderer) flush(place func(p Packet, missing int)) { q.drain(0, place) }

// forget makes the next packet the first of a stream.
func (q *reorderer) forget() { q.started = false }
