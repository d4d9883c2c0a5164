package bot

import (
	"bytes"
	"context"
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/player"
	"busker/playlists/exchange"
	"busker/track"
)

func addToList(ctx context.Context, c *call) (reply, error) {
	l, err := c.myList(ctx, c.text("list"))
	if err != nil {
		return reply{}, err
	}
	found, err := c.toAdd(ctx)
	if err != nil {
		return reply{}, err
	}
	l, err = c.b.opts.Playlists.Append(ctx, l.ID, c.entries(found.Tracks)...)
	return reply{text: c.w.Say(textSaved, c.w.named(found), "**"+escape(l.Name)+"**")}, err
}

// toAdd is what is to be added to a playlist: what was asked for, the whole queue, or
// the current track.
func (c *call) toAdd(ctx context.Context) (track.Result, error) {
	var found track.Result
	switch query := c.text("query"); {
	case query != "":
		found, err := c.resolve(ctx, track.Query{Text: query})
		if err == nil {
			err = whole(ctx, &found)
		}
		return found, err
	case c.text("from") == addQueue:
		found.Tracks = append(found.Tracks, current(c.status)...)
		for _, item := range c.status.Queue {
			found.Tracks = append(found.Tracks, item.Track)
		}
	default:
		found.Tracks = current(c.status)
	}
	if len(found.Tracks) == 0 {
		return found, fault.New(fault.Invalid, textNothing)
	}
	return found, nil
}

// current is the track that plays, if one does.
func current(s player.Status) []track.Track {
	if s.ItemID == 0 {
		return nil
	}
	return []track.Track{s.Track}
}

func removeFromList(ctx context.Context, c *call) (reply, error) {
	l, err := c.myList(ctx, c.text("list"))
	if err != nil {
		return reply{}, err
	}
	first, _ := c.number("track")
	last, given := c.number("last")
	if !given {
		last = first
	}
	if first < 1 || last < first || first > l.Tracks {
		return reply{}, fault.Newf(fault.Invalid, textListNumbers, l.Tracks)
	}
	last = min(last, l.Tracks)
	gone, err := c.b.opts.Playlists.Entries(ctx, l.ID, first-1, last-first+1)
	if err != nil {
		return reply{}, err
	}
	var at []int
	for i := first - 1; i < last; i++ {
		at = append(at, i)
	}
	l, err = c.b.opts.Playlists.RemoveAt(ctx, l.ID, l.Version, at...)
	named := c.w.named(track.Result{Tracks: tracksOf(gone)})
	return reply{text: c.w.Say(textListRemoved, named, "**"+escape(l.Name)+"**")}, err
}

func renameList(ctx context.Context, c *call) (reply, error) {
	l, err := c.myList(ctx, c.text("list"))
	if err != nil {
		return reply{}, err
	}
	now, err := c.b.opts.Playlists.Rename(ctx, l.ID, c.text("name"))
	return reply{text: c.w.Say(textListRenamed, "**"+escape(l.Name)+"**", "**"+escape(now.Name)+"**")}, err
}

// deleteList asks first.
func deleteList(ctx context.Context, c *call) (reply, error) {
	l, err := c.myList(ctx, c.text("list"))
	if err != nil {
		return reply{}, err
	}
	return reply{text: c.w.Say(textListDelete, "**"+escape(l.Name)+"**", c.w.tracks(l.Tracks)), rows: rowsOf([]discordgo.MessageComponent{
		pressable(actionListDelete, strconv.FormatInt(l.ID, 10)+".0", c.w.Say(labelDelete), discordgo.DangerButton),
		pressable(actionListKeep, "", c.w.Say(labelKeep), discordgo.SecondaryButton),
	})}, nil
}

func confirmDelete(ctx context.Context, c *call, id customID) error {
	l, _, err := c.pressedList(ctx, id)
	if err == nil {
		err = c.mayChange(l.Owner)
	}
	if err == nil {
		err = c.b.opts.Playlists.Delete(ctx, l.ID)
	}
	if err != nil {
		return err
	}
	return c.update(ctx, reply{text: c.w.Say(textListDeleted, "**"+escape(l.Name)+"**")})
}

func exportList(ctx context.Context, c *call) (reply, error) {
	l, err := c.listOf(ctx, c.text("list"))
	if err != nil {
		return reply{}, err
	}
	format := exchange.M3U
	if given := c.text("format"); given != "" {
		if format, err = exchange.ParseFormat(given); err != nil {
			return reply{}, err
		}
	}
	entries, err := c.b.opts.Playlists.Entries(ctx, l.ID, 0, 0)
	if err != nil {
		return reply{}, err
	}
	out := exchange.List{Title: l.Name}
	for _, e := range entries {
		out.Entries = append(out.Entries, exchange.Of(e.Track))
	}
	var file bytes.Buffer
	if err := exchange.Write(&file, format, out); err != nil {
		return reply{}, err
	}
	return reply{
		text:  c.w.Say(textExported, "**"+escape(l.Name)+"**", c.w.tracks(l.Tracks)),
		files: []attachment{{name: fileName(l.Name) + "." + string(format), mime: "text/plain; charset=utf-8", data: file.Bytes()}},
	}, nil
}

// fileName is a name that every system takes for a file.
func fileName(s string) string {
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, string(clean(s)))
	if name = strings.Trim(name, ". "); name == "" {
		return "playlist"
	}
	return name
}

func copyList(ctx context.Context, c *call) (reply, error) {
	l, err := c.listOf(ctx, c.text("list"))
	if err != nil {
		return reply{}, err
	}
	entries, err := c.b.opts.Playlists.Entries(ctx, l.ID, 0, 0)
	if err != nil {
		return reply{}, err
	}
	name := c.text("name")
	if name == "" {
		name = l.Name
	}
	for i := range entries {
		entries[i].By = c.user
	}
	to, err := c.newList(ctx, c.owner(), name, entries...)
	return reply{text: c.w.Say(textListCopied, "**"+escape(l.Name)+"**", "**"+escape(to.Name)+"**", c.w.listAbout(to))}, err
}
