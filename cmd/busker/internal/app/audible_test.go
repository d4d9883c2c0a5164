package app_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"busker/audio"
	"busker/cmd/busker/internal/app"
	"busker/emulator"
	"busker/emulator/listen"
)

// The two sounds that are told apart: a low one in the first half of a track and a high
// one in the second.
const (
	lowTone, highTone = 500.0, 3000.0 // Hz
	toneHalf          = 2 * time.Minute
)

// writeTones writes a track that begins with first and goes on with second.
func writeTones(t testing.TB, name string, first, second float64) {
	t.Helper()
	const rate = 16000
	samples := int(2 * toneHalf.Seconds() * rate)
	b := append(make([]byte, 0, 44+2*samples), "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(36+2*samples))
	b = append(b, "WAVEfmt "...)
	for _, v := range []any{uint32(16), uint16(1), uint16(1), uint32(rate), uint32(2 * rate), uint16(2), uint16(16)} {
		b, _ = binary.Append(b, binary.LittleEndian, v)
	}
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*samples))
	for i := range samples {
		hertz := first
		if i >= samples/2 {
			hertz = second
		}
		v := 6000 * math.Sin(2*math.Pi*hertz*float64(i)/rate)
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(v)))
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// tones returns how much of each tone is in a frame.
func tones(f listen.Frame) (low, high float64) {
	at := func(hertz float64) float64 {
		var re, im float64
		for i := 0; i+1 < len(f.PCM); i += audio.Channels {
			phase := 2 * math.Pi * hertz * float64(i/audio.Channels) / audio.SampleRate
			re += float64(f.PCM[i]) * math.Cos(phase)
			im += float64(f.PCM[i]) * math.Sin(phase)
		}
		return math.Hypot(re, im) / float64(max(1, len(f.PCM)/audio.Channels/2))
	}
	return at(lowTone), at(highTone)
}

// BenchmarkCommandToAudible measures from a person's pressing enter to the first 20 ms
// of sound that is otherwise, in the ears of a listener. Run it with -benchtime 40x: p50
// and p95 are what counts, ns/op includes the pauses in between.
func BenchmarkCommandToAudible(b *testing.B) {
	low := func(f listen.Frame) bool { l, h := tones(f); return l > 0.02 && h < l/4 }
	high := func(f listen.Frame) bool { l, h := tones(f); return h > 0.02 && l < h/4 }
	quieter := func(f listen.Frame) bool { l, _ := tones(f); return l < 0.12 }
	louder := func(f listen.Frame) bool { l, _ := tones(f); return l > 0.15 }
	type step struct {
		name string
		args emulator.Args
		want func(listen.Frame) bool
	}
	s := newStage(b, func(o *app.Options) {
		writeTones(b, filepath.Join(o.MusicDir, "one.wav"), lowTone, highTone)
		writeTones(b, filepath.Join(o.MusicDir, "two.wav"), highTone, lowTone)
	})
	s.play(b, "one.wav")
	s.play(b, "two.wav")
	s.command(b, "loop", emulator.Args{"mode": "queue"})
	for _, tt := range []struct {
		name  string
		steps [2]step // one undoes the other
	}{
		{"seek", [2]step{{"seek", emulator.Args{"to": "150"}, high}, {"seek", emulator.Args{"to": "5"}, low}}},
		{"volume", [2]step{{"volume", emulator.Args{"percent": 40}, quieter}, {"volume", emulator.Args{"percent": 100}, louder}}},
		{"effect", [2]step{{"effects", emulator.Args{"preset": "karaoke"}, quieter}, {"effects", emulator.Args{"preset": "off"}, louder}}},
		{"skip", [2]step{{"skip", nil, high}, {"skip", nil, low}}},
	} {
		b.Run(tt.name, func(b *testing.B) {
			var took []time.Duration
			s.command(b, "seek", emulator.Args{"to": "5"})
			for n := 0; b.Loop(); n++ {
				next := tt.steps[n%2]
				// Not in step with the 100 ms in which packets are made.
				<-time.After(commandPace/2 + time.Duration(n*37%100)*time.Millisecond)
				took = append(took, s.audible(b, next.name, next.args, next.want))
			}
			if len(took)%2 == 1 {
				s.audible(b, tt.steps[1].name, tt.steps[1].args, tt.steps[1].want)
			}
			quantiles(b, took)
		})
	}
}

// audible returns how long after the command the sound was as wanted.
func (s *stage) audible(b *testing.B, name string, args emulator.Args, want func(listen.Frame) bool) time.Duration {
	b.Helper()
	feed := s.ears.Subscribe(10 * audio.FramesPerSecond)
	defer feed.Close()
	began := time.Now()
	i, err := s.you.Command(s.ctx, s.text, name, args)
	if err != nil {
		b.Fatal(err)
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case f := <-feed.Frames():
			if !want(f) {
				continue
			}
			took := time.Since(began)
			if _, err := i.Response(s.ctx); err != nil {
				b.Fatal(err)
			}
			return took
		case <-late.C:
			b.Fatalf("/%s %v is not heard", name, args)
		}
	}
}

// quantiles reports how long it took.
func quantiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	for _, q := range []float64{0.5, 0.95, 1} {
		at := took[min(int(q*float64(len(took))), len(took)-1)]
		b.ReportMetric(float64(at.Microseconds())/1000, fmt.Sprintf("p%.0f-ms", 100*q))
	}
}
