package udp_test

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"busker/voice/udp"
)

// BenchmarkSend is one datagram of 20 ms of audio to one of 64 remotes, sent in
// batches, over sockets that are shared by so many streams or have one.
func BenchmarkSend(b *testing.B) {
	const remotes, bytes = 64, 270
	for _, kind := range []udp.Options{{Dedicated: true}, {Share: 1}, {Share: 8}, {Share: 64}} {
		for _, batch := range []int{1, 8, 64} {
			name := fmt.Sprintf("share=%d/batch=%d", kind.Share, batch)
			if kind.Dedicated {
				name = fmt.Sprintf("connected/batch=%d", batch)
			}
			b.Run(name, func(b *testing.B) {
				sockets := newSockets(b, kind)
				streams := crowd(b, sockets, remotes)
				datagram := make([]byte, bytes)
				n := 0
				perPacket(b, batch, func() {
					for range batch {
						streams[n%remotes].Queue(0, datagram)
						n++
					}
					sockets.Flush(0)
				})
			})
		}
	}
}

// crowd returns streams to so many addresses of one sink: 127.0.0.0/8 is one machine.
func crowd(b *testing.B, sockets *udp.Sockets, n int) []*udp.Stream {
	b.Helper()
	sink, err := net.ListenUDP("udp4", nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { sink.Close() })
	port := sink.LocalAddr().(*net.UDPAddr).AddrPort().Port()
	streams := make([]*udp.Stream, n)
	for i := range streams {
		remote := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)}), port)
		if streams[i], err = sockets.Open(b.Context(), remote, newEar()); err != nil {
			b.Fatal(err)
		}
	}
	return streams
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
