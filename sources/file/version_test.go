package file_test

import (
	"bytes"
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
