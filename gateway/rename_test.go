package gateway_test

import (
	"strings"
	"testing"
	"time"

	"busker/internal/bubble"
)

// TestAProcessThatComesBackByItsNameTakesOver: nobody plays on for it, as for one that
// shards were handed to, so that its music goes on where it was and not where it would be.
func TestAProcessThatComesBackByItsNameTakesOver(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 2, "a", "b")
		defer w.close()
		w.served(2*time.Second, 2)
		pass(5 * time.Second)
		for _, m := range w.members {
			m.said()
		}
		w.members[0].die()
		w.members = w.members[1:]
		a := w.join("a")
		w.served(4*time.Second, 2)
		pass(time.Second)
		for _, m := range w.members {
			for _, s := range m.said() {
				if !strings.HasPrefix(s, "taken_over") {
					t.Errorf("%s: %s", m.name, s)
				}
			}
		}
		if n := a.owns(2); n != 1 {
			t.Errorf("it serves %d shards", n)
		}
	})
}

// TestWhatWasHandedOverIsFoundWithoutBeingTold: the bus may lose the word of it.
func TestWhatWasHandedOverIsFoundWithoutBeingTold(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		w := newTown(t, 4, "a", "b")
		defer w.close()
		w.served(2*time.Second, 4)
		pass(5 * time.Second)
		a, b := w.members[0], w.members[1]
		b.said()
		b.link.deaf.Store(true)
		if err := a.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.served(time.Second, 4)
		pass(time.Second)
		handed := 0
		for _, s := range b.said() {
			if strings.HasPrefix(s, "handed_over") {
				handed++
			}
		}
		if handed != 2 {
			t.Errorf("%d shards were handed over", handed)
		}
	})
}
