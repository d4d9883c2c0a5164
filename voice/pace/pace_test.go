package pace_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"busker/internal/bubble"
	"busker/voice/pace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a clock whose sleeps take no time, and oversleep as told.
type clock struct {
	now       time.Duration
	oversleep func(at time.Duration) time.Duration
}

func (c *clock) Now() time.Duration { return c.now }

func (c *clock) SleepUntil(at time.Duration) time.Duration {
	c.now = max(c.now, at)
	if c.oversleep != nil {
		c.now += c.oversleep(at)
	}
	return c.now
}

// of has a pacer use c.
func of(c pace.Clock) func() pace.Clock { return func() pace.Clock { return c } }

// member writes down when it was ticked.
type member struct {
	clock *clock
	ticks []time.Duration
	until int
	stop  func()
}

func (m *member) Tick(pace.Turn) {
	m.ticks = append(m.ticks, m.clock.now)
	if len(m.ticks) == m.until {
		m.stop()
	}
}

// run paces one member for n ticks.
func run(t *testing.T, c *clock, n int) (m *member, skips int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	m = &member{clock: c, until: n, stop: cancel}
	p := pace.New(pace.Options{Threads: 1, Clock: of(c), Observe: func(_ time.Duration, skipped bool) {
		if skipped {
			skips++
		}
	}})
	p.Add(m)
	if err := p.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return m, skips
}

func TestAnHourDoesNotDrift(t *testing.T) {
	// Every sleep is late, by up to 7 ms; the schedule must not notice.
	n := 0
	c := &clock{oversleep: func(time.Duration) time.Duration {
		n++
		return time.Duration(n%8) * time.Millisecond
	}}
	const hour = 180_000
	m, skips := run(t, c, hour)
	if skips != 0 || len(m.ticks) != hour {
		t.Fatalf("%d ticks, %d skips", len(m.ticks), skips)
	}
	for i, at := range m.ticks {
		late := at - time.Duration(i)*pace.Frame
		if late < 0 || late > 7*time.Millisecond {
			t.Fatalf("tick %d is %v off", i, late)
		}
	}
}

func TestLittleLatenessIsCaughtUpWith(t *testing.T) {
	c := &clock{oversleep: once(500*time.Millisecond, pace.MaxLate)}
	m, skips := run(t, c, 100)
	if skips != 0 {
		t.Fatalf("%d skips", skips)
	}
	if last := m.ticks[99] - m.ticks[0]; last != 99*pace.Frame {
		t.Errorf("the last tick came after %v", last)
	}
}

// TestAStallSkipsFrames: after a stall nothing is sent in a burst, and the schedule is
// where it would have been without.
func TestAStallSkipsFrames(t *testing.T) {
	const at = 25 // frame
	for _, stall := range []time.Duration{pace.MaxLate + 1, 61 * time.Millisecond, time.Second, time.Hour} {
		c := &clock{oversleep: once(at*pace.Frame, stall)}
		m, skips := run(t, c, 100)
		if skips != 1 {
			t.Fatalf("%v: %d skips", stall, skips)
		}
		for i, tick := range m.ticks {
			want := time.Duration(i) * pace.Frame
			if i >= at {
				want += stall.Truncate(pace.Frame)
			}
			if i == at {
				want += stall % pace.Frame
			}
			if tick != want {
				t.Fatalf("%v: tick %d at %v, want %v", stall, i, tick, want)
			}
		}
	}
}

// once oversleeps by late at the first deadline from at on.
func once(at, late time.Duration) func(time.Duration) time.Duration {
	done := false
	return func(deadline time.Duration) time.Duration {
		if done || deadline < at {
			return 0
		}
		done = true
		return late
	}
}

// counter counts ticks, and notes the slot of the first.
type counter struct {
	clock *clock
	n     int
	first time.Duration
}

func (c *counter) Tick(pace.Turn) {
	if c.n == 0 {
		c.first = c.clock.now
	}
	c.n++
}

func TestMembersSpreadOverTheSlots(t *testing.T) {
	c := &clock{}
	p := pace.New(pace.Options{Threads: 1, Clock: of(c)})
	members := make([]*counter, 3*pace.Slots)
	for i := range members {
		members[i] = &counter{clock: c}
		p.Add(members[i])
	}
	if p.Len() != len(members) {
		t.Fatalf("%d members", p.Len())
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.Add(&member{clock: c, until: 10, stop: cancel})
	if err := p.Run(ctx); err != nil {
		t.Fatal(err)
	}
	slots := map[time.Duration]int{}
	for i, m := range members {
		if m.n < 9 || m.n > 10 {
			t.Errorf("member %d ticked %d times", i, m.n)
		}
		slots[m.first]++
	}
	for at, n := range slots {
		if n != 3 {
			t.Errorf("%d members at %v", n, at)
		}
	}
}

// removing takes a member out from within its own tick.
type removing struct {
	pacer *pace.Pacer
	ticks int
	done  chan struct{}
}

func (r *removing) Tick(pace.Turn) {
	if r.ticks++; r.ticks == 3 {
		r.pacer.Remove(r)
		close(r.done)
	}
}

func TestIdleWithoutMembers(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		slots := 0
		p := pace.New(pace.Options{Threads: 1, Clock: pace.Portable, Observe: func(time.Duration, bool) { slots++ }})
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _ = p.Run(ctx) })
		for range 2 { // it wakes up, goes to sleep, and wakes up again
			synctest.Wait()
			before := slots
			<-time.After(time.Hour) // the bubble's: nobody may wake up in it
			if slots != before {
				t.Fatalf("%d slots without members", slots-before)
			}
			r := &removing{pacer: p, done: make(chan struct{})}
			p.Add(r)
			<-r.done
			synctest.Wait()
			if r.ticks != 3 || p.Len() != 0 {
				t.Fatalf("%d ticks, %d members", r.ticks, p.Len())
			}
		}
		cancel()
		wg.Wait()
	})
}

func TestRemoveOfAStranger(t *testing.T) {
	p := pace.New(pace.Options{})
	p.Remove(&counter{})
	if p.Len() != 0 {
		t.Fatalf("%d members", p.Len())
	}
}

func TestSystemClockKeepsTime(t *testing.T) {
	for name, c := range map[string]pace.Clock{"system": pace.System(), "portable": pace.Portable()} {
		start := c.Now()
		for i := range 20 {
			at := start + time.Duration(i)*time.Millisecond
			if now := c.SleepUntil(at); now < at {
				t.Errorf("%s: woke %v early", name, at-now)
			}
		}
		if past := c.SleepUntil(start); past < start {
			t.Errorf("%s: went back", name)
		}
	}
}

func TestSleepAllocatesNothing(t *testing.T) {
	c := pace.System()
	c.SleepUntil(c.Now() + time.Millisecond)
	if n := testing.AllocsPerRun(20, func() { c.SleepUntil(c.Now() + time.Millisecond) }); n != 0 {
		t.Errorf("%v allocations per sleep", n)
	}
}

// TestAProcessThatStoodStill is told of before anybody is ticked, and the count is in the
// Turns; a process that was only busy did not stand still.
func TestAProcessThatStoodStill(t *testing.T) {
	for _, still := range []time.Duration{pace.Standstill, pace.Standstill + 1, time.Hour} {
		c := &clock{oversleep: once(500*time.Millisecond, still)}
		ctx, cancel := context.WithCancel(t.Context())
		var told []time.Duration
		m := &reader{until: 100, stop: cancel}
		p := pace.New(pace.Options{Threads: 1, Clock: of(c), Stood: func(d time.Duration) {
			told = append(told, d)
			if len(m.stills) != 25 {
				t.Errorf("%v: told after %d ticks", still, len(m.stills))
			}
		}})
		p.Add(m)
		if err := p.Run(ctx); err != nil {
			t.Fatal(err)
		}
		stood := still > pace.Standstill
		if (len(told) == 1 && told[0] == still) != stood || (p.Stills() == 1) != stood {
			t.Errorf("%v: told %v, counted %d", still, told, p.Stills())
		}
		for i, n := range m.stills {
			if (n == 1) != (stood && i >= 25) {
				t.Fatalf("%v: tick %d says %d", still, i, n)
			}
		}
	}
}

// reader writes down how often its Turns say that the process stood still.
type reader struct {
	stills []uint64
	until  int
	stop   func()
}

func (c *reader) Tick(turn pace.Turn) {
	if c.stills = append(c.stills, turn.Stills); len(c.stills) == c.until {
		c.stop()
	}
}
