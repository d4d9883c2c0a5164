package decode_test

import (
	"testing"
	"time"

	"busker/sources/decode"
	"busker/sources/decode/tags"
)

// TestPlaceIsReadFromEveryContainer has ffmpeg write the tags.
func TestPlaceIsReadFromEveryContainer(t *testing.T) {
	meta := []string{
		"-metadata", "album_artist=Band", "-metadata", "genre=Rock", "-metadata", "track=3/9",
		"-metadata", "disc=2", "-metadata", "date=2004",
	}
	want := tags.Place{AlbumArtist: "Band", Genre: "Rock", Number: 3, Disc: 2, Year: 2004}
	for name, codec := range map[string]string{
		"a.flac": "flac", "a.mp3": "libmp3lame", "a.ogg": "libvorbis", "a.opus": "libopus", "a.m4a": "aac", "a.mkv": "libopus",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := encode(t, name, 48000, 2, 500*time.Millisecond, append(meta, "-c:a", codec)...)
			info, err := decode.Probe(t.Context(), fileInput(t, path), decode.Options{})
			if err != nil || info.Place != want {
				t.Errorf("%+v, %v, want %+v", info.Place, err, want)
			}
		})
	}
}
