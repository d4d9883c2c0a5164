package album_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"busker/cmd/busker/internal/album"
	"busker/cmd/busker/internal/album/compose"
	"busker/opus"
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
		checkSound(t, s.File, r)
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

// checkSound decodes a song as it is shipped and checks its loudness, that nothing
// clips and that it is stereo.
func checkSound(t *testing.T, name string, r *ogg.Reader) {
	t.Helper()
	decoder, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	var pcm []float32
	frame := make([]float32, 2*5760)
	for {
		packet, err := r.ReadPacket()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n, err := decoder.Decode(frame, packet)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		pcm = append(pcm, frame[:2*n]...)
	}
	var peak, difference float64
	for i := 0; i < len(pcm); i += 2 {
		left, right := float64(pcm[i]), float64(pcm[i+1])
		peak = max(peak, math.Abs(left), math.Abs(right))
		difference += math.Abs(left - right)
	}
	loudness := compose.LoudnessOf(pcm)
	if math.Abs(loudness-compose.Loudness) > 0.7 || peak > 0.98 || difference/float64(len(pcm)) < 0.003 {
		t.Errorf("%s: %.1f LUFS, peak %.2f, difference of the sides %.4f", name, loudness, peak, difference/float64(len(pcm)))
	}
}
