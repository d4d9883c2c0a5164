package queue_test

import (
	"testing"

	"busker/internal/fault"
	"busker/queue"
)

func TestItemsGoWhereTheyAreWanted(t *testing.T) {
	for _, tt := range []struct {
		where queue.Where
		want  string
	}{
		{queue.Where{}, "A|BCXY"},
		{queue.Where{Place: queue.Next}, "A|XYBC"},
		{queue.Where{Place: queue.At}, "A|XYBC"},
		{queue.Where{Place: queue.At, Index: 1}, "A|BXYC"},
		{queue.Where{Place: queue.At, Index: 2}, "A|BCXY"},
		{queue.Where{Place: queue.At, Index: 99}, "A|BCXY"},
	} {
		q := letters(t, "ABC")
		put(t, q, tt.where, "XY")
		if got := spell(q); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.where, got, tt.want)
		}
	}
	q := queue.New(queue.Options{})
	for _, where := range []queue.Where{{Place: 9}, {Place: queue.At, Index: -1}} {
		if _, err := q.Add(queue.AddOptions{Where: where}, queue.Item{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", where, err)
		}
	}
}

func TestLimits(t *testing.T) {
	for _, tt := range []struct {
		name    string
		max     int
		options queue.AddOptions
		add     string // to A|B1C1D2, requesters behind the letters
		added   int
		after   string
		message string // "" = it is taken
	}{
		{"it fits", 5, queue.AddOptions{}, "X3Y3", 2, "A|BCDXY", ""},
		{"all or nothing", 5, queue.AddOptions{}, "X3Y3Z3", 0, "A|BCD", "The queue holds at most 5 tracks; there is room for 2 more."},
		{"what fits", 5, queue.AddOptions{Partial: true}, "X3Y3Z3", 2, "A|BCDXY", ""},
		{"nothing fits", 3, queue.AddOptions{Partial: true}, "X3", 0, "A|BCD", "The queue holds at most 3 tracks; there is room for 0 more."},
		{"per person", 9, queue.AddOptions{PerUser: 2}, "X2", 1, "A|BCDX", ""},
		{"too many per person", 9, queue.AddOptions{PerUser: 2}, "X2Y2", 0, "A|BCD", "One person may have at most 2 tracks in the queue."},
		{"what fits per person", 9, queue.AddOptions{PerUser: 2, Partial: true}, "X2Y2Z1V3", 2, "A|BCDXV", ""},
		{"no more of this person", 9, queue.AddOptions{PerUser: 2, Partial: true}, "X1", 0, "A|BCD", "One person may have at most 2 tracks in the queue."},
		{"what plays does not count", 9, queue.AddOptions{PerUser: 2}, "X9Y9", 2, "A|BCDXY", ""},
		{"as next", 4, queue.AddOptions{Where: queue.Where{Place: queue.Next}, Partial: true}, "X3Y3", 1, "A|XBCD", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := queue.New(queue.Options{MaxItems: 9})
			put(t, q, queue.Where{}, "A9B1C1D2")
			q.Next()
			q, err := queue.Restore(q.State(), nil, queue.Options{MaxItems: tt.max})
			if err != nil {
				t.Fatal(err)
			}
			other := queue.New(queue.Options{})
			put(t, other, queue.Where{}, tt.add)
			fits := q.Fits(tt.options, values(other.List())...)
			n, err := q.Add(tt.options, values(other.List())...)
			if got := spell(q); got != tt.after || n != tt.added {
				t.Errorf("added %d: %s, want %d: %s", n, got, tt.added, tt.after)
			}
			for _, err := range []error{err, fits} {
				if m, _ := fault.Message(err); m != tt.message || err != nil && fault.KindOf(err) != fault.TooLarge {
					t.Errorf("%v, want %q", err, tt.message)
				}
			}
		})
	}
}

// TestTheLimitDoesNotCutAKeptQueue restores more than a smaller limit lets in.
func TestTheLimitDoesNotCutAKeptQueue(t *testing.T) {
	q := letters(t, "ABCDE")
	q, err := queue.Restore(q.State(), nil, queue.Options{MaxItems: 2})
	if err != nil || spell(q) != "A|BCDE" {
		t.Fatal(spell(q), err)
	}
	if err := q.Fits(queue.AddOptions{}, queue.Item{}); fault.KindOf(err) != fault.TooLarge {
		t.Error(err)
	}
}
