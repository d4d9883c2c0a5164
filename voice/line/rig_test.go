package line_test

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busker/audio"
	"busker/internal/snowflake"
	"busker/voice/line"
	"busker/voice/pace"
	"busker/voice/rtp"
	"busker/voice/udp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	channel snowflake.ID = 20
	self    snowflake.ID = 30
	silence              = "\xF8\xFF\xFE"
)

var key = bytes.Repeat([]byte{7}, rtp.KeyBytes)

// newSink returns a UDP socket that is sent to.
func newSink(t testing.TB) *net.UDPConn {
	t.Helper()
	sink, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sink.Close() })
	return sink
}

// newSockets returns sockets that are served until the test ends.
func newSockets(t testing.TB, opts udp.Options) *udp.Sockets {
	t.Helper()
	sockets := udp.New(opts)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = sockets.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return sockets
}

func newSealer(t testing.TB) *rtp.Sealer {
	t.Helper()
	sealer, err := rtp.NewSealer(rtp.AES256GCM, key)
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

// deaf is a udp.Receiver that does not listen.
type deaf struct{}

func (deaf) Heard([]byte) {}
func (deaf) Refused()     {}
func (deaf) Lost(error)   {}

// rig is a Line with room for ten packets and its Link: tests tick it themselves and
// play the voice gateway.
type rig struct {
	line    *line.Line
	link    *line.Link
	sockets *udp.Sockets
}

func newRig(t testing.TB, frames line.FrameSealer) (*rig, *listener) {
	t.Helper()
	opener, err := rtp.NewOpener(rtp.AES256GCM, key)
	if err != nil {
		t.Fatal(err)
	}
	sink := newSink(t)
	return rigTo(t, newSockets(t, udp.Options{}), sink, frames), &listener{t: t, udp: sink, opener: opener}
}

func rigTo(t testing.TB, sockets *udp.Sockets, sink *net.UDPConn, frames line.FrameSealer) *rig {
	t.Helper()
	path, err := sockets.Open(context.Background(), sink.LocalAddr().(*net.UDPAddr).AddrPort(), deaf{})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		line:    line.New(line.Options{}),
		link:    line.NewLink(line.LinkOptions{Socket: path, SSRC: 1, Sealer: newSealer(t), Frames: frames}),
		sockets: sockets,
	}
	r.line.SetLink(r.link)
	return r
}

// Push queues a packet, or reports that there is no room.
func (r *rig) Push(p *audio.Packet) bool { return r.line.Send(p) == nil }

// Tick lets a frame pass.
func (r *rig) Tick(late time.Duration) {
	r.Queue(late)
	r.sockets.Flush(0)
}

// Queue is a Tick of which nothing is sent yet.
func (r *rig) Queue(late time.Duration) {
	r.line.Tick(pace.Turn{Late: late})
}

// Tell tells the voice gateway what it has not been told, and returns it.
func (r *rig) Tell() (speaking bool) {
	speaking, n := r.link.Speaking().Next()
	r.link.Speaking().Told(n)
	return speaking
}

func (r *rig) Header() rtp.Header { return r.link.Header() }

func (r *rig) Counts() (sent, late, underruns uint64) {
	return r.line.Sent(), r.line.Late(), r.line.Underruns()
}
