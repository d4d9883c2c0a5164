package audio_test

import (
	"testing"
	"time"

	"busker/audio"
)

func TestFrameIs960Samples(t *testing.T) {
	if audio.FrameSamples != 960 || audio.FramesPerSecond != 50 || len(audio.Block{}) != 1920 {
		t.Fatalf("frame: %d samples, %d per second, block of %d",
			audio.FrameSamples, audio.FramesPerSecond, len(audio.Block{}))
	}
}

func TestDurations(t *testing.T) {
	for _, tt := range []struct {
		name    string
		d       time.Duration
		frames  int64
		samples int64
	}{
		{"nothing", 0, 0, 0},
		{"one frame", 20 * time.Millisecond, 1, 960},
		{"part of a frame", 39 * time.Millisecond, 1, 1872},
		{"ten hours", 10 * time.Hour, 1_800_000, 1_728_000_000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := audio.Frames(tt.d); got != tt.frames {
				t.Errorf("Frames(%v) = %d, want %d", tt.d, got, tt.frames)
			}
			if got := audio.DurationSamples(tt.d); got != tt.samples {
				t.Errorf("DurationSamples(%v) = %d, want %d", tt.d, got, tt.samples)
			}
			if got := audio.SamplesDuration(tt.samples); got != tt.d {
				t.Errorf("SamplesDuration(%d) = %v, want %v", tt.samples, got, tt.d)
			}
		})
	}
}

func TestPacketKeepsWhatItWasGiven(t *testing.T) {
	p := audio.NewPacket()
	defer p.Release()
	if !p.Set([]byte{0xF8, 0xFF, 0xFE}) || string(p.Bytes()) != "\xF8\xFF\xFE" {
		t.Fatalf("content % x", p.Bytes())
	}
	if p.Set(make([]byte, audio.MaxPacketBytes+1)) {
		t.Fatal("an oversized packet was taken")
	}
	copy(p.Buffer(), "abcd")
	p.SetLen(4)
	if string(p.Bytes()) != "abcd" {
		t.Fatalf("content %q", p.Bytes())
	}
}

func TestPacketPoolAllocatesNothing(t *testing.T) {
	audio.NewPacket().Release()
	if n := testing.AllocsPerRun(100, func() { audio.NewPacket().Release() }); n > 0 {
		t.Errorf("%v allocations per packet", n)
	}
}
