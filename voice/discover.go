package voice

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"busker/voice/rtp"
)

// discoveries is how often IP discovery is tried: datagrams get lost.
const discoveries = 5

// discover asks the voice server for our external address.
func discover(ctx context.Context, udp *net.UDPConn, ssrc uint32, patience time.Duration) (netip.AddrPort, error) {
	// Reads end at once when ctx does; the deadline it sets is in the past.
	stop := context.AfterFunc(ctx, func() { _ = udp.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	request := rtp.AppendDiscovery(nil, ssrc)
	var err error
	for range discoveries {
		if ctx.Err() != nil {
			return netip.AddrPort{}, ctx.Err()
		}
		// An error here (the port was unreachable a moment ago) is like a loss.
		_, _ = udp.Write(request)
		var external netip.AddrPort
		if external, err = awaitDiscovery(ctx, udp, ssrc, patience); err == nil {
			return external, nil
		}
	}
	return netip.AddrPort{}, fmt.Errorf("ip discovery at %s: %w", udp.RemoteAddr(), err)
}

// awaitDiscovery reads until a response comes or patience ends.
func awaitDiscovery(ctx context.Context, udp *net.UDPConn, ssrc uint32, patience time.Duration) (netip.AddrPort, error) {
	if err := udp.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return netip.AddrPort{}, err
	}
	b := make([]byte, 1500)
	for ctx.Err() == nil {
		n, err := udp.Read(b)
		if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed) {
			return netip.AddrPort{}, err
		}
		if external, err := rtp.ParseDiscoveryResponse(b[:n], ssrc); err == nil {
			return external, nil
		}
	}
	return netip.AddrPort{}, ctx.Err()
}
