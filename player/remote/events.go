package remote

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/cluster"
	"busker/player"
)

const (
	// EventItems is how many upcoming and former tracks the Status in an event of another
	// process has: a queue may have ten thousand, and events are many.
	EventItems = 20
	// eventBuffer is how many events of this process may wait for the bus: some minutes' of
	// a few dozen guilds. Each place takes about a kilobyte, used or not.
	eventBuffer = 1024
	// relayBuffer is how many may wait for the subscribers here, who wait for nothing.
	relayBuffer = 128
	// publishTimeout bounds the publishing of one.
	publishTimeout = 2 * time.Second
)

// Run publishes the events of this process until ctx ends. What the bus does not take is
// counted and lost: events are for those who look on. So is what waited until the guild was
// another's.
func (s *Server) Run(ctx context.Context) error {
	local, cancel := s.opts.Local.Subscribe(eventBuffer)
	defer cancel()
	for {
		select {
		case e, open := <-local:
			if !open {
				return nil
			}
			token := s.opts.Token(e.Guild)
			if token == 0 {
				s.opts.Metrics.events.WithLabelValues("old").Inc()
				continue
			}
			if err := s.publish(ctx, token, e); err != nil && ctx.Err() == nil {
				s.opts.Metrics.events.WithLabelValues("unpublished").Inc()
				s.opts.Logger.Debug("an event could not be published", "guild", e.Guild, "err", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

func (s *Server) publish(ctx context.Context, token uint64, e player.Envelope) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	e.Status = headOf(e.Status)
	b, err := marshalNews(news{Process: s.opts.Process, Token: token}, e)
	if err != nil {
		return err
	}
	if err := s.opts.Bus.Publish(ctx, eventsTopic, "event", pack(b)); err != nil {
		return err
	}
	s.opts.Metrics.events.WithLabelValues("published").Inc()
	return nil
}

// Run hands the events of all processes to the subscribers until ctx ends, and then ends
// the subscriptions. It may be called once.
func (d *Doer) Run(ctx context.Context) error {
	defer d.feed.close()
	running, ctx := errgroup.WithContext(ctx)
	running.Go(func() error { return d.opts.Bus.Follow(ctx, eventsTopic, d.hear) })
	if d.opts.Local != nil {
		running.Go(func() error {
			d.relay(ctx)
			return nil
		})
	}
	return running.Wait()
}

// relay hands on the events of this process, which need no bus.
func (d *Doer) relay(ctx context.Context) {
	local, cancel := d.opts.Local.Subscribe(relayBuffer)
	defer cancel()
	for {
		select {
		case e, open := <-local:
			if !open {
				return
			}
			token := d.opts.Token(e.Guild)
			if token == 0 { // the guild is another's by now
				d.opts.Metrics.events.WithLabelValues("old").Inc()
				continue
			}
			d.tell(e, token)
		case <-ctx.Done():
			return
		}
	}
}

// hear takes an event from the bus.
func (d *Doer) hear(e cluster.Event) {
	if e.Missed {
		d.opts.Metrics.events.WithLabelValues("missed").Inc()
	}
	body, err := unpack(e.Body)
	var n news
	var envelope player.Envelope
	if err == nil {
		n, envelope, err = unmarshalNews(body)
	}
	switch {
	case err != nil:
		d.opts.Metrics.events.WithLabelValues("unreadable").Inc()
		d.opts.Logger.Debug("an event of another process cannot be read", "err", err)
	case n.Process != d.opts.Process || n.Process == "":
		d.opts.Metrics.events.WithLabelValues("received").Inc()
		d.tell(envelope, n.Token)
	}
}

// tell gives e to the subscribers.
func (d *Doer) tell(e player.Envelope, token uint64) {
	old, dropped := d.feed.publish(e, token)
	if old {
		d.opts.Metrics.events.WithLabelValues("old").Inc()
	}
	d.opts.Metrics.events.WithLabelValues("dropped").Add(float64(dropped))
}

// Subscribe returns the events of the players of all processes from now on. A subscriber
// that has buffer events unread loses the next. The channel is closed by cancel, which may
// be called twice, and when Run ends.
func (d *Doer) Subscribe(buffer int) (events <-chan player.Envelope, cancel func()) {
	c := d.feed.add(buffer)
	return c, func() { d.feed.remove(c) }
}

// feed is the subscribers, and by which lease each guild's newest event was sent.
type feed struct {
	mu          sync.Mutex
	subscribers map[chan player.Envelope]struct{} // nil once closed
	tokens      map[player.GuildID]uint64         // of guilds that were heard of
}

func newFeed() feed {
	return feed{subscribers: map[chan player.Envelope]struct{}{}, tokens: map[player.GuildID]uint64{}}
}

// add returns a new subscriber's channel, closed already when the feed is.
func (f *feed) add(buffer int) chan player.Envelope {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := make(chan player.Envelope, max(buffer, 1))
	if f.subscribers == nil {
		close(c)
	} else {
		f.subscribers[c] = struct{}{}
	}
	return c
}

// remove closes c, once.
func (f *feed) remove(c chan player.Envelope) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.subscribers[c]; ok {
		delete(f.subscribers, c)
		close(c)
	}
}

// publish gives e to every subscriber that has room for it, unless it is old: a newer
// owner of the guild was heard already. token is 0 where that is not known.
func (f *feed) publish(e player.Envelope, token uint64) (old bool, dropped int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if token != 0 {
		if token < f.tokens[e.Guild] {
			return true, 0
		}
		f.tokens[e.Guild] = token
	}
	for c := range f.subscribers {
		select {
		case c <- e:
		default:
			dropped++
		}
	}
	return false, dropped
}

// close ends all subscriptions, and those yet to come.
func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.subscribers {
		close(c)
	}
	f.subscribers = nil
}
