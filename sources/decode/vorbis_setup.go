package decode

import (
	"fmt"
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

// checkVorbisSetup walks over the codebooks of a setup header (Vorbis I §3.2.1) and
// refuses those that would cost memory or never end: huge ones, ones without
// dimensions, and ones without a single codeword.
func checkVorbisSetup(b []byte) error {
	r := lsbReader{b: b}
	entries := 0
	for range int(r.read(8)) + 1 {
		n, err := r.codebook()
		if err != nil {
			return err
		}
		if entries += n; entries > maxEntries {
			return fmt.Errorf("%w: %d codebook entries", errVorbis, entries)
		}
	}
	return nil
}

func (r *lsbReader) codebook() (entries int, err error) {
	pattern, dims := r.read(24), int(r.read(16))
	entries = int(r.read(24))
	if pattern != 0x564342 || dims < 1 || dims > maxBookDims || entries < 1 || entries > maxBookEntries ||
		entries*dims > maxBookValues {
		return 0, fmt.Errorf("%w: codebook of %d × %d", errVorbis, entries, dims)
	}
	if used := r.lengths(entries); used == 0 {
		return 0, fmt.Errorf("%w: empty codebook", errVorbis)
	}
	switch lookup := r.read(4); lookup {
	case 0:
	case 1, 2:
		r.skip(64)
		width := int(r.read(4)) + 1
		r.skip(1)
		values := entries * dims
		if lookup == 1 {
			values = root(entries, dims)
		}
		r.skip(values * width)
	default:
		return 0, fmt.Errorf("%w: lookup type %d", errVorbis, lookup)
	}
	if r.at > 8*len(r.b) {
		return 0, fmt.Errorf("%w: setup header too short", errVorbis)
	}
	return entries, nil
}

// lengths walks over the codeword lengths and returns how many entries have one.
func (r *lsbReader) lengths(entries int) (used int) {
	if r.read(1) == 0 {
		sparse := r.read(1) == 1
		for range entries {
			if !sparse || r.read(1) == 1 {
				r.skip(5)
				used++
			}
		}
		return used
	}
	r.skip(5)
	for used < entries && r.at <= 8*len(r.b) { // ordered: how many have each length
		used += int(r.read(bits.Len(uint(entries - used))))
	}
	if used > entries {
		return 0
	}
	return used
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

func (r *lsbReader) skip(n int) { r.at += n }
