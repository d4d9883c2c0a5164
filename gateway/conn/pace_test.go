package conn_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"busker/gateway/conn"
	"busker/internal/bubble"
)

// atMost120 checks Discord's rule: at most 120 within any minute.
func atMost120(t interface{ Errorf(string, ...any) }, sent []time.Time) {
	slices.SortFunc(sent, time.Time.Compare)
	for i := 120; i < len(sent); i++ {
		if gap := sent[i].Sub(sent[i-120]); gap < time.Minute {
			t.Errorf("121 messages within %v", gap)
			return
		}
	}
}

func TestCommandsStayUnderTheLimit(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := conn.NewPace()
		var sent []time.Time
		began := time.Now()
		for i := range 400 {
			if err := p.Turn(t.Context(), i%2 == 0, nil); err != nil {
				t.Fatal(err)
			}
			sent = append(sent, time.Now())
		}
		atMost120(t, sent)
		if took := time.Since(began); took != 3*61*time.Second {
			t.Errorf("400 commands took %v", took)
		}
	})
}

// TestHeartbeatsAlwaysHaveRoom uses all up that commands may.
func TestHeartbeatsAlwaysHaveRoom(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := conn.NewPace()
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 150 { // more than may go at once
			all.Go(func() {
				for p.Turn(ctx, true, nil) == nil {
				}
			})
		}
		for range 100 { // more makes Go's race runtime die now and then (go.dev/issue/78156)
			sleep(6 * time.Second) // ten in a minute
			if !p.Beat() {
				t.Error("a heartbeat had no room")
			}
		}
		cancel()
		all.Wait()
	})
}

func TestNoMoreThan120EvenOfHeartbeats(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := conn.NewPace()
		n := 0
		for range 500 {
			if p.Beat() {
				n++
			}
		}
		if n != 120 {
			t.Errorf("%d heartbeats at once", n)
		}
		sleep(61 * time.Second)
		if !p.Beat() {
			t.Error("and none a minute later")
		}
	})
}

func TestUrgentCommandsGoFirst(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := conn.NewPace()
		for range 110 {
			if err := p.Turn(t.Context(), false, nil); err != nil {
				t.Fatal(err)
			}
			sleep(time.Millisecond) // so that one goes at a time
		}
		order := make(chan string, 6)
		for _, who := range []string{"late 1", "late 2", "urgent 1", "late 3", "urgent 2"} {
			go func() {
				if err := p.Turn(t.Context(), who[0] == 'u', nil); err != nil {
					t.Error(err)
				}
				order <- who
			}()
			synctest.Wait()
			sleep(time.Millisecond)
		}
		var got []string
		for range 5 {
			got = append(got, <-order)
		}
		if urgent := got[:2]; !slices.Contains(urgent, "urgent 1") || !slices.Contains(urgent, "urgent 2") {
			t.Errorf("went in the order %q", got)
		}
		sleep(time.Minute)
	})
}

func TestATurnThatComesTooLateIsRefusedAtOnce(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := conn.NewPace()
		began := time.Now()
		for range 110 {
			_ = p.Turn(t.Context(), true, nil)
			sleep(100 * time.Millisecond)
		}
		// All are waited for by 49.9 s from now at most, the first by 50 s.
		for _, tt := range []struct {
			patience time.Duration
			err      error
		}{{49 * time.Second, conn.ErrBusy}, {51 * time.Second, nil}} {
			at := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), tt.patience)
			err := p.Turn(ctx, true, nil)
			cancel()
			if !errors.Is(err, tt.err) {
				t.Errorf("with %v left: %v", tt.patience, err)
			}
			if tt.err != nil && time.Since(at) != 0 {
				t.Errorf("refused after %v", time.Since(at))
			}
		}
		if took := time.Since(began); took != 61*time.Second {
			t.Errorf("went after %v", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Millisecond, cancel)
		if err := p.Turn(ctx, true, nil); !errors.Is(err, conn.ErrBusy) || !errors.Is(err, context.Canceled) {
			t.Errorf("who went away: %v", err)
		}
	})
}

// TestAnyOrderOfCommandsAndHeartbeats looks for a way over the limit, for a command that
// is forgotten, and for one refused that had time.
func TestAnyOrderOfCommandsAndHeartbeats(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		type step struct {
			wait     time.Duration
			kind     int // 0, 1 a command, 2 a heartbeat
			many     int
			patience time.Duration
		}
		steps := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) step {
			return step{
				time.Duration(rapid.IntRange(0, 30_000).Draw(r, "wait")) * time.Millisecond,
				rapid.IntRange(0, 2).Draw(r, "kind"), rapid.IntRange(1, 60).Draw(r, "many"),
				time.Duration(rapid.IntRange(1, 300).Draw(r, "patience")) * time.Second,
			}
		}), 1, 20).Draw(r, "steps")
		var mu sync.Mutex
		var sent []time.Time
		note := func() {
			mu.Lock()
			defer mu.Unlock()
			sent = append(sent, time.Now())
		}
		bubble.Test(t, func(t *testing.T) {
			p := conn.NewPace()
			gone := make(chan struct{})
			var all sync.WaitGroup
			for _, s := range steps {
				sleep(s.wait)
				for range s.many {
					if s.kind == 2 {
						if p.Beat() {
							note()
						}
						continue
					}
					all.Go(func() {
						ctx, cancel := context.WithTimeout(t.Context(), s.patience)
						defer cancel()
						if err := p.Turn(ctx, s.kind == 1, gone); err == nil {
							note()
						} else if !errors.Is(err, conn.ErrBusy) {
							t.Errorf("refused with %v", err)
						}
					})
				}
			}
			all.Wait()
			close(gone)
		})
		atMost120(r, sent)
	})
}

func TestSendWaitsForTheNextConnection(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		got := make(chan frame, 300)
		take := func(n int) func(*peer) {
			return func(p *peer) {
				for range n {
					got <- p.expect(4)
				}
			}
		}
		d := newDiscord(t, func(p *peer) {
			p.login("s1")
			take(109)(p) // with the identify, all there is room for
			sleep(time.Second)
			p.close(4000)
		}, func(p *peer) {
			p.resumed(2)
			take(91)(p)
			p.stay()
		})
		s := d.run(nil)
		began := time.Now()
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				if err := s.Send(t.Context(), 4, i); err != nil {
					t.Errorf("command %d: %v", i, err)
				}
			})
		}
		all.Wait()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("200 commands took %v: a new connection has a limit of its own", took)
		}
		seen := map[string]bool{}
		for range 200 {
			f := <-got
			seen[string(f.Data)] = true
		}
		if len(seen) != 200 {
			t.Errorf("%d different commands arrived", len(seen))
		}
	})
}

func TestMaySendIsAskedInTurn(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		d := newDiscord(t, func(p *peer) {
			p.login("s1")
			if f := p.expect(4); string(f.Data) != `"right"` {
				t.Errorf("sent %s", f.Data)
			}
			p.stay()
		})
		no := errors.New("not ours")
		s := d.run(func(o *conn.Options) {
			o.MaySend = func(_ context.Context, op int, d any) error {
				if op != 4 || d == "wrong" {
					return no
				}
				return nil
			}
		})
		if err := s.Send(t.Context(), 4, "wrong"); !errors.Is(err, no) {
			t.Errorf("sent: %v", err)
		}
		if err := s.Send(t.Context(), 4, "right"); err != nil {
			t.Error(err)
		}
		if err := s.Send(t.Context(), 4, noise(16<<10)); err == nil {
			t.Error("sent more than Discord takes")
		}
	})
}
