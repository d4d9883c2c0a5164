package line

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"busker/audio"
	"busker/voice/dave"
	"busker/voice/pace"
	"busker/voice/rtp"
)

const (
	// silenceFrames end every stretch of audio, so that decoders do not guess on
	// from the last sound.
	silenceFrames = 5
	// silence is the Opus frame for it; receivers take exactly these bytes, and
	// unencrypted under DAVE too.
	silence = "\xF8\xFF\xFE"
	// keepaliveTicks is the number of frames from keepalive to keepalive: 5 s.
	keepaliveTicks = int(5 * time.Second / pace.Frame)
	// probeTicks is the same while the last keepalive was not answered: 1 s.
	probeTicks = int(time.Second / pace.Frame)
	// frameSamples is a frame's share of the RTP clock.
	frameSamples = uint32(audio.FrameSamples)
	// packetRoom is enough for packets of up to 256 kbit/s with what DAVE and the
	// transport add. A larger one, of up to audio.MaxPacketBytes, makes the room grow.
	packetRoom = 900
)

// silenceFrame is silence; nobody writes to it.
var silenceFrame = []byte(silence)

// FrameSealer encrypts media frames end to end, before the transport does. The
// pacer's thread calls it; it neither blocks nor allocates. An error costs the frame,
// not its time.
type FrameSealer interface {
	SealFrame(dst, opus []byte) ([]byte, error)
}

// Socket is where datagrams go, which a udp.Stream is: they are sent at the end of
// the thread's slot, and stay as they are until then.
type Socket interface {
	Queue(thread int, datagram []byte)
}

// LinkOptions make a Link. Socket, SSRC and Sealer are required.
type LinkOptions struct {
	Socket Socket
	SSRC   uint32
	Sealer *rtp.Sealer // of the first transport key
	Frames FrameSealer // nil: plain Opus
	// Lose gives the way up, with a reason that is ErrPath; it may be called more than
	// once, from any goroutine, and must not block. nil ignores.
	Lose func(error)
	// Ungated sends audio without asking: where no voice gateway has to be told before.
	Ungated bool
}

// Link is what one voice session sends through: a socket, the key, and the counters
// that must go on for as long as the session does.
type Link struct {
	socket   Socket
	lose     func(error)
	path     path
	frames   FrameSealer
	sealer   atomic.Pointer[rtp.Sealer]
	speaking *Speaking

	// Touched by tick only. What a tick queues lies in packet's and keepalive's room
	// until the slot ends.
	header     rtp.Header
	frame      int64 // of the last tick, 0 before the first
	rested     int   // silence frames since the last audio
	ticks      int   // since the last keepalive
	keepalives uint32
	packet     []byte
	keepalive  [rtp.KeepaliveBytes]byte
}

// NewLink returns a Link. Its Sealers must be used by no other: nonces are unique.
func NewLink(opts LinkOptions) *Link {
	if opts.Lose == nil {
		opts.Lose = func(error) {}
	}
	l := &Link{
		socket: opts.Socket, lose: opts.Lose, frames: opts.Frames, speaking: newSpeaking(opts.Ungated),
		header: rtp.Header{Sequence: uint16(rand.Uint32()), Timestamp: rand.Uint32(), SSRC: opts.SSRC},
		packet: make([]byte, 0, packetRoom),
	}
	l.sealer.Store(opts.Sealer)
	return l
}

// Rekey replaces the transport key. With a key that was there before it must be the
// same Sealer, so that its nonces go on.
func (l *Link) Rekey(sealer *rtp.Sealer) { l.sealer.Store(sealer) }

// Speaking returns what the voice gateway has to be told.
func (l *Link) Speaking() *Speaking { return l.speaking }

// tick sends what is due: a packet of the line, or the silence after the last.
func (l *Link) tick(line *Line, turn pace.Turn) {
	l.keepAlive(line, turn.Thread)
	skipped := l.skipped(turn.Frame)
	if !l.speaking.granted() {
		if line.ring.len() > 0 {
			l.speaking.begin() // for packets older than this link
		}
		return
	}
	p := line.ring.pop()
	if line.ring.fell() {
		turn.Later(line.ring)
	}
	if p == nil {
		l.rest(line, turn.Thread)
		return
	}
	if l.rested > 0 {
		l.rested = 0
		line.underruns.Add(1)
		line.metrics.underruns.Inc()
	}
	l.play(line, turn.Thread, p.Bytes())
	p.Release()
	late := max(turn.Late, time.Duration(skipped)*pace.Frame)
	if late > audio.FrameTime {
		line.late.Add(1)
	}
	line.lateness.sent(late)
	line.sent.Add(1)
}

// skipped returns how many frames the pacer skipped since the last tick. Their packets
// are only late: nothing is left out, so the RTP clock goes on as if sent in time, and
// whoever compares it with their own sees the gap.
func (l *Link) skipped(frame int64) uint32 {
	n := frame - l.frame - 1
	first := l.frame == 0
	l.frame = frame
	if first || n <= 0 {
		return 0
	}
	return uint32(n)
}

// play sends one frame of audio. A frame that can not be encrypted is not sent, and
// its time passes.
func (l *Link) play(line *Line, thread int, frame []byte) {
	if l.frames != nil {
		// To where the transport encrypts it in place.
		sealed, err := l.frames.SealFrame(l.packet[rtp.HeaderBytes:rtp.HeaderBytes], frame)
		if err != nil {
			l.header.Timestamp += frameSamples
			if !errors.Is(err, dave.ErrNoKey) { // which dave counts
				line.metrics.dropped.Inc()
			}
			return
		}
		frame = sealed
	}
	l.send(line, thread, frame)
	line.metrics.audio.Inc()
}

// rest sends one frame of silence, and a frame after the last of them asks to be
// silent: what is told to the gateway then does not overtake it on its way.
func (l *Link) rest(line *Line, thread int) {
	if l.rested == silenceFrames {
		l.rested = 0
		l.speaking.end()
		return
	}
	l.rested++
	l.send(line, thread, silenceFrame)
	line.metrics.silence.Inc()
}

// send seals one packet and queues it for the end of the slot.
func (l *Link) send(line *Line, thread int, payload []byte) {
	packet, err := l.sealer.Load().Seal(l.packet[:0], l.header, payload)
	l.header.Sequence++
	l.header.Timestamp += frameSamples
	if err != nil {
		line.metrics.dropped.Inc()
		return
	}
	l.packet = packet
	l.socket.Queue(thread, packet)
}

// keepAlive sends a keepalive every 5 s, audio or not, and every second while they are
// not answered.
func (l *Link) keepAlive(line *Line, thread int) {
	l.ticks++
	if l.ticks < probeTicks || l.ticks < keepaliveTicks && !l.path.missing(l.keepalives) {
		return
	}
	l.ticks = 0
	l.keepalives++
	l.path.asked.Store(l.keepalives)
	l.socket.Queue(thread, rtp.AppendKeepalive(l.keepalive[:0], l.keepalives))
	line.metrics.keepalives.Inc()
	if l.path.silent(l.keepalives) {
		l.lose(errSilent)
	}
}
