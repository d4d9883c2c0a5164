package player_test

import (
	"context"
	"io"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/snowflake"
	"busker/opus"
	"busker/player"
)

// chirp is a track of rising tones with noise in them: no two stretches of it
// are alike, so that a lost, repeated or displaced one shows.
type chirp struct{ next, frames int }

func (c *chirp) ReadBlock(b *audio.Block) error {
	if c.next == c.frames {
		return io.EOF
	}
	for i := range audio.FrameSamples {
		left, right := chirpAt(c.next*audio.FrameSamples + i)
		b[2*i], b[2*i+1] = left, right
	}
	c.next++
	return nil
}

func (c *chirp) Close() error { return nil }

func chirpAt(n int) (left, right float32) {
	t := float64(n) / audio.SampleRate
	l := 0.4*math.Sin(2*math.Pi*(300*t+120*t*t)) + 0.1*math.Sin(2*math.Pi*(90*t+900*math.Sin(t)))
	r := 0.4*math.Sin(2*math.Pi*(500*t+70*t*t)) + 0.1*math.Sin(2*math.Pi*(130*t+700*math.Cos(t)))
	return float32(l), float32(r)
}

// TestWhatIsDecodedIsTheSource plays through the real encoder, pauses and changes
// the volume forth and back on the way, and compares each 100 ms of what a
// listener decodes with the source at the very same sample.
func TestWhatIsDecodedIsTheSource(t *testing.T) {
	const frames = 250
	for _, backend := range opus.Backends() {
		t.Run(backend, func(t *testing.T) {
			real := func(o *player.Options, _ *rig) {
				o.Encoder = func(player.GuildID) (opus.Encoder, error) {
					return opus.NewEncoder(opus.EncoderOptions{Backend: backend})
				}
			}
			var packets [][]byte
			run(t, real, func(r *rig) {
				tr := r.shelf.put(1, frames)
				r.shelf.replace(tr.URI, func(_ context.Context, at time.Duration) (audio.Reader, error) {
					return &chirp{int(audio.Frames(at)), frames}, nil
				})
				r.play(tr)
				for range 3 {
					r.pass(700 * time.Millisecond)
					r.do(player.Pause{})
					r.pass(300 * time.Millisecond)
					r.do(player.Resume{})
					r.pass(300 * time.Millisecond)
					r.do(player.Volume{Percent: 60})
					r.do(player.Volume{Percent: 100})
				}
				r.pass(10 * time.Second)
				packets = r.out.got()
			})
			if len(packets) != frames+1 {
				t.Errorf("%d packets for %d frames and the tail", len(packets), frames)
			}
			compare(t, decode(t, backend, packets), frames*audio.FrameSamples)
		})
	}
}

func decode(t *testing.T, backend string, packets [][]byte) (pcm []float32) {
	t.Helper()
	d, err := opus.NewDecoder(opus.DecoderOptions{Backend: backend})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	buffer := make([]float32, 2*opus.MaxPacketSamples)
	for _, p := range packets {
		n, err := d.Decode(buffer, p)
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, buffer[:2*n]...)
	}
	return pcm
}

// compare correlates heard, which lags by the codec's lookahead, with the chirp.
func compare(t *testing.T, heard []float32, samples int) {
	t.Helper()
	const lookahead, window = 312, audio.SampleRate / 10
	worst := 1.0
	for from := 0; from+window <= samples; from += window {
		var xy, xx, yy float64
		for n := from; n < from+window; n++ {
			left, right := chirpAt(n)
			hl, hr := heard[2*(n+lookahead)], heard[2*(n+lookahead)+1]
			xy += float64(left*hl + right*hr)
			xx += float64(left*left + right*right)
			yy += float64(hl*hl + hr*hr)
		}
		worst = min(worst, xy/math.Sqrt(xx*yy))
	}
	t.Logf("worst correlation of 100 ms: %.4f", worst)
	if worst < 0.98 {
		t.Errorf("worst correlation of 100 ms: %.4f", worst)
	}
}

// sink takes packets as fast as they come.
type sink struct{ sent atomic.Uint64 }

func (s *sink) Await(ctx context.Context) (int, error) { return 10, ctx.Err() }

func (s *sink) Send(p *audio.Packet) error {
	p.Release()
	s.sent.Add(1)
	return nil
}

func (s *sink) Join(context.Context, snowflake.ID) error { return nil }
func (s *sink) Flush() int                               { return 0 }
func (s *sink) Sent() uint64                             { return s.sent.Load() }
func (s *sink) Leave(context.Context) error              { return nil }
func (s *sink) Abandon()                                 {}
func (s *sink) Health() player.Health                    { return player.Health{Connected: true} }

// paced is a sink that takes one packet each 20 ms.
type paced struct {
	sink
	start time.Time

	mu     sync.Mutex
	queued uint64 // packets sent, and those dropped by a Flush not counted
	seen   int64  // up to when sink.sent is true, in frames
}

func (p *paced) now() int64 { return int64(time.Since(p.start) / audio.FrameTime) }

func (p *paced) Await(ctx context.Context) (int, error) {
	for {
		left := p.left()
		if left <= 5 {
			return 10 - left, ctx.Err()
		}
		select {
		case <-time.After(audio.FrameTime):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// left returns how many packets are unsent.
func (p *paced) left() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unsent()
}

func (p *paced) unsent() int {
	now := p.now()
	done := min(p.queued, p.sent.Load()+uint64(now-p.seen))
	p.seen = now
	p.sent.Store(done)
	return int(p.queued - done)
}

func (p *paced) Send(packet *audio.Packet) error {
	packet.Release()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unsent()
	p.queued++
	return nil
}

func (p *paced) Sent() uint64 { p.left(); return p.sent.Load() }

func (p *paced) Flush() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.unsent()
	p.queued -= uint64(n)
	return n
}
