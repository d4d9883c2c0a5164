package app_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busker/audio"
	"busker/cmd/busker/internal/app"
	"busker/emulator/listen"
	"busker/player"
)

// corpus is the music of two free games that the test set-up unpacks, from here.
const corpus = "../../../../.cache/music"

// takes are made of the corpus by ffmpeg: arguments before and after the input.
var takes = []struct {
	name, from string
	before     string
	after      string
}{
	{"vorbis 44.1 kHz.ogg", "lostrace-ks.ogg", "", "-c copy"},
	{"vorbis 48 kHz.ogg", "calmrace-ks.ogg", "-ss 20 -t 21", "-c copy"},
	{"whole song.ogg", "options1-jt.ogg", "", "-c copy"},
	{"mp3 22.05 kHz.mp3", "frontiers.mp3", "-t 19.3", "-c copy"},
	{"mp3 44.1 kHz vbr.mp3", "wonrace1-jt.ogg", "", "-c:a libmp3lame -q:a 3"},
	{"flac 96 kHz.flac", "start1-jt.ogg", "-ss 11 -t 9.123", "-ar 96000 -sample_fmt s32 -c:a flac"},
	{"flac 5.1.flac", "race1-jt.ogg", "-t 12", "-ac 6 -c:a flac"},
	{"wav 22.05 kHz mono.wav", "raceintro-ks.ogg", "", "-ac 1 -ar 22050 -c:a pcm_s16le"},
	{"wav 24 bit.wav", "credits1-cp.ogg", "-ss 30 -t 8.01", "-c:a pcm_s24le"},
	{"aac.m4a", "spunkyrace-ks.ogg", "-ss 5 -t 14", "-c:a aac -b:a 160k"},
	{"aac adts 32 kHz.aac", "time_to_strike.mp3", "-ss 60 -t 10", "-ar 32000 -c:a aac -b:a 128k"},
	{"opus.ogg", "freezingpoint.ogg", "-ss 40 -t 11", "-c:a libopus -b:a 160k"},
	{"opus.webm", "credits1-cp.ogg", "-t 13", "-c:a libopus -b:a 128k"},
	{"video.mp4", "race1-jt.ogg", "-ss 20 -t 7", "-f lavfi -i testsrc=size=64x64:rate=10 -map 0:a -map 1:v -shortest -c:v mpeg4 -c:a aac -b:a 160k"},
}

// Real music of every format goes in as a command, all of it at the same time, and
// comes out of listeners' decoders as ffmpeg decodes the files.
func TestRealMusicIsHeardAsFFmpegDecodesIt(t *testing.T) {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		t.Skip("no ffmpeg: run tools/setup.sh test")
	}
	if _, err := os.Stat(filepath.Join(corpus, ".complete")); err != nil {
		t.Skip("no music: run tools/setup.sh test")
	}
	music := t.TempDir()
	for _, take := range takes {
		record(t, ffmpeg, music, take.name, take.from, take.before, take.after)
	}
	s := newStage(t, func(o *app.Options) { o.MusicDir = music })
	t.Run("all at once", func(t *testing.T) {
		for _, take := range takes {
			t.Run(take.name, func(t *testing.T) {
				t.Parallel()
				reference := decodeReference(t, ffmpeg, filepath.Join(music, take.name))
				s.prove(t, take.name, reference)
			})
		}
	})
}

// performances is how often a file may be played until one is not disturbed: a
// machine that gives the process no time for longer than the ring lasts puts a
// pause or a filler into the music, which is no fault of the path.
const performances = 4

// prove plays query until the machine has let it through in time, and compares
// what was heard then.
func (s *stage) prove(t *testing.T, query string, reference *decoded) {
	t.Helper()
	for try := 1; ; try++ {
		room := s.newRoom(fmt.Sprintf("%s, take %d", query, try))
		room.perform(t, query)
		report := room.ears.Report()
		t.Logf("take %d\n%s", try, report)
		if report.Lost+report.Late+report.Undecodable > 0 || report.Restarts > 0 {
			t.Fatal("heard with holes")
		}
		late := report.GapCount+report.PauseCount > 0 || heard(report)-reference.length > inexact
		if !late || try == performances {
			room.compare(t, report, reference)
			return
		}
	}
}

// record makes a file of the corpus.
func record(t *testing.T, ffmpeg, dir, name, from, before, after string) {
	t.Helper()
	args := append([]string{"-v", "error", "-nostdin"}, strings.Fields(before)...)
	args = append(args, "-i", filepath.Join(corpus, from))
	args = append(append(args, strings.Fields(after)...), filepath.Join(dir, name))
	if out, err := exec.CommandContext(t.Context(), ffmpeg, args...).CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", name, err, out)
	}
}

// newRoom is a guild of its own with one listener, on the same bot.
func (s *stage) newRoom(name string) *stage {
	room := *s
	room.guild = s.local.AddGuild(name, s.bot)
	room.text, room.voice = room.guild.AddTextChannel("requests"), room.guild.AddVoiceChannel("The Corner")
	room.you = room.guild.AddUser("you")
	room.ears = room.join(room.voice)
	return &room
}

// perform plays query to its end.
func (s *stage) perform(t *testing.T, query string) {
	t.Helper()
	events, cancel := s.app.Players().Subscribe(256)
	defer cancel()
	s.play(t, query)
	for {
		select {
		case e := <-events:
			if e.Guild != s.guild.ID {
				continue
			}
			if failed, ok := e.Event.(player.TrackFailed); ok {
				t.Fatalf("%s: %v", query, failed.Err)
			}
			if _, ok := e.Event.(player.QueueEnded); ok {
				s.command(t, "leave", nil)
				return
			}
		case <-s.ctx.Done():
			t.Fatalf("%s did not end:\n%s", query, s.ears.Report())
		}
	}
}

// compare holds what was heard against ffmpeg's decoding of the file.
func (s *stage) compare(t *testing.T, report listen.Report, reference *decoded) {
	t.Helper()
	similarity, err := s.ears.Similarity(reference)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(similarity)
	if similarity.Coefficient < 0.95 {
		t.Errorf("correlation %.4f", similarity.Coefficient)
	}
	if off := heard(report) - reference.length; off < -inexact || off > inexact {
		t.Errorf("heard %v of %v", heard(report), reference.length)
	}
}

// inexact is how far the length of what was heard may be off: a frame begun, and
// one more that pushes the end out of the encoder.
const inexact = 2 * audio.FrameTime

// heard is the length of the music, without the silence that ends it.
func heard(r listen.Report) time.Duration {
	return audio.Duration(r.Packets - r.SilenceFrames)
}

// decoded is a file as ffmpeg decodes it.
type decoded struct {
	samples []float32
	length  time.Duration
}

// ReadBlock implements audio.Reader.
func (d *decoded) ReadBlock(b *audio.Block) error {
	if len(d.samples) == 0 {
		return io.EOF
	}
	n := copy(b[:], d.samples)
	clear(b[n:])
	d.samples = d.samples[n:]
	return nil
}

// Close implements audio.Reader.
func (d *decoded) Close() error { return nil }

func decodeReference(t *testing.T, ffmpeg, path string) *decoded {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), ffmpeg, "-v", "error", "-nostdin", "-i", path,
		"-map", "0:a:0", "-af", "aresample=resampler=soxr", "-ar", "48000", "-ac", "2", "-f", "f32le", "-")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d := &decoded{}
	var word [4]byte
	for r := bufio.NewReader(out); ; {
		if _, err := io.ReadFull(r, word[:]); err != nil {
			break
		}
		d.samples = append(d.samples, math.Float32frombits(binary.LittleEndian.Uint32(word[:])))
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("decode %s: %v", path, err)
	}
	d.length = audio.SamplesDuration(int64(len(d.samples) / audio.Channels))
	return d
}
