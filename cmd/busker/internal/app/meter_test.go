package app_test

import (
	"context"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"busker/audio"
	"busker/emulator/listen"
)

// The soak plays a sweep, so that whoever hears a tenth of a second of it knows the
// position it was taken from: its frequency climbs from sweepFrom by sweepRate a
// second and falls back after sweepTime.
const (
	sweepFrom = 300.0 // Hz
	sweepRate = 20.0  // Hz/s
	sweepTime = 100 * time.Second
	sweepFile = "sweep.wav"
	wavRate   = 8000 // samples per second: the highest tone is 2.3 kHz
)

// writeSweep writes length of the sweep as a mono WAV file of 16 bits.
func writeSweep(t *testing.T, dir string, length time.Duration) {
	t.Helper()
	samples := int(length.Seconds() * wavRate)
	b := append(make([]byte, 0, 44+2*samples), "RIFF"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(36+2*samples))
	b = append(b, "WAVEfmt "...)
	b = binary.LittleEndian.AppendUint32(b, 16)
	b = binary.LittleEndian.AppendUint16(b, 1) // PCM
	b = binary.LittleEndian.AppendUint16(b, 1) // mono
	b = binary.LittleEndian.AppendUint32(b, wavRate)
	b = binary.LittleEndian.AppendUint32(b, 2*wavRate)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 16)
	b = append(b, "data"...)
	b = binary.LittleEndian.AppendUint32(b, uint32(2*samples))
	phase, lap := 0.0, int(sweepTime.Seconds()*wavRate)
	for i := range samples {
		hertz := sweepFrom + sweepRate*float64(i%lap)/wavRate
		phase = math.Mod(phase+hertz/wavRate, 1)
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(8000*math.Sin(2*math.Pi*phase))))
	}
	if err := os.WriteFile(filepath.Join(dir, sweepFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// meter listens to a sweep in one guild through any number of listeners, one after
// the other or at once: when it was heard, and which position of it.
type meter struct {
	mu    sync.Mutex
	heard time.Time     // of the newest sound
	tone  time.Duration // the position it seems to have, modulo sweepTime
	fits  int           // of how many frames in a row that fits the one before
	sure  time.Time     // when enough of them fitted, the last time
	at    time.Duration // the position there was then
	gaps  []gap         // longer than briefest, by time
}

// gap is a time without sound; to is zero while it lasts. Before and after are the
// positions at its edges.
type gap struct {
	from, to      time.Time
	before, after time.Duration
}

// briefest is the shortest silence that counts: less than what receivers buffer.
const briefest = 100 * time.Millisecond

// fitting is how many frames must agree on a position: where one process is heard after
// another, the first few are of both, or of a decoder that finds its way.
const fitting = 6

// attend takes what the listener hears until it is closed or ctx ends.
func (m *meter) attend(ctx context.Context, l *listen.Listener) {
	feed := l.Subscribe(500)
	defer feed.Close()
	var window []float32
	var newest time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case f, ok := <-feed.Frames():
			if !ok {
				return
			}
			silent, broken := energy(f.PCM) < 1e-3, time.Since(newest) > briefest
			if newest = time.Now(); silent || broken {
				window = window[:0]
			}
			if silent {
				continue
			}
			for i := 0; i < len(f.PCM); i += audio.Channels {
				window = append(window, f.PCM[i])
			}
			if len(window) > 6*audio.FrameSamples {
				window = append(window[:0], window[audio.FrameSamples:]...)
			}
			m.sound(window)
		}
	}
}

// sound notes that the newest 20 ms were heard; window ends with them.
func (m *meter) sound(window []float32) {
	now := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	tone, ok := sweepPosition(window)
	if quiet := now.Sub(m.heard); !m.heard.IsZero() && quiet > briefest {
		m.gaps = append(m.gaps, gap{from: m.heard, to: now, before: m.when(m.heard), after: -1})
		m.fits = 0
	}
	m.heard = now
	if !ok {
		m.fits = 0
		return
	}
	if apart(m.tone+audio.FrameTime, tone).Abs() > briefest {
		m.fits = 0
	}
	m.tone = tone
	if m.fits++; m.fits < fitting {
		return
	}
	m.at, m.sure = tone, now
	if n := len(m.gaps); n > 0 && m.gaps[n-1].after < 0 {
		m.gaps[n-1].after = m.when(m.gaps[n-1].to)
	}
}

// when is the position there was at a time near to that of which it is sure.
func (m *meter) when(t time.Time) time.Duration {
	return (m.at + t.Sub(m.sure) + sweepTime) % sweepTime
}

// position returns what is heard right now; steady is false when it is nothing, or
// not for long enough to be sure.
func (m *meter) position() (at time.Duration, steady bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	steady = !m.sure.IsZero() && m.fits >= fitting && time.Since(m.heard) < briefest
	if n := len(m.gaps); n > 0 && time.Since(m.gaps[n-1].to) < 3*briefest {
		steady = false
	}
	return m.at, steady
}

// quiet returns for how long nothing has been heard.
func (m *meter) quiet() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return time.Since(m.heard)
}

// worst returns the longest silence that touched the time since from, and how much
// of the music was lost in it.
func (m *meter) worst(from time.Time) (quiet, skipped time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if now := time.Since(m.heard); now > briefest {
		quiet = now
	}
	for _, g := range m.gaps {
		if g.to.After(from) {
			quiet = max(quiet, g.to.Sub(newer(g.from, from)))
			if g.after >= 0 {
				skipped = max(skipped, apart(g.before, g.after))
			}
		}
	}
	return quiet, skipped
}

func newer(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// apart returns how far b lies after a in the sweep, at most half of it either way.
func apart(a, b time.Duration) time.Duration {
	d := (b - a + sweepTime + sweepTime/2) % sweepTime
	return d - sweepTime/2
}

// sweepPosition measures the tone in mono samples and returns the position at their
// end; ok is false when they are too few or no clear tone.
func sweepPosition(mono []float32) (at time.Duration, ok bool) {
	if len(mono) < 4*audio.FrameSamples {
		return 0, false
	}
	first, last, crossings := -1.0, -1.0, 0
	for i := 1; i < len(mono); i++ {
		if a, b := mono[i-1], mono[i]; a < 0 && b >= 0 {
			last = float64(i-1) + float64(-a/(b-a))
			if crossings++; crossings == 1 {
				first = last
			}
		}
	}
	if crossings < 10 {
		return 0, false
	}
	hertz := float64(crossings-1) / (last - first) * audio.SampleRate
	middle := (first + last) / 2 / audio.SampleRate
	seconds := (hertz-sweepFrom)/sweepRate + float64(len(mono))/audio.SampleRate - middle
	if seconds < 0 || seconds > sweepTime.Seconds() {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}
