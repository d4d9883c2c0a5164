package decode_test

import (
	"bytes"
	"os"
	"runtime"
	"testing"
	"time"

	"busker/audio"
	"busker/opus"
	"busker/sources/decode"
	"busker/sources/decode/mp3"
)

// steady are the formats decoded in process, with what each may allocate for 20 ms once
// it plays.
var steady = []struct {
	name   string
	file   string
	rate   int
	args   []string
	allocs float64
}{
	{"wav", "a.wav", 48000, []string{"-c:a", "pcm_s16le"}, 0},
	{"wav44", "a.wav", 44100, []string{"-c:a", "pcm_s16le"}, 0},
	{"flac", "a.flac", 44100, []string{"-c:a", "flac"}, 0},
	{"vorbis", "a.ogg", 48000, []string{"-c:a", "libvorbis"}, 8}, // all of them in github.com/jfreymuth/vorbis
	{"mp3", "a.mp3", 48000, []string{"-c:a", "libmp3lame", "-b:a", "192k"}, 0},
	{"opus", "a.opus", 48000, []string{"-c:a", "libopus", "-b:a", "128k"}, 0},
	{"webm", "a.webm", 48000, []string{"-c:a", "libopus", "-b:a", "128k"}, 0},
	{"aac", "a.aac", 48000, []string{"-c:a", "aac", "-b:a", "128k"}, 0},
	{"m4a", "a.m4a", 48000, []string{"-c:a", "aac", "-b:a", "128k"}, 0},
}

func TestBlocksAllocateNothing(t *testing.T) {
	if racing {
		t.Skip("the race detector allocates")
	}
	for _, tt := range steady {
		t.Run(tt.name, func(t *testing.T) {
			b := must(os.ReadFile(encode(t, tt.file, tt.rate, 2, 12*time.Second, tt.args...)))
			r := must(decode.Open(t.Context(), bytesInput(b), 0, decode.Options{}))
			defer r.Close()
			if tt.file == "a.mp3" && mp3.Codec == "go-mp3" || opus.DefaultBackend() == "gopus" && (tt.name == "opus" || tt.name == "webm") {
				tt.allocs = 1000 // what they allocate themselves
			}
			frugal(t, tt.allocs, func(block *audio.Block) error { return r.ReadBlock(block) })
		})
	}
	t.Run("ffmpeg", func(t *testing.T) {
		path := encode(t, "a.wma", 48000, 2, 12*time.Second, "-c:a", "wmav2")
		r := must(decode.Open(t.Context(), fileInput(t, path), 0, ffmpeg(t, decode.FFmpegOptions{})))
		defer r.Close()
		frugal(t, 0, r.ReadBlock)
	})
}

// frugal fails if read allocates in the middle of a song.
func frugal(t *testing.T, most float64, read func(*audio.Block) error) {
	t.Helper()
	var block audio.Block
	var err error
	for range 2 * audio.FramesPerSecond {
		if err == nil {
			err = read(&block)
		}
	}
	n := testing.AllocsPerRun(8*audio.FramesPerSecond, func() {
		if err == nil {
			err = read(&block)
		}
	})
	if n > most || err != nil {
		t.Errorf("%.2f allocations for 20 ms, %v", n, err)
	}
}

func TestPacketsAllocateNothing(t *testing.T) {
	if racing {
		t.Skip("the race detector allocates")
	}
	all, preSkip := encoded(t, song48(12*48000))
	list := containers(t, preSkip, 12*48000, all)
	list["ogg 60 ms"] = must(os.ReadFile(encode(t, "a.opus", 48000, 2, 12*time.Second, "-c:a", "libopus", "-frame_duration", "60", "-b:a", "128k")))
	for name, b := range list {
		r := handOn(t, bytesInput(b), 0)
		p := audio.NewPacket()
		t.Run(name, func(t *testing.T) { frugal(t, 0, func(*audio.Block) error { return r.ReadPacket(p) }) })
		p.Release()
	}
}

// TestReadersAreSmall measures what a Reader keeps besides its codec's own state.
func TestReadersAreSmall(t *testing.T) {
	if racing {
		t.Skip("the race detector needs memory of its own")
	}
	all, preSkip := encoded(t, song48(20*48000))
	for name, tt := range map[string]struct {
		b     []byte
		limit int64 // bytes
	}{
		"wav 44.1 kHz": {waveFile(song(44100, 2, 20*time.Second), 44100, 2), 72 << 10},
		"wav":          {waveFile(song48(20*48000), 48000, 2), 40 << 10},
		"ogg packets":  {oggFile(t, 1, 0, preSkip, 20*48000, all), 60 << 10},
		"dca packets":  {dcaFile(t, preSkip, 20*48000, all), 40 << 10},
	} {
		const readers = 50
		open := make([]audio.Reader, readers)
		var block audio.Block
		p := audio.NewPacket()
		before := heap()
		for i := range open {
			open[i] = must(decode.Open(t.Context(), decode.Input{Reader: bytes.NewReader(tt.b), Size: int64(len(tt.b))}, 0, decode.Options{}))
			for range 8 * audio.FramesPerSecond { // past what was looked at to find out what it is
				var err error
				if r, ok := open[i].(audio.PacketReader); ok {
					err = r.ReadPacket(p)
				} else {
					err = open[i].ReadBlock(&block)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		if each := (heap() - before) / readers; each > tt.limit {
			t.Errorf("%s: %d KiB for each reader, want at most %d", name, each>>10, tt.limit>>10)
		} else {
			t.Logf("%s: %.1f KiB", name, float64(each)/1024)
		}
		for _, r := range open {
			_ = r.Close()
		}
	}
}

// heap is the memory in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkDecode decodes 20 ms.
func BenchmarkDecode(b *testing.B) {
	for _, tt := range steady {
		b.Run("format="+tt.name, func(b *testing.B) {
			content := must(os.ReadFile(encode(b, tt.file, tt.rate, 2, 20*time.Second, tt.args...)))
			var block audio.Block
			again(b, content, func(r audio.Reader) error { return r.ReadBlock(&block) })
		})
	}
	b.Logf("MP3 by %s", mp3.Codec)
}

// BenchmarkPackets hands on packets of 20 ms.
func BenchmarkPackets(b *testing.B) {
	all, preSkip := encoded(b, song48(20*48000))
	list := containers(b, preSkip, 20*48000, all)
	list["ogg60"] = must(os.ReadFile(encode(b, "a.opus", 48000, 2, 20*time.Second, "-c:a", "libopus", "-frame_duration", "60", "-b:a", "96k")))
	for _, name := range []string{"ogg", "webm", "dca", "ogg60"} {
		b.Run("container="+name, func(b *testing.B) {
			p := audio.NewPacket()
			defer p.Release()
			again(b, list[name], func(r audio.Reader) error { return r.(audio.PacketReader).ReadPacket(p) })
		})
	}
}

// again reads content over and over; opening it is not measured.
func again(b *testing.B, content []byte, read func(audio.Reader) error) {
	b.ReportAllocs()
	open := func() audio.Reader {
		return must(decode.Open(b.Context(), bytesInput(content), 0, decode.Options{}))
	}
	r := open()
	for b.Loop() {
		if read(r) != nil {
			b.StopTimer()
			_ = r.Close()
			r = open()
			b.StartTimer()
		}
	}
	_ = r.Close()
}
