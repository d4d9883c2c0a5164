package loudness_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"busker/cache/loudness"
	"busker/track"
)

const line = "2c26b46b68ffc68ff99b453c1d304134 -1432 9871 00000000\n"

// FuzzParse has whatever is taken for a line be one.
func FuzzParse(f *testing.F) {
	f.Add([]byte(line))
	f.Add([]byte("\n"))
	f.Add([]byte("2c26b46b68ffc68ff99b453c1d304134 9999999999 -1 0\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if again, ok := loudness.Parse(b); ok && !bytes.Equal(again, b) {
			t.Errorf("%q is read as %q", b, again)
		}
	})
}

// FuzzFile opens files that hold anything, with good lines behind.
func FuzzFile(f *testing.F) {
	f.Add([]byte(line + line))
	f.Add(bytes.Repeat([]byte{'x'}, 5000))
	f.Add([]byte("\n\n\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := loudness.Options{File: filepath.Join(t.TempDir(), "loudness"), MaxTracks: 5}
		if err := os.WriteFile(o.File, b, 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			run(t, o, func(r *rig) {
				for n := range 3 {
					r.Remember(song(n), loud(n))
				}
			})
		}
		run(t, o, func(r *rig) {
			r.knows(t, true, 0, 1, 2)
			if r.log.Len() > 0 {
				t.Error(r.log)
			}
			r.Recall(track.Track{})
		})
	})
}
