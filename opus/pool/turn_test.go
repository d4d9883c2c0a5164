package pool_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"busker/internal/bubble"
	"busker/opus/pool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const ms = time.Millisecond

var cheap = pool.Costs{Encode0: 30 * time.Microsecond, Encode5: 60 * time.Microsecond, Decode: 40 * time.Microsecond}

// newPool lowers no thread of the test's, unless asked to.
func newPool(t testing.TB, o pool.Options) *pool.Pool {
	t.Helper()
	if o.Costs == (pool.Costs{}) {
		o.Costs = cheap
	}
	if o.Nice == 0 {
		o.Nice = -1
	}
	p, err := pool.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// running has Run govern p until the test ends.
func running(t *testing.T, p *pool.Pool) {
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := p.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
}

func begin(t *testing.T, turn *pool.Turn, deadline time.Time) {
	t.Helper()
	if err := turn.Begin(t.Context(), deadline); err != nil {
		t.Fatal(err)
	}
}

func TestEarliestDeadlineIsFirst(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Options{Cores: 1})
		first := p.Turn()
		begin(t, first, time.Now())
		now := time.Now()
		var order []int
		var wg sync.WaitGroup
		for i, deadline := range []time.Time{now.Add(30 * ms), {}, now.Add(10 * ms), now.Add(20 * ms), now.Add(10 * ms)} {
			wg.Go(func() {
				turn := p.Turn()
				begin(t, turn, deadline)
				order = append(order, i)
				turn.End(1)
			})
			synctest.Wait() // in this order they arrive
		}
		if w := p.Status().Waiting; w != 5 {
			t.Fatalf("%d wait", w)
		}
		first.End(1)
		wg.Wait()
		if want := []int{2, 4, 3, 0, 1}; !slices.Equal(order, want) {
			t.Errorf("order %v, want %v", order, want)
		}
		if s := p.Status(); s.Held != 0 || s.Turns != 6 || s.Frames != 6 {
			t.Errorf("%+v", s)
		}
	})
}

func TestAsManyComputeAsThereAreCores(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Options{Cores: 3})
		var now, most atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				turn := p.Turn()
				for range 5 {
					begin(t, turn, time.Now())
					n := now.Add(1)
					for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
					}
					pause(ms)
					now.Add(-1)
					turn.End(1)
				}
			})
		}
		start := time.Now()
		wg.Wait()
		if took := time.Since(start).Round(ms); most.Load() != 3 || took != 34*ms {
			t.Errorf("%d at a time, %v for 100 ms of work", most.Load(), took)
		}
	})
}

// pause lets the bubble's clock go on.
func pause(d time.Duration) { <-time.After(d) }

func TestContextEndsTheWait(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Options{Cores: 1})
		holder, waiter := p.Turn(), p.Turn()
		begin(t, holder, time.Now())
		ctx, cancel := context.WithTimeout(t.Context(), 5*ms)
		defer cancel()
		if err := waiter.Begin(ctx, time.Now()); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error %v", err)
		}
		if s := p.Status(); s.Waiting != 0 || s.Held != 1 {
			t.Errorf("%+v", s)
		}
		if err := waiter.Begin(ctx, time.Now()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a context that is over: %v", err)
		}
		holder.End(1)
		begin(t, waiter, time.Now())
		waiter.End(1)
	})
}

// A waiter whose context ends in the moment it is given a token sees what came first;
// the token is there afterwards.
func TestTokenAndEndOfContextAtOnce(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Options{Cores: 1})
		var outcomes [2]int
		for round := range 4 {
			holder, waiter := p.Turn(), p.Turn()
			begin(t, holder, time.Now())
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			wg.Go(func() {
				if waiter.Begin(ctx, time.Now()) != nil {
					outcomes[0]++
					return
				}
				outcomes[1]++
				waiter.End(1)
			})
			synctest.Wait()
			if round%2 == 0 {
				cancel()
				holder.End(1)
			} else {
				holder.End(1)
				cancel()
			}
			wg.Wait()
			if s := p.Status(); s.Held != 0 || s.Waiting != 0 {
				t.Fatalf("outcomes %v: %+v", outcomes, s)
			}
		}
		if outcomes != [2]int{2, 2} {
			t.Errorf("outcomes %v", outcomes)
		}
	})
}

// Tokens are handed over at the very moment contexts end, thousands of times: none may
// get lost, and nobody may wait for ever.
func TestNoTokenIsLostWhenContextsEnd(t *testing.T) {
	const cores, streams, rounds = 2, 16, 400
	p := newPool(t, pool.Options{Cores: cores})
	running(t, p)
	var inside atomic.Int32
	var wg sync.WaitGroup
	for i := range streams {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(i)))
			turn := p.Turn()
			for range rounds {
				ctx, cancel := context.WithCancel(context.Background())
				if rng.IntN(2) == 0 {
					wg.Go(cancel)
				}
				if turn.Begin(ctx, time.Now().Add(time.Duration(rng.IntN(100))*ms)) == nil {
					if n := inside.Add(1); int(n) > cores && p.Status().Loans == 0 {
						t.Errorf("%d inside", n)
					}
					if rng.IntN(3) == 0 {
						inside.Add(-1)
						turn.Yield()
						runtime.Gosched()
						turn.Regain()
						inside.Add(1)
					}
					inside.Add(-1)
					turn.End(1)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	if s := p.Status(); s.Held != 0 || s.Waiting != 0 || s.Turns == 0 {
		t.Errorf("%+v", s)
	}
	var turns [cores]*pool.Turn
	for i := range turns { // all tokens are still there
		turns[i] = p.Turn()
		begin(t, turns[i], time.Now())
	}
	for _, turn := range turns {
		turn.End(0)
	}
}

func TestYieldLendsTheCoreForTheLengthOfAWait(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Options{Cores: 1})
		reader, other := p.Turn(), p.Turn()
		reader.Yield() // outside of a turn: nothing
		reader.Regain()
		begin(t, reader, time.Now().Add(10*ms))
		reader.Yield()
		reader.Yield()
		begin(t, other, time.Now().Add(time.Hour))
		var wg sync.WaitGroup
		var order []string
		wg.Go(func() {
			reader.Regain()
			order = append(order, "reader")
			reader.End(1)
		})
		synctest.Wait()
		wg.Go(func() { // comes later with a later deadline
			turn := p.Turn()
			begin(t, turn, time.Now().Add(20*ms))
			order = append(order, "third")
			turn.End(1)
		})
		synctest.Wait()
		other.End(1)
		wg.Wait()
		if !slices.Equal(order, []string{"reader", "third"}) {
			t.Errorf("order %v", order)
		}
	})
}

func TestTurnsOutOfOrder(t *testing.T) {
	p := newPool(t, pool.Options{Cores: 1})
	panics := func(name string, do func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s did not panic", name)
			}
		}()
		do()
	}
	turn := p.Turn()
	panics("End without Begin", func() { turn.End(1) })
	begin(t, turn, time.Now())
	panics("Begin twice", func() { _ = turn.Begin(t.Context(), time.Now()) })
	turn.Yield()
	panics("Begin while yielding", func() { _ = turn.Begin(t.Context(), time.Now()) })
	turn.Leave()
	turn.Leave()
	panics("End after Leave", func() { turn.End(1) })
	begin(t, turn, time.Now())
	turn.Yield()
	turn.End(1) // of a stream that failed in its wait
	begin(t, turn, time.Now())
	turn.Leave()
	if s := p.Status(); s.Held != 0 {
		t.Errorf("%+v", s)
	}
}

func TestSlowHoldersAreLentFor(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Options{Cores: 2})
		running(t, p)
		hostile := []*pool.Turn{p.Turn(), p.Turn()}
		for _, turn := range hostile {
			begin(t, turn, time.Now())
		}
		start := time.Now()
		for range 100 { // the others go on, if a little late at first
			turn := p.Turn()
			begin(t, turn, time.Now().Add(ms))
			pause(ms)
			turn.End(8)
		}
		if took := time.Since(start); took > 100*ms+pool.HeldTooLong+pool.WatchPeriod+ms {
			t.Errorf("100 ms of work behind hostile holders took %v", took)
		}
		if s := p.Status(); s.Loans != 1 || s.Held != 2 {
			t.Errorf("one waiter needs one loan: %+v", s)
		}
		for _, turn := range hostile {
			turn.End(1)
		}
		if s := p.Status(); s.Held != 0 {
			t.Errorf("%+v", s)
		}
		var most atomic.Int32
		var wg sync.WaitGroup
		for range 10 { // what was lent was taken back
			wg.Go(func() {
				turn := p.Turn()
				begin(t, turn, time.Now())
				most.Store(max(most.Load(), int32(p.Status().Held)))
				pause(ms)
				turn.End(1)
			})
		}
		wg.Wait()
		if most.Load() != 2 {
			t.Errorf("%d at a time afterwards", most.Load())
		}
	})
}

func TestLoansAreBounded(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Options{Cores: 1})
		running(t, p)
		ctx, cancel := context.WithCancel(t.Context())
		var inside atomic.Int32
		var wg sync.WaitGroup
		for range 50 { // all hostile
			wg.Go(func() {
				turn := p.Turn()
				if turn.Begin(ctx, time.Now()) == nil {
					inside.Add(1)
					<-ctx.Done()
					turn.End(0)
				}
			})
		}
		pause(time.Minute)
		if n := inside.Load(); n != 5 {
			t.Errorf("%d compute on one core, want 1 and 4 loans", n)
		}
		cancel()
		wg.Wait()
		if s := p.Status(); s.Held != 0 || s.Waiting != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// Of twice the work there is room for, everyone gets the same part, and the earliest
// deadline never waits behind later ones for more than a job.
func TestOverloadIsSharedFairly(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		const streams, job = 40, 8 * ms // 40 streams × 8 ms per 160 ms on one core: 2×
		p := newPool(t, pool.Options{Cores: 1})
		running(t, p)
		ctx, cancel := context.WithCancel(t.Context())
		var made [streams]int
		var wg sync.WaitGroup
		for i := range streams {
			wg.Go(func() {
				turn := p.Turn()
				deadline := time.Now().Add(time.Duration(i) * 160 * ms / streams)
				for ctx.Err() == nil {
					pause(time.Until(deadline) - 160*ms)
					if turn.Begin(ctx, deadline) != nil {
						return
					}
					pause(job)
					turn.End(8)
					made[i] += 8
					deadline = deadline.Add(160 * ms)
				}
			})
		}
		pause(20 * time.Second)
		cancel()
		wg.Wait()
		if least, most := slices.Min(made[:]), slices.Max(made[:]); most-least > 8 || least < 480 {
			t.Errorf("between %d and %d frames", least, most)
		}
		if s := p.Status(); s.Misses < 2000 || s.Loans > 0 {
			t.Errorf("%+v", s)
		}
	})
}

func TestTurnsAllocateNothing(t *testing.T) {
	p := newPool(t, pool.Options{Cores: 1, Nice: 19})
	running(t, p)
	turn, deadline := p.Turn(), time.Now()
	if n := testing.AllocsPerRun(1000, func() {
		_ = turn.Begin(context.Background(), deadline)
		turn.Yield()
		turn.Regain()
		turn.End(8)
	}); n != 0 {
		t.Errorf("%v allocations alone", n)
	}
	stop, rival := make(chan struct{}), p.Turn()
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				_ = rival.Begin(context.Background(), deadline)
				runtime.Gosched()
				rival.End(8)
			}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	if n := testing.AllocsPerRun(1000, func() {
		_ = turn.Begin(ctx, deadline)
		runtime.Gosched()
		turn.End(8)
	}); n != 0 {
		t.Errorf("%v allocations with a rival", n)
	}
	cancel()
	close(stop)
	wg.Wait()
}
