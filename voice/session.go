package voice

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/internal/fault"
	"busker/voice/line"
	"busker/voice/rtp"
	"busker/voice/signal"
	"busker/voice/udp"
)

const (
	// maxResumes in a row without a stable connection in between; then the session
	// is given up for a new one.
	maxResumes = 5
	// stable is how long a connection must last for earlier trouble to be forgotten.
	stable = 60 * time.Second
)

// errNoAnswer is a step of a handshake that did not come to an end, be it for want
// of an answer or of somebody to ask. A session that exists already may try again.
var errNoAnswer = errors.New("no answer")

// errNoMode ends a call: another server would offer no more.
var errNoMode = errors.New("no encryption in common")

// errEncrypted is a call that would hear plain audio from us.
var errEncrypted = fmt.Errorf("%w: the call is encrypted end to end, and we are not to", errNoMode)

// session is one voice session: from an Identify to the close that ends it, over
// as many sockets as it takes. run owns it; it tells its call what happens.
type session struct {
	opts     *HubOptions
	dial     *signal.Dialer
	logger   *slog.Logger
	identity signal.Identity
	endpoint string
	line     *line.Line
	sockets  *udp.Sockets
	keys     *keyring
	tell     func(message)               // never blocks
	channel  atomic.Uint64               // snowflake.ID of our newest voice state; the call keeps it
	socket   atomic.Pointer[signal.Conn] // the current one, for its ping
	dave     encryption                  // nil without
	seq      signal.Seq                  // newest frame number, over all sockets

	// Owned by run.
	ready     signal.Ready
	mode      rtp.Mode
	path      *udp.Stream // to the media server
	media     media       // what comes back on it
	selected  bool        // our address was told: a Session Description may come
	link      *line.Link  // nil until the Session Description
	keyless   *time.Timer // how long the link waits for keys, since then
	announced bool        // the call has the link
	lose      context.CancelCauseFunc
}

// run holds the session until it can not be resumed any more, or ctx ends; then the
// socket is closed for good.
func (s *session) run(ctx context.Context) error {
	defer s.unlink()
	ctx, s.lose = context.WithCancelCause(ctx)
	defer s.lose(nil)
	began := time.Now()
	err := s.converse(ctx, false)
	for tries := 0; ctx.Err() == nil && s.link != nil && resumable(err); tries++ {
		if time.Since(began) > stable {
			tries = 0
		}
		if tries == maxResumes {
			return fmt.Errorf("%d resumes: %w", tries, err)
		}
		s.tell(resuming{err})
		if !pause(ctx, s.resumeDelay(tries)) {
			break
		}
		began = time.Now()
		err = s.converse(ctx, true)
	}
	if cause := context.Cause(ctx); errors.Is(cause, line.ErrPath) {
		return cause
	}
	return err
}

func resumable(err error) bool {
	return signal.React(err).Reaction == signal.Resume || errors.Is(err, errNoAnswer)
}

// resumeDelay is nothing before the first try, then about 1 s, 2 s, 4 s, 8 s.
func (s *session) resumeDelay(tries int) time.Duration {
	if tries == 0 {
		return 0
	}
	return jitter(s.opts.Timeouts.Backoff << (tries - 1))
}

// pause waits for d and reports whether ctx outlasted it.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// converse holds one socket from dialing to its end.
func (s *session) converse(ctx context.Context, resume bool) error {
	d := &dialogue{
		session: s, resuming: resume,
		messages: make(chan signal.Message), external: make(chan externalAddress),
	}
	dialing, cancel := context.WithTimeout(ctx, s.opts.Timeouts.Dial)
	defer cancel()
	socket, err := s.dial.Dial(dialing, signal.Options{
		Endpoint: s.endpoint, Seq: &s.seq,
		Handle: d.deliver, DAVE: s.handler(), Logger: s.logger,
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	d.socket = socket
	s.socket.Store(socket)
	group, ending := errgroup.WithContext(ctx)
	group.Go(func() error { return socket.Run(ending) })
	group.Go(func() error { return d.run(ending, group) })
	return group.Wait()
}

// handler is a DAVE without a value when there is none.
func (s *session) handler() signal.DAVE {
	if s.dave == nil {
		return nil
	}
	return s.dave
}

func (s *session) sealer() line.FrameSealer {
	if s.dave == nil {
		return nil
	}
	return s.dave
}

// connect opens the way to the media server.
func (s *session) connect(ctx context.Context, r signal.Ready) error {
	mode, ok := rtp.Choose(r.Modes)
	if !ok {
		return fault.Wrap(fault.Unsupported, "Discord's voice server speaks a language I don't know.",
			fmt.Errorf("%w: offered are %q", errNoMode, r.Modes))
	}
	s.media.answers, s.media.lost = make(chan []byte, discoveries), s.lose
	path, err := s.sockets.Open(ctx, r.Server, &s.media)
	if err != nil {
		return fmt.Errorf("open media path: %w", err)
	}
	s.ready, s.mode, s.path = r, mode, path
	return nil
}

// establish opens the link with its first key, or gives it another. With a key that was
// there before, be it the last or not, its nonces go on.
func (s *session) establish(d signal.Description) error {
	switch {
	case !s.selected:
		return errors.New("session description before the protocol was selected")
	case s.dave == nil && d.DAVEVersion > 0:
		return errEncrypted
	}
	sealer, err := s.keys.sealer(d.Mode, d.Key)
	if err != nil {
		return err
	}
	s.mode = d.Mode
	if s.link != nil {
		s.link.Rekey(sealer)
		return nil
	}
	s.link = line.NewLink(line.LinkOptions{
		Socket: s.path, SSRC: s.ready.SSRC, Sealer: sealer, Frames: s.sealer(), Lose: s.lose,
	})
	s.media.link.Store(s.link)
	s.keyless = time.NewTimer(s.opts.Timeouts.Keys)
	return nil
}

// unlink takes the link from the line, unless another has its place already, and
// gives its path up. A packet on its way at this moment is lost with it.
func (s *session) unlink() {
	if s.link != nil {
		s.line.DropLink(s.link)
	}
	if s.path != nil {
		s.path.Close()
	}
}
