package voice

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"busker/voice/line"
	"busker/voice/rtp"
	"busker/voice/udp"
)

// discoveries is how often IP discovery is tried: datagrams get lost.
const discoveries = 5

// media takes what comes back from the media server: first the answer of IP
// discovery, then what the link is to know.
type media struct {
	link    atomic.Pointer[line.Link]
	answers chan []byte // size discoveries: one per try
	lost    func(error) // gives the session up
}

// Heard implements udp.Receiver.
func (m *media) Heard(datagram []byte) {
	if link := m.link.Load(); link != nil {
		link.Heard(datagram)
		return
	}
	if len(datagram) != rtp.DiscoveryBytes {
		return
	}
	select {
	case m.answers <- slices.Clone(datagram):
	default: // nobody asked so often
	}
}

// Refused implements udp.Receiver. During IP discovery it is like a loss.
func (m *media) Refused() {
	if link := m.link.Load(); link != nil {
		link.Refused()
	}
}

// Lost implements udp.Receiver.
func (m *media) Lost(err error) { m.lost(fmt.Errorf("%w: %w", line.ErrPath, err)) }

// discover asks the voice server for our external address.
func discover(ctx context.Context, path *udp.Stream, m *media, ssrc uint32, patience time.Duration) (netip.AddrPort, error) {
	request := rtp.AppendDiscovery(nil, ssrc)
	err := errNoAnswer
	for range discoveries {
		// An error here (the port was unreachable a moment ago) is like a loss.
		_ = path.Write(request)
		var external netip.AddrPort
		if external, err = m.discovered(ctx, ssrc, patience); err == nil {
			return external, nil
		}
		if ctx.Err() != nil {
			return netip.AddrPort{}, ctx.Err()
		}
	}
	return netip.AddrPort{}, fmt.Errorf("ip discovery at %s: %w", path.Remote(), err)
}

// discovered waits until a response comes or patience ends.
func (m *media) discovered(ctx context.Context, ssrc uint32, patience time.Duration) (netip.AddrPort, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		select {
		case answer := <-m.answers:
			if external, err := rtp.ParseDiscoveryResponse(answer, ssrc); err == nil {
				return external, nil
			}
		case <-timer.C:
			return netip.AddrPort{}, fmt.Errorf("%w in %v", errNoAnswer, patience)
		case <-ctx.Done():
			return netip.AddrPort{}, ctx.Err()
		}
	}
}
