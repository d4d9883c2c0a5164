package line_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"busker/audio"
	"busker/voice/dave"
	"busker/voice/line"
	"busker/voice/pace"
	"busker/voice/rtp"
)

// listener reads what a Rig sent.
type listener struct {
	t      testing.TB
	udp    *net.UDPConn
	opener *rtp.Opener
}

// next returns the next datagram; ok is false when there is none.
func (l *listener) next() (b []byte, ok bool) {
	l.t.Helper()
	if err := l.udp.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
		l.t.Fatal(err)
	}
	b = make([]byte, 2000)
	n, err := l.udp.Read(b)
	return b[:n], err == nil
}

// media reads the next packet, "" when nothing was sent.
func (l *listener) media() (rtp.Header, string) {
	l.t.Helper()
	b, ok := l.next()
	if !ok {
		return rtp.Header{}, ""
	}
	h, media, err := l.opener.Open(nil, b)
	if err != nil {
		l.t.Fatal(err)
	}
	return h, string(media)
}

func packetOf(s string) *audio.Packet {
	p := audio.NewPacket()
	p.Set([]byte(s))
	return p
}

func TestNothingIsSentBeforeTheGatewayKnows(t *testing.T) {
	rig, l := newRig(t, nil)
	rig.Push(packetOf("a"))
	for range 3 {
		rig.Tick(0)
	}
	if _, got := l.media(); got != "" {
		t.Fatalf("sent %q", got)
	}
	if !rig.Tell() {
		t.Fatal("speaking was not asked for")
	}
	rig.Tick(0)
	if _, got := l.media(); got != "a" {
		t.Fatalf("sent %q", got)
	}
}

func TestSilenceEndsAStretchAndCountersGoOn(t *testing.T) {
	rig, l := newRig(t, nil)
	rig.Push(packetOf("a"))
	rig.Tell()
	want := rig.Header()
	expect := func(media string) {
		t.Helper()
		rig.Tick(0)
		h, got := l.media()
		if got != media || h != want {
			t.Fatalf("sent %q with %+v, want %q with %+v", got, h, media, want)
		}
		want.Sequence++
		want.Timestamp += 960
	}
	expect("a")
	expect(silence)
	expect(silence)
	rig.Push(packetOf("b")) // an underrun: speaking goes on
	expect("b")
	for range 5 {
		expect(silence)
	}
	if !rig.Tell() {
		t.Fatal("the end of speaking may overtake the silence")
	}
	rig.Tick(0)
	if rig.Tell() {
		t.Fatal("still speaking after the silence")
	}
	rig.Tick(0)
	if _, got := l.media(); got != "" {
		t.Fatalf("a sixth packet of silence: %q", got)
	}
	rig.Push(packetOf("c"))
	rig.Tell()
	expect("c")
	if sent, _, underruns := rig.Counts(); sent != 3 || underruns != 1 {
		t.Errorf("sent %d, underruns %d", sent, underruns)
	}
}

func TestFlushedBeforeAnythingWasSaid(t *testing.T) {
	rig, l := newRig(t, nil)
	rig.Push(packetOf("a"))
	rig.line.Flush()
	rig.Tell()
	for range 5 {
		rig.Tick(0)
		if _, got := l.media(); got != silence {
			t.Fatalf("sent %q", got)
		}
	}
	rig.Tick(0)
	if rig.Tell() {
		t.Fatal("still speaking")
	}
}

func TestKeepaliveEveryFiveSeconds(t *testing.T) {
	rig, l := newRig(t, nil)
	for n := range uint32(3) {
		for range 250 {
			rig.Tick(0)
		}
		b, _ := l.next()
		if got, ok := rtp.ParseKeepalive(b); !ok || got != n+1 {
			t.Fatalf("datagram % x", b)
		}
	}
	if b, ok := l.next(); ok {
		t.Fatalf("another datagram: % x", b)
	}
}

// shouting is a FrameSealer that shouts, and has no key for "secret".
type shouting struct{}

func (shouting) SealFrame(dst, opus []byte) ([]byte, error) {
	if string(opus) == "secret" {
		return nil, errors.New("no key")
	}
	return append(dst, bytes.ToUpper(opus)...), nil
}

func TestFramesAreSealedFirst(t *testing.T) {
	rig, l := newRig(t, shouting{})
	for _, s := range []string{"a", "secret", "b"} {
		rig.Push(packetOf(s))
	}
	rig.Tell()
	first := rig.Header()
	for range 4 {
		rig.Tick(0)
	}
	for i, want := range []string{"A", "B", silence} {
		h, got := l.media()
		if got != want || h.Sequence != first.Sequence+uint16(i) {
			t.Errorf("sent %q with %+v", got, h)
		}
		if i == 1 && h.Timestamp != first.Timestamp+2*960 {
			t.Errorf("the time of the lost frame did not pass: %+v", h)
		}
	}
}

// TestSkippedFramesAreLateness: what the pacer skipped makes the next packet late by as
// much; nothing is left out, and neither sequence nor timestamp knows of a gap.
func TestSkippedFramesAreLateness(t *testing.T) {
	rig, l := newRig(t, nil)
	rig.Tell()
	for _, s := range []string{"a", "b", "c", "d"} {
		rig.Push(packetOf(s))
	}
	rig.Tell()
	first := rig.Header()
	for i, tick := range []struct {
		frame int64
		media string
	}{{100, "a"}, {101, "b"}, {105, "c"}, {106, "d"}, {110, silence}} {
		rig.line.Tick(pace.Turn{Frame: tick.frame})
		rig.sockets.Flush(0)
		want := first
		want.Sequence += uint16(i)
		want.Timestamp += uint32(i) * 960
		if h, got := l.media(); h != want || got != tick.media {
			t.Errorf("frame %d: sent %q with %+v, want %q with %+v", tick.frame, got, h, tick.media, want)
		}
	}
	if sent, late, _ := rig.Counts(); sent != 4 || late != 1 || rig.line.Lateness().P99 != 60*time.Millisecond {
		t.Errorf("%d sent, %d late, %+v", sent, late, rig.line.Lateness())
	}
}

func TestLatePacketsAreCounted(t *testing.T) {
	rig, _ := newRig(t, nil)
	rig.Push(packetOf("a"))
	rig.Push(packetOf("b"))
	rig.Tell()
	rig.Tick(audio.FrameTime)
	rig.Tick(audio.FrameTime + 1)
	if _, late, _ := rig.Counts(); late != 1 {
		t.Errorf("%d late", late)
	}
}

// TestLatenessIsThatOfTheLastSeconds: what is told forgets after 5 to 10 s.
func TestLatenessIsThatOfTheLastSeconds(t *testing.T) {
	rig, _ := newRig(t, nil)
	send := func(n int, late time.Duration) {
		for range n {
			rig.Push(packetOf("a"))
			rig.Tell()
			rig.Tick(late)
		}
	}
	if got := rig.line.Lateness(); got != (line.Lateness{}) {
		t.Errorf("before the first packet: %+v", got)
	}
	send(98, 200*time.Microsecond)
	send(2, 30*time.Millisecond)
	if got := rig.line.Lateness(); got != (line.Lateness{P50: 250 * time.Microsecond, P99: 40 * time.Millisecond}) {
		t.Errorf("%+v", got)
	}
	send(500, 50*time.Microsecond)
	if got := rig.line.Lateness(); got != (line.Lateness{P50: 100 * time.Microsecond, P99: 100 * time.Microsecond}) {
		t.Errorf("10 s later: %+v", got)
	}
	send(500, time.Hour)
	if got := rig.line.Lateness(); got.P99 != time.Second {
		t.Errorf("beyond all borders: %+v", got)
	}
}

// instant is a clock that takes no time to sleep.
type instant struct{ now time.Duration }

func (c *instant) Now() time.Duration { return c.now }

func (c *instant) SleepUntil(at time.Duration) time.Duration {
	c.now = max(c.now, at)
	return c.now
}

// hour feeds a Rig and stops the pacer after an hour of its clock.
type hour struct {
	*rig
	clock *instant
	stop  func()
}

func (h *hour) Tick(turn pace.Turn) {
	if h.clock.now >= time.Hour {
		h.stop()
		return
	}
	h.Push(packetOf("audio"))
	h.Tell()
	h.line.Tick(turn)
}

func TestAnHourIs180000Packets(t *testing.T) {
	rig, _ := newRig(t, nil)
	first := rig.Header()
	clock := &instant{}
	p := pace.New(pace.Options{Threads: 1, Clock: func() pace.Clock { return clock }, Flush: rig.sockets.Flush})
	ctx, cancel := context.WithCancel(t.Context())
	p.Add(&hour{rig: rig, clock: clock, stop: cancel})
	if err := p.Run(ctx); err != nil {
		t.Fatal(err)
	}
	const packets = 180_000
	want := rtp.Header{
		SSRC: first.SSRC, Sequence: first.Sequence + uint16(packets%(1<<16)),
		Timestamp: first.Timestamp + packets*960,
	}
	if sent, late, underruns := rig.Counts(); sent != packets || late != 0 || underruns != 0 || rig.Header() != want {
		t.Errorf("sent %d, late %d, underruns %d, header %+v", sent, late, underruns, rig.Header())
	}
}

func TestTickAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("pools forget at random under the race detector")
	}
	sealing, _ := newDuet(t)
	for name, frames := range map[string]line.FrameSealer{
		"plain": nil, "encrypted": sealing, "without a key": dave.NewSession(dave.Options{}),
	} {
		rig, _ := newRig(t, frames)
		rig.Push(packetOf("warm"))
		rig.Tell()
		rig.Tick(0)
		payload := make([]byte, 240)
		if n := testing.AllocsPerRun(1000, func() {
			p := audio.NewPacket()
			p.Set(payload)
			rig.Push(p)
			rig.Tick(time.Millisecond)
		}); n != 0 {
			t.Errorf("%s: %v allocations per packet", name, n)
		}
		if n := testing.AllocsPerRun(1000, func() { rig.Tick(0); rig.Tell() }); n != 0 {
			t.Errorf("%s: %v allocations per silence or keepalive", name, n)
		}
	}
}

func TestRingUnderContention(t *testing.T) {
	rig, _ := newRig(t, nil)
	rig.Tell()
	const total = 4000
	var flushed int
	var wg sync.WaitGroup
	pushed, done := make(chan struct{}), make(chan struct{})
	wg.Go(func() { // the pacer
		for {
			rig.Tell()
			rig.Tick(0)
			select {
			case <-done:
				return
			default:
			}
		}
	})
	wg.Go(func() { // somebody who flushes now and then
		for {
			flushed += rig.line.Flush()
			select {
			case <-pushed:
				flushed += rig.line.Flush()
				close(done)
				return
			default:
			}
		}
	})
	for i := range total {
		p := packetOf(fmt.Sprint(i))
		for !rig.Push(p) {
			p = packetOf(fmt.Sprint(i))
		}
	}
	close(pushed)
	wg.Wait()
	if sent, _, _ := rig.Counts(); int(sent)+flushed != total {
		t.Errorf("%d sent, %d flushed, of %d", sent, flushed, total)
	}
}

// BenchmarkSealPacket is what encrypting one packet costs, end to end and for the
// transport: 20 ms of audio at 96 kbit/s.
func BenchmarkSealPacket(b *testing.B) {
	for _, mode := range rtp.Modes {
		b.Run(string(mode), func(b *testing.B) {
			frames, _ := newDuet(b)
			sealer, err := rtp.NewSealer(mode, key)
			if err != nil {
				b.Fatal(err)
			}
			opus := make([]byte, 240)
			frame, packet := make([]byte, 0, 2000), make([]byte, 0, 2000)
			header := rtp.Header{SSRC: 1}
			b.ReportAllocs()
			for b.Loop() {
				sealed, err := frames.SealFrame(frame, opus)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := sealer.Seal(packet, header, sealed); err != nil {
					b.Fatal(err)
				}
				header.Sequence++
			}
		})
	}
}
