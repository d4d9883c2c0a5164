package remote_test

import (
	"sync"
	"testing"
	"time"

	"busker/cluster"
	"busker/cluster/redis"
	"busker/cluster/redistest"
)

// TestNoCommandIsLostOverRedis is the storm over a real Redis, in real time: a hand-over,
// an owner that dies between carrying a command out and answering, and one that is killed,
// each when another part of the commands is confirmed.
func TestNoCommandIsLostOverRedis(t *testing.T) {
	server := redistest.Start(t)
	w := newTown(t, nil)
	defer w.end()
	w.open = func() cluster.Bus { return w.redis(server.URL()) }
	w.bus = w.open()
	s := &storm{town: w, callers: 8, each: 25}
	now := w.process("0")
	now.own()
	outside := w.doer()
	moving := make(chan struct{})
	w.live.Go(func() {
		defer close(moving)
		for i, move := range []func(next *process){
			func(next *process) { now.handOver(next) },
			func(next *process) {
				died := make(chan struct{})
				now.arm(sync.OnceFunc(func() { close(died) }))
				<-died
				next.own()
			},
			func(next *process) {
				now.kill()
				next.own()
			},
		} {
			s.until(t, 40*(i+1))
			next := w.process(string(rune('1' + i)))
			move(next)
			s.mu.Lock()
			now = next
			s.mu.Unlock()
		}
	})
	s.blow(outside, func(caller int) *process {
		s.mu.Lock()
		defer s.mu.Unlock()
		if caller%2 == 0 {
			return nil
		}
		return now
	})
	<-moving
	s.check(s.settled(outside))
	t.Logf("%d confirmed, %d unknown", len(s.confirmed), len(s.unknown))
}

// until waits until so many commands are confirmed.
func (s *storm) until(t *testing.T, confirmed int) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		s.mu.Lock()
		n := len(s.confirmed)
		s.mu.Unlock()
		if n >= confirmed {
			return
		}
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return
		}
	}
}

// redis is the bus of one process.
func (w *town) redis(url string) cluster.Bus {
	w.Helper()
	r, err := redis.Open(w.ctx, redis.Options{URL: redis.URL(url), Process: time.Now().Format(time.RFC3339Nano)})
	w.no(err)
	w.live.Go(func() {
		_ = r.Run(w.ctx)
		_ = r.Close()
	})
	return r.Cluster().Bus
}
