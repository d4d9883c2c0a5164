package player_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/player"
	"busker/track"
)

// gate is an Output that takes so many packets and no more, half a ring at a time.
type gate struct {
	sink
	allowed atomic.Uint64
	opened  chan struct{} // size 1
	reached chan struct{} // size 1
}

func newGate() *gate {
	return &gate{opened: make(chan struct{}, 1), reached: make(chan struct{}, 1)}
}

func (g *gate) Await(ctx context.Context) (int, error) {
	for {
		if left := g.allowed.Load() - g.sent.Load(); left > 0 {
			return int(min(left, 5)), ctx.Err()
		}
		select {
		case <-g.opened:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (g *gate) Send(p *audio.Packet) error {
	err := g.sink.Send(p)
	if g.sent.Load() == g.allowed.Load() {
		g.reached <- struct{}{}
	}
	return err
}

// pass lets n packets through.
func (g *gate) pass(n int) {
	g.allowed.Add(uint64(n))
	g.opened <- struct{}{}
	<-g.reached
}

// modes are the ways from a reader to an Output.
var modes = []struct {
	name    string
	packets bool
	do      player.Command
}{
	{"passthrough", true, player.Volume{Percent: 100}},
	{"encode", false, player.Volume{Percent: 100}},
	{"encode-volume", false, player.Volume{Percent: 70}},
	{"transcode", true, player.Volume{Percent: 70}},
	{"transcode-equalizer", true, player.Filters{Settings: equalized()}},
}

// turntable is a reader of blocks that plays for ever.
type turntable struct {
	pcm  []float32
	next int
}

func (r *turntable) ReadBlock(b *audio.Block) error {
	r.next = (r.next + copy(b[:], r.pcm[r.next:])) % len(r.pcm)
	return nil
}

func (r *turntable) Close() error { return nil }

func equalized() (s dsp.Settings) {
	for i := range s.Equalizer {
		s.Equalizer[i] = 0.02 * float64(i%5)
	}
	return s
}

// flow has a guild play in a mode, with the real codec, through a gate.
func flow(t testing.TB, packets bool, do player.Command, body func(*gate)) {
	t.Helper()
	d := press(t, chirpAt, 2*audio.SampleRate)
	pcm := decodeHeard(t, d.packets)
	out := newGate()
	m, err := player.NewManager(player.Options{
		Opener: openerFunc(func(context.Context, track.Track, time.Duration, player.How) (audio.Reader, error) {
			if packets {
				return &round{disc: d, left: -1}, nil
			}
			return &turntable{pcm: pcm}, nil
		}),
		Connect: func(player.GuildID) player.Output { return out },
		Pool:    newPool(t, 10),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = m.Run(ctx) })
	defer running.Wait()
	defer cancel()
	list := []track.Track{{Title: "for ever", Live: true}}
	for _, c := range []player.Command{player.Play{Tracks: list, Channel: lobby}, do} {
		if _, err := m.Do(ctx, guild, c); err != nil {
			t.Fatal(err)
		}
	}
	out.pass(500)
	body(out)
}

// TestTheSteadyStateAllocatesNothing counts the allocations of the whole process while
// frames go from a reader through the real codec to an Output.
func TestTheSteadyStateAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools forget")
	}
	const frames = 1000
	for _, tt := range modes {
		t.Run(tt.name, func(t *testing.T) {
			flow(t, tt.packets, tt.do, func(out *gate) {
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				out.pass(frames)
				runtime.ReadMemStats(&after)
				if n := after.Mallocs - before.Mallocs; n > frames/20 { // a GC empties the pools now and then
					t.Errorf("%d allocations for %d frames", n, frames)
				}
			})
		})
	}
}

// BenchmarkPump is the way of one frame from a reader to an Output, as fast as it goes.
func BenchmarkPump(b *testing.B) {
	for _, tt := range modes {
		b.Run(tt.name, func(b *testing.B) {
			flow(b, tt.packets, tt.do, func(out *gate) {
				b.ReportAllocs()
				b.ResetTimer()
				out.pass(b.N)
			})
		})
	}
}
