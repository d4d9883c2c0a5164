package voice

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/voice/dave"
	"busker/voice/signal"
)

// externalAddress is where the media server sees us.
type externalAddress = netip.AddrPort

// dialogue is what a session says on one socket: the handshake or the resume, and
// after it whether we are speaking.
type dialogue struct {
	*session
	socket   *signal.Conn
	resuming bool
	messages chan signal.Message  // from the goroutine that reads
	external chan externalAddress // from IP discovery
	awaited  string               // what the deadline is for
	deadline *time.Timer
}

// awaitHello is the first step on every socket.
const awaitHello = "hello"

// closed is ready at once.
var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// deliver hands a message over to run; it is the socket's Handle.
func (d *dialogue) deliver(ctx context.Context, m signal.Message) {
	select {
	case d.messages <- m:
	case <-ctx.Done():
	}
}

// run answers messages until ctx ends, or a step fails or takes too long. Writes
// that fail are no reason to end: the socket's own Run ends then and knows more.
func (d *dialogue) run(ctx context.Context, group *errgroup.Group) error {
	d.deadline = time.NewTimer(0)
	defer d.deadline.Stop()
	d.await(awaitHello, d.opts.Timeouts.Hello)
	checks := time.NewTicker(checkEvery)
	defer checks.Stop()
	for {
		select {
		case m := <-d.messages:
			if err := d.answer(ctx, group, m); err != nil {
				return err
			}
		case external := <-d.external:
			d.await("session description", d.opts.Timeouts.Description)
			d.selected = true
			_ = d.socket.Select(ctx, external, d.mode)
		case <-d.changed():
			if !d.link.Speaking().Settled() {
				d.speak(ctx)
			}
		case <-d.settled():
			d.announce()
		case <-d.overdue():
			d.logger.Warn("no end-to-end encryption in time, audio will be dropped until there is")
			d.announce()
		case <-checks.C:
			if err := d.check(ctx); err != nil {
				return err
			}
		case <-d.deadline.C:
			d.socket.Abort()
			return fmt.Errorf("%s: %w", d.awaited, errNoAnswer)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// await starts the clock of the next step; no step, no clock.
func (d *dialogue) await(step string, patience time.Duration) {
	d.awaited = step
	d.deadline.Stop()
	if step != "" {
		d.deadline.Reset(patience)
	}
}

func (d *dialogue) answer(ctx context.Context, group *errgroup.Group, m signal.Message) error {
	switch m := m.(type) {
	case signal.Hello:
		if d.awaited == awaitHello { // another only changes the heartbeats
			d.greet(ctx)
		}
	case signal.Ready:
		return d.locate(ctx, group, m)
	case signal.Description:
		return d.begin(ctx, m)
	case signal.Resumed:
		if !d.resuming {
			return nil // an answer to nothing
		}
		d.await("", 0)
		d.speak(ctx)
		d.tell(resumed{})
	}
	return nil
}

func (d *dialogue) greet(ctx context.Context) {
	if d.resuming {
		d.await("resumed", d.opts.Timeouts.Resume)
		_ = d.socket.Resume(ctx, d.identity)
		return
	}
	d.await("ready", d.opts.Timeouts.Ready)
	version := dave.Version
	if d.dave == nil {
		version = 0
	}
	_ = d.socket.Identify(ctx, d.identity, version)
}

// locate opens the way to the media server and finds out how it looks from outside.
func (d *dialogue) locate(ctx context.Context, group *errgroup.Group, r signal.Ready) error {
	if d.path != nil {
		return nil // said twice: one path is enough
	}
	if err := d.connect(ctx, r); err != nil {
		return err
	}
	d.await("", 0) // discovery has its own clock
	path, patience := d.path, d.opts.Timeouts.Discovery
	group.Go(func() error {
		external, err := discover(ctx, path, &d.media, r.SSRC, patience)
		if err != nil {
			return err
		}
		select {
		case d.external <- external:
		case <-ctx.Done():
		}
		return nil
	})
	return nil
}

// begin opens the link. The first op 5 registers our SSRC before any audio.
func (d *dialogue) begin(ctx context.Context, m signal.Description) error {
	first := d.link == nil
	if err := d.establish(m); err != nil {
		return err
	}
	if first {
		d.await("", 0)
		d.speak(ctx)
	}
	return nil
}

// settled returns the channel that says that it is known how audio is to be sent;
// nil while that is of no interest.
func (d *dialogue) settled() <-chan struct{} {
	if d.link == nil || d.announced {
		return nil
	}
	if d.dave == nil {
		return closed
	}
	return d.dave.Settled()
}

// overdue returns the clock of settled.
func (d *dialogue) overdue() <-chan time.Time {
	if d.link == nil || d.announced {
		return nil
	}
	return d.keyless.C
}

// announce hands the link over: audio flows from now on.
func (d *dialogue) announce() {
	d.announced = true
	d.keyless.Stop()
	d.tell(established{d.mode, d.link})
}

// checkEvery is how often the encryption looks after what did not come.
const checkEvery = time.Second

func (d *dialogue) check(ctx context.Context) error {
	if d.dave == nil || d.awaited != "" {
		return nil
	}
	if err := d.dave.Check(ctx, d.socket); err != nil {
		return fmt.Errorf("%w: %w", signal.ErrEncryption, err)
	}
	return nil
}

// changed returns the channel that says that speaking is to begin or to end; nil
// while there is no link.
func (d *dialogue) changed() <-chan struct{} {
	if d.link == nil || d.awaited != "" {
		return nil
	}
	return d.link.Speaking().Changed()
}

// speak tells the gateway what the sending side wants, news or not, until it wants
// nothing new.
func (d *dialogue) speak(ctx context.Context) {
	s := d.link.Speaking()
	for {
		speaking, n := s.Next()
		flags := signal.Silent
		if speaking {
			flags = signal.Microphone
		}
		if d.socket.Speaking(ctx, flags, d.ready.SSRC) != nil {
			return // the next socket tells
		}
		s.Told(n)
		if s.Idle() {
			d.tell(quiet{})
		}
		if s.Settled() {
			return
		}
	}
}
