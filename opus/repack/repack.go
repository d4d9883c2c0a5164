// Package repack turns Opus packets of 2.5 to 120 ms into packets of 20 ms, where that is
// possible without encoding anew (RFC 6716 §3.2).
//
// Frames of one packet share a table of contents, so short frames of one kind may be put
// together and long packets taken apart, frame by frame; a single frame longer than 20 ms
// is what it is. A decoder makes the same sound, sample for sample, of what comes out.
// Nothing here decodes, and nothing starts a goroutine.
package repack

import (
	"errors"
	"fmt"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus/toc"
)

// Repacker makes 20 ms packets out of a stream of others. The zero value is ready. One
// goroutine uses it at a time.
//
//	err := r.Push(packet)
//	for p, ok := r.Pull(); ok; p, ok = r.Pull() { … }
type Repacker struct {
	toc   byte  // of the frames held, code 0
	group int   // how many of them are 20 ms
	sizes []int // of the frames held
	data  []byte
	given int // frames already pulled, of sizes
	start int // where the next one begins in data
	out   [audio.MaxPacketBytes]byte
}

// Possible reports whether packets with this first byte can be repacked: their frames are
// not longer than 20 ms. Push may still refuse one of them.
func Possible(first byte) bool { return perGroup(first) > 0 }

// perGroup is how many frames of the kind are 20 ms, 0 where one is longer.
func perGroup(first byte) int {
	n, err := toc.Samples([]byte{first &^ codeMask}) // code 0: one frame
	if err != nil {
		return 0
	}
	return audio.FrameSamples / n
}

// Push takes the next packet, which may be reused afterwards. A fault.Unsupported says that
// the stream cannot be repacked here and must be decoded; a fault.Corrupt, that this is no
// Opus packet. After either the Repacker is as before.
func (r *Repacker) Push(packet []byte) error {
	if len(packet) == 0 {
		return corrupt(errEmpty)
	}
	first := packet[0] &^ codeMask
	group := perGroup(first)
	if group == 0 {
		return unsupported(errors.New("a frame is longer than 20 ms"))
	}
	if r.Held() > 0 && first != r.toc {
		return unsupported(fmt.Errorf("the coding changes from %#x to %#x within 20 ms", r.toc, first))
	}
	r.compact()
	frames, bytes := len(r.sizes), len(r.data)
	err := r.parse(packet)
	if err == nil {
		err = r.fit(first, group)
	}
	if err != nil {
		r.sizes, r.data = r.sizes[:frames], r.data[:bytes]
		return err
	}
	r.toc, r.group = first, group
	return nil
}

// Held is how many samples per channel were pushed and not pulled yet.
func (r *Repacker) Held() int {
	if r.group == 0 {
		return 0
	}
	return (len(r.sizes) - r.given) * (audio.FrameSamples / r.group)
}

// Pull returns the next packet of 20 ms, if there is one; it is valid until the next call.
func (r *Repacker) Pull() ([]byte, bool) {
	if r.group == 0 || len(r.sizes)-r.given < r.group {
		return nil, false
	}
	return r.take(r.group), true
}

// Drain is Pull at the end of the stream: what is left is filled up to 20 ms by empty
// frames, for which a decoder makes something up. tail is how many samples per channel
// that are.
func (r *Repacker) Drain() (packet []byte, tail int, ok bool) {
	if p, ok := r.Pull(); ok {
		return p, 0, true
	}
	left := r.Held()
	if left == 0 {
		return nil, 0, false
	}
	for len(r.sizes)-r.given < r.group {
		r.sizes = append(r.sizes, 0)
	}
	return r.take(r.group), audio.FrameSamples - left, true
}

// Reset forgets what was pushed, as after a seek.
func (r *Repacker) Reset() {
	r.sizes, r.data, r.given, r.start = r.sizes[:0], r.data[:0], 0, 0
}

// compact moves what is held to the front.
func (r *Repacker) compact() {
	r.sizes = append(r.sizes[:0], r.sizes[r.given:]...)
	r.data = append(r.data[:0], r.data[r.start:]...)
	r.given, r.start = 0, 0
}

// fit refuses frames that are too long for a packet together.
func (r *Repacker) fit(first byte, group int) error {
	for i := 0; i < len(r.sizes); i += group {
		if n := packetBytes(r.sizes[i:min(i+group, len(r.sizes))]); n > audio.MaxPacketBytes {
			return unsupported(fmt.Errorf("20 ms of coding %#x take %d bytes", first, n))
		}
	}
	return nil
}

// take makes a packet of the next n frames.
func (r *Repacker) take(n int) []byte {
	sizes := r.sizes[r.given : r.given+n]
	bytes := sum(sizes)
	p := appendPacket(r.out[:0], r.toc, sizes, r.data[r.start:r.start+bytes])
	r.given += n
	r.start += bytes
	return p
}

func sum(sizes []int) (total int) {
	for _, n := range sizes {
		total += n
	}
	return total
}

func unsupported(err error) error {
	return fault.Wrap(fault.Unsupported, "This Opus audio does not come in packets that can be passed on.", err)
}

func corrupt(err error) error {
	return fault.Wrap(fault.Corrupt, "The Opus audio is damaged.", err)
}
