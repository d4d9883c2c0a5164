package voice_test

import (
	"sync"
	"testing"

	"busker/audio"
	"busker/voice"
)

// The pacer may take a packet while the player takes all back. It gets the oldest or
// none: one out of the middle would be heard before those that are sent again.
func TestFlushLeavesNoHole(t *testing.T) {
	const size = 10
	for range 20_000 {
		r := voice.NewRing(size)
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
