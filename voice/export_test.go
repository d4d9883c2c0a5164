package voice

import (
	"net"
	"time"

	"busker/audio"
	"busker/voice/dave"
	"busker/voice/rtp"
)

// FrameSealer is what seals a Rig's frames.
type FrameSealer = frameSealer

// Encryption is what a session needs of a dave.Session.
type Encryption = encryption

// Encrypt replaces the end-to-end encryption of the hub's sessions.
func Encrypt(o *HubOptions, f func(dave.Options) Encryption) { o.encrypt = f }

// Rig is the sending half of a connection without a session: tests tick it
// themselves and play the voice gateway.
type Rig struct {
	stream *stream
	link   *link
	lost   error
}

// NewRig returns a Rig that sends through udp, with room for ten packets.
func NewRig(udp *net.UDPConn, sealer *rtp.Sealer, frames FrameSealer) *Rig {
	r := new(Rig)
	*r = Rig{
		stream: newStream(10*audio.FrameTime, NewMetrics(nil)),
		link:   newLink(udp, 1, sealer, frames, func(err error) { r.lost = err }),
	}
	r.stream.link.Store(r.link)
	return r
}

// Push queues a packet, or reports that there is no room.
func (r *Rig) Push(p *audio.Packet) bool { return r.stream.push(p) }

// Tick makes the Rig a member of a pacer.
func (r *Rig) Tick(late time.Duration) { r.stream.Tick(late) }

// Tell tells the voice gateway what it has not been told, and returns it.
func (r *Rig) Tell() (speaking bool) {
	flags, n := r.link.speaking.next()
	r.link.speaking.told.Store(n)
	return flags != 0
}

// Header returns the header of the next packet.
func (r *Rig) Header() rtp.Header { return r.link.header }

// Counts returns the audio packets sent, those of them late, and the underruns.
func (r *Rig) Counts() (sent, late, underruns uint64) {
	return r.stream.sent.Load(), r.stream.late.Load(), r.stream.underruns.Load()
}

// Flush drops what is queued.
func (r *Rig) Flush() int { return r.stream.ring.flush() }

// Ring opens the ring to its tests.
type Ring struct{ *ring }

// NewRing returns a ring of size packets.
func NewRing(size int) Ring { return Ring{newRing(size)} }

// Push puts p in.
func (r Ring) Push(p *audio.Packet) bool { return r.push(p) }

// Pop takes the oldest out.
func (r Ring) Pop() *audio.Packet { return r.pop() }

// Flush takes all out.
func (r Ring) Flush() int { return r.flush() }
