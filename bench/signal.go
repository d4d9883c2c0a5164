package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"busker/audio"
	"busker/sources/decode"
)

// Signal is sound to measure with.
type Signal struct {
	Name   string
	Blocks []audio.Block
}

// Synthetic returns the signals that need no files, frames long each: a chord that
// swells, white noise, and silence.
func Synthetic(frames int) []Signal {
	return []Signal{
		{"chord", render(frames, chord)},
		{"noise", render(frames, noise())},
		{"silence", make([]audio.Block, frames)},
	}
}

// Music returns the beginning of each of the given files, one after the other, frames
// long in all. What cannot be opened is an error that names it.
func Music(ctx context.Context, frames int, files ...string) (Signal, error) {
	s := Signal{Name: "music"}
	for i, name := range files {
		want := frames * (i + 1) / len(files)
		if err := s.read(ctx, name, want-len(s.Blocks)); err != nil {
			return Signal{}, fmt.Errorf("read %s: %w", name, err)
		}
	}
	if len(s.Blocks) == 0 {
		return Signal{}, errors.New("no music")
	}
	return s, nil
}

func (s *Signal) read(ctx context.Context, name string, frames int) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r, err := decode.Open(ctx, decode.Input{Reader: f, Size: info.Size()}, 0, decode.Options{})
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // it was read
	for range frames {
		var b audio.Block
		if err := r.ReadBlock(&b); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		s.Blocks = append(s.Blocks, b)
	}
	return nil
}

// MusicFiles returns real music to measure with: what `make test` has fetched, else
// what the demo brings along. root is the repository.
func MusicFiles(root string) []string {
	for _, pattern := range []string{".cache/music/*.ogg", "cmd/busker/internal/album/music/*.opus"} {
		if files, _ := filepath.Glob(filepath.Join(root, pattern)); len(files) > 0 {
			return files
		}
	}
	return nil
}

// render calls sound for each sample pair.
func render(frames int, sound func(seconds float64) (l, r float64)) []audio.Block {
	blocks := make([]audio.Block, frames)
	for i := range frames * audio.FrameSamples {
		l, r := sound(float64(i) / audio.SampleRate)
		b, at := &blocks[i/audio.FrameSamples], i%audio.FrameSamples*audio.Channels
		b[at], b[at+1] = float32(l), float32(r)
	}
	return blocks
}

func chord(t float64) (l, r float64) {
	swell := 0.6 + 0.4*math.Sin(2*math.Pi*1.7*t)
	for i, hertz := range []float64{110, 277.2, 329.6, 440, 1318.5, 5274} {
		v := math.Sin(2*math.Pi*hertz*t) / float64(i+2)
		l += 0.4 * v
		r += 0.4 * v * swell
	}
	return l, r
}

func noise() func(float64) (float64, float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	return func(float64) (float64, float64) { return 0.1 * rng.NormFloat64(), 0.1 * rng.NormFloat64() }
}
