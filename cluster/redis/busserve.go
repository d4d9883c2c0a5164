package redis

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"time"

	"busker/cluster"
	"busker/cluster/internal/handling"

	"github.com/redis/go-redis/v9"
)

// serving is a server of a topic.
type serving struct {
	b     *bus
	topic string
	s     cluster.Server
	token string        // "" when the work is shared
	rung  chan struct{} // there is something to fetch; one note is enough
	freed chan struct{} // there is room for more; likewise

	// Of the messages it was done with lately, what became of them: after a failover
	// Redis may not remember, and hand them over again.
	recent *recent
}

func (b *bus) Serve(ctx context.Context, topic string, s cluster.Server) error {
	if err := cluster.CheckMessage(topic, cluster.Message{}); err != nil {
		return err
	}
	v := &serving{b: b, topic: topic, s: s, rung: make(chan struct{}, 1), freed: make(chan struct{}, 1), recent: newRecent()}
	if s.Exclusive {
		v.token = fmt.Sprint(s.Token)
	}
	defer b.rings.listen(b.channel("bus", topic), func(string) { nudge(v.rung) })()
	for before := ""; ctx.Err() == nil; {
		name := v.name()
		taken, err := v.attach(ctx, name, before)
		if err != nil {
			return err
		}
		if !taken {
			return nil
		}
		before = name
		v.serve(ctx, name)
	}
	return nil
}

func nudge(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// name returns a new name for the consumer: who comes back after it was succeeded is
// another.
func (v *serving) name() string {
	name := v.s.Consumer
	if name == "" {
		name = v.b.r.opts.Process
	}
	return strings.ReplaceAll(name, " ", "_") + "/" + rand.Text()[:8]
}

// attach makes the server a consumer, as soon as Redis can be reached; false when ctx
// ends before.
func (v *serving) attach(ctx context.Context, name, before string) (bool, error) {
	for n := 1; ctx.Err() == nil; n++ {
		answer, err := v.b.run(ctx, attachScript, v.topic, name, v.token, before, v.b.deadAfter.Milliseconds())
		switch {
		case err == nil && answer == int64(1):
			v.b.list(ctx, v.topic)
			return true, nil
		case err == nil:
			return false, fmt.Errorf("serve %s: %w", v.topic, cluster.ErrLost)
		}
		v.b.r.opts.Logger.Debug("a topic cannot be served yet", "topic", v.topic, "err", err)
		wait(ctx, handling.Backoff(n), nil)
	}
	return false, nil
}

// consumer is a server while Redis knows it by one name.
type consumer struct {
	*serving
	name  string
	lanes *handling.Lanes
	gone  context.CancelFunc // another has its messages
	batch int                // that arrived; of the fetching goroutine

	mu   sync.Mutex
	held map[string]bool // entries in the lanes
}

// serve handles messages until ctx ends or the consumer is none any more.
func (v *serving) serve(ctx context.Context, name string) {
	ctx, gone := context.WithCancel(ctx)
	defer gone()
	c := &consumer{serving: v, name: name, gone: gone, held: map[string]bool{}}
	c.lanes = handling.NewLanes(handling.Workers(v.s.Workers), func() { nudge(v.freed) })
	c.fetching(ctx)
	c.lanes.Close()
	c.detach(ctx)
}

// fetching fetches messages until ctx ends.
func (c *consumer) fetching(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		more, err := c.fetch(ctx, c.room())
		if err != nil {
			failures++
			wait(ctx, handling.Backoff(failures), nil)
			continue
		}
		failures = 0
		c.pause(ctx, more)
	}
}

// pause waits until it is worth while to fetch again: when it rings, or, when there is
// more, when there is room for a good part of it. The server says that it lives in any case.
func (c *consumer) pause(ctx context.Context, more bool) {
	timer := time.NewTimer(c.patience())
	defer timer.Stop()
	rung, freed := c.rung, c.freed
	if more {
		rung = nil
	} else {
		freed = nil
	}
	for !more || c.room() < max(1, handling.Window(c.s.Workers)/4) {
		select {
		case <-freed:
		case <-rung:
			return
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (c *consumer) patience() time.Duration {
	switch {
	case !c.b.rings.hearing.Load():
		return deaf
	case c.token != "": // nobody succeeds it because it was silent
		return 3 * c.b.beat
	}
	return c.b.beat
}

// room returns how many messages the server takes now.
func (c *consumer) room() int {
	all, stalled := c.lanes.Waiting()
	if stalled >= handling.MaxStalled {
		return 0
	}
	return max(0, handling.Window(c.s.Workers)-(all-stalled))
}

// fetch fetches up to n messages and says whether there may be more.
func (c *consumer) fetch(ctx context.Context, n int) (more bool, err error) {
	started := time.Now() // deadlines are reckoned from here, so that they are early rather than late
	answer, err := c.b.run(ctx, fetchScript, c.topic, c.name, c.token, n, c.b.deadAfter.Milliseconds(), c.batch+1)
	if redis.HasErrorPrefix(err, "NOGROUP") {
		answer, err = nil, nil
	}
	if err != nil {
		return false, err
	}
	parts, _ := answer.([]any)
	if len(parts) != 4 {
		c.gone()
		return false, nil
	}
	now, _ := parts[0].(int64)
	again, _ := parts[1].(int64)
	expired, _ := parts[2].(int64)
	c.b.r.opts.Metrics.late(int(expired))
	entries, _ := parts[3].([]any)
	if len(entries) > 0 {
		c.batch++
	}
	for _, raw := range entries {
		if e, err := parseEntry(raw, started, now); err == nil && c.hold(e.id) {
			h := &handed{consumer: c, entry: e}
			c.lanes.Add(e.key, func() time.Duration { return h.handle(ctx) })
		}
	}
	return again == 1, nil
}

// hold notes that an entry is in the lanes, and is false if it was: Redis may have
// forgotten that it handed it over.
func (c *consumer) hold(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[id] {
		return false
	}
	c.held[id] = true
	return true
}

func (c *consumer) drop(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, id)
}

// detach leaves the rest to others.
func (c *consumer) detach(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), goodbye)
	defer cancel()
	if _, err := c.b.run(ctx, detachScript, c.topic, c.name, c.token); err != nil {
		c.b.r.opts.Logger.Debug("a topic is left without a word", "topic", c.topic, "err", err)
	}
}
