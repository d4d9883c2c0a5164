package mp4

import (
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
)

// table makes numbers big endian.
func table(values ...uint32) (b []byte) {
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}

// TestStepsAgreeWithLookUps checks after against at, over tables with runs of
// chunks of all kinds.
func TestStepsAgreeWithLookUps(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var track Track
		first := uint32(1 + random.IntN(2))
		for range 1 + random.IntN(6) {
			track.chunks = append(track.chunks, table(first, uint32(1+random.IntN(4)), 1)...)
			first += uint32(random.IntN(4))
		}
		for range 30 {
			track.sizes = append(track.sizes, table(uint32(random.IntN(3)))...)
			track.offsets = append(track.offsets, table(uint32(random.IntN(1000)))...)
		}
		track.Units = 30
		c, err := track.at(0)
		for unit := int64(0); ; unit++ {
			want, wantErr := track.at(unit)
			if (err == nil) != (wantErr == nil) || err == nil && c != want {
				t.Fatalf("unit %d: %+v (%v), want %+v (%v)\n% x", unit, c, err, want, wantErr, track.chunks)
			}
			if err != nil {
				break
			}
			c, err = track.after(c)
		}
	}
}

// TestCraftedTableTakesNoTime walks over units without content, of which each has a
// chunk and an entry of its own: 10¹² steps if each were looked up.
func TestCraftedTableTakesNoTime(t *testing.T) {
	const n = 1 << 20
	r := Reader{Track: &Track{Units: n}}
	r.Track.sizes = make([]byte, 4*n)
	r.Track.offsets = make([]byte, 4*n)
	r.Track.chunks = make([]byte, 0, 12*n)
	for i := range uint32(n) {
		r.Track.chunks = append(r.Track.chunks, table(i+1, 1, 1)...)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}
