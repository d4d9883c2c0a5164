package library_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"busker/sources/folders"
	"busker/sources/library"
)

// FuzzKept reads anything for an index.
func FuzzKept(f *testing.F) {
	dir := f.TempDir()
	put(f, filepath.Join(dir, "a/b.wav"), wave(song{"T", "A", "B", "1", "2004"}))
	put(f, filepath.Join(dir, "a/l.m3u"), nil)
	put(f, filepath.Join(dir, "no.wav"), nil)
	o := library.Options{File: filepath.Join(f.TempDir(), "library")}
	r := start(f, o, nil, dir)
	r.untilDone()
	r.stop()
	b, err := os.ReadFile(o.File)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(b))
	f.Add(library.Magic)
	f.Add(library.Magic + "\x00\x01\xff\xff\xff\xff\xff\xff\xff\xff\x01")
	set, err := folders.Open(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = set.Close() })
	f.Fuzz(func(t *testing.T, s string) {
		_, err := library.Reread(strings.NewReader(s), set)
		if err != nil && strings.Contains(err.Error(), "read again") {
			t.Error(err)
		}
	})
}
