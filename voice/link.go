package voice

import (
	"errors"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"syscall"
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
	// packetRoom holds the largest packet: an Opus packet, what DAVE and the
	// transport add to it. Above, Append would allocate, and nothing break.
	packetRoom = audio.MaxPacketBytes + rtp.Overhead + 128
)

// link is what one voice session sends through: a UDP socket, the key, and the
// counters that must go on for as long as the session does.
type link struct {
	udp      *net.UDPConn
	lose     func(error) // gives the session up, once; quick and safe from anywhere
	path     path
	frames   frameSealer // nil: plain Opus
	sealer   atomic.Pointer[rtp.Sealer]
	speaking *speaking

	// Touched by tick only.
	header     rtp.Header
	rested     int // silence frames since the last audio
	ticks      int // since the last keepalive
	keepalives uint32
	frame      []byte // room for the frame, then for the packet around it
	packet     []byte
}

func newLink(udp *net.UDPConn, ssrc uint32, sealer *rtp.Sealer, frames frameSealer, lose func(error)) *link {
	l := &link{
		udp: udp, lose: lose, frames: frames, speaking: newSpeaking(),
		header: rtp.Header{Sequence: uint16(rand.Uint32()), Timestamp: rand.Uint32(), SSRC: ssrc},
		frame:  make([]byte, 0, packetRoom),
		packet: make([]byte, 0, packetRoom),
	}
	l.sealer.Store(sealer)
	return l
}

// tick sends what is due: a packet of the stream, or the silence after the last.
func (l *link) tick(s *stream, late time.Duration) {
	l.keepAlive(s)
	if !l.speaking.granted() {
		if s.ring.len() > 0 {
			l.speaking.begin() // for packets older than this link
		}
		return
	}
	p := s.ring.pop()
	if p == nil {
		l.rest(s)
		return
	}
	if l.rested > 0 {
		l.rested = 0
		s.underruns.Add(1)
		s.metrics.underruns.Inc()
	}
	l.play(s, p.Bytes())
	p.Release()
	if late > audio.FrameTime {
		s.late.Add(1)
	}
	s.lateness.sent(late)
	s.sent.Add(1)
}

// play sends one frame of audio. A frame that can not be encrypted is not sent, and
// its time passes.
func (l *link) play(s *stream, frame []byte) {
	if l.frames != nil {
		sealed, err := l.frames.SealFrame(l.frame[:0], frame)
		if err != nil {
			l.header.Timestamp += uint32(audio.FrameSamples)
			if !errors.Is(err, dave.ErrNoKey) { // which dave counts
				s.metrics.dropped.Inc()
			}
			return
		}
		frame = sealed
	}
	l.send(s, frame)
	s.metrics.audio.Inc()
}

// rest sends one frame of silence, and a frame after the last of them asks to be
// silent: what is told to the gateway then does not overtake it on its way.
func (l *link) rest(s *stream) {
	if l.rested == silenceFrames {
		l.rested = 0
		l.speaking.end()
		return
	}
	l.rested++
	l.frame = append(l.frame[:0], silence...)
	l.send(s, l.frame)
	s.metrics.silence.Inc()
}

// send seals and writes one packet. A connected UDP socket of one stream never has
// to wait for room: its buffer holds seconds of audio.
func (l *link) send(s *stream, payload []byte) {
	packet, err := l.sealer.Load().Seal(l.packet[:0], l.header, payload)
	l.header.Sequence++
	l.header.Timestamp += uint32(audio.FrameSamples)
	if err == nil {
		err = l.write(packet)
	}
	if err != nil {
		s.metrics.dropped.Inc()
	}
}

func (l *link) write(datagram []byte) error {
	_, err := l.udp.Write(datagram)
	if errors.Is(err, syscall.ECONNREFUSED) && l.path.refused() {
		l.lose(errRefused)
	}
	return err
}

// keepAlive sends a keepalive every 5 s, audio or not.
func (l *link) keepAlive(s *stream) {
	if l.ticks++; l.ticks < keepaliveTicks {
		return
	}
	l.ticks = 0
	l.keepalives++
	l.packet = rtp.AppendKeepalive(l.packet[:0], l.keepalives)
	if l.write(l.packet) != nil {
		s.metrics.dropped.Inc()
	}
	s.metrics.keepalives.Inc()
	if l.path.silent(l.keepalives) {
		l.lose(errSilent)
	}
}
