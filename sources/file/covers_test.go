package file_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"busker/sources/file"
	"busker/track"
)

// covered is a WAV file with a picture of so many bytes in it, which begins with b.
func covered(b byte, size int) []byte {
	picture := append([]byte("\x00image/png\x00\x03\x00\x89PNG\r\n\x1a\n"), b)
	picture = append(picture, make([]byte, size-9)...)
	frame := append(binary.BigEndian.AppendUint32([]byte("APIC"), uint32(len(picture))), 0, 0)
	n := len(frame) + len(picture)
	id3 := append([]byte("ID3\x03\x00\x00"), byte(n>>21&0x7f), byte(n>>14&0x7f), byte(n>>7&0x7f), byte(n&0x7f))
	return append(append(append(id3, frame...), picture...), wave("", 10*time.Millisecond)...)
}

func TestAFolderKeepsFewPictures(t *testing.T) {
	root := t.TempDir()
	for i := range 30 {
		for name, b := range map[string][]byte{
			fmt.Sprintf("same/%02d.wav", i):  covered(1, 900<<10),
			fmt.Sprintf("other/%02d.wav", i): covered(byte(i), 900<<10),
		} {
			path := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	s, err := file.New(file.Options{Root: root})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for folder, most := range map[string]int{"same": 900 << 10, "other": 8 << 20} {
		result, err := s.Resolve(t.Context(), track.Query{Text: folder})
		if err != nil {
			t.Fatal(err)
		}
		kept, bytesKept := map[*track.Artwork]bool{}, 0
		tracks := all(t, result)
		for _, tr := range tracks {
			if tr.Artwork != nil && !kept[tr.Artwork] {
				kept[tr.Artwork] = true
				bytesKept += len(tr.Artwork.Bytes)
			}
		}
		first := tracks[0].Artwork
		if len(tracks) != 30 || first == nil || !bytes.HasPrefix(first.Bytes, []byte("\x89PNG")) || bytesKept > most {
			t.Errorf("%s: %d tracks keep %d bytes of pictures", folder, len(tracks), bytesKept)
		}
		if last := tracks[29].Artwork; folder == "same" && last != first {
			t.Error("songs of one album do not share their picture")
		}
	}
}
