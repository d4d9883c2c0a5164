package session_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"busker/internal/snowflake"
	"busker/queue"
	"busker/session"
)

// owner is what a Keeper's process believes to hold.
type owner struct {
	mu     sync.Mutex
	tokens map[snowflake.ID]uint64
	fenced []snowflake.ID
}

func (o *owner) token(guild snowflake.ID) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tokens[guild]
}

func (o *owner) own(guild snowflake.ID, token uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tokens[guild] = token
}

func (o *owner) options(opts *session.Options) {
	o.tokens = map[snowflake.ID]uint64{}
	opts.Token = o.token
	opts.OnFenced = func(guild snowflake.ID) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.fenced = append(o.fenced, guild)
	}
}

func owned(t *testing.T, body func(*rig, *owner)) {
	t.Helper()
	o := &owner{}
	run(t, o.options, func(r *rig) { body(r, o) })
}

func at(guild snowflake.ID, seq uint64) session.Change {
	return session.Change{Guild: guild, Queue: []queue.Change{{Seq: seq}}, Place: &session.Place{Item: seq}}
}

// fate waits for a change.
func (r *rig) fate(receipt session.Receipt) error {
	r.Helper()
	r.after(receipt.Done())
	return receipt.Err()
}

func TestChangesOfAnOlderOwnerAreRefused(t *testing.T) {
	owned(t, func(r *rig, o *owner) {
		o.own(guild, 5)
		if err := r.fate(r.k.Keep(at(guild, 1))); err != nil {
			r.Error(err)
		}
		if err := r.store.Take(r.Context(), guild, 6); err != nil {
			r.Fatal(err)
		}
		mine, others := r.k.Keep(at(guild, 2)), r.k.Keep(at(2, 1))
		if err := r.fate(mine); !errors.Is(err, session.ErrFenced) {
			r.Errorf("an older owner is told %v", err)
		}
		if err := r.fate(others); err != nil {
			r.Errorf("who shares its transaction is told %v", err)
		}
		if !slices.Equal(o.fenced, []snowflake.ID{guild}) {
			r.Errorf("fenced are %v", o.fenced)
		}
		if _, err := r.k.Load(r.Context(), guild); !errors.Is(err, session.ErrFenced) {
			r.Errorf("an older owner loads: %v", err)
		}
		o.own(guild, 7)
		if s, err := r.k.Load(r.Context(), guild); err != nil || s.Place.Item != 1 {
			r.Errorf("kept is %+v, %v", s, err)
		}
		if err := r.store.Take(r.Context(), guild, 6); !errors.Is(err, session.ErrFenced) {
			r.Errorf("after a load the owner before may take: %v", err)
		}
	})
}

// TestTheTokenIsThatOfTheTime at which a change was handed over: one that waited for the
// store while the guild went elsewhere and came back must not be kept.
func TestTheTokenIsThatOfTheTime(t *testing.T) {
	owned(t, func(r *rig, o *owner) {
		o.own(guild, 5)
		r.store.Fail(errors.New("no disk"))
		old := r.k.Keep(at(guild, 1))
		sleep(time.Second)
		again := r.k.Keep(at(guild, 2))
		o.own(guild, 7)
		fresh := r.k.Keep(at(guild, 3))
		r.store.Fail(nil)
		if err := r.store.Take(r.Context(), guild, 6); err != nil {
			r.Fatal(err)
		}
		for i, c := range []struct {
			session.Receipt
			want error
		}{{old, session.ErrFenced}, {again, session.ErrFenced}, {fresh, nil}} {
			if err := r.fate(c.Receipt); !errors.Is(err, c.want) {
				r.Errorf("change %d: %v, want %v", i, err, c.want)
			}
		}
		if s := r.load(); s.Place.Item != 3 {
			r.Errorf("kept is %+v", s)
		}
	})
}

// TestAnOwnerGoesOnWithANewerToken: nothing is lost when nobody had the guild in between.
func TestAnOwnerGoesOnWithANewerToken(t *testing.T) {
	owned(t, func(r *rig, o *owner) {
		r.store.Fail(errors.New("no disk"))
		var last session.Receipt
		for seq := range uint64(10) {
			o.own(guild, seq/2+1)
			last = r.k.Keep(at(guild, seq+1))
			sleep(30 * time.Millisecond)
		}
		r.store.Fail(nil)
		if err := r.fate(last); err != nil {
			r.Error(err)
		}
		r.contiguous(10)
	})
}

// TestAWholeQueueOfAnOlderOwnerIsRefused, both as it replaces what waits and as a log is
// replaced by it.
func TestAWholeQueueOfAnOlderOwnerIsRefused(t *testing.T) {
	owned(t, func(r *rig, o *owner) {
		o.own(guild, 5)
		if err := r.fate(r.k.Keep(at(guild, 1))); err != nil {
			r.Fatal(err)
		}
		if err := r.store.Take(r.Context(), guild, 6); err != nil {
			r.Fatal(err)
		}
		whole := session.Change{Guild: guild, State: &queue.State{Seq: 9}, Place: &session.Place{Item: 9}}
		if err := r.fate(r.k.Keep(whole)); !errors.Is(err, session.ErrFenced) {
			r.Errorf("a whole queue: %v", err)
		}
		whole.Queue = []queue.Change{{Seq: 10}}
		if err := r.fate(r.k.Keep(whole)); !errors.Is(err, session.ErrFenced) {
			r.Errorf("a queue with its last change: %v", err)
		}
		sleep(time.Minute)
		r.contiguous(1)
	})
}

// TestAGuildThatCameBackIsNotLost to what was to be done for it before it went: nobody who
// has it now has to end.
func TestAGuildThatCameBackIsNotLost(t *testing.T) {
	owned(t, func(r *rig, o *owner) {
		o.own(guild, 5)
		r.store.Delay(time.Second)
		whole := session.Change{Guild: guild, Queue: []queue.Change{{Seq: 1}}, State: &queue.State{Seq: 1}}
		if err := r.fate(r.k.Keep(whole)); err != nil {
			r.Fatal(err)
		}
		sleep(time.Second / 2) // the log is being replaced
		r.store.Delay(0)
		o.own(guild, 7)
		if _, err := r.k.Load(r.Context(), guild); err != nil {
			r.Fatal(err)
		}
		sleep(time.Minute)
		if len(o.fenced) > 0 {
			r.Error("who has the guild now was told that it is another process's")
		}
		r.contiguous(1)
	})
}

// TestAnchorsOfAnOlderOwnerEnd: where its positions go on is nobody's business any more.
func TestAnchorsOfAnOlderOwnerEnd(t *testing.T) {
	owned(t, func(r *rig, o *owner) {
		o.own(guild, 5)
		wrong := func() (time.Duration, float64) { return time.Hour, 1 }
		c := session.Change{Guild: guild, Place: &session.Place{Item: 1, Speed: 1, At: time.Now()}, Now: wrong}
		if err := r.fate(r.k.Keep(c)); err != nil {
			r.Fatal(err)
		}
		if err := r.store.Take(r.Context(), guild, 6); err != nil {
			r.Fatal(err)
		}
		sleep(time.Minute)
		if s := r.load(); s.Place.Position != 0 {
			r.Errorf("kept is %+v", s.Place)
		}
		before := r.store.Saves()
		sleep(time.Minute)
		if n := r.store.Saves() - before; n > 0 || len(o.fenced) != 1 {
			r.Errorf("%d more transactions, told %d times", n, len(o.fenced))
		}
	})
}

// TestAnAnchorWithoutAClock: the process says that it lives until the guild is dropped.
func TestAnAnchorWithoutAClock(t *testing.T) {
	run(t, nil, func(r *rig) {
		start := time.Now()
		_ = r.fate(r.k.Keep(session.Change{Guild: guild, Place: &session.Place{Item: 1, Speed: 2, At: start}}))
		sleep(10 * time.Second)
		near := func(want time.Duration) {
			r.Helper()
			if got := r.load().Position(); (got - want).Abs() > 2*session.DefaultHeartbeat {
				r.Errorf("the position is %v, want %v", got, want)
			}
		}
		near(20 * time.Second)
		r.k.Drop(guild)
		sleep(time.Minute)
		near(20 * time.Second)
	})
}
