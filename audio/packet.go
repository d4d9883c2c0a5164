package audio

import (
	"fmt"
	"sync"
)

// MaxPacketBytes bounds the one Opus frame a Packet carries (RFC 6716 §3.4, R5:
// at most 1275 bytes per frame) with the TOC byte included.
const MaxPacketBytes = 1276

// Packet is one 20 ms Opus packet in a pooled buffer. It has one owner at a time,
// who either hands it on or calls Release exactly once.
type Packet struct {
	length int
	buffer [MaxPacketBytes]byte
}

var packets = sync.Pool{New: func() any { return new(Packet) }}

// NewPacket returns an empty packet from the pool.
func NewPacket() *Packet {
	p := packets.Get().(*Packet)
	p.length = 0
	return p
}

// Bytes returns the packet's content. The slice is valid until Release.
func (p *Packet) Bytes() []byte { return p.buffer[:p.length] }

// Buffer returns the whole room of the packet for an encoder to write into;
// SetLen then says how much of it counts.
func (p *Packet) Buffer() []byte { return p.buffer[:] }

// SetLen declares the first n bytes of Buffer to be the content. It panics when
// n does not fit, which only a broken encoder can cause.
func (p *Packet) SetLen(n int) {
	if n < 0 || n > MaxPacketBytes {
		panic(fmt.Sprintf("audio: packet length %d outside 0..%d", n, MaxPacketBytes))
	}
	p.length = n
}

// Set copies b into the packet. It reports whether b fits.
func (p *Packet) Set(b []byte) bool {
	if len(b) > MaxPacketBytes {
		return false
	}
	p.length = copy(p.buffer[:], b)
	return true
}

// Release gives the packet back to the pool. The packet must not be used after.
func (p *Packet) Release() { packets.Put(p) }
