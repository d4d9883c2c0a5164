package udp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// carrier is a socket of the system. Go's poller does not watch it: it would ask for news
// of room in the buffer, too, and that is there after every datagram sent, to wake
// a thread for nothing. So an epoll that asks for what is to be read only stands in between:
// this one the poller watches.
type carrier struct {
	file *os.File // the socket
	raw  syscall.RawConn
	poll *os.File // the epoll
	news syscall.RawConn
}

// newCarrier opens a socket that reaches remote: connected to it, or to all of its kind.
func newCarrier(remote netip.AddrPort, connected bool) (*carrier, error) {
	conn, err := listenUDP(remote, connected)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	c := &carrier{}
	if c.file, err = unwatched(conn); err != nil {
		return nil, err
	}
	if c.raw, err = c.file.SyscallConn(); err == nil {
		err = prepare(c.raw, remote.Addr().Is6())
	}
	if err == nil {
		err = c.watch()
	}
	if err != nil {
		c.file.Close()
		return nil, err
	}
	return c, nil
}

// unwatched returns conn's socket as a file that Go's poller does not know of: one that
// may wait, which we never let it.
func unwatched(conn *net.UDPConn) (*os.File, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	if e := raw.Control(func(own uintptr) { fd, err = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) }); e != nil {
		return nil, e
	}
	if err == nil {
		err = unix.SetNonblock(fd, false)
	}
	if err != nil {
		return nil, fmt.Errorf("take over a socket: %w", err)
	}
	return os.NewFile(uintptr(fd), "udp"), nil
}

// watch has the epoll ask for datagrams and errors, news of each once.
func (c *carrier) watch() error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("watch a socket: %w", err)
	}
	_ = unix.SetNonblock(epoll, true) // which is how NewFile knows what to watch
	c.poll = os.NewFile(uintptr(epoll), "udp poll")
	if e := c.raw.Control(func(fd uintptr) {
		err = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLET})
	}); e != nil {
		err = e
	}
	if err == nil {
		c.news, err = c.poll.SyscallConn()
	}
	if err != nil {
		c.poll.Close()
		return fmt.Errorf("watch a socket: %w", err)
	}
	return nil
}

// close ends reading and sending.
func (c *carrier) close() {
	c.poll.Close()
	c.file.Close()
}

// write sends a datagram at once, or not at all.
func (c *carrier) write(remote netip.AddrPort, connected bool, datagram []byte) error {
	var err error
	e := c.raw.Control(func(fd uintptr) {
		_, err = unix.SendmsgN(int(fd), datagram, nil, destination(remote, connected), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
	})
	return errors.Join(e, err)
}

// destination is remote as the system wants it; nil where the socket knows it.
func destination(remote netip.AddrPort, connected bool) unix.Sockaddr {
	switch {
	case connected:
		return nil
	case remote.Addr().Is4():
		return &unix.SockaddrInet4{Port: int(remote.Port()), Addr: remote.Addr().As4()}
	default:
		return &unix.SockaddrInet6{Port: int(remote.Port()), Addr: remote.Addr().As16()}
	}
}
