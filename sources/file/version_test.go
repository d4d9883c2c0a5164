package file_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"busker/audio"
	"busker/opus"
	"busker/opus/dca"
	"busker/track"
)

func TestVersionChangesWithTheFile(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "a.wav")
	s := open(t, root)
	version := func(b []byte, changed time.Time) string {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, changed, changed); err != nil {
			t.Fatal(err)
		}
		r, err := s.Resolve(t.Context(), track.Query{Text: "a.wav"})
		if err != nil || !r.Tracks[0].Cacheable || r.Tracks[0].Version == "" {
			t.Fatalf("%+v, %v", r, err)
		}
		return r.Tracks[0].Version
	}
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	one := version(wave("One", time.Second), day)
	if one != version(wave("One", time.Second), day) {
		t.Error("the same file is another version")
	}
	if one == version(wave("One", time.Second), day.Add(time.Millisecond)) || one == version(wave("Another", time.Second), day) {
		t.Error("another file is the same version")
	}
}

// TestWhatReadersCanDo checks that they arrive as decode makes them.
func TestWhatReadersCanDo(t *testing.T) {
	root := t.TempDir()
	var b bytes.Buffer
	w, err := dca.NewWriter(&b, dca.Metadata{Info: dca.Info{Title: "Cached"}})
	for range 20 {
		if err == nil {
			err = w.WritePacket([]byte(opus.SilenceFrame))
		}
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(root, "a.dca"), b.Bytes(), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, root)
	r, err := s.Resolve(t.Context(), track.Query{Text: "a.dca"})
	if err != nil || r.Tracks[0].Title != "Cached" || r.Tracks[0].Length != 400*time.Millisecond {
		t.Fatalf("%+v, %v", r, err)
	}
	reader, err := s.Open(t.Context(), r.Tracks[0], 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	packets, ok := reader.(audio.PacketReader)
	_, ending := reader.(audio.Ending)
	_, waiting := reader.(audio.Waiting)
	if !ok || !ending || !waiting {
		t.Fatalf("packets %v, ending %v, waiting %v", ok, ending, waiting)
	}
	p := audio.NewPacket()
	defer p.Release()
	n := 0
	for packets.ReadPacket(p) == nil {
		n++
	}
	if n != 15 || string(p.Bytes()) != opus.SilenceFrame {
		t.Errorf("%d packets", n)
	}
}

// TestAReaderTellsWhatItReads looks at files that change after they were found.
func TestAReaderTellsWhatItReads(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, "a.wav")
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	put := func(at string, b []byte, changed time.Time) {
		t.Helper()
		if err := errors.Join(os.WriteFile(at, b, 0o600), os.Chtimes(at, changed, changed)); err != nil {
			t.Fatal(err)
		}
	}
	put(path, wave("One", time.Second), day)
	s := open(t, root)
	found := func() track.Track {
		t.Helper()
		r, err := s.Resolve(t.Context(), track.Query{Text: "a.wav"})
		if err != nil {
			t.Fatal(err)
		}
		return r.Tracks[0]
	}
	one := found()
	read := func() interface{ Version() string } {
		t.Helper()
		r, err := s.Open(t.Context(), one, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		return r.(interface{ Version() string })
	}
	first := read()
	if first.Version() != one.Version {
		t.Errorf("reads %q of %q", first.Version(), one.Version)
	}
	put(path+".new", wave("Two", time.Second), day.Add(time.Hour))
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	if first.Version() != one.Version {
		t.Error("another file took the place of the one that is read, which did not change")
	}
	second := read()
	if v := second.Version(); v == one.Version || v != found().Version {
		t.Errorf("reads %q, which is %q", v, found().Version)
	}
	before := second.Version()
	put(path, wave("Three", 2*time.Second), day.Add(2*time.Hour))
	if second.Version() == before {
		t.Error("it was written over while it was read")
	}
}
