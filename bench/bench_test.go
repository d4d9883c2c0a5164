package bench_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"busker/audio"
	"busker/bench"
)

// length of the signals, in frames: ten seconds.
const length = 500

var corpus = sync.OnceValues(func() ([]bench.Signal, error) {
	synthetic := bench.Synthetic(length)
	files := bench.MusicFiles(root())
	if len(files) == 0 {
		return synthetic, nil
	}
	music, err := bench.Music(context.Background(), length, files...)
	if err != nil {
		return nil, err
	}
	return append([]bench.Signal{music}, synthetic...), nil
})

// signals returns what to measure with, real music first where there is any.
func signals(tb testing.TB) []bench.Signal {
	tb.Helper()
	s, err := corpus()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// root is the folder of go.mod.
func root() string {
	dir, _ := os.Getwd()
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// perFrame runs do once per operation and reports processor time and how many times
// faster than real time that is on one core.
func perFrame(b *testing.B, do func(i int) error) {
	b.Helper()
	b.ReportAllocs()
	i, began := 0, bench.CPU()
	for b.Loop() {
		if err := do(i); err != nil {
			b.Fatal(err)
		}
		i++
	}
	cpu := float64((bench.CPU() - began).Nanoseconds()) / float64(b.N)
	b.ReportMetric(cpu/1000, "cpu-us/frame")
	if cpu > 0 {
		b.ReportMetric(float64(audio.FrameTime.Nanoseconds())/cpu, "x-realtime")
	}
}
