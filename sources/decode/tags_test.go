package decode_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"busker/sources/decode"
	"busker/track"
)

func TestTagsOfEveryFormat(t *testing.T) {
	meta := []string{"-metadata", "title=Träume", "-metadata", "artist=Die Zwei", "-metadata", "album=Über Nacht"}
	for _, tt := range []struct {
		file      string
		args      []string
		elsewhere bool
	}{
		{file: "a.mp3", args: []string{"-c:a", "libmp3lame", "-id3v2_version", "3"}},
		{file: "b.mp3", args: []string{"-c:a", "libmp3lame", "-id3v2_version", "4"}},
		{file: "a.flac"},
		{file: "a.wav"},
		{file: "a.ogg", args: []string{"-c:a", "libvorbis"}},
		{file: "a.opus", args: []string{"-c:a", "libopus"}},
		{file: "a.webm", args: []string{"-c:a", "libopus"}},
		{file: "a.m4a", args: []string{"-c:a", "aac"}},
		{file: "b.m4a", args: []string{"-c:a", "aac", "-movflags", "+faststart"}},
		{file: "c.m4a", args: []string{"-c:a", "alac"}, elsewhere: true},
		{file: "a.wma", args: []string{"-c:a", "wmav2"}, elsewhere: true},
		{file: "a.aiff", args: []string{"-write_id3v2", "1"}, elsewhere: true},
	} {
		t.Run(tt.file, func(t *testing.T) {
			path := encode(t, tt.file, 48000, 2, time.Second, append(tt.args, meta...)...)
			info, err := decode.Probe(t.Context(), fileInput(t, path), sample{elsewhere: tt.elsewhere}.options(t))
			if err != nil {
				t.Fatal(err)
			}
			if info.Title != "Träume" || info.Artist != "Die Zwei" || info.Album != "Über Nacht" {
				t.Errorf("%+v", info)
			}
		})
	}
}

func TestArtworkOfEveryFormat(t *testing.T) {
	var cover bytes.Buffer
	if err := png.Encode(&cover, image.NewGray(image.Rect(0, 0, 9, 9))); err != nil {
		t.Fatal(err)
	}
	picture := filepath.Join(t.TempDir(), "cover.png")
	if err := os.WriteFile(picture, cover.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ file, codec string }{{"a.mp3", "libmp3lame"}, {"a.flac", "flac"}, {"a.m4a", "aac"}} {
		t.Run(tt.file, func(t *testing.T) {
			path := encode(t, tt.file, 48000, 2, time.Second,
				"-i", picture, "-map", "0:a", "-map", "1:v", "-c:v", "copy", "-c:a", tt.codec, "-disposition:v", "attached_pic")
			info, err := decode.Probe(t.Context(), fileInput(t, path), decode.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if a := info.Artwork; a == nil || a.MIME != "image/png" || !bytes.Equal(a.Bytes, cover.Bytes()) || len(a.Bytes) > track.MaxArtworkBytes {
				t.Errorf("%+v", info)
			}
		})
	}
}

func TestTagInFrontAndAtTheEndOfAnything(t *testing.T) {
	b := waveFile(song(48000, 2, time.Second), 48000, 2)
	tag := []byte("ID3\x03\x00\x00\x00\x00\x00\x10TIT2\x00\x00\x00\x06\x00\x00\x00Title")
	info, err := decode.Probe(t.Context(), bytesInput(append(tag, b...)), decode.Options{})
	if err != nil || info.Title != "Title" || info.Format != "WAV" || info.Length != time.Second {
		t.Errorf("%+v, %v", info, err)
	}
	if pcm := play(t, streamInput(append(tag, b...)), 0, decode.Options{}); len(pcm) != 2*48000 {
		t.Errorf("%d values behind a tag", len(pcm))
	}
	old := make([]byte, 128)
	copy(old, "TAG")
	copy(old[3:], "Old Title")
	info, err = decode.Probe(t.Context(), bytesInput(append(b, old...)), decode.Options{})
	if err != nil || info.Title != "Old Title" {
		t.Errorf("%+v, %v", info, err)
	}
}
