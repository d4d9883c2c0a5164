package toc_test

import (
	"testing"

	"busker/opus/toc"
)

func TestSamples(t *testing.T) {
	for _, tt := range []struct {
		name, packet string
		want         int
	}{
		{"silk 60 ms", "\x18", 2880},
		{"hybrid 10 ms", "\x60", 480},
		{"celt 2.5 ms", "\x80", 120},
		{"celt 20 ms", "\xFC", 960},
		{"two frames", "\xFE", 1920},
		{"120 ms in 48 frames", "\x83\x30", 5760},
		{"nothing", "", 0},
		{"no frames", "\x83\x40", 0},
		{"more than 120 ms", "\x83\x31", 0},
		{"count missing", "\x83", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := toc.Samples([]byte(tt.packet))
			if got != tt.want || (err == nil) != (tt.want > 0) {
				t.Errorf("%d, %v; want %d", got, err, tt.want)
			}
		})
	}
}

func FuzzDuration(f *testing.F) {
	f.Add([]byte("\xFB\x03"))
	f.Fuzz(func(t *testing.T, packet []byte) {
		d, err := toc.Duration(packet)
		if (err == nil) != (d > 0) || d > toc.MaxDuration {
			t.Errorf("%v, %v", d, err)
		}
	})
}
