package clustertest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"busker/cluster"
)

var (
	busMessages = flag.Int("bus.messages", 8_000, "how many messages TestBusDeaths sends")
	busDeaths   = flag.Int("bus.deaths", 8, "how many of their consumers die meanwhile, or leave, or are cut off")
)

// What TestBusDeaths is made of.
const (
	chaosKeys      = 1000
	chaosSenders   = 48   // of four producers
	chaosConsumers = 4    // at a time
	chaosWaiting   = 2000 // messages that are sent and not yet applied, at most
)

// TestBusDeaths sends messages for many keys while consumers die at random moments, also
// between the effect of a message and the note of it, and checks that every message has
// its effect, once, and in the order of its key. The effects are kept as a store keeps
// them: with the ID. It logs how often that mattered, throughput and latency.
func TestBusDeaths(t *testing.T, start Bus) {
	c := &chaos{T: t, process: start(t), ledger: newLedger(t)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var producers, consumers sync.WaitGroup
	defer consumers.Wait()
	defer cancel()
	for range chaosConsumers {
		s := &slot{c: c}
		c.slots = append(c.slots, s)
		s.begin(ctx, &consumers)
	}
	began := time.Now()
	room := make(chan struct{}, chaosWaiting)
	c.ledger.applied = func() { <-room }
	for p := range 4 {
		bus := c.process().Bus
		for s := range chaosSenders / 4 {
			producers.Go(func() { c.produce(ctx, bus, p*chaosSenders/4+s, room) })
		}
	}
	c.conduct(ctx, &consumers)
	producers.Wait()
	took := time.Since(began)
	c.settled()
	c.ledger.report(took)
	t.Logf("deaths and such: %v; messages begun: %d, %d of them not for the first time", c.deaths, c.begun.Load(), c.again.Load())
}

type chaos struct {
	*testing.T
	process func() Process
	ledger  *ledger
	slots   []*slot
	deaths  [deathKinds]int
	begun   atomic.Int64
	again   atomic.Int64
}

// produce sends the messages of some keys, each as often as it takes.
func (c *chaos) produce(ctx context.Context, bus cluster.Bus, sender int, room chan<- struct{}) {
	for n := 1; ; n++ {
		for key := sender; key < chaosKeys; key += chaosSenders {
			if (n-1)*chaosKeys+key >= *busMessages {
				return
			}
			select {
			case room <- struct{}{}:
			case <-ctx.Done():
				return
			}
			m := cluster.Message{ID: fmt.Sprint(key, "/", n), Key: fmt.Sprint(key), Body: strconv.AppendInt(nil, int64(n), 10)}
			c.ledger.sending(key)
			for err := errors.New("not sent"); err != nil && ctx.Err() == nil; {
				if err = bus.Send(ctx, "work", m); err != nil && !errors.Is(err, cluster.ErrUnreachable) && ctx.Err() == nil {
					c.Errorf("send: %v", err)
					return
				}
			}
		}
	}
}

// The ways in which consumers end.
const (
	dies            = iota // with what it is just doing
	diesAfterEffect        // of a message, before that is noted
	isCut                  // from the bus, for a moment
	leaves                 // in order
	deathKinds
)

// conduct lets consumers die until all is applied.
func (c *chaos) conduct(ctx context.Context, group *sync.WaitGroup) {
	for i := range *busDeaths {
		c.ledger.await(c.T, *busMessages*(i+1)/(*busDeaths+1))
		s := c.slots[rand.IntN(len(c.slots))]
		kind := rand.IntN(deathKinds)
		if s.process.Kill == nil {
			kind = leaves
		}
		c.deaths[kind]++
		switch kind {
		case dies:
			s.kill()
		case diesAfterEffect:
			s.doomed.Store(true)
			select {
			case <-s.ended: // it has got a message
			case <-ctx.Done():
			}
		case isCut:
			s.process.Cut()
			continue
		}
		s.end()
		if s.process.Kill != nil {
			s.process.Kill() // it has left
		}
		s.begin(ctx, group)
	}
	c.ledger.await(c.T, *busMessages)
}

// settled checks that nothing is left.
func (c *chaos) settled() {
	c.Helper()
	for end := time.Now().Add(patience); ; {
		list, err := c.process().Bus.Topics(c.Context())
		at := slices.IndexFunc(list, func(s cluster.TopicState) bool { return s.Name == "work" })
		if err == nil && at >= 0 && list[at].Length == 0 && list[at].Pending == 0 && list[at].Dead == 0 {
			return
		}
		if time.Now().After(end) {
			c.Fatalf("there is something left: %+v, %v", list, err)
		}
	}
}

// slot is the place of a consumer, one after the other.
type slot struct {
	c       *chaos
	process Process
	end     func()        // ends it in order and waits
	ended   chan struct{} // closed when it has
	doomed  atomic.Bool   // to die after its next effect

	mu   sync.RWMutex // an effect or the death
	dead bool
}

// begin begins the next consumer in the slot.
func (s *slot) begin(ctx context.Context, group *sync.WaitGroup) {
	ctx, cancel := context.WithCancel(ctx)
	s.process, s.ended, s.dead = s.c.process(), make(chan struct{}), false
	s.doomed.Store(false)
	s.end = func() { cancel(); <-s.ended }
	bus, ended := s.process.Bus, s.ended
	group.Go(func() {
		defer close(ended)
		defer cancel()
		server := cluster.Server{Consumer: "c", Workers: 32, Retries: 50, Handle: func(_ context.Context, m cluster.Message) ([]byte, error) {
			return nil, s.handle(m, cancel)
		}}
		if err := bus.Serve(ctx, "work", server); err != nil {
			s.c.Errorf("serve: %v", err)
		}
	})
}

// kill ends the process; what it is just doing has no effect any more.
func (s *slot) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = true
	s.process.Kill()
}

var errNow = errors.New("not now")

func (s *slot) handle(m cluster.Message, gone func()) error {
	s.c.begun.Add(1)
	if m.Attempt > 1 {
		s.c.again.Add(1)
	}
	if rand.IntN(1000) == 0 {
		return errNow
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.dead {
		return errNow
	}
	s.c.ledger.apply(m)
	if s.doomed.Load() {
		s.process.Kill()
		gone()
	}
	return nil
}
