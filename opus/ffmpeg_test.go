package opus_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newFFmpeg(t *testing.T, opts opus.EncoderOptions) opus.Encoder {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("needs ffmpeg")
	}
	opts.Backend, opts.Delayed = "ffmpeg", true
	return newEncoder(t, opts)
}

// stream encodes blocks with any encoder, and returns a packet for each.
func stream(t *testing.T, e opus.Encoder, blocks []audio.Block) (packets [][]byte) {
	t.Helper()
	buf := make([]byte, audio.MaxPacketBytes)
	for i := range blocks {
		n, err := e.Encode(buf, &blocks[i])
		if err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			packets = append(packets, slices.Clone(buf[:n]))
		}
	}
	for {
		n, err := opus.Flush(e, buf)
		if errors.Is(err, io.EOF) {
			return packets
		}
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, slices.Clone(buf[:n]))
	}
}

func TestStreamBackendGivesAPacketForEveryBlock(t *testing.T) {
	e := newFFmpeg(t, opus.EncoderOptions{})
	for _, blocks := range []int{1, 100, 500} { // less than a page, and more than all buffers
		source := music(blocks)
		packets := stream(t, e, source)
		if len(packets) != blocks {
			t.Fatalf("%d packets of %d blocks", len(packets), blocks)
		}
		for i, p := range packets {
			if d, err := opus.PacketDuration(p); err != nil || d != audio.FrameTime {
				t.Fatalf("packet %d of %v: %v", i, d, err)
			}
		}
		if blocks > 1 {
			pcm := decode(t, newDecoder(t, opus.DecoderOptions{}), packets)
			if c := correlation(pcm[e.Lookahead()*audio.Channels:], flat(source)); c < 0.98 {
				t.Errorf("%d blocks: correlation %.4f", blocks, c)
			}
		}
		buf := make([]byte, audio.MaxPacketBytes)
		if _, err := e.Encode(buf, &source[0]); err == nil {
			t.Error("Encode after Flush succeeded")
		}
		if err := e.Reset(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStreamBackendKeepsItsSettings(t *testing.T) {
	size := func(bitrate int) (bytes int) {
		e := newFFmpeg(t, opus.EncoderOptions{Bitrate: bitrate})
		for _, p := range stream(t, e, music(200)) {
			bytes += len(p)
		}
		return bytes
	}
	if poor, rich := size(32000), size(192000); poor > rich/3 {
		t.Errorf("%d bytes at 32 kb/s, %d at 192", poor, rich)
	}
	e := newFFmpeg(t, opus.EncoderOptions{})
	block, buf := music(1), make([]byte, audio.MaxPacketBytes)
	if n, err := opus.Flush(e, buf); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("Flush of nothing: %d, %v", n, err)
	}
	if err := e.SetBitrate(5999); fault.KindOf(err) != fault.Invalid {
		t.Errorf("bitrate 5999: %v", err)
	}
	if _, err := e.Encode(buf, &block[0]); err != nil {
		t.Fatal(err)
	}
	if err := e.SetBitrate(64000); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("bitrate within the stream: %v", err)
	}
	if err := e.SetComplexity(9); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("complexity within the stream: %v", err)
	}
	if err := e.SetComplexity(opus.DefaultComplexity); err != nil {
		t.Errorf("complexity as it was: %v", err)
	}
}

func TestPlayersAreRefusedStreamBackends(t *testing.T) {
	for _, name := range opus.StreamBackends() {
		if _, err := opus.NewEncoder(opus.EncoderOptions{Backend: name}); fault.KindOf(err) != fault.Unsupported {
			t.Errorf("%s encoder: %v", name, err)
		}
		if _, err := opus.NewDecoder(opus.DecoderOptions{Backend: name}); fault.KindOf(err) != fault.Unsupported {
			t.Errorf("%s decoder: %v", name, err)
		}
		if p, err := opus.Describe(name); err != nil || p.Prompt || p.Name != name {
			t.Errorf("%+v, %v", p, err)
		}
	}
	if !slices.Contains(opus.StreamBackends(), "ffmpeg") {
		t.Error("no ffmpeg")
	}
	if _, err := opus.Describe("lame"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("lame: %v", err)
	}
}

func TestClosingMidStreamEndsTheProcess(t *testing.T) {
	for _, blocks := range []int{0, 1, 40} {
		e := newFFmpeg(t, opus.EncoderOptions{})
		source, buf := music(max(1, blocks)), make([]byte, audio.MaxPacketBytes)
		for i := range blocks {
			if _, err := e.Encode(buf, &source[i]); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := e.Encode(buf, &source[0]); err == nil {
			t.Error("Encode after Close succeeded")
		}
		if _, err := opus.Flush(e, buf); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("Flush after Close: %v", err)
		}
		if e.SetBitrate(64000) == nil || e.Reset() == nil {
			t.Error("a closed encoder takes orders")
		}
	}
}

// A crash costs one stream: it says so, waits for nothing, and Reset starts anew.
func TestCrashOfTheProcessIsAnError(t *testing.T) {
	for _, tt := range []struct{ name, script string }{
		{"at once", "echo 'cannot do' >&2; exit 3"},
		{"after some input", "head -c 100000 >/dev/null; echo 'cannot do' >&2; exit 3"},
		{"silently", "head -c 1000 >/dev/null; exit 0"},
		{"killed", "kill -9 $$"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			script := filepath.Join(dir, "ffmpeg")
			if err := os.WriteFile(script, []byte("#!/bin/sh\n"+tt.script+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			e := newFFmpeg(t, opus.EncoderOptions{})
			block, buf := music(1), make([]byte, audio.MaxPacketBytes)
			failed := false
			for range 500 {
				if _, err := e.Encode(buf, &block[0]); err != nil {
					t.Log(err)
					failed = true
					break
				}
			}
			if !failed {
				t.Fatal("500 blocks were taken by nobody")
			}
			if _, err := opus.Flush(e, buf); err == nil || errors.Is(err, io.EOF) {
				t.Errorf("Flush: %v", err)
			}
			if err := e.Reset(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("not installed", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		_, err := opus.NewEncoder(opus.EncoderOptions{Backend: "ffmpeg", Delayed: true})
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("error %v", err)
		}
	})
}
