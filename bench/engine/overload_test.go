package engine_test

import (
	"flag"
	"runtime"
	"testing"
	"time"

	"busker/audio"
	"busker/bench"
	"busker/bench/engine"
	"busker/internal/fault"
	"busker/opus/pool"
)

var long = flag.Bool("long", false, "run the tests that want the machine for themselves for a minute")

// TestOverload asks for twice as much as the machine carries, in one go. Those who are let
// in hear all of it, the others get a sentence, and when some have left there is room again.
func TestOverload(t *testing.T) {
	if !*long {
		t.Skip("wants the machine for itself for a minute: -long")
	}
	costs, err := pool.Measure("")
	if err != nil {
		t.Fatal(err)
	}
	most := int(float64(runtime.NumCPU()) * float64(audio.FrameTime) / float64(costs.Encode5+costs.Decode))
	o := options(t, "transcode")
	o.Costs, o.Admission = costs, true
	if s, err := bench.Music(t.Context(), 500, bench.MusicFiles("../..")...); err == nil {
		o.Sound = s.Blocks
	}
	e, err := engine.New(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Furnish(t.Context(), 2*most); err != nil {
		t.Fatal(err)
	}
	if err := e.Settle(t.Context(), 2*time.Second); err != nil { // until the keys are no load any more
		t.Fatal(err)
	}
	ask := func(n int) (let, refused int) {
		for range n {
			before := e.Len()
			err := e.Grow(t.Context(), before+1)
			if err != nil && fault.KindOf(err) != fault.Busy {
				t.Fatal(err)
			}
			if err != nil {
				refused++
				message, _ := fault.Message(err)
				if refused == 1 {
					t.Logf("refused at %d: %s", before, message)
				}
				continue
			}
			let++
		}
		return let, refused
	}
	measure := func(what string) {
		t.Helper()
		if err := e.Settle(t.Context(), 2*time.Second); err != nil {
			t.Fatal(err)
		}
		r, err := e.Measure(t.Context(), 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d guilds, %.0f %% busy, complexity %d, p99 %v, missing %d, underruns %d", what, r.Guilds, 100*r.Busy(), r.Complexity, r.LatenessP99, r.Missing, r.Underruns)
		if !r.Clean() {
			t.Errorf("%s: %+v", what, r)
		}
	}
	let, refused := ask(2 * most)
	t.Logf("%d asked, %d let in, %d refused", 2*most, let, refused)
	if let == 0 || refused == 0 {
		t.Fatal("everybody or nobody")
	}
	measure("overloaded")
	if err := e.Stop(t.Context(), e.Len()/2); err != nil {
		t.Fatal(err)
	}
	measure("half have left")
	let, _ = ask(e.Len() / 2)
	t.Logf("then %d more let in", let)
	if let == 0 {
		t.Error("nobody is let in when half have left")
	}
	measure("filled again")
}
