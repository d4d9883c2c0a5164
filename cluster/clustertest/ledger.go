package clustertest

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"busker/cluster"
)

// ledger is a store that keeps the effects of messages with their IDs: message n of a
// key has the effect of adding the n-th mark.
type ledger struct {
	t       testing.TB
	applied func() // called after each effect, without locks

	mu      sync.Mutex
	grown   *sync.Cond
	last    [chaosKeys]int
	sent    [chaosKeys][]time.Time // of those that have had no effect yet
	total   int
	doubles int // effects that there would have been twice
	took    []time.Duration
}

func newLedger(t testing.TB) *ledger {
	l := &ledger{t: t}
	l.grown = sync.NewCond(&l.mu)
	return l
}

func (l *ledger) sending(key int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent[key] = append(l.sent[key], time.Now())
}

func (l *ledger) apply(m cluster.Message) {
	key, _ := strconv.Atoi(m.Key)
	n, _ := strconv.Atoi(string(m.Body))
	if l.enter(key, n) {
		l.applied()
	}
}

// enter is the store's transaction.
func (l *ledger) enter(key, n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case n <= l.last[key]:
		l.doubles++
		return false
	case n != l.last[key]+1:
		l.t.Errorf("key %d: message %d has its effect after %d", key, n, l.last[key])
	}
	l.last[key] = n
	l.took = append(l.took, time.Since(l.sent[key][0]))
	l.sent[key] = l.sent[key][1:]
	l.total++
	l.grown.Broadcast()
	return true
}

// await waits until n messages had their effect.
func (l *ledger) await(t *testing.T, n int) {
	t.Helper()
	stuck := time.AfterFunc(patience, l.grown.Broadcast)
	defer stuck.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for since, seen := time.Now(), l.total; l.total < n; {
		l.grown.Wait()
		switch {
		case l.total > seen:
			since, seen = time.Now(), l.total
			stuck.Reset(patience)
		case time.Since(since) >= patience:
			t.Fatalf("stuck after %d of %d messages", l.total, n)
		}
	}
}

// report logs how it went.
func (l *ledger) report(took time.Duration) {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.t.Logf("%d messages in %v: %.0f/s; from being sent to the effect %v (p50), %v (p99), %v (max), with up to %d waiting",
		l.total, took.Round(time.Millisecond), float64(l.total)/took.Seconds(),
		percentile(l.took, 50), percentile(l.took, 99), percentile(l.took, 100), chaosWaiting)
	l.t.Logf("effects there would have been twice without the IDs beside them: %d", l.doubles)
}

func percentile(of []time.Duration, p int) time.Duration {
	slices.Sort(of)
	return of[max(0, len(of)*p/100-1)].Round(10 * time.Microsecond)
}
