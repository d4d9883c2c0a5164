package conn

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// beats is the account of a link's heartbeats. It may be used concurrently.
type beats struct {
	mu      sync.Mutex
	sent    time.Time // the newest
	unheard bool      // a regular one, since the last acknowledgement
}

// due reports whether another regular heartbeat makes sense: a connection on which none
// was acknowledged since the last one is dead (Discord docs, "Heartbeat ACK").
func (b *beats) due() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.unheard
}

// out notes a heartbeat. One that Discord asked for says nothing about a silence.
func (b *beats) out(regular bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = time.Now()
	b.unheard = b.unheard || regular
}

// ack notes an acknowledgement and returns how long it took.
func (b *beats) ack() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unheard = false
	return time.Since(b.sent)
}

// beat sends heartbeats: the first after a random part of the interval, so that shards
// that came together do not beat together.
func (l *link) beat(ctx context.Context) {
	var every time.Duration
	select {
	case every = <-l.interval:
	case <-ctx.Done():
		return
	}
	timer := time.NewTimer(rand.N(every))
	defer timer.Stop()
	for {
		regular := false
		select {
		case <-ctx.Done():
			return
		case <-l.asked:
		case <-timer.C:
			timer.Reset(every)
			regular = true
		}
		if err := l.beatOnce(ctx, regular); err != nil {
			l.end(err)
			return
		}
	}
}

func (l *link) beatOnce(ctx context.Context, regular bool) error {
	if regular && !l.beats.due() {
		l.c.metrics.zombies.Inc()
		return errZombie
	}
	if !l.pace.beat() { // Discord asks for more than it takes
		return nil
	}
	var seq *int64 // null before the first event
	if s := l.c.Session(); s.ID != "" {
		seq = &s.Seq
	}
	l.beats.out(regular) // before the answer can come
	return l.writeOp(ctx, opHeartbeat, seq)
}
