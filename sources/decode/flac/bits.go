package flac

import (
	"encoding/binary"
	"math/bits"
)

// bitReader reads bits, the most significant first. Once it runs out it returns
// zeros, and failure says so.
type bitReader struct {
	b     []byte
	at    int    // next byte to load
	cache uint64 // loaded bits, left aligned
	have  int    // how many are valid
	short bool
}

// load makes at least 57 bits valid, or all there are.
func (r *bitReader) load() {
	if r.at+8 <= len(r.b) {
		r.cache |= binary.BigEndian.Uint64(r.b[r.at:]) >> r.have
		n := (63 - r.have) >> 3
		r.at += n
		r.have += n << 3
		return
	}
	for r.have <= 56 && r.at < len(r.b) {
		r.cache |= uint64(r.b[r.at]) << (56 - r.have)
		r.at++
		r.have += 8
	}
}

// read returns the next n bits, n in 0..56.
func (r *bitReader) read(n int) uint64 {
	if r.have < n {
		r.load()
		if r.have < n {
			r.short = true
			r.cache, r.have = 0, 0
			return 0
		}
	}
	v := r.cache >> 1 >> (63 - n)
	r.cache <<= n
	r.have -= n
	return v
}

// signed returns n bits as a two's complement number.
func (r *bitReader) signed(n int) int64 {
	return int64(r.read(n)) << (64 - n) >> (64 - n)
}

// unary counts the zeros before the next one, up to most of them.
func (r *bitReader) unary(most int) uint64 {
	var n uint64
	for {
		if r.have == 0 {
			if r.load(); r.have == 0 {
				r.short = true
				return n
			}
		}
		zeros := bits.LeadingZeros64(r.cache)
		if zeros < r.have {
			r.cache <<= zeros + 1
			r.have -= zeros + 1
			return n + uint64(zeros)
		}
		n += uint64(r.have)
		r.cache, r.have = 0, 0
		if n > uint64(most) {
			return n
		}
	}
}

// rice fills dst with Rice codes of parameter k: a quotient in unary, k bits of
// remainder, and the sign in the lowest bit.
func (r *bitReader) rice(dst []int64, k int) {
	for i := range dst {
		v := r.unary(1<<32)<<k | r.read(k)
		dst[i] = int64(v>>1) ^ -int64(v&1)
		if r.short {
			return
		}
	}
}

// align skips to the next whole byte and returns its index.
func (r *bitReader) align() int { return r.at - r.have/8 }

// failure returns errShort if bits were missing, and otherwise err.
func (r *bitReader) failure(err error) error {
	if r.short {
		return errShort
	}
	return err
}
