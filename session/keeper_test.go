package session_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busker/internal/bubble"
	"busker/internal/snowflake"
	"busker/queue"
	"busker/session"
	"busker/session/sessiontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const guild = snowflake.ID(1)

// rig is a running Keeper in synthetic time.
type rig struct {
	*testing.T
	k     *session.Keeper
	store *sessiontest.Store
	log   *strings.Builder // may be read after stop
	stop  func() error
}

func run(t *testing.T, change func(*session.Options), body func(*rig)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		r := &rig{T: t, store: sessiontest.NewStore(), log: &strings.Builder{}}
		opts := session.Options{Store: r.store, Logger: slog.New(slog.NewTextHandler(r.log, nil))}
		if change != nil {
			change(&opts)
		}
		k, err := session.New(opts)
		if err != nil {
			t.Fatal(err)
		}
		r.k = k
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { err = k.Run(ctx) })
		r.stop = func() error { cancel(); running.Wait(); return err }
		defer func() { _ = r.stop() }()
		body(r)
	})
}

func sleep(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the clock is synctest's

// keep hands over one change of the guild's queue.
func (r *rig) keep(seq uint64) <-chan struct{} {
	return r.k.Keep(session.Change{Guild: guild, Queue: []queue.Change{{Seq: seq}}}).Done()
}

// after waits for c and returns how long that took.
func (r *rig) after(c <-chan struct{}) time.Duration {
	r.Helper()
	start := time.Now()
	select {
	case <-c:
	case <-time.After(time.Hour):
		r.Error("never saved")
	}
	return time.Since(start)
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (r *rig) load() session.Saved {
	r.Helper()
	s, err := r.store.Load(r.Context(), guild)
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// contiguous checks that the changes of the guild's queue up to last are kept.
func (r *rig) contiguous(last uint64) {
	r.Helper()
	s := r.load()
	for i, c := range s.Log {
		if want := s.Queue.Seq + uint64(i) + 1; c.Seq != want {
			r.Fatalf("change %d follows %d", c.Seq, want-1)
		}
	}
	if got := s.Queue.Seq + uint64(len(s.Log)); got != last {
		r.Errorf("the last change is %d, want %d", got, last)
	}
}

func TestChangesShareTransactions(t *testing.T) {
	run(t, nil, func(r *rig) {
		sleep(time.Second)
		if d := r.after(r.keep(1)); d > 0 {
			r.Errorf("a change alone waited %v", d)
		}
		var saved <-chan struct{}
		for g := range snowflake.ID(1000) {
			saved = r.k.Keep(session.Change{Guild: g + 10, Queue: []queue.Change{{Seq: 1}}}).Done()
			for seq := range uint64(10) {
				saved = r.k.Keep(session.Change{Guild: g + 10, Queue: []queue.Change{{Seq: seq + 2}}}).Done()
			}
		}
		if d := r.after(saved); d > session.DefaultEvery {
			r.Errorf("a change among many waited %v", d)
		}
		if n := r.store.Saves(); n != 2 {
			r.Errorf("%d transactions, want 2", n)
		}
		if s, err := r.k.Load(r.Context(), 500); err != nil || len(s.Log) != 11 {
			r.Errorf("kept are %d changes, %v", len(s.Log), err)
		}
	})
}

func TestTheStoreIsAway(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.store.Fail(errors.New("no disk"))
		var all []<-chan struct{}
		for seq := range uint64(100) {
			all = append(all, r.keep(seq+1))
			sleep(100 * time.Millisecond)
		}
		for i, c := range all {
			if isClosed(c) {
				r.Fatalf("change %d counts as saved", i+1)
			}
		}
		r.store.Fail(nil)
		for _, c := range all {
			if d := r.after(c); d > 3*time.Second {
				r.Errorf("saved %v after the store came back", d)
			}
		}
		r.contiguous(100)
		if err := r.stop(); err != nil {
			r.Error(err)
		}
		if n := strings.Count(r.log.String(), "level=WARN"); n < 3 || n > 11 {
			r.Errorf("%d warnings in ten seconds:\n%s", n, r.log)
		}
	})
}

// TestMemoryIsBounded keeps a change a second for a day without a store.
func TestMemoryIsBounded(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.store.Fail(errors.New("no disk"))
		const day = 24 * 60 * 60
		for seq := uint64(1); seq <= day; seq++ {
			c := session.Change{Guild: guild, Queue: []queue.Change{{Seq: seq}}}
			if seq%50 == 0 {
				c.State = &queue.State{Seq: seq}
			}
			r.k.Keep(c)
			sleep(time.Second)
		}
		r.store.Fail(nil)
		sleep(3 * time.Second)
		r.contiguous(day)
		if n := r.store.Logged(guild); n > 100 {
			r.Errorf("%d changes were held in memory", n)
		}
	})
}

func TestLogsAreReplaced(t *testing.T) {
	run(t, nil, func(r *rig) {
		for seq := uint64(1); seq <= 1000; seq++ {
			c := session.Change{Guild: guild, Queue: []queue.Change{{Seq: seq}}}
			if seq%100 == 0 {
				c.State = &queue.State{Seq: seq}
			}
			r.k.Keep(c)
			sleep(time.Millisecond)
		}
		sleep(time.Second)
		r.contiguous(1000)
		if n := r.store.Logged(guild); n != 0 {
			r.Errorf("%d changes are still logged", n)
		}
	})
}

func TestAStopSavesWhatIsLeft(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.after(r.keep(1))
		saved := r.keep(2) // in the pause between two transactions
		if err := r.stop(); err != nil || !isClosed(saved) {
			r.Errorf("stopped with %v, saved: %v", err, isClosed(saved))
		}
		r.contiguous(2)
	})
}

func TestAStopDoesNotWaitForEver(t *testing.T) {
	for name, hang := range map[string]func(*sessiontest.Store){
		"failing": func(s *sessiontest.Store) { s.Fail(errors.New("no disk")) },
		"hanging": func(s *sessiontest.Store) { s.Delay(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, nil, func(r *rig) {
				hang(r.store)
				saved := r.keep(1)
				sleep(time.Second)
				start := time.Now()
				err := r.stop()
				if d := time.Since(start); err == nil || isClosed(saved) || d > session.DefaultFlushTimeout {
					r.Errorf("stopped after %v with %v, saved: %v", d, err, isClosed(saved))
				}
			})
		})
	}
}

func TestLoadSeesWhatIsOnItsWay(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.store.Delay(300 * time.Millisecond)
		r.keep(1)
		sleep(100 * time.Millisecond)
		r.keep(2)
		if s, err := r.k.Load(r.Context(), guild); err != nil || len(s.Log) != 2 {
			r.Errorf("loaded %d changes, %v", len(s.Log), err)
		}
		r.store.Fail(errors.New("no disk"))
		r.keep(3)
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if _, err := r.k.Load(ctx, guild); !errors.Is(err, context.DeadlineExceeded) {
			r.Errorf("loaded what is not saved: %v", err)
		}
		r.store.Fail(nil)
	})
}

// track is a position that goes on in synthetic time, as a player's does.
type track struct {
	mu     sync.Mutex
	from   time.Duration
	at     time.Time
	speed  float64
	asking int
}

func (p *track) now() (time.Duration, float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asking++
	return p.from + time.Duration(float64(time.Since(p.at))*p.speed), p.speed
}

func (p *track) set(from time.Duration, speed float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.from, p.at, p.speed = from, time.Now(), speed
}

func TestPositionsNeedNoWritesAndAreRight(t *testing.T) {
	run(t, nil, func(r *rig) {
		p := &track{}
		p.set(0, 1)
		r.k.Keep(session.Change{Guild: guild, Place: &session.Place{Channel: 5, Item: 1, Speed: 1, At: time.Now()}, Now: p.now})
		right := func(within time.Duration) {
			t.Helper()
			is, _ := p.now()
			if got := r.load().Position(); (got - is).Abs() > within {
				r.Errorf("kept %v, is %v", got, is)
			}
		}
		for range 600 {
			sleep(time.Second)
			right(session.DefaultHeartbeat)
		}
		if n := r.store.Saves(); n != 1 {
			r.Errorf("%d transactions while nothing changed, want 1", n)
		}
		is, _ := p.now()
		p.set(is, 0) // its source has run dry
		sleep(time.Minute)
		right(0)
		p.set(is, 1.5)
		sleep(time.Minute)
		right(2 * session.DefaultHeartbeat)
		is, _ = p.now()
		p.set(is-10*time.Second, 1.5)
		sleep(2 * time.Second)
		right(2 * session.DefaultHeartbeat)
		if n := r.store.Saves(); n > 6 {
			r.Errorf("%d transactions for three changes", n)
		}
		r.k.Keep(session.Change{Guild: guild, Place: &session.Place{Item: 1, Position: is, At: time.Now()}})
		sleep(2 * time.Second)
		asked := p.asking
		sleep(time.Minute)
		if p.asking != asked {
			r.Error("a position that stands still is asked for")
		}
		if got := r.load().Position(); got != is {
			r.Errorf("kept %v, was %v", got, is)
		}
	})
}

func TestRandomProcessesDiffer(t *testing.T) {
	run(t, nil, func(r *rig) {
		r.after(r.k.Keep(session.Change{Guild: guild, Place: &session.Place{Item: 1}}).Done())
		first := r.load().Place.Process
		if first == "" {
			r.Error("the place names no process")
		}
		other, err := session.New(session.Options{Store: r.store})
		if err != nil {
			r.Fatal(err)
		}
		ctx, cancel := context.WithCancel(r.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = other.Run(ctx) })
		r.after(other.Keep(session.Change{Guild: guild, Place: &session.Place{Item: 1}}).Done())
		cancel()
		running.Wait()
		if second := r.load().Place.Process; second == first {
			r.Errorf("both are called %s", first)
		}
	})
}

func TestOptionsAreChecked(t *testing.T) {
	if _, err := session.New(session.Options{}); err == nil {
		t.Error("a Keeper without a Store")
	}
	if _, err := session.New(session.Options{Store: sessiontest.NewStore(), Every: -1}); err == nil {
		t.Error("a negative time")
	}
}
