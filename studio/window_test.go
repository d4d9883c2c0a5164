package studio_test

import (
	"testing"

	"busker/studio"
)

func TestAWindow(t *testing.T) {
	var w studio.Window
	fill := func(from, to int64) {
		for n := from; n < to; n++ {
			w.Append(n)
		}
	}
	expect := func(when string, seq, want int64) {
		t.Helper()
		if got := w.Read(seq); got != want {
			t.Errorf("%s: block %d is %d, want %d", when, seq, got, want)
		}
	}
	expect("before it begins", -20, -1)
	w.Begin()
	expect("empty", -20, -1)
	fill(0, 10)
	expect("with little", -20, 0)
	fill(10, 100)
	expect("full", -20, 80)
	expect("full", 76, 76)
	expect("forgotten", 75, -1)
	expect("to come", 100, -1)
	w.Pause()
	expect("paused, for who begins", -20, -1)
	expect("paused, for who reads already", 99, 99)
	w.Begin()
	expect("begun anew", 99, -1)
	fill(100, 102)
	expect("begun anew", -20, 100)
}
