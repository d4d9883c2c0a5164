// Package studio opens tracks once for all guilds that play them alike.
//
// It knows origins, filters, encoders and kept encodings; it knows neither guilds nor
// how packets reach anybody: whoever plays opens a track here and reads packets. What
// is shared of a track is a take: read and encoded once, with the newest seconds of
// packets kept for whoever joins. Of a live stream one stream is read and decoded, and
// one press per kind of settings filters and encodes it. All goroutines are children
// of Run. Times are media times; one frame is 20 ms.
package studio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"busker/audio"
	"busker/cache"
	"busker/dsp"
	"busker/internal/fault"
	"busker/opus"
	"busker/opus/pool"
	"busker/track"
)

// Opener opens the origins of tracks, for everybody anew.
type Opener interface {
	// Open returns a Reader whose first block is at the given time of t. The end of ctx
	// ends Open and every wait of the Reader.
	Open(ctx context.Context, t track.Track, at time.Duration) (audio.Reader, error)
}

// How says what a guild wants of a track.
type How struct {
	Plain    bool         // as recorded: nothing done to it; Settings is zero then
	Settings dsp.Settings // what the guild's chain does
	Bitrate  int          // bit/s of the guild's channel; 0 = opus.DefaultBitrate
}

// Options describe a Studio. Opener and Pool are required.
type Options struct {
	Opener Opener
	Pool   *pool.Pool   // lends cores; it runs as long as the Studio does
	Cache  *cache.Cache // keeps what was encoded; nil = nothing is kept
	// Encoder makes the encoder of one take or press; nil = opus.NewEncoder of Backend.
	Encoder func(bitrate int) (opus.Encoder, error)
	Backend string // name of what Encoder makes, under which it is kept; "" = opus.DefaultBackend

	Logger  *slog.Logger // nil = none
	Metrics *Metrics     // nil = counted nowhere
}

// Studio shares what is played. It is safe for concurrent use.
type Studio struct {
	opts    Options
	ready   chan struct{}              // closed when Run has begun
	work    chan func(context.Context) // to Run: run this
	stopped chan struct{}              // closed when Run takes no more work

	mu      sync.Mutex // guards the two below, and what share says it guards
	takes   map[takeKey][]*take
	streams map[streamKey]*stream
}

var errStopped = errors.New("the studio has stopped")

// New returns a Studio that works once Run runs.
func New(o Options) (*Studio, error) {
	if o.Opener == nil || o.Pool == nil {
		return nil, errors.New("studio options: Opener and Pool are required")
	}
	o.Backend = cmp.Or(o.Backend, opus.DefaultBackend())
	if o.Encoder == nil {
		o.Encoder = func(bitrate int) (opus.Encoder, error) {
			return opus.NewEncoder(opus.EncoderOptions{Backend: o.Backend, Bitrate: bitrate})
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	return &Studio{
		opts: o, ready: make(chan struct{}), work: make(chan func(context.Context)), stopped: make(chan struct{}),
		takes: map[takeKey][]*take{}, streams: map[streamKey]*stream{},
	}, nil
}

// Run makes what is shared, until ctx ends and all of it has ended. It may be called
// once.
func (s *Studio) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	defer close(s.stopped)
	close(s.ready)
	for {
		select {
		case work := <-s.work:
			running.Go(func() { work(ctx) })
		case <-ctx.Done():
			return nil
		}
	}
}

// Open returns the track from the given time on. Before Run it waits for Run.
//
// The Reader is an audio.PacketReader where the studio encodes, where a kept encoding
// exists and where the origin itself is one. A live track arrives with how.Settings
// applied and at its newest, whatever the time asked for; its Reader's Prepared method
// returns those settings. A track that is not live and not wanted plain is the origin's own Reader,
// to which nothing was done. The end of ctx ends every wait of the Reader.
func (s *Studio) Open(ctx context.Context, t track.Track, at time.Duration, how How) (audio.Reader, error) {
	select {
	case <-s.ready:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	at = max(at, 0)
	how.Bitrate = cmp.Or(how.Bitrate, opus.DefaultBitrate)
	switch {
	case t.Live:
		return s.tune(ctx, t, how)
	case !how.Plain:
		return s.opts.Opener.Open(ctx, t, at)
	}
	return s.play(ctx, t, at, how.Bitrate)
}

// play opens a plain play: what is kept, a place in a take, or an origin that has
// packets of its own.
func (s *Studio) play(ctx context.Context, t track.Track, at time.Duration, bitrate int) (audio.Reader, error) {
	if kept := s.kept(t, at, bitrate); kept != nil {
		l := s.newListener(t, at, bitrate)
		l.kept, l.leave = kept, func() { _ = kept.Close() }
		l.follow(ctx)
		return l, nil
	}
	k, seq, origin, err := s.enter(ctx, ctx.Done(), t, at, bitrate)
	switch {
	case errors.Is(err, errTaken):
		return s.opts.Opener.Open(ctx, t, at)
	case errors.Is(err, errGone):
		return nil, ctx.Err()
	case err != nil:
		return nil, err
	case origin != nil:
		context.AfterFunc(ctx, k.end) // it was opened for everybody, and is the caller's now
		return origin, nil
	}
	l := s.newListener(t, at, bitrate)
	l.made, l.first = true, k.claimed.CompareAndSwap(false, true)
	l.sitIn(k, seq)
	l.follow(ctx)
	return l, nil
}

// kept returns the packets the cache has of a track, or nil.
func (s *Studio) kept(t track.Track, at time.Duration, bitrate int) audio.PacketReader {
	if s.opts.Cache == nil || t.Version == "" || !t.Cacheable { // a permission may be withdrawn
		return nil
	}
	r, err := s.opts.Cache.Open(s.cacheKey(t, bitrate), at)
	switch {
	case err != nil:
		s.opts.Logger.Warn("a kept encoding does not open", "track", t.Address(), "err", err)
	case r != nil:
		s.opts.Metrics.hits.Inc()
		return r
	}
	s.opts.Metrics.misses.Inc()
	return nil
}

func (s *Studio) cacheKey(t track.Track, bitrate int) cache.Key {
	return cache.Key{Source: t.Source, URI: t.URI, Version: t.Version, Recipe: s.opts.Backend + " " + strconv.Itoa(bitrate)}
}

// launch has Run run the work. Where Run is over, the work runs at once, with a
// context that has ended.
func (s *Studio) launch(ctx context.Context, work func(context.Context)) {
	select {
	case s.work <- work:
	case <-s.stopped:
		ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
		cancel(errStopped)
		work(ctx)
	}
}

// guard runs f, unless ctx has ended, and makes an error of its panic.
func (s *Studio) guard(ctx context.Context, what string, f func() error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.catch(what, f)
}

// catch runs f and makes an error of its panic.
func (s *Studio) catch(what string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			s.opts.Metrics.panics.Inc()
			s.opts.Logger.Error("panic", "in", what, "panic", r, "stack", string(debug.Stack()))
			err = fault.Wrap(fault.Internal, "Something went wrong with this track.", fmt.Errorf("panic in %s: %v", what, r))
		}
	}()
	return f()
}
