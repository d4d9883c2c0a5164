package line

import (
	"sync/atomic"
	"time"

	"busker/voice/pace"
)

// Lateness is how long after their time packets were sent, over the last 5 to 10 s.
// The values are upper bounds: the borders of a histogram's buckets. 0: none was sent.
type Lateness struct{ P50, P99 time.Duration }

// latenessBounds are the buckets' upper borders; a last bucket has none.
var latenessBounds = [...]time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
	20 * time.Millisecond, 40 * time.Millisecond, 60 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, time.Second,
}

// latenessWindow is the number of ticks one half of the figures is from: 5 s.
const latenessWindow = int(5 * time.Second / pace.Frame)

// lateness counts in two windows, of which the older is cleared when the newer is
// full. The pacer writes, anybody reads.
type lateness struct {
	windows [2][len(latenessBounds) + 1]atomic.Uint32

	// Touched by the pacer only.
	now   int // window being filled
	ticks int // since it was begun
}

// tick lets a frame's time pass.
func (l *lateness) tick() {
	if l.ticks++; l.ticks < latenessWindow {
		return
	}
	l.ticks = 0
	l.now = 1 - l.now
	for i := range l.windows[l.now] {
		l.windows[l.now][i].Store(0)
	}
}

// sent counts a packet.
func (l *lateness) sent(late time.Duration) {
	i := 0
	for i < len(latenessBounds) && late > latenessBounds[i] {
		i++
	}
	l.windows[l.now][i].Add(1)
}

// figures returns what the windows say.
func (l *lateness) figures() Lateness {
	var counts [len(latenessBounds) + 1]uint32
	var total uint32
	for i := range counts {
		counts[i] = l.windows[0][i].Load() + l.windows[1][i].Load()
		total += counts[i]
	}
	return Lateness{P50: quantile(counts[:], total, 50), P99: quantile(counts[:], total, 99)}
}

// quantile returns the border below which percent of total lie.
func quantile(counts []uint32, total, percent uint32) time.Duration {
	if total == 0 {
		return 0
	}
	need := (uint64(total)*uint64(percent) + 99) / 100
	var seen uint64
	for i, n := range counts {
		if seen += uint64(n); seen >= need {
			return latenessBounds[min(i, len(latenessBounds)-1)]
		}
	}
	return latenessBounds[len(latenessBounds)-1]
}
