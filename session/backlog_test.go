package session_test

import (
	"context"
	"errors"
	"testing"
	"time"
	"unsafe"

	"busker/internal/snowflake"
	"busker/queue"
	"busker/session"
	"busker/session/sessiontest"
)

// slow is a store that takes a while for each track.
type slow struct {
	*sessiontest.Store
	each time.Duration
}

func (s slow) Save(ctx context.Context, changes []session.Change) ([]snowflake.ID, error) {
	rows := 0
	for i := range changes {
		for j := range changes[i].Queue {
			rows += len(changes[i].Queue[j].Items)
		}
	}
	select {
	case <-time.After(time.Duration(rows) * s.each):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.Store.Save(ctx, changes)
}

// TestALargeBacklogIsSaved though the store could never save all of it at once.
func TestALargeBacklogIsSaved(t *testing.T) {
	var store *sessiontest.Store
	change := func(o *session.Options) {
		store = o.Store.(*sessiontest.Store)
		o.Store = slow{store, 400 * time.Microsecond}
	}
	run(t, change, func(r *rig) {
		store.Fail(errors.New("no disk"))
		items := make([]*queue.Item, queue.DefaultMaxItems)
		for i := range items {
			items[i] = &queue.Item{ID: uint64(i + 1)}
		}
		const guilds = 30
		var saved <-chan struct{}
		for g := range snowflake.ID(guilds) {
			saved = r.k.Keep(session.Change{Guild: g + 1, Queue: []queue.Change{{Seq: 1, Op: queue.OpAdd, Items: items}}}).Done()
		}
		// And one whose backlog alone takes longer than a call otherwise may.
		r.k.Keep(session.Change{Guild: guilds + 1, Queue: []queue.Change{
			{Seq: 1, Op: queue.OpAdd, Items: items}, {Seq: 2, Op: queue.OpAdd, Items: items}, {Seq: 3, Op: queue.OpAdd, Items: items},
		}})
		sleep(time.Minute)
		store.Fail(nil)
		if took := r.after(saved); took > 5*time.Minute {
			t.Errorf("saved after %v", took)
		}
		for _, g := range []snowflake.ID{1, guilds, guilds + 1} {
			if s, err := r.k.Load(r.Context(), g); err != nil || len(s.Log) == 0 {
				t.Errorf("guild %d: kept are %d changes, %v", g, len(s.Log), err)
			}
		}
	})
}

// reset returns t as it would have been read from a clock that was wrong by d, and has been
// set since: what passes is counted without that clock.
func reset(t time.Time, d time.Duration) time.Time {
	counted := (*struct {
		wall uint64
		ext  int64 // the monotonic reading; see package time
	})(unsafe.Pointer(&t))
	counted.ext += int64(d)
	return t.Add(-d)
}

// TestPositionsAreReckonedByTheClock on the wall, as they will be after a restart: when it
// is set, an anchor must be seen to hold no longer.
func TestPositionsAreReckonedByTheClock(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour} {
		at := reset(time.Now(), by)
		if passed := time.Since(at); passed > time.Minute {
			t.Fatalf("%v passed since then", passed)
		}
		got := session.ReckonedAt(session.Place{Speed: 1, At: at}, time.Now())
		if (got - by).Abs() > time.Minute {
			t.Errorf("set by %v: reckoned %v", by, got)
		}
	}
}
