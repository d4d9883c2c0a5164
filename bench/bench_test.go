package bench_test

import (
	"errors"
	"flag"
	"io"
	"testing"
	"time"

	"busker/audio"
	"busker/bench"
)

// work is something to measure, a frame at a time.
type work struct {
	name  string // of the benchmark, as key=value/key=value
	open  func(tb testing.TB) *job
	child bool // it takes child processes, which are slow to start
}

// job is work that is set up.
type job struct {
	// frame does the i-th frame. At io.EOF it was none, and again comes first.
	frame func(i int) error
	// again begins anew, outside of the time; nil: nothing ends.
	again func() error
	// aside is called after every so many frames, outside of the time; nil: there is
	// nothing to compare with.
	aside func() error
	every int
	// end waits for what the last frame left under way: its processor time counts. nil:
	// nothing is.
	end func() error
	// report adds figures, of a job that took so much processor time; nil: there are none.
	report func(b *testing.B, cpu time.Duration)
}

// all is everything that is measured, by the name of its benchmark.
var all = map[string]func() []work{
	"Encode":     encoders,
	"Decode":     formats,
	"DecodeOpus": decoders,
	"Demux":      containers,
	"Filter":     filters,
	"Preset":     presets,
	"Sound":      soundSteps,
	"Seal":       seals,
	"Send":       sends,
	"Line":       lines,
	"Stream":     streams,
}

// TestBenchmarks does a few frames of everything that is measured, so that none of it
// rots; of what takes child processes only one of each kind.
func TestBenchmarks(t *testing.T) {
	for name, list := range all {
		children := 0
		for _, w := range list() {
			if w.child {
				children++
			}
			if !w.child || children == 1 {
				t.Run(name+"/"+w.name, func(t *testing.T) { try(t, w.open(t)) })
			}
		}
	}
}

func try(t *testing.T, j *job) {
	t.Helper()
	const frames = 12
	for i := range frames {
		if err := j.next(i); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
	}
	if err := j.finish(); err != nil {
		t.Fatal(err)
	}
}

// next does a frame, beginning anew where that is needed.
func (j *job) next(i int) error {
	err := j.frame(i)
	if errors.Is(err, io.EOF) && j.again != nil {
		if err = j.again(); err == nil {
			err = j.frame(i)
		}
	}
	return err
}

func (j *job) finish() error {
	if j.end == nil {
		return nil
	}
	return j.end()
}

// measure is a benchmark of a list of work: an operation is a frame of 20 ms. Beside the
// wall time it says how much of a processor that took, in child processes too, and how
// many times faster than real time it is on one core.
func measure(b *testing.B, list []work) {
	for _, w := range list {
		b.Run(w.name, func(b *testing.B) {
			j := w.open(b)
			b.ReportAllocs()
			cpu, err := j.measure(b)
			if err == nil {
				err = j.finish()
			}
			if err != nil {
				b.Fatal(err)
			}
			took := cpu()
			perFrame := float64(took.Nanoseconds()) / float64(b.N)
			b.ReportMetric(perFrame/1000, "cpu-us/frame")
			if perFrame > 0 {
				b.ReportMetric(float64(audio.FrameTime.Nanoseconds())/perFrame, "x-realtime")
			}
			if j.report != nil {
				j.report(b, took)
			}
		})
	}
}

// measure runs the benchmark's loop; cpu returns the processor time since it began, but
// for what was outside of the time.
func (j *job) measure(b *testing.B) (cpu func() time.Duration, err error) {
	began := bench.CPU() + bench.ChildCPU()
	cpu = func() time.Duration { return bench.CPU() + bench.ChildCPU() - began }
	outside := func(do func() error) error {
		before := bench.CPU() // only: what a child took until now counts
		b.StopTimer()
		err := do()
		b.StartTimer()
		began += bench.CPU() - before
		return err
	}
	for i := 0; b.Loop(); i++ {
		err = j.frame(i)
		if errors.Is(err, io.EOF) && j.again != nil {
			if err = outside(j.again); err == nil {
				err = j.frame(i)
			}
		}
		if err == nil && j.aside != nil && i%j.every == j.every-1 {
			err = outside(j.aside)
		}
		if err != nil {
			return cpu, err
		}
	}
	return cpu, nil
}

// benchmarking reports whether figures are wanted, and not only whether they could be had.
func benchmarking() bool {
	f := flag.Lookup("test.bench")
	return f != nil && f.Value.String() != ""
}

// several is n where figures are wanted, else a few: enough to see it work.
func several(tb testing.TB, n int) int {
	if _, ok := tb.(*testing.B); ok {
		return n
	}
	return min(n, 3)
}
