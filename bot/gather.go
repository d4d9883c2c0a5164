package bot

import (
	"context"
	"errors"
	"io"

	"busker/internal/fault"
	"busker/playlists"
	"busker/track"
)

// mayAdd returns where tracks come that are to be heard then, and why whoever pressed may
// not have that.
func (c *call) mayAdd(when string) (addition, error) {
	if err := c.check(needsJoin); err != nil {
		return addition{}, err
	}
	if err := c.allow(rightAdd, "play"); err != nil {
		return addition{}, err
	}
	return c.placing(when)
}

// named names what was found: a track, or how many of which list.
func (w tongue) named(found track.Result) string {
	n := len(found.Tracks)
	switch {
	case n == 1 && found.Playlist == "":
		return w.bold(found.Tracks[0])
	case found.Playlist != "":
		return w.Say(textOfList, w.tracks(n), "**"+escape(found.Playlist)+"**")
	}
	return w.tracks(n)
}

// gathered finds what several references stand for, as far as there is anything, in
// their order. The error is the first one, if nothing was found.
func (c *call) gathered(ctx context.Context, refs []string) (track.Result, error) {
	if len(refs) == 1 {
		return c.resolve(ctx, track.Query{Text: refs[0]})
	}
	var all track.Result
	var first error
	for _, ref := range refs {
		if len(all.Tracks) >= playlists.DefaultMaxEntries {
			break
		}
		found, err := c.resolve(ctx, track.Query{Text: ref})
		if err == nil {
			err = whole(ctx, &found)
		}
		if err != nil && first == nil {
			first = err
		}
		all.Tracks = append(all.Tracks, found.Tracks...)
	}
	switch {
	case len(all.Tracks) > 0:
		return all, nil
	case first == nil:
		first = fault.New(fault.Invalid, textNothingChosen)
	}
	return track.Result{}, first
}

// whole fetches what a long list has more of, as much as a playlist holds.
func whole(ctx context.Context, found *track.Result) error {
	for found.Rest != nil && len(found.Tracks) < playlists.DefaultMaxEntries {
		more, err := found.Rest(ctx)
		found.Tracks = append(found.Tracks, more...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	found.Rest = nil
	return nil
}
