//go:build unix

package studio_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"busker/audio"
	"busker/studio"
	"busker/track"
)

// endless has a rig play real music, encoded for real, that never ends.
func endless(o *studio.Options) {
	useBand(o)
	o.Opener.(*shelf).open = func(ctx context.Context, _ track.Track, at time.Duration) audio.Reader {
		return &loop{ended: ctx.Err}
	}
}

// loop plays one second of the band again and again.
type loop struct {
	ended func() error
	n     int
}

var loopBlocks = sync.OnceValue(func() []audio.Block {
	b := band{ended: func() error { return nil }, length: audio.SampleRate}
	blocks := make([]audio.Block, second)
	for i := range blocks {
		_ = b.ReadBlock(&blocks[i])
	}
	return blocks
})

func (l *loop) ReadBlock(b *audio.Block) error {
	*b = loopBlocks()[l.n%int(second)]
	l.n++
	return l.ended()
}

func (l *loop) OnWait(func(), func()) {}
func (l *loop) Close() error          { return nil }

func TestNoAllocationsPerPacket(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	r := start(t, endless)
	defer r.stop()
	p := r.open(song, 0)
	defer p.Close()
	packet := audio.NewPacket()
	defer packet.Release()
	read := func() {
		if err := p.ReadPacket(packet); err != nil {
			t.Fatal(err)
		}
	}
	for range 200 {
		read()
	}
	if n := testing.AllocsPerRun(2000, read); n > 0 {
		t.Errorf("%v allocations per packet", n)
	}
	var b audio.Block
	q := r.open(song, audio.Duration(1<<20))
	defer q.Close()
	block := func() {
		if err := q.ReadBlock(&b); err != nil {
			t.Fatal(err)
		}
	}
	for range 200 {
		block()
	}
	if n := testing.AllocsPerRun(1000, block); n > 0 {
		t.Errorf("%v allocations per block", n)
	}
}

// TestMemoryOfATake counts Go's memory; libopus has 48 KiB more for an encoder.
func TestMemoryOfATake(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector needs memory")
	}
	r := start(t, nil)
	defer r.stop()
	before := inUse()
	const takes = 200
	for i := range takes {
		s := song
		s.URI = fmt.Sprint(i)
		p := r.open(s, 0)
		defer p.Close()
		r.take(p, 4)
	}
	if each := (inUse() - before) / takes; each > 100<<10 {
		t.Errorf("%d bytes", each)
	} else {
		t.Logf("%d bytes", each)
	}
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// cpu returns the processor time this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Every operation of a benchmark is one frame, for all its listeners.

// BenchmarkListeners has them all listen to one take.
func BenchmarkListeners(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			r := start(b, endless)
			defer r.stop()
			measure(b, n, func(int) audio.PacketReader { return openFor(b, r, song) })
		})
	}
}

// BenchmarkSeparate has each listen to a take of its own: what sharing saves.
func BenchmarkSeparate(b *testing.B) {
	for _, n := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			r := start(b, endless)
			defer r.stop()
			measure(b, n, func(i int) audio.PacketReader {
				s := song
				s.URI = fmt.Sprint(i)
				return openFor(b, r, s)
			})
		})
	}
}

func openFor(b *testing.B, r *rig, t track.Track) audio.PacketReader {
	b.Helper()
	p, err := r.Open(b.Context(), t, 0, plain)
	if err != nil {
		b.Fatal(err)
	}
	return p.(audio.PacketReader)
}

// measure has n readers read ten frames at a time, in step, as players do, and reports
// the processor time.
func measure(b *testing.B, n int, open func(i int) audio.PacketReader) {
	b.Helper()
	readers := make([]audio.PacketReader, n)
	for i := range readers {
		readers[i] = open(i)
		defer readers[i].Close()
	}
	b.ReportAllocs()
	b.ResetTimer()
	began := cpu()
	const step = 10
	for range b.N/step + 1 {
		var all sync.WaitGroup
		for _, r := range readers {
			all.Go(func() {
				p := audio.NewPacket()
				defer p.Release()
				for range step {
					if err := r.ReadPacket(p); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
	}
	frames := float64((b.N/step + 1) * step)
	used := float64(cpu() - began)
	b.ReportMetric(used/frames/1000, "cpu-µs/frame")
	b.ReportMetric(used/frames/float64(n), "cpu-ns/frame/listener")
}
