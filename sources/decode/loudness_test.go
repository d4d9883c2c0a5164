package decode_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"testing"
	"time"

	"busker/sources/decode"
	"busker/track"
)

// TestLoudnessIsReadFromEveryContainer has ffmpeg write the tags.
func TestLoudnessIsReadFromEveryContainer(t *testing.T) {
	gain := []string{"-metadata", "REPLAYGAIN_TRACK_GAIN=-5.25 dB", "-metadata", "REPLAYGAIN_TRACK_PEAK=0.75"}
	want := track.Loudness{LUFS: -12.75, Peak: 0.75, Known: true}
	for name, tt := range map[string]struct {
		file string
		args []string
		want track.Loudness
	}{
		"FLAC":     {"a.flac", gain, want},
		"MP3":      {"a.mp3", append(gain, "-c:a", "libmp3lame"), want},
		"Vorbis":   {"a.ogg", append(gain, "-c:a", "libvorbis"), want},
		"Opus":     {"a.opus", []string{"-metadata", "R128_TRACK_GAIN=-512", "-c:a", "libopus"}, track.Loudness{LUFS: -21, Known: true}},
		"Matroska": {"a.mkv", append(gain, "-c:a", "libopus"), want},
		"nothing":  {"a.mp3", []string{"-c:a", "libmp3lame"}, track.Loudness{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := encode(t, tt.file, 48000, 2, 500*time.Millisecond, tt.args...)
			info, err := decode.Probe(t.Context(), fileInput(t, path), decode.Options{})
			if err != nil || info.Loudness != tt.want {
				t.Errorf("%+v, %v, want %+v", info.Loudness, err, tt.want)
			}
		})
	}
}

// TestLoudnessOfMP3 covers what ffmpeg does not write: LAME's own field, and an APE
// tag at the end.
func TestLoudnessOfMP3(t *testing.T) {
	b := must(os.ReadFile(encode(t, "a.mp3", 48000, 2, 500*time.Millisecond, "-c:a", "libmp3lame")))
	at := max(bytes.Index(b, []byte("Info")), bytes.Index(b, []byte("Xing"))) + 8 + 4 + 4 + 100 + 4
	binary.BigEndian.PutUint16(b[at+15:], 1<<13|3<<10|1<<9|62) // the track's, measured, -6.2 dB
	loudness := func(b []byte) track.Loudness {
		info, err := decode.Probe(t.Context(), bytesInput(b), decode.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return info.Loudness
	}
	if l := loudness(b); !l.Known || math.Abs(l.LUFS+11.8) > 1e-9 {
		t.Errorf("LAME's: %+v", l)
	}
	binary.BigEndian.PutUint16(b[at+15:], 0)
	ape := "\x07\x00\x00\x00\x00\x00\x00\x00replaygain_track_gain\x00-1.5 dB"
	footer := append([]byte("APETAGEX\xd0\x07\x00\x00"), byte(len(ape)+32), 0, 0, 0)
	footer = append(footer, make([]byte, 16)...)
	old := append([]byte("TAG"), make([]byte, 125)...)
	for name, end := range map[string][]byte{"at the end": nil, "before ID3v1": old} {
		content := append(append(append(bytes.Clone(b), ape...), footer...), end...)
		if l := loudness(content); !l.Known || l.LUFS != -16.5 {
			t.Errorf("APE %s: %+v", name, l)
		}
	}
}
