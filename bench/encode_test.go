package bench_test

import (
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"busker/audio"
	"busker/bench"
	"busker/bench/bare"
	"busker/opus"
)

// BenchmarkEncode is every encoder of this build, at every complexity that differs from
// the one below, at the bitrates that matter, over music and synthetic signals.
func BenchmarkEncode(b *testing.B) { measure(b, encoders()) }

func encoders() (list []work) {
	for _, backend := range append(opus.Backends(), opus.StreamBackends()...) {
		child := slices.Contains(opus.StreamBackends(), backend)
		for _, complexity := range complexities(backend) {
			for _, kbps := range []int{64, 96, 128} {
				for _, signal := range signalNames {
					c := coding{backend, complexity, kbps * 1000, signal}
					list = append(list, work{
						name: fmt.Sprintf("backend=%s/complexity=%d/kbps=%d/signal=%s", backend, complexity, kbps, signal),
						open: c.open, child: child,
					})
				}
			}
		}
	}
	return list
}

// complexities are the steps of libopus that cost or sound differently: 3 is as 4, 6 as
// 5, and 9 and 10 are as 8.
func complexities(backend string) []int {
	if p, err := opus.Describe(backend); err == nil && !p.Complexity {
		return []int{opus.DefaultComplexity}
	}
	return []int{0, 1, 2, 4, 5, 7, 8}
}

// coding is a way to encode a signal.
type coding struct {
	backend    string
	complexity int
	bitrate    int
	signal     string
}

func (c coding) encoder(tb testing.TB) opus.Encoder {
	tb.Helper()
	e, err := opus.NewEncoder(opus.EncoderOptions{Backend: c.backend, Bitrate: c.bitrate, Delayed: true})
	if err != nil {
		tb.Skip(err)
	}
	tb.Cleanup(func() { e.Close() })
	if err := e.SetComplexity(c.complexity); err != nil {
		tb.Fatal(err)
	}
	return e
}

func (c coding) open(tb testing.TB) *job {
	blocks, e := recorded(tb, c.signal), c.encoder(tb)
	packet, bytes := make([]byte, audio.MaxPacketBytes), 0
	return &job{
		frame: func(i int) error {
			n, err := e.Encode(packet, &blocks[i%len(blocks)])
			bytes += n
			return err
		},
		end: func() error {
			err := flush(e, packet, func(p []byte) error { bytes += len(p); return nil })
			return errors.Join(err, e.Close()) // its process has ended then
		},
		report: func(b *testing.B, _ time.Duration) {
			b.ReportMetric(float64(bytes)/float64(b.N), "bytes/frame")
			b.ReportMetric(c.snr(b, blocks), "dB-SNR")
		},
	}
}

// flush hands out the packets e still owes.
func flush(e opus.Encoder, packet []byte, take func([]byte) error) error {
	for {
		n, err := opus.Flush(e, packet)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = take(packet[:n])
		}
		if err != nil {
			return err
		}
	}
}

// snr encodes and decodes the signal once and returns the mean signal to noise ratio
// of its frames, in dB.
func (c coding) snr(tb testing.TB, blocks []audio.Block) float64 {
	tb.Helper()
	e := c.encoder(tb)
	d, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	defer d.Close()
	pcm := make([]float32, opus.MaxPacketSamples*audio.Channels)
	var heard []float32
	hear := func(packet []byte) error {
		if len(packet) == 0 {
			return nil
		}
		n, err := d.Decode(pcm, packet)
		heard = append(heard, pcm[:n*audio.Channels]...)
		return err
	}
	packet := make([]byte, audio.MaxPacketBytes)
	for i := range blocks {
		n, err := e.Encode(packet, &blocks[i])
		if err == nil {
			err = hear(packet[:n])
		}
		if err != nil {
			tb.Fatal(err)
		}
	}
	if err := flush(e, packet, hear); err != nil {
		tb.Fatal(err)
	}
	return compare(blocks, heard, e.Lookahead()*audio.Channels)
}

// compare returns the mean SNR in dB over the frames that are not silent; heard comes
// late by so many values.
func compare(blocks []audio.Block, heard []float32, late int) float64 {
	sum, n := 0.0, 0
	for i := range blocks {
		from := i*len(blocks[i]) + late
		if from+len(blocks[i]) > len(heard) {
			break
		}
		var signal, rest float64
		for j, v := range blocks[i] {
			d := float64(v - heard[from+j])
			signal += float64(v) * float64(v)
			rest += d * d
		}
		if signal > 1e-4 && rest > 0 {
			sum += 10 * math.Log10(signal/rest)
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// TestSNR checks the measure itself: a codec that is good sounds like the signal, and more
// bits make it better.
func TestSNR(t *testing.T) {
	few := coding{"", opus.DefaultComplexity, 64000, "chord"}
	many := coding{"", opus.DefaultComplexity, 128000, "chord"}
	blocks := recorded(t, "chord")
	low, high := few.snr(t, blocks), many.snr(t, blocks)
	if low < 10 || high <= low || high > 80 {
		t.Errorf("%.1f dB at 64 kbit/s, %.1f dB at 128", low, high)
	}
}

// BenchmarkEncodeOverBareC is the price of Go around libopus: our path's processor
// time divided by that of a loop of C with the same settings over the same sound, in
// turns on one thread. The figure to read is "ratio". An operation is the whole sound.
func BenchmarkEncodeOverBareC(b *testing.B) {
	for _, complexity := range []int{0, 5, 8} {
		b.Run(fmt.Sprintf("complexity=%d", complexity), func(b *testing.B) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			p := newRace(b, complexity)
			for b.Loop() {
				p.round(b)
			}
			frames := float64(len(p.blocks) * len(p.ratios))
			b.ReportMetric(bench.Median(p.ratios), "ratio")
			b.ReportMetric(float64(p.ours.Nanoseconds())/1000/frames, "cpu-us/frame")
			b.ReportMetric(float64(p.theirs.Nanoseconds())/1000/frames, "C-us/frame")
		})
	}
}

func TestEncodeOverBareC(t *testing.T) {
	runtime.LockOSThread() // whose time is taken
	defer runtime.UnlockOSThread()
	p := newRace(t, opus.DefaultComplexity)
	if p.round(t); p.ours <= 0 || p.theirs <= 0 {
		t.Errorf("ours took %v, the bare one %v", p.ours, p.theirs)
	}
}

// race has our encoder and a bare one encode the same.
type race struct {
	blocks       []audio.Block
	encoder      opus.Encoder
	bare         *bare.Encoder
	packet       [audio.MaxPacketBytes]byte
	ratios       []float64
	ours, theirs time.Duration
}

func newRace(tb testing.TB, complexity int) *race {
	tb.Helper()
	if !bare.Available {
		tb.Skip("this build has no libopus to compare with")
	}
	blocks := sound(tb)
	p := &race{blocks: blocks[:min(len(blocks), 400)]}
	p.encoder = coding{"libopus", complexity, opus.DefaultBitrate, ""}.encoder(tb)
	var err error
	if p.bare, err = bare.New(opus.DefaultBitrate, complexity); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.bare.Close)
	return p
}

func (p *race) round(tb testing.TB) {
	tb.Helper()
	theirs, err := p.bare.Encode(p.blocks)
	if err != nil {
		tb.Fatal(err)
	}
	began := bench.ThreadCPU()
	for i := range p.blocks {
		if _, err := p.encoder.Encode(p.packet[:], &p.blocks[i]); err != nil {
			tb.Fatal(err)
		}
	}
	ours := bench.ThreadCPU() - began
	p.ratios = append(p.ratios, float64(ours)/float64(theirs))
	p.ours, p.theirs = p.ours+ours, p.theirs+theirs
}
