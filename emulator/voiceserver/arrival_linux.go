package voiceserver

import (
	"encoding/binary"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// stampArrivals lets the kernel note when each datagram arrived: what a receiver
// on another machine would see, whatever this process is busy with.
func stampArrivals(c *net.UDPConn) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1) // else the time of reading counts
	})
}

// arrival returns the kernel's time stamp in a control message, else now. The
// result is monotonic: it is now minus the datagram's age.
func arrival(oob []byte) time.Time {
	now := time.Now()
	for len(oob) >= unix.SizeofCmsghdr {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			break
		}
		if h.Level == unix.SOL_SOCKET && h.Type == unix.SO_TIMESTAMPNS && len(data) >= 16 {
			stamp := time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
			if age := now.Round(0).Sub(stamp); age > 0 && age < time.Minute {
				return now.Add(-age)
			}
		}
		oob = rest
	}
	return now
}
