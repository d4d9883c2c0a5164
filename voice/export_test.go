package voice

import (
	"context"
	"net"
	"time"

	"busker/audio"
	"busker/voice/dave"
	"busker/voice/rtp"
	"busker/voice/signal"
)

// FrameSealer is what seals a Rig's frames.
type FrameSealer = frameSealer

// Encryption is what a session needs of a dave.Session.
type Encryption = encryption

// Encrypt replaces the end-to-end encryption of the hub's sessions.
func Encrypt(o *HubOptions, f func(dave.Options) Encryption) { o.encrypt = f }

// Played is a voice session that a test plays, without sockets.
type Played struct {
	*session
	Dropped <-chan struct{} // closed when the call has no use for it any more
	end     chan error
}

// Play has the hub's sessions played: f is told of each and must not block.
func Play(o *HubOptions, f func(*Played)) {
	o.run = func(s *session, ctx context.Context) error {
		p := &Played{s, ctx.Done(), make(chan error, 10)}
		f(p)
		select {
		case err := <-p.end:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Establish says that audio can be sent.
func (p *Played) Establish() { p.tell(established{}) }

// Resume says that the socket was lost, and then replaced.
func (p *Played) Resume(err error) { p.tell(resuming{err}); p.tell(resumed{}) }

// End ends the session.
func (p *Played) End(err error) { p.end <- err }

// Identity returns what the session was begun with.
func (p *Played) Identity() (endpoint string, id signal.Identity) { return p.endpoint, p.identity }

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

// Heard gives the Rig a datagram from the media server.
func (r *Rig) Heard(b []byte) { r.link.path.heard(b) }

// Lost returns why the Rig gave its session up, nil while it has not.
func (r *Rig) Lost() error { return r.lost }

// Lateness returns the figures of the newest packets.
func (r *Rig) Lateness() Lateness { return r.stream.lateness.figures() }

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
