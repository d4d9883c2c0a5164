package pace_test

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"busker/internal/bubble"
	"busker/voice/pace"
)

// settled is a member that notes the turns it got.
type settled struct{ turns []pace.Turn }

func (s *settled) Tick(turn pace.Turn) { s.turns = append(s.turns, turn) }

// TestThreadsFillUpInTurn: the first gets its share before the next gets any, beyond
// all shares they are equal, and a place that was left is taken first.
func TestThreadsFillUpInTurn(t *testing.T) {
	members := map[int]int{}
	p := pace.New(pace.Options{Threads: 3, Share: 2, Members: func(thread, n int) { members[thread] = n }})
	var all []*settled
	expect := func(want map[int]int) {
		t.Helper()
		if !maps.Equal(members, want) {
			t.Fatalf("with %d members: %v, want %v", p.Len(), members, want)
		}
	}
	add := func(n int) {
		for range n {
			all = append(all, &settled{})
			p.Add(all[len(all)-1])
		}
	}
	add(2)
	expect(map[int]int{0: 2})
	add(3)
	expect(map[int]int{0: 2, 1: 2, 2: 1})
	add(4)
	expect(map[int]int{0: 3, 1: 3, 2: 3})
	p.Remove(all[3])
	p.Remove(all[2])
	p.Remove(all[2])
	expect(map[int]int{0: 3, 1: 1, 2: 3})
	add(1)
	expect(map[int]int{0: 3, 1: 2, 2: 3})
	if p.Threads() != 3 || p.Len() != 8 {
		t.Errorf("%d threads, %d members", p.Threads(), p.Len())
	}
}

// TestThreadsKeepTheSameTime: every member is ticked by the thread it lives on, once
// per frame; every slot ends with a flush of its thread; who has nobody sleeps.
func TestThreadsKeepTheSameTime(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		flushes := map[int]int{}
		p := pace.New(pace.Options{
			Threads: 4, Share: 2, Clock: pace.Portable,
			Flush: func(thread int) {
				mu.Lock()
				defer mu.Unlock()
				flushes[thread]++
			},
		})
		members := make([]*settled, 5)
		for i := range members {
			members[i] = &settled{}
			p.Add(members[i])
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = p.Run(ctx) })
		<-time.After(time.Second + pace.Frame/2)
		synctest.Wait()
		cancel()
		running.Wait()
		for i, m := range members {
			if n := len(m.turns); n < 50 || n > 52 {
				t.Errorf("member %d: %d ticks in a second", i, n)
			}
			for _, turn := range m.turns {
				if turn.Thread != i/2 || turn.Late != 0 {
					t.Fatalf("member %d: %+v", i, turn)
				}
			}
		}
		if got := slices.Sorted(maps.Keys(flushes)); !slices.Equal(got, []int{0, 1, 2}) || flushes[0] < 100 || flushes[2] > 52 {
			t.Errorf("flushes %v", flushes)
		}
	})
}

// TestComingAndGoing is for the race detector.
func TestComingAndGoing(t *testing.T) {
	p := pace.New(pace.Options{Threads: 2, Share: 5})
	ctx, cancel := context.WithCancel(t.Context())
	var running, wg sync.WaitGroup
	running.Go(func() { _ = p.Run(ctx) })
	for range 8 {
		wg.Go(func() {
			for range 20 {
				r := &removing{pacer: p, done: make(chan struct{})}
				p.Add(r)
				<-r.done
			}
		})
	}
	wg.Wait()
	cancel()
	running.Wait()
	if p.Len() != 0 {
		t.Errorf("%d members stay", p.Len())
	}
}

// baton is a member that wants to be woken after some of its slots.
type baton struct {
	frames          []int64
	stop            func()
	flushes, wishes atomic.Int64
	wakes, tooEarly atomic.Int64
}

func (b *baton) Tick(turn pace.Turn) {
	b.frames = append(b.frames, turn.Frame)
	if len(b.frames) != 5 { // nobody to wake in the fifth
		b.wishes.Add(1)
		turn.Later(b)
	}
	if len(b.frames) == 6 {
		b.stop()
	}
}

func (b *baton) Wake() {
	if b.wakes.Add(1) > b.flushes.Load() {
		b.tooEarly.Add(1)
	}
}

// TestNobodyIsWokenBeforeTheFlush, and once per wish. Frames are numbered by the clock:
// those skipped are missing.
func TestNobodyIsWokenBeforeTheFlush(t *testing.T) {
	c := &clock{oversleep: once(3*pace.Frame, 5*pace.Frame)}
	ctx, cancel := context.WithCancel(t.Context())
	b := &baton{stop: cancel}
	p := pace.New(pace.Options{Threads: 1, Clock: of(c), Flush: func(int) { b.flushes.Add(1) }})
	p.Add(b)
	if err := p.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if b.wakes.Load() != 5 || b.wishes.Load() != 5 || b.flushes.Load() != 6 || b.tooEarly.Load() != 0 {
		t.Errorf("woken %d times for %d wishes, %d too early, %d flushes", b.wakes.Load(), b.wishes.Load(), b.tooEarly.Load(), b.flushes.Load())
	}
	if !slices.Equal(b.frames, []int64{0, 1, 2, 8, 9, 10}) {
		t.Errorf("frames %d", b.frames)
	}
	pace.Turn{}.Later(b)
	if b.wakes.Load() != 6 {
		t.Error("nobody is woken outside of a pacer")
	}
}
