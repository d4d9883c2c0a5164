package pool_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"busker/opus/pool"
)

func BenchmarkTurnAlone(b *testing.B) {
	for _, bm := range []struct {
		name string
		nice int
	}{{"plain", -1}, {"lowered", 10}} {
		b.Run(bm.name, func(b *testing.B) {
			p := newPool(b, pool.Options{Nice: bm.nice})
			turn, deadline := p.Turn(), time.Now()
			runtime.LockOSThread() // what is lowered here ends with this goroutine
			b.ReportAllocs()
			for b.Loop() {
				_ = turn.Begin(context.Background(), deadline)
				turn.End(8)
			}
		})
	}
}

func BenchmarkTurnContended(b *testing.B) {
	p := newPool(b, pool.Options{Cores: 2})
	b.SetParallelism(100)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		turn := p.Turn()
		for pb.Next() {
			_ = turn.Begin(context.Background(), time.Now())
			turn.End(8)
		}
	})
}

func BenchmarkAdmit(b *testing.B) {
	p := newPool(b, pool.Options{})
	b.ReportAllocs()
	for b.Loop() {
		s, err := p.Admit()
		if err != nil {
			b.Fatal(err)
		}
		s.Release()
	}
}
