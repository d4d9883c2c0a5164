package engine_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"busker/bench"
	"busker/bench/engine"
	"busker/opus/pool"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// costs spare the tests the measurement, whose result the race detector makes absurd.
var costs = pool.Costs{Encode0: 33 * time.Microsecond, Encode5: 66 * time.Microsecond, Decode: 41 * time.Microsecond}

func options(t *testing.T, kind string) engine.Options {
	t.Helper()
	k, ok := engine.Find(kind)
	if !ok {
		t.Fatalf("no kind %q", kind)
	}
	return engine.Options{Kind: k, Sound: bench.Synthetic(50)[0].Blocks, Costs: costs}
}

// TestEveryKindPlays has some guilds play everything there is.
func TestEveryKindPlays(t *testing.T) {
	for _, k := range engine.Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			e, err := engine.New(t.Context(), options(t, k.Name))
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Grow(t.Context(), 3); err != nil {
				t.Fatal(err)
			}
			if err := e.Settle(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			r, err := e.Measure(t.Context(), 200*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			if r.Guilds != 3 || r.Packets == 0 || r.CPU <= 0 || r.LatenessP999 < r.LatenessP50 || r.LatenessP50 <= 0 {
				t.Errorf("%+v", r)
			}
			if err := e.Stop(t.Context(), 1); err != nil || e.Len() != 1 {
				t.Errorf("%d guilds after a stop: %v", e.Len(), err)
			}
			if err := e.Grow(t.Context(), 2); err != nil {
				t.Error(err)
			}
			if err := e.Settle(t.Context(), 0); err != nil { // all of them are heard again
				t.Error(err)
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAnEngineThatIsFullRefuses asks for more than there are places for.
func TestAnEngineThatIsFullRefuses(t *testing.T) {
	o := options(t, "transcode")
	o.Admission, o.Costs = true, pool.Costs{Encode0: time.Second, Encode5: time.Second, Decode: time.Second}
	e, err := engine.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Grow(t.Context(), 1); err == nil || e.Len() != 0 {
		t.Errorf("%d guilds: %v", e.Len(), err)
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
}

// TestASearchEnds looks for a limit that is set.
func TestASearchEnds(t *testing.T) {
	steps := 0
	found, err := engine.Search(t.Context(), options(t, "passthrough"), engine.SearchOptions{
		Window: 100 * time.Millisecond, Most: 2, Step: func(engine.Result) { steps++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	if steps == 0 || found.Alone.Guilds != 2 || found.Alone.Clean() != (found.Limit == 2) {
		t.Errorf("after %d steps %+v", steps, found)
	}
}

func TestOptionsAreRequired(t *testing.T) {
	if _, err := engine.New(t.Context(), engine.Options{}); err == nil {
		t.Error("an engine of nothing")
	}
}
