package bot

import (
	"context"
	"strings"
	"time"

	"busker/playlists"
	"busker/track"
)

// Library finds what fits a text, typos forgiven. *sources.Set is one.
type Library interface {
	// Search returns at most limit hits, the best first. It is asked with every letter.
	Search(ctx context.Context, text string, limit int) ([]track.Hit, error)
}

func searchCommands() []*command {
	return []*command{
		{name: "search", about: aboutSearch, topic: topicLibrary, private: true, run: search, suggest: suggestWords, options: options(
			required(suggested(text("query", aboutSearchQuery))),
		)},
	}
}

// search shows what fits, with the best chosen already.
func search(ctx context.Context, c *call) (reply, error) {
	text := c.text("query")
	hits, err := c.hits(ctx, text)
	if err != nil {
		return reply{}, err
	}
	if len(hits) == 0 { // a link, a path, or what was chosen while typing
		found, err := c.resolve(ctx, track.Query{Text: text})
		if err != nil {
			return reply{}, err
		}
		p := picker{head: c.w.Say(textFound, c.w.named(found))}
		p.things = append(p.things, thing(refDraft+c.b.drafts.keep(c.user, found, track.Query{Text: text}), c.w.plainly(found), ""))
		p.things[0].Default = true
		return p.reply(c.w, nil), nil
	}
	p := picker{head: c.w.Say(textFoundFor, len(hits), escape(text))}
	for i, h := range hits {
		p.things = append(p.things, thing(h.Ref, h.Title, c.w.hitAbout(h)))
		p.things[i].Default = i == 0
	}
	return p.reply(c.w, nil), nil
}

// plainly names what was found where markdown means nothing.
func (w tongue) plainly(found track.Result) string {
	if found.Playlist != "" {
		return string(clean(found.Playlist))
	}
	return oneLine(found.Tracks[0])
}

// oneLine is a track where markdown means nothing: "artist - title".
func oneLine(t track.Track) string {
	name := string(clean(t.Title))
	if name == "" {
		name = string(clean(t.URI))
	}
	if artist := string(clean(t.Artist)); artist != "" {
		return artist + " - " + name
	}
	return name
}

// hits asks the library. References among them may be as long as a choice's value.
func (c *call) hits(ctx context.Context, text string) ([]track.Hit, error) {
	if c.b.opts.Library == nil {
		return nil, nil
	}
	hits, err := c.b.opts.Library.Search(ctx, text, maxChoices)
	seen := map[string]bool{}
	unique := hits[:0:0]
	for _, h := range hits {
		if !seen[h.Ref] && h.Ref != "" && h.Title != "" && len([]rune(h.Ref)) <= longestChoice {
			seen[h.Ref] = true
			unique = append(unique, h)
		}
	}
	return unique, err
}

// hitAbout says what a hit is, beside its title.
func (w tongue) hitAbout(h track.Hit) string {
	var parts []string
	switch h.Kind {
	case track.Artist:
		parts = append(parts, w.Say(textKindArtist))
	case track.Album:
		parts = append(parts, w.Say(textKindAlbum))
	case track.Folder:
		parts = append(parts, w.Say(textKindFolder))
	case track.List:
		parts = append(parts, w.Say(textKindList))
	}
	if h.Artist != "" && h.Kind != track.Artist {
		parts = append(parts, string(clean(h.Artist)))
	}
	if h.Kind != track.One {
		parts = append(parts, w.tracks(h.Tracks))
	}
	if h.Length > 0 {
		parts = append(parts, clock(h.Length))
	}
	return strings.Join(parts, " · ")
}

// suggestMusic offers what somebody who types may mean: before the first letter what
// they keep and heard, then what the library has and which playlists fit.
func suggestMusic(ctx context.Context, c *call, option, typed string) []choice {
	if option != "query" {
		return nil
	}
	typed = strings.TrimSpace(typed)
	if strings.Contains(typed, "://") {
		return []choice{{cut(typed, longestChoice), typed}}
	}
	ctx, cancel := context.WithTimeout(ctx, libraryTimeout)
	defer cancel()
	lists := c.listChoices(ctx, typed)
	if typed == "" {
		return append(append(lists[:min(len(lists), maxChoices/3)], c.likedChoices(ctx, "", maxChoices/3)...), c.recentChoices(ctx, maxChoices)...)
	}
	hits, err := c.hits(ctx, typed)
	if err != nil {
		c.log.Debug("no suggestions from the library", "err", err)
	}
	const few = 5 // playlists and favourites before the library's hits
	all := append(lists[:min(len(lists), few)], c.likedChoices(ctx, typed, few)...)
	for _, h := range hits {
		all = append(all, choice{c.mine.hitName(h), h.Ref})
	}
	return all
}

// suggestWords offers what to search for: the words that lead to a hit and those like it.
func suggestWords(ctx context.Context, c *call, _, typed string) []choice {
	ctx, cancel := context.WithTimeout(ctx, libraryTimeout)
	defer cancel()
	hits, err := c.hits(ctx, typed)
	if err != nil {
		c.log.Debug("no suggestions from the library", "err", err)
	}
	offered := make([]choice, 0, len(hits))
	for _, h := range hits {
		words := strings.TrimSpace(string(clean(h.Artist)) + " " + string(clean(h.Title)))
		offered = append(offered, choice{c.mine.hitName(h), cut(words, longestChoice)})
	}
	return offered
}

// hitName is a hit where markdown means nothing.
func (w tongue) hitName(h track.Hit) string {
	name := string(clean(h.Title))
	if about := w.hitAbout(h); about != "" {
		return name + " · " + about
	}
	return name
}

// libraryTimeout leaves the answer time to be sent.
const libraryTimeout = 2 * time.Second

// listChoices offers playlists whose name contains what was typed.
func (c *call) listChoices(ctx context.Context, typed string) (offered []choice) {
	for _, owner := range c.owners() {
		lists, err := c.b.opts.Playlists.Lists(ctx, owner)
		if err != nil {
			c.log.Debug("no suggestions of playlists", "err", err)
		}
		for _, l := range lists {
			if strings.Contains(playlists.NameKey(l.Name), playlists.NameKey(typed)) {
				offered = append(offered, choice{l.Name + " · " + c.mine.listAbout(l), reference(l)})
			}
		}
	}
	return offered
}

// likedChoices offers favourites that contain what was typed, the newest first.
func (c *call) likedChoices(ctx context.Context, typed string, most int) (offered []choice) {
	const newest = 200
	entries, total, err := c.b.opts.Playlists.Liked(ctx, c.user, 0, newest)
	if err != nil {
		c.log.Debug("no suggestions of favourites", "err", err)
		return nil
	}
	key := playlists.NameKey(typed)
	if all := c.mine.Say(textFavourites); total > 1 && strings.Contains(playlists.NameKey(all), key) {
		offered = append(offered, choice{all + " · " + c.mine.tracks(total), refLiked})
	}
	for _, e := range entries {
		if name := oneLine(e.Track); len(offered) < most && strings.Contains(playlists.NameKey(name), key) {
			offered = append(offered, choice{name, refLiked + markOf(e.Track)})
		}
	}
	return offered
}

// recentChoices offers what whoever types heard last, each track once.
func (c *call) recentChoices(ctx context.Context, most int) (offered []choice) {
	plays, err := c.b.opts.Playlists.Recent(ctx, playlists.Plays{User: c.user, Limit: 2 * most})
	if err != nil {
		c.log.Debug("no suggestions from the history", "err", err)
	}
	seen := map[playlists.Key]bool{}
	for _, p := range plays {
		if k := playlists.KeyOf(p.Track); !seen[k] && len(offered) < most {
			seen[k] = true
			offered = append(offered, choice{oneLine(p.Track), refPlay + playID(p)})
		}
	}
	return offered
}
