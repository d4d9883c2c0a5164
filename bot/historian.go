package bot

import (
	"context"
	"time"

	"busker/internal/snowflake"
	"busker/player"
	"busker/playlists"
)

// historian writes down what was played. It belongs to one goroutine.
type historian struct {
	b       *Bot
	playing map[snowflake.ID]*sounding
}

// sounding is a track that plays in a guild.
type sounding struct {
	item  uint64
	began time.Time
	heard time.Duration // before since
	since time.Time     // zero while nothing is heard
}

func (s *sounding) stop(now time.Time) {
	if !s.since.IsZero() {
		s.heard += now.Sub(s.since)
		s.since = time.Time{}
	}
}

// recordTimeout is for writing down one play.
const recordTimeout = 10 * time.Second

// runHistory records plays until ctx ends or there are no more events.
func (b *Bot) runHistory(ctx context.Context) {
	h := historian{b: b, playing: map[snowflake.ID]*sounding{}}
	for {
		select {
		case e, ok := <-b.opts.Plays:
			if !ok {
				return
			}
			h.take(ctx, e, time.Now())
		case <-ctx.Done():
			return
		}
	}
}

func (h *historian) take(ctx context.Context, e player.Envelope, now time.Time) {
	one := h.playing[e.Guild]
	switch event := e.Event.(type) {
	case player.TrackStarted:
		h.playing[e.Guild] = &sounding{item: event.Item.ID, began: now, since: now}
	case player.TrackEnded:
		if one == nil || one.item != event.Item.ID {
			return // it began before we listened
		}
		delete(h.playing, e.Guild)
		one.stop(now)
		h.record(ctx, playlists.Play{
			Guild: e.Guild, User: snowflake.ID(event.Item.Requester), Track: event.Item.Track, At: one.began, Heard: one.heard,
		})
	case player.Left:
		delete(h.playing, e.Guild)
	case player.Paused, player.Interrupted:
		if one != nil {
			one.stop(now)
		}
	case player.Resumed, player.Reconnected, player.Moved:
		if one != nil && one.since.IsZero() && e.Status.State == player.StatePlaying {
			one.since = now
		}
	}
}

// record writes a play down, if the server and whoever asked for it want that.
func (h *historian) record(ctx context.Context, p playlists.Play) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if _, err := h.b.mayAct(ctx, p.Guild); err != nil {
		return // whoever has the guild writes it down
	}
	if !h.b.settings.Guild(ctx, p.Guild).History {
		return
	}
	if p.User != 0 && h.b.settings.User(ctx, p.User).NoHistory {
		p.User = 0
	}
	if err := h.b.opts.Playlists.Played(ctx, p); err != nil {
		h.b.log.Warn("a play could not be written down", "guild", p.Guild, "err", err)
	}
}
