package decode_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/sources/decode"
)

func ffmpeg(t *testing.T, opts decode.FFmpegOptions) decode.Options {
	t.Helper()
	tool(t, "ffmpeg")
	f, err := decode.NewFFmpeg(opts)
	if err != nil {
		t.Fatal(err)
	}
	return decode.Options{FFmpeg: f}
}

func TestNoFFmpeg(t *testing.T) {
	_, err := decode.NewFFmpeg(decode.FFmpegOptions{Path: filepath.Join(t.TempDir(), "ffmpeg")})
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
}

func TestCloseEndsAChildThatWaitsForInput(t *testing.T) {
	opts := ffmpeg(t, decode.FFmpegOptions{})
	b, err := os.ReadFile(encode(t, "a.wma", 44100, 2, 8*time.Second, "-c:a", "wmav2"))
	if err != nil {
		t.Fatal(err)
	}
	in, out := io.Pipe()
	fed := make(chan struct{})
	go func() {
		defer close(fed)
		_, _ = out.Write(b[:len(b)/2]) // and then nothing more
	}()
	r, err := decode.Open(t.Context(), decode.Input{Reader: in, Size: -1}, 0, opts)
	if err != nil {
		t.Fatal(err)
	}
	<-fed
	ended := make(chan error)
	go func() {
		var b audio.Block
		for {
			if err := r.ReadBlock(&b); err != nil {
				ended <- err
				return
			}
		}
	}()
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	<-ended
}

func TestProcessesAreLimited(t *testing.T) {
	opts := ffmpeg(t, decode.FFmpegOptions{Processes: 1, Wait: 10 * time.Millisecond})
	path := encode(t, "a.wma", 44100, 2, time.Second, "-c:a", "wmav2")
	one, err := decode.Open(t.Context(), fileInput(t, path), 0, opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := decode.Open(t.Context(), fileInput(t, path), 0, opts); fault.KindOf(err) != fault.Busy {
		t.Errorf("%v", err)
	}
	if err := one.Close(); err != nil {
		t.Fatal(err)
	}
	two, err := decode.Open(t.Context(), fileInput(t, path), 0, opts)
	if err != nil {
		t.Fatal(err)
	}
	_ = two.Close()
}

func TestContentKeptInAFileLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	b, err := os.ReadFile(encode(t, "a.m4a", 44100, 2, time.Second, "-c:a", "alac"))
	if err != nil {
		t.Fatal(err)
	}
	pcm := play(t, streamInput(b), 0, ffmpeg(t, decode.FFmpegOptions{TempDir: dir}))
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 || len(pcm) < 90000 {
		t.Errorf("%v left, %v; %d values", left, err, len(pcm))
	}
	for _, size := range []int64{int64(len(b)), -1} {
		in := streamInput(b)
		in.Size = size
		_, err = decode.Open(t.Context(), in, 0, ffmpeg(t, decode.FFmpegOptions{TempDir: dir, MaxSpool: 1000}))
		if fault.KindOf(err) != fault.TooLarge {
			t.Errorf("%v", err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v left, %v", left, err)
	}
}

func TestWhatFFmpegCannotPlay(t *testing.T) {
	opts := ffmpeg(t, decode.FFmpegOptions{})
	silent := filepath.Join(t.TempDir(), "a.avi")
	if b, err := exec.Command(tool(t, "ffmpeg"), "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5:duration=1",
		"-c:v", "mpeg4", silent).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	_, err := decode.Open(t.Context(), fileInput(t, silent), 0, opts)
	if m, _ := fault.Message(err); m != "This AVI video file has no sound." {
		t.Errorf("%v", err)
	}
	if _, err := decode.Probe(t.Context(), fileInput(t, silent), opts); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("%v", err)
	}
	broken := []byte("\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c and no more")
	if _, err := decode.Open(t.Context(), bytesInput(broken), 0, opts); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("%v", err)
	}
}

// TestLargeTagInFrontOfWhatFFmpegDecodes covers content that comes once: the tag is
// more than can be rewound, what follows it is not.
func TestLargeTagInFrontOfWhatFFmpegDecodes(t *testing.T) {
	opts := ffmpeg(t, decode.FFmpegOptions{})
	b, err := os.ReadFile(encode(t, "a.au", 44100, 2, time.Second))
	if err != nil {
		t.Fatal(err)
	}
	tag := append([]byte("ID3\x04\x00\x00\x00\x7f\x7f\x7f"), make([]byte, 1<<21-1)...)
	if pcm := play(t, streamInput(append(tag, b...)), 0, opts); len(pcm) < 90000 {
		t.Errorf("%d values", len(pcm))
	}
}

// TestProbeOfASlowStream has an ffprobe that is content with what it got while the
// next byte takes longer than anybody waits for it.
func TestProbeOfASlowStream(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	probe := "#!/bin/sh\nhead -c 5000 >/dev/null\necho '{\"streams\":[{\"codec_type\":\"audio\"}],\"format\":{\"tags\":{\"title\":\"Slow\"}}}'\n"
	for name, script := range map[string]string{"ffmpeg": "#!/bin/sh\n", "ffprobe": probe} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	f, err := decode.NewFFmpeg(decode.FFmpegOptions{Path: filepath.Join(dir, "ffmpeg")})
	if err != nil {
		t.Fatal(err)
	}
	head := append([]byte(".snd"), make([]byte, 8<<10)...)
	in := io.MultiReader(bytes.NewReader(head), late(3*time.Second))
	info, err := decode.Probe(t.Context(), decode.Input{Reader: in, Size: -1, Live: true}, decode.Options{FFmpeg: f})
	if err != nil || info.Title != "Slow" {
		t.Errorf("%+v, %v", info, err)
	}
}

// late sends nothing for a while, and then the end.
type late time.Duration

func (l late) Read([]byte) (int, error) {
	<-time.After(time.Duration(l))
	return 0, io.EOF
}
