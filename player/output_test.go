package player_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"busker/audio"
	"busker/internal/snowflake"
	"busker/opus"
	"busker/player"
)

// sample is what the fake codec carries of a frame: which track it is of, its
// number in there counted from 1, and both scaled by the gain at start and end.
type sample struct {
	at              time.Duration // since the rig started
	track, frame    float32       // at the frame's end
	headTrack, head float32       // at its start
}

// codec writes a block's first and last pair of samples as a packet, and the last
// pair of the block it was given before: what an encoder remembers.
type codec struct {
	panicsOn    float32 // frame number at which Encode panics; 0 = never
	track, last float32
}

// silenceFrames is how many frames of silence follow the last packet.
const silenceFrames = 5

// codecBytes is the length of a codec's packet.
const codecBytes = 6 * 4

func (c *codec) Encode(dst []byte, b *audio.Block) (int, error) {
	n := len(b)
	if c.panicsOn != 0 && b[n-1] == c.panicsOn {
		panic("encoder on fire")
	}
	for i, v := range []float32{b[0], b[1], b[n-2], b[n-1], c.track, c.last} {
		binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
	}
	c.track, c.last = b[n-2], b[n-1]
	return codecBytes, nil
}

func (c *codec) Reset() error            { c.track, c.last = 0, 0; return nil }
func (c *codec) Close() error            { return nil }
func (c *codec) SetBitrate(int) error    { return nil }
func (c *codec) SetComplexity(int) error { return nil }
func (c *codec) Lookahead() int          { return 0 }

// output is a voice connection whose pacer takes one packet each 20 ms.
type output struct {
	start  time.Time
	ring   chan *audio.Packet
	fallen chan struct{} // size 1: a packet was taken out of ring
	takes  sync.Mutex    // held while packets are taken out of ring: all of a Flush, or one
	sent   atomic.Uint64
	held   atomic.Bool // interrupted: nothing goes out
	in     atomic.Uint64
	silent atomic.Bool // packets tell the silence too that listeners hear when the ring is empty
	joins  atomic.Int64
	leaves atomic.Int64

	abandoned atomic.Bool

	join func(context.Context, snowflake.ID) error // nil = at once

	mu      sync.Mutex
	heard   []sample
	torn    []string // where the encoder did not go on from what was heard before
	packets [][]byte
	times   []time.Duration // of packets, since the rig started
	broken  error           // what Await and Send answer
	left    func()          // called by Leave; nil = nothing
}

func (o *output) Join(ctx context.Context, channel snowflake.ID) error {
	o.joins.Add(1)
	if o.join != nil {
		if err := o.join(ctx, channel); err != nil {
			return err
		}
	}
	o.in.Store(uint64(channel))
	return nil
}

func (o *output) Await(ctx context.Context) (int, error) {
	for {
		if err := o.trouble(); err != nil {
			return 0, err
		}
		if n := len(o.ring); n <= cap(o.ring)/2 {
			return cap(o.ring) - n, nil
		}
		select {
		case <-o.fallen:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (o *output) Send(p *audio.Packet) error {
	err := o.trouble()
	if err == nil {
		select {
		case o.ring <- p:
			return nil
		default:
			err = errors.New("the ring is full")
		}
	}
	p.Release()
	return err
}

func (o *output) trouble() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.broken
}

// breakDown makes everything fail with err from now on, nil for nothing.
func (o *output) breakDown(err error) {
	o.mu.Lock()
	o.broken = err
	o.mu.Unlock()
	o.tell()
}

// tell wakes who awaits room.
func (o *output) tell() {
	select {
	case o.fallen <- struct{}{}:
	default:
	}
}

func (o *output) Flush() (n int) {
	o.takes.Lock()
	defer o.takes.Unlock()
	defer o.tell()
	for {
		select {
		case p := <-o.ring:
			p.Release()
			n++
		default:
			return n
		}
	}
}

func (o *output) Sent() uint64 { return o.sent.Load() }

// Health tells the channel as Epoch, to show that it is asked for at the moment.
func (o *output) Health() player.Health {
	in := o.in.Load()
	return player.Health{Connected: in != 0 && !o.held.Load(), Encrypted: in == uint64(lobby), Epoch: in}
}

func (o *output) Leave(context.Context) error {
	o.leaves.Add(1)
	o.in.Store(0)
	o.Flush()
	if o.left != nil {
		o.left()
	}
	return nil
}

// Abandon ends the sound, and tells nobody.
func (o *output) Abandon() {
	o.abandoned.Store(true)
	o.in.Store(0)
	o.Flush()
}

func (o *output) pace(ctx context.Context) {
	tick := time.NewTicker(audio.FrameTime)
	defer tick.Stop()
	quiet := silenceFrames
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if o.held.Load() {
			continue
		}
		if p := o.take(); p != nil {
			o.hear(p)
			quiet = 0
		} else if quiet++; quiet <= silenceFrames && o.silent.Load() {
			o.mu.Lock()
			o.packets = append(o.packets, []byte(opus.SilenceFrame))
			o.times = append(o.times, time.Since(o.start))
			o.mu.Unlock()
		}
	}
}

func (o *output) take() *audio.Packet {
	o.takes.Lock()
	defer o.takes.Unlock()
	defer o.tell()
	select {
	case p := <-o.ring:
		return p
	default:
		return nil
	}
}

func (o *output) hear(p *audio.Packet) {
	defer p.Release()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sent.Add(1)
	o.packets = append(o.packets, slices.Clone(p.Bytes()))
	o.times = append(o.times, time.Since(o.start))
	if len(p.Bytes()) != codecBytes { // a real codec's
		return
	}
	v := func(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(p.Bytes()[4*i:])) }
	var before sample
	if n := len(o.heard); n > 0 {
		before = o.heard[n-1]
	}
	jump := v(2) != before.track || v(3) != before.frame+1
	pause := time.Since(o.start)-before.at > audio.FrameTime
	if fresh := v(4) == 0 && v(5) == 0; (!fresh || !jump && !pause) && (v(4) != before.track || v(5) != before.frame) {
		o.torn = append(o.torn, fmt.Sprintf("packet %d: heard frame %v of %v, the encoder remembered frame %v of %v",
			len(o.heard), before.frame, before.track, v(5), v(4)))
	}
	o.heard = append(o.heard, sample{time.Since(o.start), v(2), v(3), v(0), v(1)})
}

// of returns what was heard of one track.
func (o *output) of(track int) (heard []sample) {
	for _, s := range o.all() {
		if s.track == float32(track) {
			heard = append(heard, s)
		}
	}
	return heard
}

// got returns the packets that listeners got, with the silence between them.
func (o *output) got() [][]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.packets)
}

// forgive forgets that sound was torn.
func (o *output) forgive() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.torn = nil
}

func (o *output) all() []sample {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.heard)
}

// decoder takes the packets of codec for what they are: not Opus.
type decoder struct{}

func (decoder) Decode([]float32, []byte) (int, error) { return 0, errors.New("this is no Opus") }
func (decoder) Reset() error                          { return nil }
func (decoder) Close() error                          { return nil }
