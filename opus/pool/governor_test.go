package pool_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busker/internal/bubble"
	"busker/internal/fault"
	"busker/opus/pool"
)

const ticksOfCalm = int(pool.Calm / pool.GovernPeriod)

func TestLadder(t *testing.T) {
	type phase struct {
		load  float64
		ticks int
	}
	for _, tt := range []struct {
		name       string
		complexity int
		fixed      bool
		phases     []phase
		steps      []int
	}{
		{"rest", 0, false, []phase{{0.1, ticksOfCalm + 5}}, []int{5, 8}},
		{"not yet calm", 0, false, []phase{{0.1, ticksOfCalm - 1}, {0.6, 1}, {0.1, ticksOfCalm - 1}}, []int{5}},
		{"between", 0, false, []phase{{0.5, 100}, {0.8, 100}}, []int{5}},
		{"busy", 0, false, []phase{{0.81, 2}, {0.65, 100}}, []int{5, 4}},
		{"busy and calm again", 0, false, []phase{{0.81, 1}, {0.59, ticksOfCalm}}, []int{5, 4, 5}},
		{"very busy", 0, false, []phase{{0.94, 100}}, []int{5, 4}},
		{"overload", 0, false, []phase{{0.96, 1}}, []int{5, 0}},
		{"overload in steps", 0, false, []phase{{0.9, 1}, {0.96, 1}}, []int{5, 4, 0}},
		{"recovery", 0, false, []phase{{1, 1}, {0.6, 200}, {0.54, ticksOfCalm}, {0.4, 2 * ticksOfCalm}}, []int{5, 0, 4, 5, 8}},
		{"from rest", 0, false, []phase{{0.1, ticksOfCalm}, {0.79, 100}, {0.85, 1}, {0.55, 100}}, []int{5, 8, 5}},
		{"ten while it lasts", 10, false, []phase{{0.3, 100}, {0.85, 3}, {1, 1}}, []int{10, 8, 5, 4, 0}},
		{"two", 2, false, []phase{{0.3, 100}, {0.85, 1}, {0.3, ticksOfCalm}}, []int{2, 0, 2}},
		{"fixed", 7, true, []phase{{0.3, 100}, {2, 100}}, []int{7}},
		{"fixed default", 0, true, []phase{{0.3, 100}, {2, 100}}, []int{5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := pool.NewLadder(tt.complexity, tt.fixed)
			steps := []int{l.Complexity()}
			for _, p := range tt.phases {
				for range p.ticks {
					if l.Observe(p.load) != (l.Complexity() != steps[len(steps)-1]) {
						t.Fatal("Observe lied")
					}
					if c := l.Complexity(); c != steps[len(steps)-1] {
						steps = append(steps, c)
					}
				}
			}
			if !slices.Equal(steps, tt.steps) {
				t.Errorf("steps %v, want %v", steps, tt.steps)
			}
		})
	}
}

// occupy holds a core for the given part of the time until ctx ends.
func occupy(ctx context.Context, p *pool.Pool, part float64) {
	turn := p.Turn()
	busy := time.Duration(part * float64(10*ms))
	for ctx.Err() == nil {
		if turn.Begin(ctx, time.Now().Add(time.Second)) != nil {
			return
		}
		pause(busy)
		turn.End(8)
		pause(10*ms - busy)
	}
}

func TestLoadMovesTheComplexity(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		p := newPool(t, pool.Options{Cores: 2, Metrics: pool.NewMetrics(registry)})
		running(t, p)
		var wg sync.WaitGroup
		phase := func(parts []float64, d time.Duration) {
			ctx, cancel := context.WithCancel(t.Context())
			for _, part := range parts {
				wg.Go(func() { occupy(ctx, p, part) })
			}
			pause(d)
			cancel()
			wg.Wait()
		}
		for _, tt := range []struct {
			parts      []float64
			load       float64
			complexity int
		}{
			{[]float64{0.6, 0.6}, 0.6, 5},
			{[]float64{0.9, 0.8}, 0.85, 4},
			{[]float64{1, 1}, 1, 0},
			{nil, 0, 8},
			{[]float64{0.7}, 0.35, 8},
		} {
			phase(tt.parts, 20*time.Second)
			s := p.Status()
			if s.Load < tt.load-0.02 || s.Load > tt.load+0.02 || s.Complexity != tt.complexity {
				t.Errorf("%v: load %.3f, complexity %d; want %v and %d", tt.parts, s.Load, s.Complexity, tt.load, tt.complexity)
			}
		}
		if got := gathered(t, registry); got["busker_pool_complexity"] != 8 || got["busker_pool_turns_total"] < 1000 ||
			got["busker_pool_frames_total"] != 8*got["busker_pool_turns_total"] {
			t.Errorf("metrics %v", got)
		}
	})
}

// What was measured before a step says nothing about the time after it.
func TestOneStepIsEnoughWhenItHelps(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Options{Cores: 1, Complexity: 8})
		running(t, p)
		turn, start := p.Turn(), time.Now()
		for time.Since(start) < 6*time.Second {
			busy := 6300 * time.Microsecond
			switch {
			case time.Since(start) < 2*time.Second:
				busy = 7 * ms
			case p.Complexity() == 8:
				busy = 9700 * time.Microsecond
			}
			begin(t, turn, time.Now().Add(time.Second))
			pause(busy)
			turn.End(8)
			pause(10*ms - busy)
		}
		if s := p.Status(); s.Complexity != 5 || s.Load > 0.65 {
			t.Errorf("%+v", s)
		}
	})
}

// The time before Run is no rest that would hide the load after it.
func TestTheLoadBeginsWithRun(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		p := newPool(t, pool.Options{Cores: 1})
		pause(time.Minute)
		running(t, p)
		turn := p.Turn()
		begin(t, turn, time.Now())
		pause(2*pool.GovernPeriod + ms)
		turn.End(1)
		if s := p.Status(); s.Load < 0.95 || s.Complexity != 0 {
			t.Errorf("load %.3f, complexity %d", s.Load, s.Complexity)
		}
	})
}

func gathered(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		m := f.GetMetric()[0]
		values[f.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	return values
}

func TestAdmission(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		// A stream's share of one core: 1.3 × (60+40) µs of 20 ms.
		p := newPool(t, pool.Options{Cores: 1, Limit: 0.5})
		fits := int(0.5 / p.Share())
		if fits != 76 {
			t.Fatalf("%d fit", fits)
		}
		admit := func() (n int) {
			for {
				if _, err := p.Admit(); err != nil {
					if fault.KindOf(err) != fault.Busy {
						t.Fatalf("error %v", err)
					}
					return n
				}
				n++
			}
		}
		if n := admit(); n != fits {
			t.Errorf("%d admitted, want %d", n, fits)
		}
		_, err := p.Admit()
		want := "This bot is at its limit: it plays for 76 servers and this machine carries no more. Try again later."
		if m, _ := fault.Message(err); m != want {
			t.Errorf("message %q", m)
		}
		pause(pool.Reserved - ms)
		if n := admit(); n != 0 {
			t.Errorf("%d admitted too early", n)
		}
		pause(ms)
		p.SetLoad(0.4) // now it shows what they cost
		if n := admit(); n != int(0.1/p.Share()) {
			t.Errorf("%d admitted at a load of 0.4", n)
		}
		pause(pool.Reserved)
		p.SetLoad(0.6)
		if n := admit(); n != 0 {
			t.Errorf("%d admitted above the limit", n)
		}
		p.SetLoad(0)
		if n := admit(); n != fits {
			t.Errorf("%d admitted after the load went, want %d", n, fits)
		}
	})
}

func TestSeatsAreGivenBack(t *testing.T) {
	p := newPool(t, pool.Options{Cores: 1, Limit: 0.015})
	admit := func() *pool.Seat {
		t.Helper()
		s, err := p.Admit()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, second := admit(), admit()
	if _, err := p.Admit(); fault.KindOf(err) != fault.Busy {
		t.Fatalf("a third: %v", err)
	}
	first.Release()
	first.Release()
	third := admit()
	if s := p.Status(); s.Seats != 2 || s.Refusals != 1 {
		t.Errorf("%+v", s)
	}
	second.Settle() // costs nothing, and sits
	second.Settle()
	fourth := admit()
	if s := p.Status(); s.Seats != 3 {
		t.Errorf("%+v", s)
	}
	for _, s := range []*pool.Seat{second, third, fourth, first} {
		s.Release()
	}
	if s := p.Status(); s.Seats != 0 {
		t.Errorf("%+v", s)
	}
}

func TestRefusalSaysWhatIsTrue(t *testing.T) {
	for _, tt := range []struct {
		limit float64 // a stream takes 0.0065
		want  string
	}{
		{0.001, "This bot is at its limit: this machine carries no more. Try again later."},
		{0.008, "This bot is at its limit: it plays for 1 server and this machine carries no more. Try again later."},
		{0.015, "This bot is at its limit: it plays for 2 servers and this machine carries no more. Try again later."},
	} {
		p := newPool(t, pool.Options{Cores: 1, Limit: tt.limit})
		var err error
		for err == nil {
			_, err = p.Admit()
		}
		if m, _ := fault.Message(err); m != tt.want {
			t.Errorf("limit %v: %q", tt.limit, m)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []pool.Options{{Cores: -1}, {Limit: -0.1}, {Complexity: 11}, {Complexity: -1}, {Nice: 20}} {
		if _, err := pool.New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestMeasuredCosts(t *testing.T) {
	start := time.Now()
	c, err := pool.Measure("")
	if err != nil {
		t.Fatal(err)
	}
	if c.Encode0 <= 0 || c.Encode5 <= c.Encode0 || c.Decode <= 0 || c.Encode5 > 20*ms {
		t.Errorf("%+v", c)
	}
	t.Logf("%+v in %v", c, time.Since(start))
	p := newPool(t, pool.Options{Cores: 2, Costs: c})
	if s := p.Status(); s.Capacity < 1 {
		t.Errorf("%+v", s)
	}
	if _, err := pool.Measure("lame"); err == nil {
		t.Error("an unknown codec was measured")
	}
}

func Example() {
	p, err := pool.New(pool.Options{})
	if err != nil {
		panic(err)
	}
	turn := p.Turn()
	if turn.Begin(context.Background(), time.Now().Add(100*time.Millisecond)) == nil {
		// decode, filter and encode up to 8 frames, the encoder set to p.Complexity()
		turn.End(8)
	}
	fmt.Println(p.Status().Frames)
	// Output: 8
}
