package voiceserver

import "encoding/binary"

// nonceLog remembers which counters were used under one key. A bitmap of pages
// keeps ten hours in a quarter of a megabyte, as long as the counter counts.
type nonceLog struct {
	seen   int
	first  [suffixBytes]byte
	little bool // byte order of the counter, the sender's choice
	last   uint32
	pages  map[uint32]*[pageBits / 64]uint64
}

const pageBits = 4096

// add notes a suffix and returns the rule it breaks, if any.
func (l *nonceLog) add(suffix [suffixBytes]byte) Kind {
	l.seen++
	switch l.seen {
	case 1:
		l.first = suffix
		l.pages = make(map[uint32]*[pageBits / 64]uint64)
		l.mark(l.value(suffix))
		return ""
	case 2:
		l.decideOrder(suffix)
	}
	v := l.value(suffix)
	back := int32(v-l.last) < 0
	switch {
	case l.mark(v):
		return NonceReused
	case back:
		return NonceBack
	}
	return ""
}

// decideOrder finds out from the second suffix in which order the bytes count.
func (l *nonceLog) decideOrder(second [suffixBytes]byte) {
	big := binary.BigEndian.Uint32(second[:]) - binary.BigEndian.Uint32(l.first[:])
	little := binary.LittleEndian.Uint32(second[:]) - binary.LittleEndian.Uint32(l.first[:])
	if little < big {
		l.little = true
		clear(l.pages)
		l.mark(l.value(l.first))
	}
}

func (l *nonceLog) value(suffix [suffixBytes]byte) uint32 {
	if l.little {
		return binary.LittleEndian.Uint32(suffix[:])
	}
	return binary.BigEndian.Uint32(suffix[:])
}

// mark notes v as used and reports whether it was already.
func (l *nonceLog) mark(v uint32) (used bool) {
	page := l.pages[v/pageBits]
	if page == nil {
		page = new([pageBits / 64]uint64)
		l.pages[v/pageBits] = page
	}
	word, bit := v%pageBits/64, uint64(1)<<(v%64)
	used = page[word]&bit != 0
	page[word] |= bit
	l.last = v
	return used
}
