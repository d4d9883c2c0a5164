package decode_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"busker/internal/bubble"
	"busker/internal/fault"
	"busker/sources/decode"
)

func TestStartsAreSpacedAndInOrder(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		s := decode.NewStarts(4)
		begin := time.Now()
		var mu sync.Mutex
		var order []int
		var at []time.Duration
		var all sync.WaitGroup
		for i := range 9 {
			all.Go(func() {
				if err := s.Wait(t.Context(), 10*time.Second); err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				order, at = append(order, i), append(at, time.Since(begin))
			})
			synctest.Wait()
		}
		all.Wait()
		if !slices.IsSorted(order) {
			t.Errorf("order %v", order)
		}
		for i, d := range at {
			if d != time.Duration(i)*250*time.Millisecond {
				t.Errorf("start %d after %v", i, d)
			}
		}
	})
}

func TestStartsKnowWhenItTakesTooLong(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		s := decode.NewStarts(1)
		ctx, cancel := context.WithCancel(t.Context())
		if err := s.Wait(ctx, time.Second); err != nil {
			t.Fatal(err)
		}
		gone := make(chan error)
		go func() { gone <- s.Wait(ctx, time.Second) }()
		synctest.Wait()
		if err := s.Wait(t.Context(), time.Second); fault.KindOf(err) != fault.Busy {
			t.Errorf("the third: %v", err)
		}
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("the second: %v", err)
		}
		if err := s.Wait(t.Context(), time.Second); err != nil {
			t.Errorf("the place of the second is lost: %v", err)
		}
	})
}
