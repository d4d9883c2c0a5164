package engine

import (
	"sync/atomic"
	"time"

	"busker/voice/pace"
)

const (
	latenessStep    = 20 * time.Microsecond
	latenessBuckets = 5000 // and what is later than 100 ms
)

// watch counts how late packets were when the system had taken them: from their
// deadline to the end of the slot's last system call.
type watch struct {
	threads []threadWatch
	skipped atomic.Uint64 // slots so late that frames were skipped
}

// threadWatch belongs to a pacer's thread, but for the buckets.
type threadWatch struct {
	began   time.Time // of the slot in progress
	late    time.Duration
	members uint64
	buckets [latenessBuckets + 1]atomic.Uint64
	_       [64]byte
}

func (w *watch) observe(_ time.Duration, skipped bool) {
	if skipped {
		w.skipped.Add(1)
	}
}

// tick notes the deadline of the slot, with its first member.
func (w *watch) tick(turn pace.Turn) {
	t := &w.threads[turn.Thread]
	if t.members == 0 {
		t.began, t.late = time.Now(), turn.Late
	}
	t.members++
}

// flushed ends the slot.
func (w *watch) flushed(thread int) {
	t := &w.threads[thread]
	if t.members == 0 {
		return
	}
	late := t.late + time.Since(t.began)
	t.buckets[min(int(late/latenessStep), latenessBuckets)].Add(t.members)
	t.members = 0
}

// counts returns what was counted so far.
func (w *watch) counts() []uint64 {
	sum := make([]uint64, latenessBuckets+1)
	for i := range w.threads {
		for b := range sum {
			sum[b] += w.threads[i].buckets[b].Load()
		}
	}
	return sum
}

// quantile returns the lateness that the share q of what was counted between two counts
// does not exceed.
func quantile(before, after []uint64, q float64) time.Duration {
	var total, seen uint64
	for i := range after {
		total += after[i] - before[i]
	}
	for i := range after {
		if seen += after[i] - before[i]; total > 0 && float64(seen) >= q*float64(total) {
			return time.Duration(i+1) * latenessStep
		}
	}
	return 0
}
