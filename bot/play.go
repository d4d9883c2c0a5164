package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busker/internal/fault"
	"busker/player"
	"busker/queue"
	"busker/track"
)

// play finds what was asked for and hands it to the player, which joins the
// user's channel if it is in none.
func play(ctx context.Context, c *call) (reply, error) {
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	found, err := c.resolve(ctx, q)
	if err != nil {
		return reply{}, err
	}
	c.b.places.set(c.guild, c.channel)
	if c.status.Channel != 0 && c.status.Channel != c.voice { // nobody listens there: come here first
		if _, err := c.do(ctx, player.Join{Channel: c.voice}); err != nil {
			return reply{}, err
		}
	}
	s, err := c.do(ctx, player.Play{Tracks: found.Tracks, Requester: queue.UserID(c.user), Channel: c.voice})
	if err != nil {
		return reply{}, err
	}
	return reply{text: c.w.added(found, s)}, nil
}

// query is what was asked for: a text, or an uploaded file.
func (c *call) query() (track.Query, error) {
	if text := c.text("query"); text != "" {
		return track.Query{Text: text}, nil
	}
	id := c.text("file")
	if id == "" {
		return track.Query{}, fault.New(fault.Invalid, textNoQuery)
	}
	file := c.attachments[id]
	if file == nil || file.URL == "" {
		return track.Query{}, fault.New(fault.Invalid, textNoFile)
	}
	return track.Query{Text: file.URL, Name: file.Filename}, nil
}

func (c *call) resolve(ctx context.Context, q track.Query) (track.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, c.b.opts.ResolveTimeout)
	defer cancel()
	turn := time.NewTimer(c.b.opts.ResolveTimeout / 2) // the other half is for the search
	defer turn.Stop()
	select {
	case c.b.lookups <- struct{}{}:
		defer func() { <-c.b.lookups }()
	case <-turn.C:
		return track.Result{}, fault.New(fault.Busy, textManyLookups)
	case <-ctx.Done():
		return track.Result{}, ctx.Err()
	}
	found, err := c.b.opts.Resolver.Resolve(ctx, q)
	if err != nil {
		if _, explained := fault.Message(err); !explained && errors.Is(err, context.DeadlineExceeded) {
			err = fault.Wrap(fault.Timeout, textSlowLookup, err)
		}
		return track.Result{}, fmt.Errorf("resolve: %w", err)
	}
	if len(found.Tracks) == 0 {
		return track.Result{}, fmt.Errorf("resolve: no tracks and no error")
	}
	return found, nil
}

// added tells what became of the tracks.
func (w tongue) added(found track.Result, s player.Status) string {
	n := len(found.Tracks)
	switch {
	case found.Playlist != "":
		return w.Say(textQueuedList, w.tracks(n), "**"+escape(found.Playlist)+"**")
	case n > 1:
		return w.Say(textQueuedMany, w.tracks(n))
	case len(s.Queue) > 0 && s.Queue[len(s.Queue)-1].Track.URI == found.Tracks[0].URI:
		return w.Say(textQueued, w.bold(found.Tracks[0]), len(s.Queue))
	}
	return w.Say(textPlaying, w.bold(found.Tracks[0]))
}

// bold names a track: its title in bold, and who made it.
func (w tongue) bold(t track.Track) string {
	name := "**" + title(t) + "**"
	if t.Artist != "" {
		return w.Say(textBy, name, escape(t.Artist))
	}
	return name
}
