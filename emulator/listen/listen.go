// Package listen is the ears of a simulated member of a voice channel: it takes
// the packets a voice server delivers, decodes and records them, and measures
// what a foreign receiver would have heard.
//
// It knows Opus and RTP numbering but no sockets and no encryption: the packets
// come decrypted, each with the instant it arrived. It starts no goroutines.
// Levels are dBFS, positions are media time since the first packet heard.
//
// Time. The RTP timestamps define the position: a speaker who lets the timestamp
// run through a pause leaves silence of that length in the recording, one who
// stops the timestamp (as bots do) leaves none, and the pause is then listed
// with the length it took on the clock. Lost packets are concealed for up to
// 100 ms and silent after that, so what follows them keeps its place.
package listen

import (
	"sync"
	"time"

	"busker/audio"
	"busker/internal/snowflake"
	"busker/opus"
)

// Options of a Listener.
type Options struct {
	// Speaker is the user listened to; 0 follows the first one heard. Packets of
	// others are only counted.
	Speaker snowflake.ID
	// Keep bounds what is remembered for recording and comparing: 0 everything
	// (about 15 kB per second), negative nothing, else the newest so much.
	Keep time.Duration
	// CountOnly leaves out decoding: for thousands of listeners. Levels and
	// subscriptions then stay empty.
	CountOnly bool
	// Decoder names the Opus backend; "" is the default of the build.
	Decoder string
}

// Packet is one RTP packet as it reached the listener, transport encryption,
// padding and header extensions removed.
type Packet struct {
	Speaker   snowflake.ID
	SSRC      uint32
	Sequence  uint16
	Timestamp uint32
	Payload   []byte    // one Opus packet; borrowed until Hear returns
	Arrival   time.Time // when the datagram reached the receiving host

	Sealed Sealed // what became of the end-to-end encryption
	Epoch  uint64 // of the listener's group, with Opened
	Code   string // voice privacy code of that epoch: no other has the same
}

// Sealed is what became of a packet's end-to-end encryption.
type Sealed uint8

// The fates of a packet. The payload of the last two can not be heard: such packets
// are counted, and are otherwise like lost ones.
const (
	Plain         Sealed = iota // it came in the clear
	Opened                      // decrypted
	TooEarly                    // not decrypted, nor was any of this speaker since one of the two came
	Undecryptable               // not decrypted, although others of the speaker were
)

// Listener hears one speaker of a channel. All methods may be called concurrently.
type Listener struct {
	opts Options

	mu       sync.Mutex
	closed   bool
	speaker  snowflake.ID
	sources  sources
	count    counters
	clock    clock
	queue    reorderer
	tape     tape
	unroll   *unroller // nil until the first packet, and when only counting
	level    level
	decoding error
	subs     map[*Subscription]struct{}
}

// counters counts what the other parts do not.
type counters struct {
	packets, silence, undecodable, others, restarts, jumps int64
	plain, early, undecryptable, keys                      int64
	epoch                                                  uint64
	code                                                   string
}

// unseal counts what became of the encryption, and reports whether there is
// something to hear.
func (c *counters) unseal(p Packet) bool {
	switch p.Sealed {
	case TooEarly:
		c.early++
		return false
	case Undecryptable:
		c.undecryptable++
		return false
	case Opened:
		if c.keys == 0 || p.Code != c.code || p.Epoch != c.epoch {
			c.keys, c.epoch, c.code = c.keys+1, p.Epoch, p.Code
		}
	case Plain:
		if string(p.Payload) != opus.SilenceFrame {
			c.plain++
		}
	}
	return true
}

// New returns a Listener that has heard nothing.
func New(opts Options) *Listener {
	return &Listener{
		opts:    opts,
		speaker: opts.Speaker,
		tape:    tape{keep: opts.Keep},
		subs:    make(map[*Subscription]struct{}),
	}
}

// Hear takes one packet, in the order of arrival. After Close it does nothing.
func (l *Listener) Hear(p Packet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	if l.speaker == 0 {
		l.speaker = p.Speaker
	}
	if p.Speaker != l.speaker {
		l.count.others++
		return
	}
	if string(p.Payload) != opus.SilenceFrame {
		l.sources.heard(p)
	}
	if !l.count.unseal(p) {
		return
	}
	l.count.packets++
	if string(p.Payload) == opus.SilenceFrame {
		l.count.silence++
	}
	if l.queue.restarts(p) {
		l.queue.flush(l.place)
		l.queue.forget()
		l.tape.cut()
		l.count.restarts++
	}
	reached := l.tape.end
	if l.queue.push(p, l.place) == inOrder {
		l.clock.tick(p, reached)
	}
}

// place gives a packet its position, records it and decodes it; missing is how
// many packets before it were given up.
func (l *Listener) place(p Packet, missing int) {
	f, jumped := l.tape.append(p, missing)
	if jumped {
		l.count.jumps++
	}
	if missing > 0 {
		l.clock.hole(f.at-f.hole, missing)
	}
	if l.opts.CountOnly || l.decoding != nil {
		return
	}
	if l.unroll == nil {
		if l.unroll, l.decoding = newUnroller(l.opts.Decoder); l.decoding != nil {
			return
		}
	}
	if err := l.unroll.play(f, l.heard); err != nil {
		l.count.undecodable++
	}
}

// heard takes decoded samples. Live, a hole is just time that passes.
func (l *Listener) heard(at int64, pcm []float32, silent bool) {
	if silent {
		l.level.addSilence(int64(len(pcm) / audio.Channels))
		return
	}
	l.level.add(pcm)
	if len(l.subs) == 0 {
		return
	}
	f := Frame{At: audio.SamplesDuration(at), PCM: append([]float32(nil), pcm...)}
	for s := range l.subs {
		s.offer(f)
	}
}

// Close ends listening: packets still held back for order are placed, the
// decoder is freed and subscriptions end. Reports and recordings stay readable.
func (l *Listener) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.queue.flush(l.place)
	l.closed = true
	if l.unroll != nil {
		l.unroll.close()
	}
	for s := range l.subs {
		delete(l.subs, s)
		close(s.frames)
	}
}
