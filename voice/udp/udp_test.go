package udp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"busker/voice/udp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long something of this machine may take.
const patience = 10 * time.Second

// newSockets returns sockets that are served until the test ends.
func newSockets(t testing.TB, opts udp.Options) *udp.Sockets {
	t.Helper()
	s := udp.New(opts)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return s
}

// server is a UDP socket that is sent to.
type server struct {
	*net.UDPConn
	t testing.TB
}

func newServer(t testing.TB, address string) *server {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 0)))
	if err != nil {
		t.Skipf("no socket at %s: %v", address, err)
	}
	t.Cleanup(func() { conn.Close() })
	return &server{conn, t}
}

func (s *server) address() netip.AddrPort {
	a := s.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// next returns the next datagram, and where it came from.
func (s *server) next() (text string, from netip.AddrPort) {
	s.t.Helper()
	if err := s.SetReadDeadline(time.Now().Add(patience)); err != nil {
		s.t.Fatal(err)
	}
	var b [2000]byte
	n, from, err := s.ReadFromUDPAddrPort(b[:])
	if err != nil {
		s.t.Fatalf("nothing came: %v", err)
	}
	return string(b[:n]), from
}

func (s *server) answer(to netip.AddrPort, text string) {
	s.t.Helper()
	if _, err := s.WriteToUDPAddrPort([]byte(text), to); err != nil {
		s.t.Fatal(err)
	}
}

// ear is a Receiver that writes down what it is told.
type ear struct{ heard, refused, lost chan string }

func newEar() *ear {
	return &ear{make(chan string, 100), make(chan string, 100), make(chan string, 100)}
}

func (e *ear) Heard(b []byte)   { e.heard <- string(b) }
func (e *ear) Refused()         { e.refused <- "refused" }
func (e *ear) Lost(err error)   { e.lost <- err.Error() }
func (e *ear) silent() bool     { return len(e.heard)+len(e.refused)+len(e.lost) == 0 }
func (e *ear) unaffected() bool { return len(e.refused)+len(e.lost) == 0 }

func await(t testing.TB, from chan string) string {
	t.Helper()
	select {
	case s := <-from:
		return s
	case <-time.After(patience):
		t.Fatal("nothing was told")
		return ""
	}
}

func open(t testing.TB, s *udp.Sockets, to *server) (*udp.Stream, *ear) {
	t.Helper()
	e := newEar()
	stream, err := s.Open(t.Context(), to.address(), e)
	if err != nil {
		t.Fatal(err)
	}
	return stream, e
}

// kinds are the ways sockets work.
var kinds = map[string]udp.Options{"shared": {}, "dedicated": {Dedicated: true}}

// families are the addresses of this machine.
var families = map[string]string{"IPv4": "127.0.0.1", "IPv6": "::1"}

// TestEveryStreamHearsItsOwn: what is queued arrives in order, and answers find the
// stream they are for, whatever shares its socket.
func TestEveryStreamHearsItsOwn(t *testing.T) {
	for kind, opts := range kinds {
		for family, address := range families {
			t.Run(kind+" "+family, func(t *testing.T) {
				s := newSockets(t, opts)
				const n = 10
				servers, streams, ears := make([]*server, n), make([]*udp.Stream, n), make([]*ear, n)
				for i := range n {
					servers[i] = newServer(t, address)
					streams[i], ears[i] = open(t, s, servers[i])
				}
				if want := map[bool]int{false: 1, true: n}[opts.Dedicated]; s.Len() != want {
					t.Errorf("%d sockets, want %d", s.Len(), want)
				}
				for round := range 3 {
					for i, stream := range streams {
						stream.Queue(0, fmt.Appendf(nil, "%d a %d", i, round))
						stream.Queue(0, fmt.Appendf(nil, "%d b %d", i, round))
					}
					s.Flush(0)
				}
				for i, server := range servers {
					var from netip.AddrPort
					for round := range 3 {
						for _, part := range []string{"a", "b"} {
							var got string
							if got, from = server.next(); got != fmt.Sprintf("%d %s %d", i, part, round) {
								t.Errorf("server %d got %q", i, got)
							}
						}
					}
					server.answer(from, fmt.Sprintf("answer %d", i))
				}
				for i, e := range ears {
					if got := await(t, e.heard); got != fmt.Sprintf("answer %d", i) || !e.silent() {
						t.Errorf("stream %d heard %q", i, got)
					}
				}
			})
		}
	}
}

func TestStrangersAreNotHeard(t *testing.T) {
	s := newSockets(t, udp.Options{})
	friend, stranger := newServer(t, "127.0.0.1"), newServer(t, "127.0.0.1")
	stream, e := open(t, s, friend)
	if err := stream.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	_, from := friend.next()
	stranger.answer(from, "I am it")
	friend.answer(from, "no, I am")
	if got := await(t, e.heard); got != "no, I am" {
		t.Errorf("heard %q", got)
	}
}

// TestOneRemoteTwice: two streams to one address have a socket each, and so hear their
// own answers.
func TestOneRemoteTwice(t *testing.T) {
	s := newSockets(t, udp.Options{})
	server := newServer(t, "127.0.0.1")
	ears := map[string]*ear{}
	for _, name := range []string{"one", "two", "three"} {
		stream, e := open(t, s, server)
		ears[name] = e
		stream.Queue(0, []byte(name))
	}
	other, _ := open(t, s, newServer(t, "127.0.0.1"))
	if other.Write([]byte("x")) != nil || s.Len() != 3 {
		t.Errorf("%d sockets", s.Len())
	}
	s.Flush(0)
	for range ears {
		name, from := server.next()
		server.answer(from, name)
	}
	for name, e := range ears {
		if got := await(t, e.heard); got != name {
			t.Errorf("%s heard %q", name, got)
		}
	}
}

func TestSocketsComeAndGoWithTheirStreams(t *testing.T) {
	s := newSockets(t, udp.Options{Share: 2})
	var streams []*udp.Stream
	for i, want := range []int{1, 1, 2, 2, 3} {
		stream, _ := open(t, s, newServer(t, "127.0.0.1"))
		streams = append(streams, stream)
		if s.Len() != want {
			t.Errorf("%d sockets with %d streams", s.Len(), i+1)
		}
	}
	six, _ := open(t, s, newServer(t, "::1"))
	if s.Len() != 4 {
		t.Errorf("%d sockets with IPv6", s.Len())
	}
	six.Close()
	streams[0].Close()
	streams[0].Close()
	streams[1].Close()
	if s.Len() != 2 {
		t.Errorf("%d sockets with 3 streams", s.Len())
	}
	if err := streams[0].Write([]byte("x")); !errors.Is(err, udp.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
	for _, stream := range streams {
		stream.Close()
	}
	if s.Len() != 0 {
		t.Errorf("%d sockets without streams", s.Len())
	}
}

// TestRefused: a closed port is told to its own stream only; the others lose nothing,
// though the kernel answers the next datagram of the socket with the old error.
func TestRefused(t *testing.T) {
	for kind, opts := range kinds {
		for family, address := range families {
			t.Run(kind+" "+family, func(t *testing.T) {
				registry := prometheus.NewRegistry()
				opts.Metrics = udp.NewMetrics(registry)
				s := newSockets(t, opts)
				before, gone, after := newServer(t, address), newServer(t, address), newServer(t, address)
				var ears []*ear
				var streams []*udp.Stream
				// The one that is gone is in the middle of one socket's batch, and the last of
				// another's.
				for _, server := range []*server{before, gone, after, before, gone} {
					stream, e := open(t, s, server)
					streams, ears = append(streams, stream), append(ears, e)
				}
				gone.Close()
				const rounds = 10
				for n := range rounds {
					for _, stream := range streams {
						stream.Queue(0, []byte{byte(n)})
					}
					s.Flush(0)
				}
				for range 3 {
					await(t, ears[1].refused)
					await(t, ears[4].refused)
				}
				for server, streams := range map[*server]int{before: 2, after: 1} {
					for n := range rounds * streams {
						if got, _ := server.next(); streams == 1 && got != string([]byte{byte(n)}) {
							t.Fatalf("datagram %d is %q", n, got)
						}
					}
				}
				if !ears[0].unaffected() || !ears[2].unaffected() || !ears[3].unaffected() {
					t.Error("others were refused too")
				}
				if n := count(t, registry, "busker_udp_refused_total", ""); n < 3 {
					t.Errorf("%v refused", n)
				}
			})
		}
	}
}

// TestASocketDies: all its streams are told, and the next is opened on another.
func TestASocketDies(t *testing.T) {
	s := newSockets(t, udp.Options{})
	first, one := open(t, s, newServer(t, "127.0.0.1"))
	second, two := open(t, s, newServer(t, "127.0.0.1"))
	udp.Kill(first)
	await(t, one.lost)
	await(t, two.lost)
	first.Queue(0, []byte("into the void"))
	s.Flush(0)
	server := newServer(t, "127.0.0.1")
	third, _ := open(t, s, server)
	if s.Len() != 1 {
		t.Errorf("%d sockets", s.Len())
	}
	first.Close()
	second.Close()
	third.Queue(0, []byte("alive"))
	s.Flush(0)
	if got, _ := server.next(); got != "alive" {
		t.Errorf("got %q", got)
	}
}

// TestTheEndOfRun: streams are not told, nothing is opened any more.
func TestTheEndOfRun(t *testing.T) {
	s := udp.New(udp.Options{})
	server := newServer(t, "127.0.0.1")
	soon, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.Open(soon, server.address(), newEar()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("opened before Run: %v", err)
	}
	ctx, end := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx) })
	stream, e := open(t, s, server)
	end()
	running.Wait()
	if !e.silent() || s.Len() != 0 {
		t.Errorf("%d sockets; told %v", s.Len(), e)
	}
	if _, err := s.Open(t.Context(), server.address(), e); !errors.Is(err, udp.ErrClosed) {
		t.Errorf("opened after Run: %v", err)
	}
	stream.Queue(0, []byte("too late"))
	s.Flush(0)
	stream.Close()
}

func TestNoAddress(t *testing.T) {
	s := newSockets(t, udp.Options{})
	for _, a := range []string{"1.2.3.4:0", "[fe80::1%eth0]:5"} {
		if _, err := s.Open(t.Context(), netip.MustParseAddrPort(a), newEar()); err == nil {
			t.Errorf("opened a way to %s", a)
		}
	}
	if _, err := s.Open(t.Context(), netip.AddrPort{}, newEar()); err == nil {
		t.Error("opened a way to nowhere")
	}
}

// TestEverybodyAtOnce opens, sends on and closes streams from several threads; it is
// for the race detector.
func TestEverybodyAtOnce(t *testing.T) {
	const threads = 4
	s := newSockets(t, udp.Options{Threads: threads, Share: 3})
	servers := make([]*server, 8)
	for i := range servers {
		servers[i] = newServer(t, "127.0.0.1")
	}
	var wg sync.WaitGroup
	for thread := range threads {
		wg.Go(func() {
			var streams []*udp.Stream
			for n := range 200 {
				stream, err := s.Open(t.Context(), servers[n%len(servers)].address(), newEar())
				if err != nil {
					t.Error(err)
					return
				}
				streams = append(streams, stream)
				for _, stream := range streams {
					stream.Queue(thread, []byte("hello"))
				}
				if n%7 == 0 {
					udp.Kill(streams[0])
				}
				if len(streams) == 10 {
					streams[0].Close()
					streams = streams[1:]
				}
				s.Flush(thread)
			}
			for _, stream := range streams {
				stream.Close()
			}
		})
	}
	wg.Wait()
	if s.Len() != 0 {
		t.Errorf("%d sockets stay", s.Len())
	}
}
