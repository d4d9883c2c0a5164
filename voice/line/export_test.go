package line

import (
	"busker/audio"
	"busker/voice/rtp"
)

// Header returns the header of the next packet.
func (l *Link) Header() rtp.Header { return l.header }

// Ring opens the ring to its tests.
type Ring struct{ *ring }

// NewRing returns a ring of size packets.
func NewRing(size int) Ring { return Ring{newRing(size)} }

// Push puts p in.
func (r Ring) Push(p *audio.Packet) bool { return r.push(p) }

// Pop takes the oldest out, and wakes who waits for that.
func (r Ring) Pop() *audio.Packet {
	p := r.pop()
	if r.fell() {
		r.Wake()
	}
	return p
}

// Flush takes all out.
func (r Ring) Flush() int { return r.flush() }

// Room asks for room.
func (r Ring) Room() int { return r.room() }

// Fallen reports whether there is a token, and takes it.
func (r Ring) Fallen() bool {
	select {
	case <-r.fallen:
		return true
	default:
		return false
	}
}
