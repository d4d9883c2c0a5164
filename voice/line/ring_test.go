package line_test

import (
	"sync"
	"testing"

	"busker/audio"
	"busker/voice/line"
)

// The pacer may take a packet while the player takes all back. It gets the oldest or
// none: one out of the middle would be heard before those that are sent again.
func TestFlushLeavesNoHole(t *testing.T) {
	const size = 10
	for range 20_000 {
		r := line.NewRing(size)
		for n := range size {
			p := audio.NewPacket()
			p.Set([]byte{byte(n)})
			r.Push(p)
		}
		var pacer sync.WaitGroup
		var taken []byte
		pacer.Go(func() {
			for range 2 {
				if p := r.Pop(); p != nil {
					taken = append(taken, p.Bytes()[0])
					p.Release()
				}
			}
		})
		flushed := r.Flush()
		pacer.Wait()
		if flushed+len(taken) != size {
			t.Fatalf("%d flushed and %v taken of %d", flushed, taken, size)
		}
		for i, n := range taken {
			if int(n) != i {
				t.Fatalf("the pacer got %v of the ring, %d were flushed", taken, flushed)
			}
		}
	}
}

// TestThePumpIsWokenAtHalf: room is told when half of the ring is unsent, once, and
// not for every packet.
func TestThePumpIsWokenAtHalf(t *testing.T) {
	r := line.NewRing(10)
	if n := r.Room(); n != 10 {
		t.Fatalf("an empty ring has room for %d", n)
	}
	for range 10 {
		r.Push(packetOf("a"))
	}
	if r.Push(packetOf("one too many")) {
		t.Fatal("no bound")
	}
	if n := r.Room(); n != 0 {
		t.Fatalf("a full ring has room for %d", n)
	}
	for n := range 10 {
		r.Pop().Release()
		if woken := r.Fallen(); woken != (n == 4) {
			t.Errorf("%d popped, woken: %v", n+1, woken)
		}
	}
	if n := r.Room(); n != 10 {
		t.Errorf("room for %d", n)
	}
	for range 10 {
		r.Push(packetOf("a"))
	}
	for range 10 {
		r.Pop().Release()
	}
	if r.Fallen() {
		t.Error("woken without having asked")
	}
	for range 6 {
		r.Push(packetOf("a"))
	}
	if r.Room() != 0 {
		t.Fatal("room in a ring more than half full")
	}
	if r.Flush(); !r.Fallen() {
		t.Error("a flush wakes nobody")
	}
}
