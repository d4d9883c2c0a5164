package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"busker/internal/fault"
	"busker/playlists"
	"busker/track"
)

// A reference stands for tracks that people keep, where a choice or a menu has room for
// a hundred characters. People may type one, too: it leads only to what they may see.
const (
	refList  = "list:"  // a playlist, by its id
	refLiked = "liked:" // all favourites, or the one of a mark
	refPlay  = "play:"  // a play of the history, by its id
	refDraft = "draft:" // what was found for a message a moment ago, by its token
)

// kept finds what a reference stands for; known is false for what is none.
func (c *call) kept(ctx context.Context, text string) (found track.Result, known bool, err error) {
	kind, name, ok := strings.Cut(strings.TrimSpace(text), ":")
	if !ok {
		return track.Result{}, false, nil
	}
	switch kind + ":" {
	case refList:
		found, err = c.keptList(ctx, name)
	case refLiked:
		found, err = c.keptLiked(ctx, name)
	case refPlay:
		found, err = c.keptPlay(ctx, name)
	case refDraft:
		found, err = c.draft(ctx, name)
	default:
		return track.Result{}, false, nil
	}
	if err == nil && len(found.Tracks) == 0 {
		err = fault.New(fault.Invalid, textListEmpty)
	}
	return found, true, err
}

func (c *call) draft(ctx context.Context, token string) (track.Result, error) {
	found, again, err := c.b.drafts.find(c.user, token)
	if err != nil || again.Text == "" {
		return found, err
	}
	return c.resolve(ctx, again)
}

func (c *call) keptList(ctx context.Context, id string) (track.Result, error) {
	list, err := c.listOf(ctx, refList+id)
	if err != nil {
		return track.Result{}, err
	}
	entries, err := c.b.opts.Playlists.Entries(ctx, list.ID, 0, 0)
	return track.Result{Playlist: list.Name, Tracks: tracksOf(entries)}, err
}

func (c *call) keptLiked(ctx context.Context, mark string) (track.Result, error) {
	entries, _, err := c.b.opts.Playlists.Liked(ctx, c.user, 0, playlists.DefaultMaxFavourites)
	if err != nil || mark == "" {
		return track.Result{Playlist: c.w.Say(textFavourites), Tracks: tracksOf(entries)}, err
	}
	for _, e := range entries {
		if markOf(e.Track) == mark {
			return c.fresh(ctx, e.Track), nil
		}
	}
	return track.Result{}, fault.New(fault.NotFound, textNotLiked)
}

func (c *call) keptPlay(ctx context.Context, id string) (track.Result, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return track.Result{}, fault.New(fault.NotFound, textNoPlay)
	}
	for _, part := range []playlists.Plays{{User: c.user}, {Guild: c.guild}} {
		part.Before, part.Limit = n+1, 1
		plays, err := c.b.opts.Playlists.Recent(ctx, part)
		switch {
		case err != nil:
			return track.Result{}, err
		case len(plays) == 1 && plays[0].ID == n:
			return c.fresh(ctx, plays[0].Track), nil
		}
	}
	return track.Result{}, fault.New(fault.NotFound, textNoPlay)
}

// fresh is a track as its source describes it now, or as it was kept when the source
// does not know it any more: playing it will tell why.
func (c *call) fresh(ctx context.Context, t track.Track) track.Result {
	found, err := c.b.opts.Resolver.Resolve(ctx, track.Query{Text: t.URI, Name: t.Title})
	if err != nil || len(found.Tracks) != 1 {
		return track.Result{Tracks: []track.Track{stale(t)}}
	}
	return found
}

func tracksOf(entries []playlists.Entry) []track.Track {
	tracks := make([]track.Track, len(entries))
	for i, e := range entries {
		tracks[i] = stale(e.Track)
	}
	return tracks
}

// stale is a track that was kept: what it holds may have changed since.
func stale(t track.Track) track.Track {
	t.Version = ""
	return t
}

// markOf is a short name of a track among the favourites of a person.
func markOf(t track.Track) string {
	k := playlists.KeyOf(t)
	sum := sha256.Sum256([]byte(k.Source + "\x00" + k.URI))
	const bytes = 9 // among 10,000 favourites no two are alike
	return hex.EncodeToString(sum[:bytes])
}

// listOf finds a playlist of whoever asked or of the server, by its reference or name.
func (c *call) listOf(ctx context.Context, text string) (playlists.Playlist, error) {
	text = strings.TrimSpace(text)
	if id, ok := strings.CutPrefix(text, refList); ok {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			return c.listByID(ctx, n)
		}
	}
	for _, owner := range c.owners() {
		lists, err := c.b.opts.Playlists.Lists(ctx, owner)
		if err != nil {
			return playlists.Playlist{}, err
		}
		for _, l := range lists {
			if playlists.NameKey(l.Name) == playlists.NameKey(text) {
				return l, nil
			}
		}
	}
	return playlists.Playlist{}, playlists.ErrNotFound
}

// listByID finds a playlist that whoever asked may see. Others do not exist for them.
func (c *call) listByID(ctx context.Context, id int64) (playlists.Playlist, error) {
	l, err := c.b.opts.Playlists.List(ctx, id)
	if err == nil && l.Owner != playlists.User(c.user) && l.Owner != playlists.Guild(c.guild) {
		err = playlists.ErrNotFound
	}
	if err != nil {
		return playlists.Playlist{}, err
	}
	return l, nil
}

// owners are whose playlists whoever asked may see, their own first.
func (c *call) owners() []playlists.Owner {
	return []playlists.Owner{playlists.User(c.user), playlists.Guild(c.guild)}
}

// myList is listOf for changing it: a server's playlists are the DJs'.
func (c *call) myList(ctx context.Context, text string) (playlists.Playlist, error) {
	l, err := c.listOf(ctx, text)
	if err == nil {
		err = c.mayChange(l.Owner)
	}
	if err != nil {
		return playlists.Playlist{}, err
	}
	return l, nil
}

func (c *call) mayChange(o playlists.Owner) error {
	if o.Guild && !c.isDJ() {
		return fault.Newf(fault.Denied, textListDJ, mentions(c.chosen.DJRoles))
	}
	return nil
}
