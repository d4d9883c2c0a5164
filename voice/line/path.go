package line

import (
	"errors"
	"fmt"
	"sync/atomic"

	"busker/voice/rtp"
)

// ErrPath is a media server that can not be reached any more, whatever the gateway
// says. Only a new session helps.
var ErrPath = errors.New("media path lost")

var (
	errRefused = fmt.Errorf("%w: nobody listens at the other end", ErrPath)
	errSilent  = fmt.Errorf("%w: keepalives are not answered any more", ErrPath)
)

const (
	// maxUnanswered keepalives in a row, of a server that answered some, mean that the
	// path is dead: after the first, 5 s apart from the last answer, they are 1 s apart,
	// so it is noticed 5 to 10 s after it died.
	maxUnanswered = 5
	// maxRefusals in a row mean that nobody listens: one may be a late echo.
	maxRefusals = 3
)

// path is what comes back from the media server. Nothing has to: a server that
// never answered a keepalive is not judged.
type path struct {
	asked    atomic.Uint32 // number of the newest keepalive
	answered atomic.Uint32 // number of the newest one answered; 0: none
	refusals atomic.Uint32 // in a row
}

// missing reports whether keepalive n was not answered yet, and should have been.
func (p *path) missing(n uint32) bool {
	answered := p.answered.Load()
	return answered != 0 && answered != n
}

// silent reports, when keepalive n went out, whether too many were not answered.
func (p *path) silent(n uint32) bool {
	answered := p.answered.Load()
	return answered != 0 && int32(n-answered) > maxUnanswered
}

// Heard takes a datagram from the media server. All but answers to our keepalives is
// of no interest: we are deafened, and send only.
func (l *Link) Heard(datagram []byte) {
	p := &l.path
	p.refusals.Store(0)
	n, ok := rtp.ParseKeepaliveReply(datagram)
	if !ok || int32(p.asked.Load()-n) < 0 { // of a link before, perhaps
		return
	}
	if p.answered.Load() == 0 || int32(n-p.answered.Load()) > 0 {
		p.answered.Store(n)
	}
}

// Refused counts a datagram that nobody took. Enough of them give the way up.
func (l *Link) Refused() {
	if l.path.refusals.Add(1) >= maxRefusals {
		l.lose(errRefused)
	}
}

// Lost gives the way up because its socket is gone.
func (l *Link) Lost(err error) { l.lose(fmt.Errorf("%w: %w", ErrPath, err)) }
