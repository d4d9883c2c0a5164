package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"busker/internal/fault"
	"busker/track"
)

// play finds what was asked for and adds it.
func play(ctx context.Context, c *call) (reply, error) {
	a, err := c.addition()
	if err != nil {
		return reply{}, err
	}
	q, err := c.query()
	if err != nil {
		return reply{}, err
	}
	found, err := c.resolve(ctx, q)
	if err != nil {
		return reply{}, err
	}
	return c.add(ctx, found, a)
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
	if found, known, err := c.kept(ctx, q.Text); known {
		return found, err
	}
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

// bold names a track: its title in bold, and who made it.
func (w tongue) bold(t track.Track) string {
	name := "**" + title(t) + "**"
	if t.Artist != "" {
		return w.Say(textBy, name, escape(t.Artist))
	}
	return name
}
