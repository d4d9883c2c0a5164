package queue_test

import (
	"testing"

	"busker/queue"
)

func TestPeopleTakeTurns(t *testing.T) {
	for _, tt := range []struct {
		name    string
		current string
		before  string // in the queue when fair mode is switched on
		fair    string
		add     string
		after   string
	}{
		{"one after the other", "A9", "B1C1D1E2F2", "A|BECFD", "X3", "A|BEXCFD"},
		{"who is heard now waits a round", "A1", "B1C2", "A|CB", "X1", "A|CBX"},
		{"somebody new comes before the second round", "A1", "B1C1D2", "A|DBC", "X3Y3", "A|DXBYC"},
		{"own order stays", "A9", "B1C1D1", "A|BCD", "X2Y2Z2V2", "A|BXCYDZV"},
		{"nobody's tracks take turns too", "A9", "B0C0D1", "A|BDC", "X0", "A|BDCX"},
		{"empty", "A9", "", "A|", "X1Y1Z2", "A|XZY"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := letters(t, tt.current)
			if tt.before != "" {
				put(t, q, queue.Where{}, tt.before)
			}
			q.SetFair(true)
			if got := spell(q); got != tt.fair {
				t.Errorf("fair is %s, want %s", got, tt.fair)
			}
			put(t, q, queue.Where{}, tt.add)
			if got := spell(q); got != tt.after {
				t.Errorf("added %s: %s, want %s", tt.add, got, tt.after)
			}
			q.SetFair(false)
			if got := spell(q); got != tt.after {
				t.Errorf("switched off: %s", got)
			}
		})
	}
}

// TestWhoIsPutNextIsNext: fair mode is no limit to who may say what plays next.
func TestWhoIsPutNextIsNext(t *testing.T) {
	q := letters(t, "A1B1C2")
	q.SetFair(true)
	put(t, q, queue.Where{Place: queue.Next}, "X1")
	if got := spell(q); got != "A|XCB" {
		t.Error(got)
	}
}
