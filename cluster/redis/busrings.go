package redis

import (
	"context"
	"errors"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// rings hears what the scripts publish, for all of the process on one connection.
type rings struct {
	r       *Redis
	hearing atomic.Bool   // the connection stands
	changed chan struct{} // the list of channels has; one note is enough

	mu       sync.Mutex
	channels map[string]map[*ring]struct{}
}

// ring is somebody who listens. Its function is called on the reading goroutine and must
// not block.
type ring struct{ f func(heard string) }

func newRings(r *Redis) *rings {
	return &rings{r: r, changed: make(chan struct{}, 1), channels: map[string]map[*ring]struct{}{}}
}

// listen has f called with what comes on a channel, and with "" whenever something may
// have been lost.
func (r *rings) listen(channel string, f func(heard string)) (stop func()) {
	me := &ring{f}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.channels[channel] == nil {
		r.channels[channel] = map[*ring]struct{}{}
	}
	r.channels[channel][me] = struct{}{}
	nudge(r.changed)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.channels[channel], me)
		if len(r.channels[channel]) == 0 {
			delete(r.channels, channel)
		}
		nudge(r.changed)
	}
}

// The connection is asked for a sign of life when it has been silent for that long, and
// given up when it stays silent for as long again.
const silence = 2 * time.Second

// run listens until ctx ends.
func (r *rings) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := r.connected(ctx)
		if ctx.Err() != nil {
			return
		}
		r.r.opts.Logger.Debug("redis rings are lost", "err", err)
		wait(ctx, deaf, nil)
	}
}

// connected listens on one connection.
func (r *rings) connected(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	channels := r.wanted() // one at least, on which answers are awaited
	pubsub := r.r.rdb.Subscribe(ctx, channels...)
	var group sync.WaitGroup
	defer group.Wait()
	defer r.hearing.Store(false)
	defer func() { _ = pubsub.Close() }()
	defer cancel()
	group.Go(func() { r.follow(ctx, pubsub, channels) })
	asked := false
	for {
		heard, err := pubsub.ReceiveTimeout(ctx, silence)
		var timeout net.Error
		switch {
		case errors.As(err, &timeout) && timeout.Timeout() && !asked && ctx.Err() == nil:
			asked = true
			if err := pubsub.Ping(ctx); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		asked = false
		switch h := heard.(type) {
		case *redis.Subscription: // what came before is lost
			r.hearing.Store(true)
			r.tell(h.Channel, "")
		case *redis.Message:
			r.tell(h.Channel, h.Payload)
		}
	}
}

func (r *rings) wanted() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.channels))
}

func (r *rings) tell(channel, heard string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for ring := range r.channels[channel] {
		ring.f(heard)
	}
}

// follow subscribes to what is new on the list of channels and leaves what is not on it
// any more, until ctx ends; it ends the connection then, so that nobody reads on.
func (r *rings) follow(ctx context.Context, pubsub *redis.PubSub, subscribed []string) {
	defer func() { _ = pubsub.Close() }()
	has := map[string]bool{}
	for _, channel := range subscribed {
		has[channel] = true
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.changed:
		}
		var more, less []string
		wanted := r.wanted()
		for _, channel := range wanted {
			if !has[channel] {
				has[channel] = true
				more = append(more, channel)
			}
		}
		for channel := range has {
			if !slices.Contains(wanted, channel) {
				delete(has, channel)
				less = append(less, channel)
			}
		}
		if len(more) > 0 && pubsub.Subscribe(ctx, more...) != nil {
			return
		}
		if len(less) > 0 && pubsub.Unsubscribe(ctx, less...) != nil {
			return
		}
	}
}

// wait waits for a while, a note or the end of ctx.
func wait(ctx context.Context, d time.Duration, note <-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-note:
	}
}
