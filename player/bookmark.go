package player

import (
	"context"
	"time"

	"busker/internal/snowflake"
)

// bookmark is where a silent player goes on: people did not stop it, it was put out of
// its channel, went to sleep, or its process ended.
type bookmark struct {
	item    uint64        // the queue's current item when it was put there; 0 = none
	at      time.Duration // in item
	channel snowflake.ID  // where Return goes; 0 = nowhere

	playing, paused, held bool // as the item was, for Return

	// course is where the item is if another process still plays it; zero = it stood still.
	course course
	over   bool // all was played there meanwhile
}

// marked reports whether the bookmark lies in the queue's current item.
func (p *player) marked() bool {
	item, ok := p.queue.Current()
	return ok && p.current == nil && item.ID == p.bookmark.item
}

// waits reports whether there is something to go on with.
func (p *player) waits() bool { return p.current == nil && (p.marked() || p.queue.Len() > 0) }

// start goes on at the bookmark, or else with the first of the upcoming tracks.
func (p *player) start(ctx context.Context) {
	item, ok := p.queue.Current()
	marked, at := p.marked(), p.bookmark.at
	p.bookmark = bookmark{}
	switch length := item.Track.Length; {
	case !marked || length > 0 && at >= length:
		item, ok = p.queue.Next()
		at = 0
	case item.Track.Live || !item.Track.Seekable:
		at = 0
	}
	if at == 0 {
		p.beginTrack(ctx, item, ok)
		return
	}
	p.started = false
	p.beginAt(ctx, item, at)
}

// breakOff stops and leaves a bookmark. The queue stays.
func (p *player) breakOff(ctx context.Context, reason EndReason) {
	if c := p.current; c != nil {
		p.bookmark = bookmark{item: c.item.ID, at: p.pump.position(c)}
	}
	p.end(reason)
	p.silence(ctx)
}

// forget stops, and empties the queue, the bookmark included.
func (p *player) forget(ctx context.Context) {
	p.bookmark = bookmark{}
	p.stop(ctx, EndLeft)
}
