package player_test

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/player"
	"busker/track"
)

// tape is a reader of numbered frames.
type tape struct {
	track  float32
	next   int
	frames int   // -1 = endless
	fails  error // instead of io.EOF
	stalls bool  // blocks at the end until closed
	panics bool  // at the end
	late   int   // number of a frame that comes late
	by     time.Duration
	dead   *atomic.Bool // when set nothing more comes; nil = it lives
	hangs  bool         // dead, it says nothing
	closed chan struct{}
}

func (r *tape) ReadBlock(b *audio.Block) error {
	if r.dead != nil && r.dead.Load() {
		if r.hangs {
			<-r.closed
		}
		return errors.New("connection reset by peer")
	}
	if r.late > 0 && r.next+1 == r.late {
		select {
		case <-time.After(r.by):
		case <-r.closed:
		}
	}
	if r.frames >= 0 && r.next >= r.frames {
		switch {
		case r.panics:
			panic("reader on fire")
		case r.stalls:
			<-r.closed
			return errors.New("closed")
		case r.fails != nil:
			return r.fails
		}
		return io.EOF
	}
	r.next++
	for i := 0; i < len(b); i += 2 {
		b[i], b[i+1] = r.track, float32(r.next)
	}
	return nil
}

func (r *tape) Close() error {
	select {
	case <-r.closed:
	default:
		close(r.closed)
	}
	return nil
}

// shelf opens tapes by the URI of a track.
type shelf struct {
	mu    sync.Mutex
	tapes map[string]func(ctx context.Context, at time.Duration) (audio.Reader, error)
	opens atomic.Int64
	live  atomic.Int64               // readers open
	how   atomic.Pointer[player.How] // of the newest
}

func (s *shelf) Open(ctx context.Context, t track.Track, at time.Duration, how player.How) (audio.Reader, error) {
	s.opens.Add(1)
	s.how.Store(&how)
	s.mu.Lock()
	open := s.tapes[t.URI]
	s.mu.Unlock()
	if open == nil {
		return nil, fault.New(fault.NotFound, "There is no such tape.")
	}
	r, err := open(ctx, at)
	if err != nil {
		return nil, err
	}
	s.live.Add(1)
	return &counted{r, sync.OnceFunc(func() { s.live.Add(-1) })}, nil
}

// counted tells when a reader is closed.
type counted struct {
	audio.Reader
	gone func()
}

func (c *counted) Close() error { c.gone(); return c.Reader.Close() }

// replace has another open the tape of a track.
func (s *shelf) replace(uri string, open func(ctx context.Context, at time.Duration) (audio.Reader, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tapes[uri] = open
}

// put puts a tape on the shelf and returns its track.
func (s *shelf) put(id, frames int, change ...func(*tape)) track.Track {
	uri := string(rune('a' + id))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tapes[uri] = func(_ context.Context, at time.Duration) (audio.Reader, error) {
		r := &tape{track: float32(id), next: int(audio.Frames(at)), frames: frames, closed: make(chan struct{})}
		for _, c := range change {
			c(r)
		}
		return r, nil
	}
	t := track.Track{Source: "shelf", URI: uri, Title: uri, Seekable: true}
	if frames > 0 {
		t.Length = audio.Duration(int64(frames))
	}
	return t
}
