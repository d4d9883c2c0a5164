package line_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"busker/audio"
	"busker/internal/bubble"
	"busker/voice/line"
	"busker/voice/pace"
	"busker/voice/rtp"
	"busker/voice/udp"
)

// TestAwait: the pump is woken at half, when its context ends, and when the line is
// taken away.
func TestAwait(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		l := line.New(line.Options{Lookahead: 4 * audio.FrameTime})
		link := line.NewLink(line.LinkOptions{Socket: &wire{}, Sealer: newSealer(t), Ungated: true})
		for range 4 {
			if err := l.Send(packetOf("a")); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Send(packetOf("one too many")); !errors.Is(err, line.ErrFull) {
			t.Fatalf("send to a full line: %v", err)
		}
		timed, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := l.Await(timed, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("await without a link: %v", err)
		}
		over := make(chan struct{})
		rooms, errs := make(chan int, 1), make(chan error, 1)
		await := func() {
			room, err := l.Await(t.Context(), over)
			rooms <- room
			errs <- err
		}
		go await()
		l.SetLink(link)
		l.Tick(pace.Turn{}) // asks for leave to speak
		for range 2 {
			synctest.Wait()
			if len(rooms) != 0 {
				t.Fatalf("woken with %d of 4 queued", l.Queued())
			}
			l.Tick(pace.Turn{})
		}
		if room, err := <-rooms, <-errs; room < 2 || err != nil {
			t.Errorf("room for %d, %v", room, err)
		}
		for l.Send(packetOf("a")) == nil {
		}
		go await()
		synctest.Wait()
		close(over)
		if err := <-errs; !errors.Is(err, line.ErrOver) {
			t.Errorf("await of a line that is taken away: %v", err)
		}
	})
}

// crowd is the addresses of a sink that takes packets for many: 127.0.0.0/8 is one
// machine.
func crowd(t testing.TB, n int) (sinks []*net.UDPConn, remotes []netip.AddrPort) {
	t.Helper()
	const perSink = 250
	for len(remotes) < n {
		sink, err := net.ListenUDP("udp4", nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { sink.Close() })
		sinks = append(sinks, sink)
		port := sink.LocalAddr().(*net.UDPAddr).AddrPort().Port()
		for i := range min(perSink, n-len(remotes)) {
			remotes = append(remotes, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, byte(i + 1)}), port))
		}
	}
	return sinks, remotes
}

// newLine returns a line to remote whose packets bear number.
func newLine(t testing.TB, sockets *udp.Sockets, remote netip.AddrPort, number uint32) (*line.Line, *udp.Stream) {
	t.Helper()
	path, err := sockets.Open(context.Background(), remote, deaf{})
	if err != nil {
		t.Fatal(err)
	}
	l := line.New(line.Options{})
	l.SetLink(line.NewLink(line.LinkOptions{
		Socket: path, SSRC: number, Sealer: newSealer(t), Ungated: true,
	}))
	return l, path
}

// TestAThousandLines, on a few threads and sockets: every packet arrives, once, and in
// order, and as many frames of silence after them.
func TestAThousandLines(t *testing.T) {
	const lines, packets = 1000, 5
	sockets := newSockets(t, udp.Options{Threads: 3})
	pacer := pace.New(pace.Options{Threads: 3, Share: 300, Flush: sockets.Flush})
	sinks, remotes := crowd(t, lines)
	var mu sync.Mutex
	heard := map[uint32][]uint16{}
	var listening sync.WaitGroup
	for _, sink := range sinks {
		_ = sink.SetReadBuffer(4 << 20)
		listening.Go(func() {
			var b [1500]byte
			for {
				n, err := sink.Read(b[:])
				if err != nil {
					return
				}
				if h, err := rtp.Parse(b[:n]); err == nil {
					mu.Lock()
					heard[h.SSRC] = append(heard[h.SSRC], h.Sequence)
					mu.Unlock()
				}
			}
		})
	}
	members := make([]*line.Line, lines)
	for i := range members {
		members[i], _ = newLine(t, sockets, remotes[i], uint32(i))
		for range packets {
			members[i].Send(packetOf("la"))
		}
		pacer.Add(members[i])
	}
	if n := sockets.Len(); n > lines/udp.DefaultShare+1 {
		t.Errorf("%d sockets", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = pacer.Run(ctx) })
	complete := func() bool {
		mu.Lock()
		defer mu.Unlock()
		for i := range uint32(lines) {
			if len(heard[i]) < packets+5 {
				return false
			}
		}
		return true
	}
	deadline := time.Now().Add(20 * time.Second)
	for tick := time.NewTicker(20 * time.Millisecond); !complete() && time.Now().Before(deadline); {
		<-tick.C
	}
	for _, m := range members {
		pacer.Remove(m)
	}
	cancel()
	running.Wait()
	for _, sink := range sinks {
		sink.Close()
	}
	listening.Wait()
	for i := range uint32(lines) {
		numbers := heard[i]
		if len(numbers) != packets+5 {
			t.Fatalf("%d packets of line %d", len(numbers), i)
		}
		for j := range numbers {
			if numbers[j] != numbers[0]+uint16(j) {
				t.Fatalf("line %d: %v", i, numbers)
			}
		}
	}
}

// TestASlotAllocatesNothing: many lines and two sockets, all of one slot.
func TestASlotAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("pools forget at random under the race detector")
	}
	const lines = 40
	sealing, _ := newDuet(t)
	sockets := newSockets(t, udp.Options{Share: 30})
	_, remotes := crowd(t, lines)
	members := make([]*line.Line, lines)
	for i := range members {
		path, err := sockets.Open(t.Context(), remotes[i], deaf{})
		if err != nil {
			t.Fatal(err)
		}
		members[i] = line.New(line.Options{})
		members[i].SetLink(line.NewLink(line.LinkOptions{Socket: path, Sealer: newSealer(t), Frames: sealing, Ungated: true}))
	}
	payload := make([]byte, 240)
	slot := func() {
		for _, m := range members {
			p := audio.NewPacket()
			p.Set(payload)
			_ = m.Send(p)
			m.Tick(pace.Turn{})
		}
		sockets.Flush(0)
	}
	slot()
	if n := testing.AllocsPerRun(300, slot); n != 0 {
		t.Errorf("%v allocations per slot", n)
	}
}

// TestEverythingChangesWhileTicking: members come and go, links change, paths close;
// it is for the race detector, and for pacers that hang.
func TestEverythingChangesWhileTicking(t *testing.T) {
	sockets := newSockets(t, udp.Options{Threads: 3, Share: 4})
	pacer := pace.New(pace.Options{Threads: 3, Share: 2, Flush: sockets.Flush})
	_, remotes := crowd(t, 10)
	ctx, cancel := context.WithCancel(t.Context())
	var running, wg sync.WaitGroup
	running.Go(func() { _ = pacer.Run(ctx) })
	for i := range 6 {
		wg.Go(func() {
			for n := range 20 {
				l, path := newLine(t, sockets, remotes[(i+n)%len(remotes)], 1)
				pacer.Add(l)
				for range 4 {
					room, err := l.Await(ctx, nil)
					for range room {
						err = errors.Join(err, l.Send(packetOf("la")))
					}
					if err != nil {
						t.Error(err)
					}
					next, other := newLine(t, sockets, remotes[n%len(remotes)], 2)
					l.SetLink(next.Link())
					path.Close()
					path = other
					l.Flush()
				}
				link := l.Link()
				path.Close()
				l.DropLink(link)
				pacer.Remove(l)
			}
		})
	}
	wg.Wait()
	cancel()
	running.Wait()
	if n := sockets.Len(); n != 0 {
		t.Errorf("%d sockets stay", n)
	}
	if pacer.Len() != 0 {
		t.Errorf("%d members stay", pacer.Len())
	}
}

// TestDatagramsOfOneTickDoNotShareMemory: a keepalive and a packet are both queued
// before either is sent.
func TestDatagramsOfOneTickDoNotShareMemory(t *testing.T) {
	rig, l := newRig(t, nil)
	for range 250 {
		rig.Push(packetOf("a"))
		rig.Tell()
		rig.Queue(0)
		rig.sockets.Flush(0)
	}
	keepalives, packets := 0, 0
	for {
		b, ok := l.next()
		if !ok {
			break
		}
		if n, ok := rtp.ParseKeepalive(b); ok && n == 1 {
			keepalives++
		} else if binary.BigEndian.Uint16(b) == 0x8078 {
			packets++
		}
	}
	if keepalives != 1 || packets != 250 {
		t.Errorf("%d keepalives, %d packets", keepalives, packets)
	}
}

// TestAStandstillHoldsEverything back until the line is allowed to go on: packets,
// silence and keepalives.
func TestAStandstillHoldsEverything(t *testing.T) {
	rig, l := newRig(t, nil)
	rig.Push(packetOf("a"))
	rig.Push(packetOf("b"))
	rig.Tick(0)
	rig.Tell()
	rig.Tick(0)
	if _, media := l.media(); media != "a" {
		t.Fatalf("heard %q", media)
	}
	for range 300 { // a keepalive would be due
		rig.line.Tick(pace.Turn{Stills: 2})
	}
	rig.line.Allow(1) // of one standstill, not of the newest
	rig.line.Tick(pace.Turn{Stills: 2})
	rig.sockets.Flush(0)
	if b, ok := l.next(); ok || rig.line.Queued() != 1 {
		t.Fatalf("sent %q, %d queued", b, rig.line.Queued())
	}
	rig.line.Allow(2)
	rig.line.Tick(pace.Turn{Stills: 2})
	rig.sockets.Flush(0)
	if _, media := l.media(); media != "b" {
		t.Fatalf("heard %q", media)
	}
}
