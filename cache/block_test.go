package cache_test

import (
	"errors"
	"io"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"busker/audio"
	"busker/cache"
	"busker/opus"
	"busker/track"
)

// song is 4 s of a sweep, encoded; it returns the lookahead of the encoder.
func song(t *testing.T, w *cache.Recording) (sound []float32, skip, tail int) {
	t.Helper()
	e, err := opus.NewEncoder(opus.EncoderOptions{Bitrate: 256000})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	const samples = 4*audio.SampleRate - 500
	skip = e.Lookahead()
	frames := (samples + skip + audio.FrameSamples - 1) / audio.FrameSamples
	var p [audio.MaxPacketBytes]byte
	for f := range frames {
		var b audio.Block
		for i := range audio.FrameSamples {
			if n := f*audio.FrameSamples + i; n < samples {
				at := float64(n) / audio.SampleRate
				v := float32(0.5 * math.Sin(2*math.Pi*(300+200*at)*at))
				b[2*i], b[2*i+1] = v, -v
				sound = append(sound, v, -v)
			}
		}
		n, err := e.Encode(p[:], &b)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(p[:n])
	}
	return sound, skip, frames*audio.FrameSamples - skip - samples
}

func TestBlocksAreTheSound(t *testing.T) {
	run(t, t.TempDir(), cache.Options{}, func(r *rig) {
		w := r.Record(key("a"), track.Track{})
		sound, skip, tail := song(t, w)
		w.Commit(skip, tail)
		synctest.Wait()
		for _, at := range []time.Duration{0, 5 * time.Millisecond, 70 * time.Millisecond, 2 * time.Second, 3333 * time.Millisecond} {
			p := r.open(key("a"), at)
			var heard []float32
			var b audio.Block
			for {
				err := p.ReadBlock(&b)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				heard = append(heard, b[:]...)
			}
			end := len(heard) - p.(audio.Ending).Tail()*audio.Channels
			want := sound[audio.DurationSamples(at)*audio.Channels:]
			if end != len(want) {
				t.Errorf("%v: %d samples, want %d", at, end/2, len(want)/2)
				continue
			}
			for i := end; i < len(heard); i++ {
				if heard[i] != 0 {
					t.Fatalf("%v: sound in the padding", at)
				}
			}
			if d := distance(heard[:end], want); d < 25 {
				t.Errorf("%v: %.1f dB from what was encoded", at, d)
			}
		}
	})
}

// distance is the signal to noise ratio in decibels.
func distance(got, want []float32) float64 {
	signal, noise := 0.0, 1e-12
	for i := range want {
		signal += float64(want[i]) * float64(want[i])
		noise += float64(got[i]-want[i]) * float64(got[i]-want[i])
	}
	return 10 * math.Log10(signal/noise)
}
