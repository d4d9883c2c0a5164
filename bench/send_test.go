package bench_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"

	"busker/audio"
	"busker/voice/line"
	"busker/voice/pace"
	"busker/voice/rtp"
	"busker/voice/udp"
)

// BenchmarkSend is one sealed packet to one of 64 remotes, over shared sockets and over
// one for each, so many of them in a system call.
func BenchmarkSend(b *testing.B) { measure(b, sends()) }

func sends() (list []work) {
	for _, socket := range []string{"shared", "own"} {
		for _, batch := range []int{1, 8, 64} {
			list = append(list, work{name: fmt.Sprintf("socket=%s/batch=%d", socket, batch), open: func(tb testing.TB) *job {
				return sending(tb, udp.Options{Dedicated: socket == "own"}, batch)
			}})
		}
	}
	return list
}

func sending(tb testing.TB, o udp.Options, batch int) *job {
	tb.Helper()
	const remotes, bytes = 64, 270
	sockets, ways := newWays(tb, o, remotes)
	datagram := make([]byte, bytes)
	return &job{
		frame: func(i int) error {
			ways[i%remotes].Queue(0, datagram)
			if i%batch == batch-1 {
				sockets.Flush(0)
			}
			return nil
		},
		end: func() error { sockets.Flush(0); return nil },
	}
}

// newWays returns ways to n addresses of this machine where nobody reads what comes, over
// sockets that are served until the test ends.
func newWays(tb testing.TB, o udp.Options, n int) (*udp.Sockets, []*udp.Stream) {
	tb.Helper()
	sockets := udp.New(o)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = sockets.Run(ctx) })
	tb.Cleanup(func() { cancel(); running.Wait() })
	list := make([]*udp.Stream, n)
	for i := range list {
		to := sinks(tb)[i%len(sinks(tb))]
		var err error
		if list[i], err = sockets.Open(ctx, to, deaf{}); err != nil {
			tb.Fatal(err)
		}
	}
	return sockets, list
}

// sinks are as many addresses as streams share a socket: no two of those may have one
// remote. They are there until the process ends.
func sinks(tb testing.TB) []netip.AddrPort {
	tb.Helper()
	list, err := openSinks()
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

var openSinks = sync.OnceValues(func() (list []netip.AddrPort, err error) {
	for range udp.DefaultShare {
		c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
		if err != nil {
			return nil, err
		}
		_ = c.SetReadBuffer(1) // nobody reads: the system takes its smallest
		sinkConns = append(sinkConns, c)
		list = append(list, c.LocalAddr().(*net.UDPAddr).AddrPort())
	}
	return list, nil
})

var sinkConns []*net.UDPConn // lest they are collected, and so closed

// deaf is a udp.Receiver that does not listen.
type deaf struct{}

func (deaf) Heard([]byte) {}
func (deaf) Refused()     {}
func (deaf) Lost(error)   {}

// BenchmarkLine is a packet on its way from a guild's ring to the network: taken out,
// encrypted end to end, sealed and sent, with those of so many other guilds.
func BenchmarkLine(b *testing.B) { measure(b, lines()) }

func lines() (list []work) {
	for _, n := range []int{1, 10, 200, 500} {
		for _, mode := range rtp.Modes {
			list = append(list, work{name: fmt.Sprintf("mode=%s/dave=true/lines=%d", short[mode], n), open: func(tb testing.TB) *job {
				return ticking(tb, mode, several(tb, n))
			}})
		}
	}
	return list
}

// ticking queues a packet in a line and ticks it, one line after the other.
func ticking(tb testing.TB, mode rtp.Mode, n int) *job {
	tb.Helper()
	c := newCrowd(tb, mode, n)
	list, _ := packets(tb, 1)
	return &job{
		frame: func(i int) error {
			p := audio.NewPacket()
			p.Set(list[i%len(list)])
			if err := c.lines[i%n].Send(p); err != nil {
				return err
			}
			c.tick(i)
			return nil
		},
		end: func() error { c.sockets.Flush(0); return nil },
	}
}

// crowd is lines that send to nobody.
type crowd struct {
	sockets *udp.Sockets
	lines   []*line.Line
	slot    int // lines per slot of the pacer
}

func newCrowd(tb testing.TB, mode rtp.Mode, n int) *crowd {
	tb.Helper()
	sockets, ways := newWays(tb, udp.Options{}, n)
	c := &crowd{sockets: sockets, lines: make([]*line.Line, n), slot: slot(n)}
	counts := line.NewMetrics(nil)
	for i := range c.lines {
		c.lines[i] = line.New(line.Options{Metrics: counts})
		c.lines[i].SetLink(line.NewLink(line.LinkOptions{
			Socket: ways[i], SSRC: uint32(i), Sealer: newSealer(tb, mode), Frames: keys(tb, n)[i], Ungated: true,
		}))
	}
	return c
}

// slot is how many of n members share one slot of the pacer, and so a batch.
func slot(n int) int { return (n + pace.Slots - 1) / pace.Slots }

// tick ticks line i, and flushes at the end of its slot.
func (c *crowd) tick(i int) {
	i %= len(c.lines)
	c.lines[i].Tick(pace.Turn{})
	if i%c.slot == c.slot-1 || i == len(c.lines)-1 {
		c.sockets.Flush(0)
	}
}
