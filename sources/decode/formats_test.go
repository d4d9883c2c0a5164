package decode_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"busker/audio"
	"busker/sources/decode"
)

// sample is a file to be made by ffmpeg.
type sample struct {
	name      string
	file      string
	rate      int
	channels  int
	args      []string
	format    string
	elsewhere bool // needs ffmpeg to play
}

var sampleLength = shorter(4300 * time.Millisecond)

// shorter is a third of d under the race detector, which makes every sample dear.
func shorter(d time.Duration) time.Duration {
	if racing {
		return d / 3
	}
	return d
}

// picture is a film as long as the samples.
var picture = fmt.Sprintf("testsrc2=size=160x120:rate=10:duration=%.4f", sampleLength.Seconds())

var samples = []sample{
	{name: "WAV 16", file: "a.wav", rate: 44100, channels: 2, args: []string{"-c:a", "pcm_s16le"}, format: "WAV"},
	{name: "WAV 8 mono", file: "a.wav", rate: 22050, channels: 1, args: []string{"-c:a", "pcm_u8"}, format: "WAV"},
	{name: "WAV 24 5.1", file: "a.wav", rate: 48000, channels: 6, args: []string{"-c:a", "pcm_s24le"}, format: "WAV"},
	{name: "WAV 32", file: "a.wav", rate: 96000, channels: 2, args: []string{"-c:a", "pcm_s32le"}, format: "WAV"},
	{name: "WAV float 64", file: "a.wav", rate: 48000, channels: 2, args: []string{"-c:a", "pcm_f64le"}, format: "WAV"},
	{name: "WAV A-law", file: "a.wav", rate: 8000, channels: 1, args: []string{"-c:a", "pcm_alaw"}, format: "WAV"},
	{name: "WAV µ-law", file: "a.wav", rate: 8000, channels: 1, args: []string{"-c:a", "pcm_mulaw"}, format: "WAV"},
	{name: "WAV RF64", file: "a.wav", rate: 44100, channels: 2, args: []string{"-c:a", "pcm_s16le", "-rf64", "always"}, format: "WAV"},
	{name: "WAV ADPCM", file: "a.wav", rate: 44100, channels: 2, args: []string{"-c:a", "adpcm_ms"}, format: "WAV", elsewhere: true},
	{name: "FLAC 44.1", file: "a.flac", rate: 44100, channels: 2, args: []string{"-c:a", "flac"}, format: "FLAC"},
	{name: "FLAC 24 bit 96 kHz", file: "a.flac", rate: 96000, channels: 2, args: []string{"-c:a", "flac", "-sample_fmt", "s32"}, format: "FLAC"},
	{name: "FLAC mono 22.05", file: "a.flac", rate: 22050, channels: 1, args: []string{"-c:a", "flac", "-compression_level", "12"}, format: "FLAC"},
	{name: "FLAC 5.1", file: "a.flac", rate: 48000, channels: 6, args: []string{"-c:a", "flac"}, format: "FLAC"},
	{name: "MP3 128k", file: "a.mp3", rate: 44100, channels: 2, args: []string{"-c:a", "libmp3lame", "-b:a", "128k"}, format: "MP3"},
	{name: "MP3 VBR", file: "a.mp3", rate: 48000, channels: 2, args: []string{"-c:a", "libmp3lame", "-q:a", "4"}, format: "MP3"},
	{name: "MP3 mono 22.05", file: "a.mp3", rate: 22050, channels: 1, args: []string{"-c:a", "libmp3lame", "-b:a", "32k"}, format: "MP3", elsewhere: mpeg2Elsewhere},
	{name: "MP3 without Xing", file: "a.mp3", rate: 32000, channels: 2, args: []string{"-c:a", "libmp3lame", "-b:a", "96k", "-write_xing", "0", "-id3v2_version", "0"}, format: "MP3"},
	{name: "Vorbis", file: "a.ogg", rate: 44100, channels: 2, args: []string{"-c:a", "libvorbis"}, format: "Ogg Vorbis"},
	{name: "Vorbis mono 22.05", file: "a.ogg", rate: 22050, channels: 1, args: []string{"-c:a", "libvorbis"}, format: "Ogg Vorbis"},
	{name: "Vorbis 96 kHz", file: "a.ogg", rate: 96000, channels: 2, args: []string{"-c:a", "libvorbis"}, format: "Ogg Vorbis"},
	{name: "Vorbis 5.1", file: "a.ogg", rate: 48000, channels: 6, args: []string{"-c:a", "libvorbis"}, format: "Ogg Vorbis"},
	{name: "Opus", file: "a.opus", rate: 48000, channels: 2, args: []string{"-c:a", "libopus", "-b:a", "96k"}, format: "Ogg Opus"},
	{name: "Opus mono 60 ms", file: "a.opus", rate: 24000, channels: 1, args: []string{"-c:a", "libopus", "-b:a", "40k", "-frame_duration", "60"}, format: "Ogg Opus"},
	{name: "Opus 5.1", file: "a.opus", rate: 48000, channels: 6, args: []string{"-c:a", "libopus"}, format: "Ogg Opus", elsewhere: true},
	{name: "WebM Opus", file: "a.webm", rate: 48000, channels: 2, args: []string{"-c:a", "libopus", "-b:a", "96k"}, format: "WebM"},
	{name: "WebM Vorbis", file: "a.webm", rate: 48000, channels: 2, args: []string{"-c:a", "libvorbis"}, format: "Matroska (vorbis)", elsewhere: true},
	{name: "AAC 44.1", file: "a.aac", rate: 44100, channels: 2, args: []string{"-c:a", "aac", "-b:a", "128k"}, format: "AAC"},
	{name: "AAC mono 22.05", file: "a.aac", rate: 22050, channels: 1, args: []string{"-c:a", "aac", "-b:a", "48k"}, format: "AAC"},
	{name: "AAC 96 kHz", file: "a.aac", rate: 96000, channels: 2, args: []string{"-c:a", "aac", "-b:a", "192k"}, format: "AAC"},
	{name: "AAC 5.1", file: "a.aac", rate: 48000, channels: 6, args: []string{"-c:a", "aac", "-b:a", "320k"}, format: "AAC", elsewhere: true},
	{name: "M4A", file: "a.m4a", rate: 44100, channels: 2, args: []string{"-c:a", "aac", "-b:a", "128k"}, format: "MP4 (AAC)"},
	{name: "M4A fast start mono", file: "a.m4a", rate: 48000, channels: 1, args: []string{"-c:a", "aac", "-movflags", "+faststart"}, format: "MP4 (AAC)"},
	{name: "M4A fragmented", file: "a.m4a", rate: 48000, channels: 2, args: []string{"-c:a", "aac", "-movflags", "+frag_keyframe+empty_moov", "-frag_duration", "500000"}, format: "MP4 (AAC)"},
	{name: "MOV", file: "a.mov", rate: 44100, channels: 2, args: []string{"-c:a", "aac"}, format: "MP4 (AAC)"},
	{name: "ALAC", file: "a.m4a", rate: 44100, channels: 2, args: []string{"-c:a", "alac"}, format: "MP4 (ALAC)", elsewhere: true},
	{name: "MP4 5.1", file: "a.mp4", rate: 48000, channels: 6, args: []string{"-c:a", "aac"}, format: "MP4 (AAC)", elsewhere: true},
	{name: "MP4 video", file: "a.mp4", rate: 44100, channels: 2, args: []string{"-f", "lavfi", "-i", picture, "-c:v", "mpeg4", "-c:a", "aac"}, format: "MP4 (AAC)"},
	{name: "Matroska video", file: "a.mkv", rate: 48000, channels: 2, args: []string{"-f", "lavfi", "-i", picture, "-c:v", "mpeg4", "-c:a", "libopus"}, format: "Matroska"},
	{name: "AVI video", file: "a.avi", rate: 44100, channels: 2, args: []string{"-f", "lavfi", "-i", picture, "-c:v", "mpeg4", "-c:a", "libmp3lame"}, format: "AVI video", elsewhere: true},
	{name: "WMA", file: "a.wma", rate: 44100, channels: 2, args: []string{"-c:a", "wmav2"}, format: "Windows Media", elsewhere: true},
	{name: "AIFF", file: "a.aiff", rate: 44100, channels: 2, args: nil, format: "AIFF", elsewhere: true},
	{name: "AC-3 5.1", file: "a.ac3", rate: 48000, channels: 6, args: []string{"-c:a", "ac3"}, format: "Dolby Digital", elsewhere: true},
	{name: "Ogg FLAC", file: "a.oga", rate: 44100, channels: 2, args: []string{"-c:a", "flac"}, format: "Ogg FLAC", elsewhere: true},
	{name: "TTA", file: "a.tta", rate: 44100, channels: 2, args: nil, format: "True Audio", elsewhere: true},
	{name: "MP2", file: "a.mp2", rate: 44100, channels: 2, args: []string{"-c:a", "mp2"}, format: "MP2", elsewhere: mpeg2Elsewhere},
}

// options is what a sample needs to be decoded.
func (s sample) options(t testing.TB) decode.Options {
	if !s.elsewhere {
		return decode.Options{}
	}
	f, err := decode.NewFFmpeg(decode.FFmpegOptions{})
	if err != nil {
		t.Skipf("ffmpeg: %v", err)
	}
	return decode.Options{FFmpeg: f}
}

// TestFormats makes each sample once and looks at it from all sides.
func TestFormats(t *testing.T) {
	list := samples
	if racing {
		list = ours(t)
	}
	for _, s := range list {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			path := encode(t, s.file, s.rate, s.channels, sampleLength, s.args...)
			whole := play(t, fileInput(t, path), 0, s.options(t))
			t.Run("like ffmpeg", func(t *testing.T) { s.likeFFmpeg(t, path, whole) })
			t.Run("seek", func(t *testing.T) { s.seek(t, path, whole) })
			t.Run("comes once", func(t *testing.T) { s.comesOnce(t, path, whole) })
		})
	}
}

func (s sample) likeFFmpeg(t *testing.T, path string, got []float32) {
	want := reference(t, path)
	// ffmpeg keeps the padding of some last frames, for which the song itself is
	// the measure.
	length, song := len(got)/2, int(audio.DurationSamples(sampleLength))
	if !within(length, len(want)/2) && !within(length, song) {
		t.Errorf("length %d samples, ffmpeg's %d, the song's %d", length, len(want)/2, song)
	}
	if c := similar(got, want); c < 0.99 {
		lag, best := bestLag(got, want, 1200)
		t.Errorf("correlation %.4f; %.4f when shifted by %d", c, best, lag)
	}
	info, err := decode.Probe(t.Context(), fileInput(t, path), s.options(t))
	if err != nil {
		t.Fatalf("probe: %v", err)
	}
	if info.Format != s.format || info.Live || !info.Seekable {
		t.Errorf("probe says %+v", info)
	}
	wantLength := audio.SamplesDuration(int64(len(want) / 2))
	estimated := s.file == "a.aac" || s.file == "a.ac3" || s.file == "a.avi" || s.name == "MP3 without Xing" || s.name == "MP2"
	if off := (info.Length - wantLength).Abs(); off > 80*time.Millisecond && (!estimated || off > time.Second) {
		t.Errorf("length %v, ffmpeg's %v", info.Length, wantLength)
	}
}

func (s sample) seek(t *testing.T, path string, whole []float32) {
	slack := 2 // samples: a seek ends on a sample of the file's own rate
	if s.file == "a.webm" || s.file == "a.mkv" {
		slack = 48 // whose clock ticks in milliseconds
	}
	for _, at := range []time.Duration{1, shorter(2222 * time.Millisecond), shorter(3500 * time.Millisecond), time.Minute} {
		got := play(t, fileInput(t, path), at, s.options(t))
		want := whole[min(int(audio.DurationSamples(at))*2, len(whole)):]
		if d := (len(got) - len(want)) / 2; d < -1920 || d > 1920 || len(want) == 0 && len(got) > 0 {
			t.Errorf("%v: %d samples are left, not %d", at, len(got)/2, len(want)/2)
		}
		if len(want) == 0 {
			continue
		}
		if _, best := bestLag(got, want, slack); best < 0.98 {
			lag, best := bestLag(got, want, 2400)
			t.Errorf("%v: correlation %.4f when shifted by %d", at, best, lag)
		}
	}
}

func (s sample) comesOnce(t *testing.T, path string, want []float32) {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	switch s.file {
	case "a.m4a", "a.mp4", "a.mov":
		s.elsewhere = true // its index may be at the end
	}
	got := play(t, streamInput(b), 0, s.options(t))
	if d := len(got) - len(want); d < -4*960 || d > 4*960 {
		t.Errorf("length %d, from a file %d", len(got)/2, len(want)/2)
	}
	if c := similar(got, want); c < 0.98 {
		t.Errorf("correlation %.4f", c)
	}
	at := shorter(2 * time.Second)
	late := play(t, streamInput(b), at, s.options(t))
	if d := len(want) - len(late) - 2*int(audio.DurationSamples(at)); d < -4*960 || d > 4*960 {
		t.Errorf("%d samples are left of %d from %v on", len(late)/2, len(want)/2, at)
	}
}

// within reports whether whole blocks of n samples are what a song of want needs.
func within(n, want int) bool { return n >= want-1 && n <= want+audio.FrameSamples }
