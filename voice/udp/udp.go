// Package udp carries the datagrams of many streams over few sockets.
//
// A Stream is the way to one remote address. It knows neither packets nor time:
// what it carries was sealed before, and whoever keeps the time says when the
// datagrams queued so far are sent, all those of a socket with one system call.
// Nothing waits for the network: what it does not take at once is dropped, and counted.
package udp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
)

const (
	// DefaultShare is the number of streams per socket: the more, the larger its
	// batches; the fewer, the fewer fall silent with it.
	DefaultShare = 256

	// bufferBytes is asked for in each direction of a socket. The system grants less
	// by default (Linux: 208 KiB), which is a slot of 1 ms many times over.
	bufferBytes = 1 << 20
)

// ErrClosed says that Run has ended, or was never begun.
var ErrClosed = errors.New("sockets closed")

// Options configure Sockets. The zero value is useful.
type Options struct {
	// Threads is the number of threads that queue and flush; 0 = 1.
	Threads int
	// Share is the number of streams per socket; 0 = DefaultShare.
	Share int
	// Dedicated gives every stream a connected socket of its own: one more file per
	// stream, for networks that misunderstand shared ones. Always so where the system
	// can not say which remote of a shared socket refuses (all but Linux).
	Dedicated bool
	// Metrics counts; nil counts for nobody.
	Metrics *Metrics
}

// Sockets opens sockets as streams need them and closes them when the last has left.
// Its methods may be called concurrently but for Flush, which says more; Run once.
type Sockets struct {
	opts    Options
	threads []batch
	opened  chan *socket  // from Open to Run, which reads from them
	ended   chan struct{} // closed when Run has ended

	mu      sync.Mutex
	sockets []*socket // the oldest first: they are filled first, so that others empty
	number  uint32    // of the newest
}

// New returns Sockets that Run will read from.
func New(opts Options) *Sockets {
	opts.Threads = max(opts.Threads, 1)
	if opts.Share <= 0 {
		opts.Share = DefaultShare
	}
	if opts.Metrics == nil {
		opts.Metrics = NewMetrics(nil)
	}
	opts.Dedicated = opts.Dedicated || !shareable
	if opts.Dedicated {
		opts.Share = 1
	}
	s := &Sockets{
		opts: opts, threads: make([]batch, opts.Threads),
		opened: make(chan *socket), ended: make(chan struct{}),
	}
	for i := range s.threads {
		s.threads[i].init(opts.Metrics)
	}
	return s
}

// Run hands what comes back to the streams' Receivers, on one goroutine per socket,
// until ctx ends. Then it closes the sockets; it returns nil.
func (s *Sockets) Run(ctx context.Context) error {
	var readers sync.WaitGroup
	defer readers.Wait()
	defer s.close()
	for {
		select {
		case socket := <-s.opened:
			readers.Go(func() { s.read(socket) })
		case <-ctx.Done():
			return nil
		}
	}
}

// read serves a socket to its end. If nobody wanted that, its streams are told.
func (s *Sockets) read(socket *socket) {
	err := socket.read()
	s.mu.Lock()
	s.forget(socket)
	orphans := socket.bereave()
	s.mu.Unlock()
	for _, stream := range orphans {
		stream.receiver.Lost(fmt.Errorf("socket died: %w", err))
	}
}

// close ends all sockets and refuses further ones.
func (s *Sockets) close() {
	close(s.ended)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, socket := range s.sockets {
		socket.bereave()
		socket.close()
	}
	s.opts.Metrics.sockets.Sub(float64(len(s.sockets)))
	s.sockets = nil
}

// Open returns a way to remote. What comes back from there is r's. Two streams to one
// remote never share a socket: nobody could tell their answers apart.
func (s *Sockets) Open(ctx context.Context, remote netip.AddrPort, r Receiver) (*Stream, error) {
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	if !remote.IsValid() || remote.Port() == 0 || remote.Addr().Zone() != "" {
		return nil, fmt.Errorf("%s is no address to send to", remote)
	}
	stream := &Stream{sockets: s, remote: remote, receiver: r}
	stream.name.set(remote)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, socket := range s.sockets {
		if socket.admit(stream, s.opts.Share) {
			return stream, nil
		}
	}
	socket, err := s.open(ctx, remote)
	if err != nil {
		return nil, err
	}
	socket.admit(stream, s.opts.Share)
	return stream, nil
}

// open adds a socket that reaches remote.
func (s *Sockets) open(ctx context.Context, remote netip.AddrPort) (*socket, error) {
	s.number++
	socket, err := newSocket(remote, s.opts.Dedicated, s.number, s.opts.Metrics)
	if err != nil {
		return nil, err
	}
	err = ErrClosed
	select {
	case <-s.ended:
	case s.opened <- socket:
		s.sockets = append(s.sockets, socket)
		s.opts.Metrics.sockets.Inc()
		return socket, nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	socket.close()
	return nil, err
}

// leave takes a stream out, and its socket away if it was the last.
func (s *Sockets) leave(stream *Stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if socket := stream.socket; socket.dismiss(stream) {
		s.forget(socket)
		socket.close()
	}
}

// forget takes a socket out of the list.
func (s *Sockets) forget(socket *socket) {
	if at := slices.Index(s.sockets, socket); at >= 0 {
		s.sockets = slices.Delete(s.sockets, at, at+1)
		s.opts.Metrics.sockets.Dec()
	}
}

// Flush sends what the given thread queued. One goroutine at a time queues and
// flushes for a thread.
func (s *Sockets) Flush(thread int) { s.threads[thread].flush() }

// Len returns the number of sockets.
func (s *Sockets) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sockets)
}

// listenUDP opens a socket that reaches remote: connected to it, or to all of its kind.
func listenUDP(remote netip.AddrPort, connected bool) (*net.UDPConn, error) {
	network := "udp4"
	if remote.Addr().Is6() {
		network = "udp6"
	}
	var conn *net.UDPConn
	var err error
	if connected {
		conn, err = net.DialUDP(network, nil, net.UDPAddrFromAddrPort(remote))
	} else {
		conn, err = net.ListenUDP(network, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("open media socket: %w", err)
	}
	// Less room than asked for is no error, and none is no reason to stop.
	_ = conn.SetWriteBuffer(bufferBytes)
	_ = conn.SetReadBuffer(bufferBytes)
	return conn, nil
}
