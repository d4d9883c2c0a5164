package bench_test

import (
	"fmt"
	"math"
	"runtime"
	"testing"
	"time"

	"busker/audio"
	"busker/bench"
	"busker/bench/bare"
	"busker/opus"
)

// BenchmarkEncode is every encoder of this build, at the steps of complexity that
// differ, at the bitrates that matter, over music and synthetic signals.
func BenchmarkEncode(b *testing.B) {
	for _, backend := range opus.Backends() {
		for _, complexity := range []int{0, 4, 5, 8} {
			for _, kbps := range []int{64, 96, 128} {
				for _, s := range signals(b) {
					b.Run(fmt.Sprintf("%s/complexity=%d/kbps=%d/%s", backend, complexity, kbps, s.Name), func(b *testing.B) {
						encodeBench(b, backend, complexity, kbps*1000, s)
					})
				}
			}
		}
	}
}

func encodeBench(b *testing.B, backend string, complexity, bitrate int, s bench.Signal) {
	e, err := opus.NewEncoder(opus.EncoderOptions{Backend: backend, Bitrate: bitrate})
	if err != nil {
		b.Skip(err)
	}
	defer e.Close()
	if err := e.SetComplexity(complexity); err != nil {
		b.Skip(err)
	}
	packet := make([]byte, audio.MaxPacketBytes)
	bytes := 0
	perFrame(b, func(i int) error {
		n, err := e.Encode(packet, &s.Blocks[i%len(s.Blocks)])
		bytes += n
		return err
	})
	b.ReportMetric(float64(bytes)/float64(b.N), "bytes/frame")
	b.ReportMetric(snr(b, backend, complexity, bitrate, s), "dB-SNR")
}

// snr encodes and decodes the signal once and returns the mean signal to noise ratio
// of its frames, in dB.
func snr(b *testing.B, backend string, complexity, bitrate int, s bench.Signal) float64 {
	b.Helper()
	e, err := opus.NewEncoder(opus.EncoderOptions{Backend: backend, Bitrate: bitrate})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	d, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer d.Close()
	_ = e.SetComplexity(complexity)
	packet := make([]byte, audio.MaxPacketBytes)
	pcm := make([]float32, opus.MaxPacketSamples*audio.Channels)
	var heard []float32
	frames := min(len(s.Blocks), 500)
	for i := range frames {
		n, err := e.Encode(packet, &s.Blocks[i])
		if err != nil {
			b.Fatal(err)
		}
		if n == 0 {
			continue
		}
		m, err := d.Decode(pcm, packet[:n])
		if err != nil {
			b.Fatal(err)
		}
		heard = append(heard, pcm[:m*audio.Channels]...)
	}
	return compare(s.Blocks[:frames], heard, e.Lookahead()*audio.Channels)
}

// compare returns the mean SNR in dB over the frames that are not silent.
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

// BenchmarkEncodeOverBareC is the price of Go around libopus: our path's processor
// time divided by that of a loop of C with the same settings over the same sound, in
// turns on one thread. The figure to read is "ratio".
func BenchmarkEncodeOverBareC(b *testing.B) {
	if !bare.Available {
		b.Skip("this build has no libopus")
	}
	s := signals(b)[0]
	blocks := s.Blocks[:min(len(s.Blocks), 400)]
	for _, complexity := range []int{0, 5, 10} {
		b.Run(fmt.Sprintf("complexity=%d", complexity), func(b *testing.B) {
			overBare(b, blocks, complexity)
		})
	}
}

func overBare(b *testing.B, blocks []audio.Block, complexity int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c, err := bare.New(opus.DefaultBitrate, complexity)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	e, err := opus.NewEncoder(opus.EncoderOptions{Backend: "libopus"})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	if err := e.SetComplexity(complexity); err != nil {
		b.Fatal(err)
	}
	packet := make([]byte, audio.MaxPacketBytes)
	var ratios []float64
	var ours, theirs time.Duration
	for b.Loop() {
		t, err := c.Encode(blocks)
		if err != nil {
			b.Fatal(err)
		}
		began := bench.ThreadCPU()
		for i := range blocks {
			if _, err := e.Encode(packet, &blocks[i]); err != nil {
				b.Fatal(err)
			}
		}
		o := bench.ThreadCPU() - began
		ratios = append(ratios, float64(o)/float64(t))
		ours, theirs = ours+o, theirs+t
	}
	frames := float64(len(blocks) * len(ratios))
	b.ReportMetric(bench.Median(ratios), "ratio")
	b.ReportMetric(float64(ours.Nanoseconds())/1000/frames, "cpu-us/frame")
	b.ReportMetric(float64(theirs.Nanoseconds())/1000/frames, "C-us/frame")
}
