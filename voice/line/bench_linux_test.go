package line_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"busker/audio"
	"busker/voice/line"
	"busker/voice/pace"
	"busker/voice/udp"
)

// BenchmarkLines is a packet from ring to network, sealed twice, of so many lines per
// slot, over shared sockets and over connected ones.
func BenchmarkLines(b *testing.B) {
	for name, opts := range map[string]udp.Options{"shared": {}, "connected": {Dedicated: true}} {
		for _, n := range []int{1, 10, 75} {
			b.Run(fmt.Sprintf("%s/lines=%d", name, n), func(b *testing.B) {
				frames, _ := newDuet(b)
				sockets := newSockets(b, opts)
				_, remotes := crowd(b, n)
				members := make([]*line.Line, n)
				for i := range members {
					path, err := sockets.Open(context.Background(), remotes[i], deaf{})
					if err != nil {
						b.Fatal(err)
					}
					members[i] = line.New(line.Options{})
					members[i].SetLink(line.NewLink(line.LinkOptions{
						Socket: path, Sealer: newSealer(b), Frames: frames, Ungated: true,
					}))
				}
				payload := make([]byte, 240)
				perPacket(b, n, func() {
					for _, m := range members {
						p := audio.NewPacket()
						p.Set(payload)
						_ = m.Send(p)
						m.Tick(pace.Turn{})
					}
					sockets.Flush(0)
				})
			})
		}
	}
}

// perPacket runs send, of so many packets, and reports what one costs: wall time, and
// the thread's CPU time, which a busy machine falsifies less.
func perPacket(b *testing.B, packets int, send func()) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	send()
	b.ReportAllocs()
	before := threadTime(b)
	for b.Loop() {
		send()
	}
	used := threadTime(b) - before
	n := float64(b.N) * float64(packets)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/packet")
	b.ReportMetric(float64(used.Nanoseconds())/n, "cpu-ns/packet")
}

func threadTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
