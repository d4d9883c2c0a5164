package studio_test

import (
	"bytes"
	"testing"

	"busker/audio"
	"busker/studio"
)

func TestAReelKeepsTwoSeconds(t *testing.T) {
	for _, tt := range []struct {
		name          string
		bitrate, size int
		least         int64 // packets kept
	}{
		{"as its bitrate says", 96000, 240, 128},
		{"a tenth more", 96000, 264, 116},
		{"a high bitrate", 128000, 320, 128},
		{"silence", 96000, 3, 128},
		{"the longest packets", 510000, audio.MaxPacketBytes, 51},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := studio.NewReel(tt.bitrate)
			for range 1000 {
				r.Append(make([]byte, tt.size))
			}
			if first, end := r.Kept(); end-first < tt.least {
				t.Errorf("%d packets are kept, want %d", end-first, tt.least)
			}
			if r.Bytes() > 64<<10 {
				t.Errorf("%d bytes", r.Bytes())
			}
		})
	}
}

// FuzzReel appends packets of the lengths given and compares what is kept of them.
func FuzzReel(f *testing.F) {
	f.Add([]byte{0, 1, 255, 3, 100, 200})
	f.Add(bytes.Repeat([]byte{255}, 300))
	f.Add(bytes.Repeat([]byte{60, 0, 60, 250}, 100))
	f.Fuzz(func(t *testing.T, lengths []byte) {
		r := studio.NewReel(6000)
		var packets [][]byte
		p := audio.NewPacket()
		defer p.Release()
		for i, n := range lengths {
			packet := bytes.Repeat([]byte{byte(i)}, int(n)*5+1)
			packets = append(packets, packet)
			r.Append(packet)
			first, end := r.Kept()
			if end != int64(len(packets)) || end-first < min(end, 18) {
				t.Fatalf("%d to %d are kept of %d", first, end, len(packets))
			}
			for seq := range end {
				ok := r.Read(seq, p)
				if ok != (seq >= first) || ok && !bytes.Equal(p.Bytes(), packets[seq]) {
					t.Fatalf("packet %d of %d to %d: %v % x", seq, first, end, ok, p.Bytes())
				}
			}
		}
	})
}
