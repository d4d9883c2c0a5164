package opus_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"busker/audio"
	"busker/opus"
)

// The benchmarks report CPU time per frame beside the wall time, which says
// little on a shared machine.

func BenchmarkEncode(b *testing.B) {
	source := music(50)
	for _, backend := range opus.Backends() {
		for _, complexity := range []int{0, 5, 10} {
			b.Run(fmt.Sprintf("%s/complexity=%d", backend, complexity), func(b *testing.B) {
				e := newEncoder(b, opus.EncoderOptions{Backend: backend})
				if err := e.SetComplexity(complexity); err != nil {
					b.Fatal(err)
				}
				packet := make([]byte, audio.MaxPacketBytes)
				perFrame(b, func(i int) error {
					_, err := e.Encode(packet, &source[i%len(source)])
					return err
				})
			})
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	packets := encode(b, newEncoder(b, opus.EncoderOptions{}), music(50))
	for _, backend := range opus.Backends() {
		b.Run(backend, func(b *testing.B) {
			d := newDecoder(b, opus.DecoderOptions{Backend: backend})
			pcm := make([]float32, opus.MaxPacketSamples*audio.Channels)
			perFrame(b, func(i int) error {
				_, err := d.Decode(pcm, packets[i%len(packets)])
				return err
			})
		})
	}
}

func perFrame(b *testing.B, do func(i int) error) {
	b.ReportAllocs()
	start, i := cpuTime(b), 0
	for b.Loop() {
		if err := do(i); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64((cpuTime(b)-start).Nanoseconds())/1000/float64(b.N), "cpu-us/frame")
}

func cpuTime(b testing.TB) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
