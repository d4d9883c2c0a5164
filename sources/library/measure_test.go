package library_test

import (
	"encoding/binary"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/internal/bubble"
	"busker/sources/library"
	"busker/track"
)

// memory remembers loudness by URI.
type memory struct {
	mu    sync.Mutex
	known map[string]track.Loudness
}

func (m *memory) Recall(t track.Track) (track.Loudness, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.known[t.URI]
	return l, ok
}

func (m *memory) Remember(t track.Track, l track.Loudness) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[t.URI] = l
}

// tone is a WAV file of a second of 1 kHz at half of full scale.
func tone() []byte {
	b := wave(song{title: "Tone"})
	b = b[:strings.Index(string(b), "data")+4]
	data := make([]byte, 0, 16000)
	for i := range 8000 {
		data = binary.LittleEndian.AppendUint16(data, uint16(int16(16384*math.Sin(2*math.Pi*1000*float64(i)/8000))))
	}
	b = append(binary.LittleEndian.AppendUint32(b, uint32(len(data))), data...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-8))
	return b
}

func TestLoudnessIsMeasuredWhenThereIsTime(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "tone.wav"), tone())
		put(t, filepath.Join(dir, "known.wav"), tone())
		put(t, filepath.Join(dir, "silent.wav"), wave(song{}))
		put(t, filepath.Join(dir, "broken.wav"), tone()[:20])
		m := &memory{known: map[string]track.Loudness{"known.wav": {LUFS: 1, Known: true}}}
		busy := true
		var mu sync.Mutex
		r := start(t, library.Options{Still: true, Measure: m, Busy: func() bool {
			mu.Lock()
			defer mu.Unlock()
			return busy
		}}, nil, dir)
		r.untilDone()
		<-time.After(time.Hour)
		if len(m.known) != 1 {
			t.Errorf("%v was measured on a busy machine", m.known)
		}
		mu.Lock()
		busy = false
		mu.Unlock()
		<-time.After(time.Minute)
		r.stop()
		got := m.known["tone.wav"] // in both channels, 6.02 dB below full scale, which at 1 kHz is 0 LUFS (EBU Tech 3341)
		if !slices.Equal(slices.Sorted(maps.Keys(m.known)), []string{"known.wav", "tone.wav"}) || !got.Known ||
			math.Abs(got.LUFS+6.02) > 0.5 || math.Abs(got.Peak-0.5) > 0.02 || m.known["known.wav"].LUFS != 1 {
			t.Errorf("%+v", m.known)
		}
	})
}
