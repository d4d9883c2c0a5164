package bot

import (
	"context"
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/playlists"
	"busker/track"
)

const (
	actionLike      = "like"
	actionLikedPage = "liked_page"
)

func favouriteCommands() []*command {
	return []*command{{name: "favourites", about: aboutFavourites, topic: topicLibrary, subs: []*command{
		{name: "list", about: aboutLikedList, private: true, run: listLiked},
		{name: "play", about: aboutLikedPlay, needs: needsJoin, right: rightAdd, as: "play", run: playLiked, options: options(yesNo("shuffle", aboutListShuffle))},
		{name: "add", about: aboutLikedAdd, private: true, run: likeCurrent},
		{name: "remove", about: aboutLikedRemove, private: true, run: unlikeOne, suggest: suggestLiked, options: options(
			required(suggested(text("track", aboutLikedTrack))),
		)},
	}}}
}

func favouritePresses() map[string]handler {
	return map[string]handler{actionLike: {as: "favourites", run: pressLike}, actionLikedPage: {as: "favourites", reads: true, run: turnLiked}}
}

// pressLike is the button of a card: it keeps the track it shows, or forgets it again.
func pressLike(ctx context.Context, c *call, id customID) error {
	c.name = "card_" + id.action
	t, ok := c.trackOf(id.item)
	if !ok {
		return fault.New(fault.Invalid, textStaleCard)
	}
	r, err := c.like(ctx, t, true)
	if err != nil {
		return err
	}
	return c.whisper(ctx, r)
}

// trackOf finds an item that plays, or was played a while ago.
func (c *call) trackOf(item uint64) (track.Track, bool) {
	if item != 0 && item == c.status.ItemID {
		return c.status.Track, true
	}
	for _, played := range c.status.History {
		if played.ID == item {
			return played.Track, true
		}
	}
	return track.Track{}, false
}

func likeCurrent(ctx context.Context, c *call) (reply, error) {
	if err := c.needTrack(); err != nil {
		return reply{}, err
	}
	return c.like(ctx, c.status.Track, false)
}

// like keeps a track. One that is kept already is forgotten if toggle says so.
func (c *call) like(ctx context.Context, t track.Track, toggle bool) (reply, error) {
	added, err := c.b.opts.Playlists.Like(ctx, c.user, t, c.answer.came)
	switch {
	case err != nil:
		return reply{}, err
	case added:
		return reply{text: c.mine.Say(textLiked, c.mine.bold(t))}, nil
	case !toggle:
		return reply{text: c.mine.Say(textLikedBefore, c.mine.bold(t))}, nil
	}
	_, err = c.b.opts.Playlists.Unlike(ctx, c.user, playlists.KeyOf(t))
	return reply{text: c.mine.Say(textUnliked, c.mine.bold(t))}, err
}

func listLiked(ctx context.Context, c *call) (reply, error) { return c.likedPage(ctx, 0) }

// likedPage shows favourites from a number on, as many as a menu holds.
func (c *call) likedPage(ctx context.Context, from int) (reply, error) {
	entries, total, err := c.b.opts.Playlists.Liked(ctx, c.user, from, maxChoices)
	if err != nil {
		return reply{}, err
	}
	if total == 0 {
		return reply{text: c.w.Say(textNoFavourites)}, nil
	}
	p := picker{head: c.w.Say(textFavouritesHead, total, from+1, from+len(entries)), unlike: true}
	for _, e := range entries {
		p.things = append(p.things, thing(refLiked+markOf(e.Track), oneLine(e.Track), trackAbout(e.Track)))
	}
	p.turn = c.w.turning(actionLikedPage, from > 0, from+len(entries) < total, strconv.Itoa(max(0, from-maxChoices)), strconv.Itoa(from+maxChoices))
	return p.reply(c.w, nil), nil
}

// trackAbout is what else is to say of a track beside artist and title.
func trackAbout(t track.Track) string {
	var parts []string
	if album := string(clean(t.Album)); album != "" {
		parts = append(parts, album)
	}
	if t.Length > 0 {
		parts = append(parts, clock(t.Length))
	}
	return strings.Join(parts, " · ")
}

// turning are buttons to the page before and after, none where there is only one.
func (w tongue) turning(action string, before, after bool, back, forward string) []discordgo.MessageComponent {
	if !before && !after {
		return nil
	}
	b := pressable(action, back, w.Say(labelBack), discordgo.SecondaryButton)
	f := pressable(action, forward, w.Say(labelForward), discordgo.SecondaryButton)
	b.Disabled, f.Disabled = !before, !after
	if back == forward { // two buttons of one message may not be the same
		b.CustomID = customID{action: action, argument: back, item: 1}.String()
	}
	return []discordgo.MessageComponent{b, f}
}

func turnLiked(ctx context.Context, c *call, id customID) error {
	from, err := strconv.Atoi(id.argument)
	if err != nil {
		return fault.New(fault.Invalid, textOldButton)
	}
	r, err := c.likedPage(ctx, min(max(0, from), playlists.DefaultMaxFavourites))
	if err != nil {
		return err
	}
	return c.update(ctx, r)
}

func playLiked(ctx context.Context, c *call) (reply, error) {
	shuffled, _ := c.yes("shuffle")
	return c.playKept(ctx, refLiked, shuffled)
}

// suggestLiked offers favourites.
func suggestLiked(ctx context.Context, c *call, _, typed string) []choice {
	offered := c.likedChoices(ctx, typed, maxChoices)
	if len(offered) > 0 && offered[0].value == refLiked {
		return offered[1:]
	}
	return offered
}

func unlikeOne(ctx context.Context, c *call) (reply, error) {
	text := c.text("track")
	entries, _, err := c.b.opts.Playlists.Liked(ctx, c.user, 0, playlists.DefaultMaxFavourites)
	if err != nil {
		return reply{}, err
	}
	mark := strings.TrimPrefix(text, refLiked)
	for _, e := range entries {
		if markOf(e.Track) == mark || strings.EqualFold(oneLine(e.Track), text) || strings.EqualFold(e.Track.Title, text) {
			_, err := c.b.opts.Playlists.Unlike(ctx, c.user, playlists.KeyOf(e.Track))
			return reply{text: c.w.Say(textUnliked, c.w.bold(e.Track))}, err
		}
	}
	return reply{}, fault.New(fault.NotFound, textNotLiked)
}

// unlikeAll forgets what is chosen in a picker of favourites.
func (c *call) unlikeAll(ctx context.Context, refs []string) error {
	entries, _, err := c.b.opts.Playlists.Liked(ctx, c.user, 0, playlists.DefaultMaxFavourites)
	if err != nil {
		return err
	}
	marked := map[string]bool{}
	for _, ref := range refs {
		marked[strings.TrimPrefix(ref, refLiked)] = true
	}
	for _, e := range entries {
		if !marked[markOf(e.Track)] {
			continue
		}
		if _, err := c.b.opts.Playlists.Unlike(ctx, c.user, playlists.KeyOf(e.Track)); err != nil {
			return err
		}
	}
	r, err := c.likedPage(ctx, 0)
	if err != nil {
		return err
	}
	return c.update(ctx, r)
}
