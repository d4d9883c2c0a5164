package studio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"busker/audio"
	"busker/cache"
	"busker/opus"
)

const (
	// warmUp is how many frames before its first packet a take encodes and drops, so
	// that a decoder that comes from another encoding of the same sound hears no seam.
	warmUp = 4
	// leastKept is the complexity below which what the encoder had to leave out may be
	// heard: that is not kept for later.
	leastKept = 4
)

// production is what the goroutine of a take works with.
type production struct {
	take     *take
	opened   bool // take.opened is closed
	origin   audio.Reader
	desk     desk
	encoder  encoder
	block    audio.Block
	early    int64 // frames to come before packet 0
	keeping  *cache.Recording
	recorded int64 // packets in it
}

// run returns io.EOF after the last packet, and nil when the origin was given away.
func (p *production) run(ctx context.Context) error {
	if err := p.open(ctx); err != nil {
		return fmt.Errorf("open %s: %w", p.take.track.Address(), err)
	}
	if packets, ok := p.origin.(audio.PacketReader); ok {
		return p.give(ctx, packets)
	}
	if err := p.begin(); err != nil {
		return err
	}
	for {
		left, err := p.take.reel.await(ctx)
		if err != nil {
			return err
		}
		if err := p.encoder.tune(p.take.studio.opts.Pool.Complexity()); err != nil {
			return err
		}
		err = p.desk.job(ctx, jobFrames, left)
		p.record()
		switch {
		case errors.Is(err, io.EOF):
			return p.flush(ctx)
		case err != nil:
			return fmt.Errorf("read %s: %w", p.take.track.Address(), err)
		}
	}
}

// open opens the origin, early by the frames to warm up with: not where packets are
// expected, which need none, and from the beginning where it cannot seek.
func (p *production) open(ctx context.Context) (err error) {
	k := p.take
	frames := audio.Frames(k.at)
	switch {
	case strings.Contains(k.track.Format, "Opus"):
	case k.track.Seekable:
		p.early = min(warmUp, frames)
	default:
		p.early = frames
	}
	opener := k.studio.opts.Opener
	if p.origin, err = opener.Open(ctx, k.track, p.start()); err != nil {
		return err
	}
	if _, ok := p.origin.(audio.PacketReader); ok && p.early > 0 {
		p.early = 0
		_ = p.origin.Close()
		p.origin, err = opener.Open(ctx, k.track, k.at)
	}
	return err
}

// start is the time of the origin's first frame.
func (p *production) start() time.Duration {
	if p.early > warmUp {
		return 0
	}
	return p.take.at - audio.Duration(p.early)
}

// give lets one of those who asked for the track have the origin.
func (p *production) give(ctx context.Context, origin audio.PacketReader) error {
	k := p.take
	k.origins = make(chan audio.PacketReader)
	defer close(k.origins)
	k.studio.mu.Lock()
	k.forget()
	k.studio.mu.Unlock()
	p.opened = true
	close(k.opened)
	select {
	case k.origins <- origin:
		p.origin = nil
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *production) begin() (err error) {
	k := p.take
	if p.encoder, err = k.studio.newEncoder(k.key.bitrate); err != nil {
		return err
	}
	p.desk.turn = k.studio.opts.Pool.Turn()
	p.desk.from(p.origin, p.read)
	p.desk.use = p.encode
	if k.at == 0 && k.track.Cacheable && k.studio.opts.Cache != nil && p.asDescribed() {
		p.keeping = k.studio.opts.Cache.Record(k.studio.cacheKey(k.track, k.key.bitrate), k.track)
	}
	k.skip = p.encoder.Lookahead()
	p.opened = true
	close(k.opened)
	return nil
}

// asDescribed reports that the origin is the version of the track that was asked for, as
// far as it tells. The track may have been described long ago, and a file may change while
// it is read.
func (p *production) asDescribed() bool {
	o, ok := p.origin.(interface{ Version() string })
	return !ok || o.Version() == p.take.track.Version
}

func (p *production) read() error { return p.origin.ReadBlock(&p.block) }

func (p *production) encode() error {
	if p.early > warmUp {
		p.early--
		return nil
	}
	packet, err := p.encoder.encode(&p.block)
	if err != nil {
		return err
	}
	if p.early > 0 {
		p.early--
		return nil
	}
	p.take.reel.append(packet)
	p.take.studio.opts.Metrics.encoded.Inc()
	return nil
}

// record keeps what was made since. It may write to a disk, which no turn waits for.
func (p *production) record() {
	for ; p.recorded < p.take.reel.end; p.recorded++ {
		p.keeping.Write(p.take.reel.packet(p.recorded))
	}
}

// flush gets the end of the sound out of the encoder, where it is by its lookahead
// later than in the origin, and returns io.EOF.
func (p *production) flush(ctx context.Context) error {
	k := p.take
	if e, ok := p.origin.(audio.Ending); ok {
		k.tail = min(max(e.Tail(), 0), audio.FrameSamples-1)
	}
	if k.tail -= p.encoder.Lookahead(); k.tail < 0 && k.reel.end > 0 {
		k.tail += audio.FrameSamples
		p.block = audio.Block{}
		p.desk.read, p.desk.waits = func() error { return nil }, true
		if err := p.desk.job(ctx, 1, 0); err != nil {
			return err
		}
	}
	k.tail = max(k.tail, 0)
	p.record()
	if p.encoder.least >= leastKept && p.asDescribed() {
		p.keeping.Commit(k.skip, k.tail)
	}
	return io.EOF
}

// close may be called after any trouble.
func (p *production) close() {
	p.keeping.Discard()
	p.encoder.close()
	if p.origin != nil {
		_ = p.take.studio.catch("take", p.origin.Close)
	}
}

// encoder is an opus.Encoder that remembers how hard it tried.
type encoder struct {
	opus.Encoder
	complexity, least int
	packet            [audio.MaxPacketBytes]byte
}

func (s *Studio) newEncoder(bitrate int) (encoder, error) {
	e, err := s.opts.Encoder(bitrate)
	if err != nil {
		return encoder{}, fmt.Errorf("make an encoder: %w", err)
	}
	return encoder{Encoder: e, complexity: -1, least: opus.MaxComplexity}, nil
}

// tune sets the complexity.
func (e *encoder) tune(c int) error {
	if c == e.complexity {
		return nil
	}
	if err := e.SetComplexity(c); err != nil {
		return err
	}
	e.complexity, e.least = c, min(e.least, c)
	return nil
}

// encode returns the packet of b, which holds until the next.
func (e *encoder) encode(b *audio.Block) ([]byte, error) {
	n, err := e.Encode(e.packet[:], b)
	if err != nil {
		return nil, err
	}
	return e.packet[:n], nil
}

func (e *encoder) close() {
	if e.Encoder != nil {
		_ = e.Close()
	}
}
