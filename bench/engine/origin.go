package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"busker/audio"
	"busker/bench"
	"busker/opus"
	"busker/player"
	"busker/sources/decode"
	"busker/studio"
	"busker/track"
)

// origin is where the music comes from: PCM from memory, or Opus from one file on disk
// that every guild opens for itself.
type origin struct {
	kind  Kind
	sound []audio.Block
	name  string // of the file; empty without one
}

func newOrigin(o Options) (*origin, error) {
	s := &origin{kind: o.Kind, sound: o.Sound}
	if o.Kind.pcm {
		return s, nil
	}
	f, err := os.CreateTemp("", "busker-bench-*.opus")
	if err != nil {
		return nil, err
	}
	s.name = f.Name()
	if err := errors.Join(bench.WriteOpus(f, o.Sound, int(audio.Frames(length)), opus.EncoderOptions{Backend: o.Backend, Bitrate: o.Bitrate}), f.Close()); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *origin) close() error {
	if s.name == "" {
		return nil
	}
	return os.Remove(s.name)
}

// track returns what guild n plays: a track of its own, unless it is the station.
func (s *origin) track(n int) track.Track {
	if s.kind.live {
		return track.Track{Source: "bench", URI: "station", Title: "station", Live: true}
	}
	name := fmt.Sprintf("track %d", n)
	return track.Track{Source: "bench", URI: name, Title: name, Length: length, Seekable: true, Version: "1"}
}

// Open implements studio.Opener.
func (s *origin) Open(ctx context.Context, _ track.Track, at time.Duration) (audio.Reader, error) {
	switch {
	case s.kind.live:
		return &station{tape: tape{sound: s.sound, left: -1}, began: time.Now(), closed: make(chan struct{})}, nil
	case s.kind.pcm:
		return &tape{sound: s.sound, left: int(audio.Frames(length - at)), next: int(audio.Frames(at))}, nil
	}
	f, err := os.Open(s.name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return decode.Open(ctx, decode.Input{Reader: f, Size: info.Size()}, at, decode.Options{})
}

// tape is PCM from memory.
type tape struct {
	sound      []audio.Block
	next, left int // left is negative for ever
}

// ReadBlock implements audio.Reader.
func (t *tape) ReadBlock(b *audio.Block) error {
	if t.left == 0 {
		return io.EOF
	}
	*b = t.sound[t.next%len(t.sound)]
	t.next++
	t.left--
	return nil
}

// Close implements audio.Reader.
func (t *tape) Close() error { return nil }

// OnWait implements audio.Waiting: a tape never does.
func (t *tape) OnWait(_, _ func()) {}

// burst is what a station sends at once to who connects, as they do.
const burst = 2 * time.Second

// station is PCM that comes in its time.
type station struct {
	tape
	began  time.Time
	once   sync.Once
	closed chan struct{}
	wait   func() // nil: nobody asked
	resume func()
}

// OnWait implements audio.Waiting.
func (s *station) OnWait(wait, resume func()) { s.wait, s.resume = wait, resume }

// ReadBlock implements audio.Reader.
func (s *station) ReadBlock(b *audio.Block) error {
	if due := time.Until(s.began.Add(audio.Duration(int64(s.next)) - burst)); due > 0 {
		if s.wait != nil {
			s.wait()
			defer s.resume()
		}
		select {
		case <-time.After(due):
		case <-s.closed:
			return io.ErrClosedPipe
		}
	}
	return s.tape.ReadBlock(b)
}

// Close implements audio.Reader.
func (s *station) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// opener opens tracks for the players.
type opener struct{ *studio.Studio }

// Open implements player.Opener.
func (o opener) Open(ctx context.Context, t track.Track, at time.Duration, how player.How) (audio.Reader, error) {
	return o.Studio.Open(ctx, t, at, studio.How{Plain: how.Plain, Settings: how.Settings, Bitrate: how.Bitrate})
}
