package album_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"busker/cmd/busker/internal/album"
	"busker/opus/ogg"
)

func TestSongs(t *testing.T) {
	dir := t.TempDir()
	if err := album.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	songs, err := album.Songs()
	if err != nil || len(songs) != 4 {
		t.Fatalf("%d songs, %v", len(songs), err)
	}
	total := 0
	for _, s := range songs {
		raw, err := os.ReadFile(filepath.Join(dir, s.File))
		if err != nil {
			t.Fatal(err)
		}
		total += len(raw) + len(s.Cover)
		r, err := ogg.NewReader(bytes.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", s.File, err)
		}
		tags := r.Tags()
		cover, ok := tags.Picture()
		if tags.Get("title") != s.Title || tags.Get("artist") != "Busker" || !ok || !bytes.Equal(cover.Data, s.Cover) {
			t.Errorf("%s: tags %q by %q, cover %v", s.File, tags.Get("title"), tags.Get("artist"), ok)
		}
		if samples, err := r.Length(); err != nil || samples < 20*48000 || samples > 40*48000 {
			t.Errorf("%s: %d samples, %v", s.File, samples, err)
		}
	}
	if total > 2<<20 {
		t.Errorf("the album takes %d bytes, more than 2 MB", total)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != len(songs) {
		t.Errorf("%d files unpacked, want only the %d songs", len(entries), len(songs))
	}
}
