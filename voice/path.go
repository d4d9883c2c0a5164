package voice

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"busker/voice/rtp"
)

// errMedia is a media server that can not be reached any more, whatever the gateway
// says. Only a new session helps.
var (
	errMedia   = errors.New("media path lost")
	errRefused = fmt.Errorf("%w: nobody listens at the other end", errMedia)
	errSilent  = fmt.Errorf("%w: keepalives are not answered any more", errMedia)
)

const (
	// maxUnanswered keepalives in a row, of a server that answered some, mean that the
	// path is dead: it is noticed 15 to 20 s after the last answer.
	maxUnanswered = 3
	// maxRefusals in a row mean that nobody listens: one may be a late echo.
	maxRefusals = 3
)

// path is what comes back from the media server. Nothing has to: a server that
// never answered a keepalive is not judged.
type path struct {
	answered atomic.Uint32 // number of the newest keepalive answered; 0: none
	refusals atomic.Uint32 // in a row
}

// refused counts a datagram that nobody took, and reports whether it is enough.
func (p *path) refused() bool { return p.refusals.Add(1) >= maxRefusals }

// silent reports, when keepalive n went out, whether too many were not answered.
func (p *path) silent(n uint32) bool {
	answered := p.answered.Load()
	return answered != 0 && int32(n-answered) > maxUnanswered
}

// heard takes a datagram. All but answers to keepalives is of no interest: we are
// deafened, and send only.
func (p *path) heard(datagram []byte) {
	p.refusals.Store(0)
	n, ok := rtp.ParseKeepaliveReply(datagram)
	if ok && (p.answered.Load() == 0 || int32(n-p.answered.Load()) > 0) {
		p.answered.Store(n)
	}
}

// listen reads until the socket is closed or useless.
func (l *link) listen() {
	_ = l.udp.SetReadDeadline(time.Time{}) // IP discovery left one
	var b [rtp.KeepaliveBytes + 1]byte     // longer datagrams are cut short, and not for us
	for {
		n, err := l.udp.Read(b[:])
		switch {
		case err == nil:
			l.path.heard(b[:n])
		case errors.Is(err, net.ErrClosed):
			return
		case l.path.refused():
			l.lose(fmt.Errorf("%w: %w", errMedia, err))
			return
		}
	}
}
