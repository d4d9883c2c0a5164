package player

import (
	"context"
	"time"

	"busker/audio"
)

// shadowPatience is how long a track may take to be opened before the channel is joined
// nevertheless: the other process will not play for ever.
const shadowPatience = 5 * time.Second

// runs reports that another process plays the bookmark's item, so far as is known.
func (p *player) runs() bool {
	b := &p.bookmark
	return p.marked() && b.playing && !b.paused && !b.held && b.course.speed > 0
}

// chase moves the bookmark to where the other process's sound will be at a time: as far
// behind the end of its track as that goes on into those that follow. It reports whether
// there is sound then.
func (p *player) chase(t time.Time) bool {
	for {
		item, _ := p.queue.Current()
		b := &p.bookmark
		at, length := b.course.position(t), item.Track.Length
		if length > 0 {
			if next, more := p.queue.Peek(); more && !p.sleep.afterTrack {
				length -= fadeBetween(item.Track, next.Track, p.crossfade)
			}
		}
		if length <= 0 || at < length {
			b.at = at
			return true
		}
		next, ok := p.queue.Next()
		if !ok || p.sleep.afterTrack {
			*b = bookmark{item: next.ID, channel: b.channel, over: true}
			return false
		}
		b.item, b.course.at = next.ID, b.course.at-length
		if next.Track.Live || !next.Track.Seekable {
			b.at, b.course = 0, course{}
			return true
		}
	}
}

// startShadow opens the track that another process plays before c, a Return, goes to its
// channel, for that ends the other's sound. nil = there is nothing to open.
func (p *player) startShadow(ctx context.Context, c Command) *segment {
	p.dropShadow()
	if r, is := c.(Return); !is || !r.Running || !p.runs() || !p.chase(time.Now()) {
		return nil
	}
	item, _ := p.queue.Current()
	if p.bookmark.course.speed == 0 || !item.Track.Seekable {
		return nil
	}
	p.retune()
	p.shadow = p.openSegment(ctx, item, p.bookmark.at, func(s *segment) { s.along = newAlong(p.bookmark.course, s.at) })
	return p.shadow
}

// await waits until a segment that runs along has caught up, but not for long. A nil
// segment is not waited for.
func (s *segment) await(ctx context.Context) {
	if s == nil {
		return
	}
	late := time.NewTimer(shadowPatience)
	defer late.Stop()
	select {
	case <-s.along.ready:
	case <-late.C:
	case <-ctx.Done():
	}
}

// dropShadow ends the reader that runs along, if there is one.
func (p *player) dropShadow() {
	if p.shadow != nil {
		p.shadow.cancel()
		p.shadow = nil
	}
}

// joinIn plays where the other process is when our first packet is heard, which is with the
// next frame.
func (p *player) joinIn(ctx context.Context) {
	if !p.chase(time.Now().Add(audio.FrameTime)) {
		p.over(ctx)
		return
	}
	b, s := p.bookmark, p.shadow
	if s == nil || s.item.ID != b.item || b.course.speed == 0 || b.at < s.along.from {
		p.start(ctx)
		return
	}
	p.bookmark, p.shadow = bookmark{}, nil
	at := s.along.begin(b.at)
	s.at = at
	s.reached.Store(int64(at))
	s.held = p.still() || !p.cut.IsZero()
	p.started = false
	p.begin(ctx, s)
}

// over is joinIn when all was played meanwhile.
func (p *player) over(ctx context.Context) {
	p.bookmark.over = false
	if p.sleep.afterTrack {
		p.fallAsleep(ctx)
		return
	}
	p.emit(QueueEnded{})
}
