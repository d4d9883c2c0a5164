package decode

import (
	"fmt"
	"math"
	"math/bits"
)

// Bounds of the codebooks in a setup header. libvorbis stays far below them; the
// decoder allocates, and loops over, whatever a header claims.
const (
	maxBookEntries = 1 << 14
	maxBookValues  = 1 << 19
	maxBookDims    = 256
	maxEntries     = 1 << 17 // of all books
)

// mendVorbisSetup walks over the codebooks of a setup header (Vorbis I §3.2.1). It
// refuses those that would cost memory or never end: huge ones, ones without
// dimensions, and ones without a single codeword.
//
// It returns the header with two things written another way, both common in
// surround sound. The decoder takes the root of §9.2.3 in floating point and misses
// whole numbers: that of 27 entries in 3 dimensions is not 3 to it but 2. Such a
// book is rewritten from lookup type 1, whose values are combined, to type 2, which
// lists them all. And of a floor without partitions it reads one class that is not
// there; it is given one.
func mendVorbisSetup(b []byte) ([]byte, error) {
	m := mender{in: lsbReader{b: b}}
	entries := 0
	books := int(m.copy(8)) + 1
	for range books {
		n, err := m.codebook()
		if err != nil {
			return nil, err
		}
		if entries += n; entries > maxEntries {
			return nil, fmt.Errorf("%w: %d codebook entries", errVorbis, entries)
		}
	}
	if err := m.floors(); err != nil {
		return nil, err
	}
	for m.in.at < 8*len(b) {
		m.copy(min(32, 8*len(b)-m.in.at))
	}
	return m.out.b, nil
}

// mender copies a setup header bit by bit.
type mender struct {
	in  lsbReader
	out lsbWriter
}

func (m *mender) copy(n int) uint32 {
	v := m.in.read(n)
	m.out.write(v, n)
	return v
}

func (m *mender) codebook() (entries int, err error) {
	pattern, dims := m.copy(24), int(m.copy(16))
	entries = int(m.copy(24))
	if pattern != 0x564342 || dims < 1 || dims > maxBookDims || entries < 1 || entries > maxBookEntries ||
		entries*dims > maxBookValues {
		return 0, fmt.Errorf("%w: codebook of %d × %d", errVorbis, entries, dims)
	}
	if used := m.lengths(entries); used == 0 {
		return 0, fmt.Errorf("%w: empty codebook", errVorbis)
	}
	if err := m.values(entries, dims); err != nil {
		return 0, err
	}
	if m.in.at > 8*len(m.in.b) {
		return 0, fmt.Errorf("%w: setup header too short", errVorbis)
	}
	return entries, nil
}

// lengths copies the codeword lengths and returns how many entries have one, or 0
// when there are more codewords than a tree has room for.
func (m *mender) lengths(entries int) (used int) {
	const room = 1 << 32
	var taken uint64 // of room; a codeword of n bits takes a 2ⁿth of it
	if m.copy(1) == 0 {
		sparse := m.copy(1) == 1
		for range entries {
			if !sparse || m.copy(1) == 1 {
				taken += room >> (m.copy(5) + 1)
				used++
			}
		}
	} else {
		length := m.copy(5) + 1
		for used < entries && length <= 32 { // ordered: how many have each length
			n := m.copy(bits.Len(uint(entries - used)))
			taken += uint64(n) * (room >> length)
			used += int(n)
			length++
		}
	}
	if used > entries || taken > room {
		return 0
	}
	return used
}

// values copies the vectors of a book: type:4 minimum:32 delta:32 width:4
// sequence:1 values.
func (m *mender) values(entries, dims int) error {
	lookup := m.in.read(4)
	each := entries * dims
	switch lookup {
	case 0:
		m.out.write(0, 4)
		return nil
	case 1:
		each = root(entries, dims)
	case 2:
	default:
		return fmt.Errorf("%w: lookup type %d", errVorbis, lookup)
	}
	mend := lookup == 1 && int(math.Pow(float64(entries), 1/float64(dims))) != each
	if mend {
		lookup = 2
	}
	m.out.write(lookup, 4)
	m.copy(32)
	m.copy(32)
	width := int(m.copy(4)) + 1
	m.copy(1)
	if m.in.at+each*width > 8*len(m.in.b) {
		return fmt.Errorf("%w: setup header too short", errVorbis)
	}
	if !mend {
		for range each {
			m.copy(width)
		}
		return nil
	}
	values := make([]uint32, each)
	for i := range values {
		values[i] = m.in.read(width)
	}
	for entry := range entries {
		rest := entry // its digits to the base each choose the values
		for range dims {
			m.out.write(values[rest%each], width)
			rest /= each
		}
	}
	return nil
}

// floors copies the time domain transforms (§4.2.4) and the floors (§6.2.1, §7.2.2).
func (m *mender) floors() error {
	for range int(m.copy(6)) + 1 {
		m.copy(16)
	}
	for range int(m.copy(6)) + 1 {
		switch kind := m.copy(16); kind {
		case 0:
			m.copyAll(8, 16, 16, 6, 8)
			for range int(m.copy(4)) + 1 {
				m.copy(8)
			}
		case 1:
			m.floor1()
		default:
			return fmt.Errorf("%w: floor type %d", errVorbis, kind)
		}
	}
	return nil
}

func (m *mender) floor1() {
	var dims [16]int
	classes := 0
	partitions := make([]int, m.copy(5))
	for i := range partitions {
		partitions[i] = int(m.copy(4))
		classes = max(classes, partitions[i]+1)
	}
	for i := range classes {
		dims[i] = int(m.copy(3)) + 1
		subclasses := m.copy(2)
		if subclasses > 0 {
			m.copy(8)
		}
		for range 1 << subclasses {
			m.copy(8)
		}
	}
	if classes == 0 {
		m.out.write(0, 3+2+8)
	}
	m.copy(2)
	width := int(m.copy(4))
	for _, class := range partitions {
		for range dims[class] {
			m.copy(width)
		}
	}
}

func (m *mender) copyAll(widths ...int) {
	for _, n := range widths {
		m.copy(n)
	}
}

// root returns the largest n with nᵏ ≤ v.
func root(v, k int) int {
	for n := 1; ; n++ {
		power := 1
		for range k {
			if power *= n + 1; power > v {
				return n
			}
		}
	}
}

// lsbReader reads bits, the least significant first; behind the end they are zero.
type lsbReader struct {
	b  []byte
	at int // in bits
}

func (r *lsbReader) read(n int) (v uint32) {
	for i := range n {
		if at := r.at + i; at < 8*len(r.b) {
			v |= uint32(r.b[at/8]>>(at%8)&1) << i
		}
	}
	r.at += n
	return v
}

// lsbWriter writes them.
type lsbWriter struct {
	b  []byte
	at int
}

func (w *lsbWriter) write(v uint32, n int) {
	for i := range n {
		if w.at%8 == 0 {
			w.b = append(w.b, 0)
		}
		w.b[w.at/8] |= byte(v>>i&1) << (w.at % 8)
		w.at++
	}
}
