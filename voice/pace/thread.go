package pace

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"busker/internal/cores"
)

// thread keeps the schedule of its members.
type thread struct {
	number int
	opts   *Options
	stills *atomic.Uint64 // of the Pacer
	offset time.Duration  // of its deadlines, so that not all threads wake at once
	wake   chan struct{}  // a first member came; size 1: a token is enough
	count  atomic.Int64   // members in all slots
	slots  [Slots]atomic.Pointer[[]Member]
	// The slots' lists are replaced, never changed: run reads them without a lock.

	wakers []Waker // of the slot in progress; touched by run only
	alarm  *alarm
}

func newThread(number int, p *Pacer) *thread {
	t := &thread{
		number: number, opts: &p.opts, stills: &p.stills, wake: make(chan struct{}, 1), alarm: newAlarm(),
		offset: time.Duration(number) * slotTime / time.Duration(p.opts.Threads),
	}
	for i := range t.slots {
		t.slots[i].Store(new([]Member))
	}
	return t
}

func (t *thread) len() int { return int(t.count.Load()) }

// add puts m into the least filled slot and returns its number.
func (t *thread) add(m Member) int {
	best := 0
	for i := range t.slots {
		if len(*t.slots[i].Load()) < len(*t.slots[best].Load()) {
			best = i
		}
	}
	members := append(slices.Clone(*t.slots[best].Load()), m)
	t.slots[best].Store(&members)
	t.count.Add(1)
	select {
	case t.wake <- struct{}{}:
	default:
	}
	return best
}

func (t *thread) remove(m Member, slot int) {
	members := *t.slots[slot].Load()
	at := slices.Index(members, m)
	members = slices.Delete(slices.Clone(members), at, at+1)
	t.slots[slot].Store(&members)
	t.count.Add(-1)
}

// run ticks until ctx ends, and sees to it that all who asked for it are woken. The goroutine stays locked: its thread has settings that
// no other should inherit, and ends with it.
func (t *thread) run(ctx context.Context) {
	var waking sync.WaitGroup
	defer waking.Wait()
	ringing, stop := context.WithCancel(context.WithoutCancel(ctx)) // as long as it ticks
	defer stop()
	waking.Go(func() { t.alarm.run(ringing) })
	runtime.LockOSThread()
	if nice := prioritize(); nice > 0 {
		t.opts.Niced(nice)
	}
	clock := t.opts.Clock()
	if c, ok := clock.(interface{ keepP() }); ok && runtime.GOMAXPROCS(0) >= cores.Count()+t.opts.Threads {
		c.keepP() // all others still have one per core
	}
	for ctx.Err() == nil {
		if t.len() == 0 {
			select {
			case <-t.wake:
			case <-ctx.Done():
			}
			continue
		}
		t.keep(ctx, clock)
	}
}

// keep follows the schedule for as long as there are members. Slot n begins at n times
// 1 ms of the clock, be there members or not.
func (t *thread) keep(ctx context.Context, clock Clock) {
	first := int64((clock.Now() - t.offset + slotTime - 1) / slotTime)
	for n := t.next(first); n >= 0 && ctx.Err() == nil; n = t.next(n + 1) {
		deadline := time.Duration(n)*slotTime + t.offset
		late := clock.SleepUntil(deadline) - deadline
		skipped := late > MaxLate
		if skipped {
			n += int64(late/Frame) * Slots
		}
		t.opts.Observe(late, skipped)
		if late > Standstill {
			t.stills.Add(1)
			t.opts.Stood(late)
		}
		turn := Turn{Late: late, Frame: n / Slots, Thread: t.number, Stills: t.stills.Load(), wakers: &t.wakers}
		t.slot(turn, *t.slots[n%Slots].Load())
	}
	for len(t.wakers) > 0 {
		t.alarm.take(&t.wakers)
	}
}

// slot ticks the members of a slot, sends what they queued, and only then has others woken.
func (t *thread) slot(turn Turn, members []Member) {
	for _, m := range members {
		m.Tick(turn)
	}
	t.opts.Flush(t.number)
	t.alarm.take(&t.wakers)
}

// next returns the first slot number from n on that has members, -1 if none has.
func (t *thread) next(n int64) int64 {
	for i := n; i < n+Slots; i++ {
		if len(*t.slots[i%Slots].Load()) > 0 {
			return i
		}
	}
	return -1
}
