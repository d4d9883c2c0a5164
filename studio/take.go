package studio

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"busker/audio"
	"busker/track"
)

// takeKey is what takes have in common that differ in nothing but their time.
type takeKey struct {
	source, uri, version string
	bitrate              int
}

// take is one track read and encoded once, from one time on, for any number of
// listeners.
type take struct {
	share
	studio *Studio
	key    takeKey
	track  track.Track
	at     time.Duration // of packet 0
	reel   *reel

	// Of an origin that has packets of its own there is nothing to share: one of those who
	// asked gets it here, the others find this closed. Nil where there is something to
	// share; set before opened is closed.
	origins chan audio.PacketReader

	claimed atomic.Bool // by the listener it was begun for

	skip int // set before opened is closed
	tail int // set before the reel says io.EOF
}

// errTaken says that a track cannot be shared and that its origin was given to somebody.
var errTaken = errors.New("the origin is somebody else's")

// enter returns a take, held once more, and the number of its packet at the given time.
// Where the origin has packets of its own it returns that instead, or errTaken. It
// waits for the origin to open until gone is closed.
func (s *Studio) enter(ctx context.Context, gone <-chan struct{}, t track.Track, at time.Duration, bitrate int) (*take, int64, audio.PacketReader, error) {
	k, seq := s.find(ctx, t, at, bitrate)
	err := k.await(gone)
	switch {
	case err != nil:
	case k.origins == nil:
		return k, seq, nil, nil
	default:
		var origin audio.PacketReader
		if origin, err = k.claim(gone); err == nil {
			return k, 0, origin, nil
		}
	}
	s.leave(&k.share)
	return nil, 0, nil, err
}

// find holds a take that has what is asked for, or begins one.
func (s *Studio) find(ctx context.Context, t track.Track, at time.Duration, bitrate int) (*take, int64) {
	key := takeKey{t.Source, t.URI, t.Version, bitrate}
	s.mu.Lock()
	for _, k := range s.takes[key] {
		if seq, ok := k.number(at); ok {
			k.hold()
			s.mu.Unlock()
			return k, seq
		}
	}
	k, life := s.newTake(ctx, key, t, at)
	s.takes[key] = append(s.takes[key], k)
	s.mu.Unlock()
	s.launch(ctx, func(ctx context.Context) { k.run(ctx, life) })
	return k, 0
}

// newTake returns a take with one holder; with the lock.
func (s *Studio) newTake(ctx context.Context, key takeKey, t track.Track, at time.Duration) (*take, context.Context) {
	k := &take{studio: s, key: key, track: t, at: at, reel: newReel(key.bitrate)}
	var life context.Context
	k.share, life = newShare(ctx)
	k.forget = func() {
		others := slices.DeleteFunc(s.takes[key], func(o *take) bool { return o == k })
		if s.takes[key] = others; len(others) == 0 {
			delete(s.takes, key)
		}
	}
	return k, life
}

// number returns which packet begins at the given time, if the take has it and it
// begins there to the sample: who joins may be splicing.
func (k *take) number(at time.Duration) (seq int64, ok bool) {
	const half = time.Second / audio.SampleRate / 2 // of a sample
	off := at - k.at + half
	if off < 0 || off%audio.FrameTime > 2*half {
		return 0, false
	}
	seq = int64(off / audio.FrameTime)
	return seq, k.reel.joinable(seq)
}

// claim returns the origin to the first who asks.
func (k *take) claim(gone <-chan struct{}) (audio.PacketReader, error) {
	select {
	case r, ok := <-k.origins:
		if !ok {
			return nil, errTaken
		}
		return r, nil
	case <-gone:
		return nil, errGone
	}
}

// run makes the take until it ends, or life or ctx does.
func (k *take) run(ctx, life context.Context) {
	defer context.AfterFunc(ctx, k.end)()
	p := production{take: k}
	err := k.studio.guard(ctx, "take", func() error { return p.run(life) })
	if k.origins != nil && err == nil { // its new owner says when it ends
		p.close()
		return
	}
	k.end()
	k.studio.finish(&k.share, errors.Is(err, io.EOF)) // before what may take long: nobody joins it any more
	p.close()
	k.studio.failed(err)
	if !p.opened {
		k.failure = err
		close(k.opened)
	}
	k.reel.finish(err)
}
