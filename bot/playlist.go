package bot

import (
	"context"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/playlists"
	"busker/playlists/exchange"
	"busker/track"
)

// Whose playlist is meant; values of an option.
const (
	ofMe     = "me"
	ofServer = "server"
)

// What of the music at hand is added to a playlist; values of an option.
const (
	addCurrent = "current"
	addQueue   = "queue"
)

// What buttons below playlists do.
const (
	actionListPage   = "list_page"
	actionListPlay   = "list_play"
	actionListDelete = "list_delete"
	actionListKeep   = "list_keep"
	actionListEdit   = "list_edit" // also of the form
)

func playlistCommands() []*command {
	list := func(about string) *discordgo.ApplicationCommandOption {
		return required(suggested(text("list", about)))
	}
	owner := func() *discordgo.ApplicationCommandOption { return oneOf("owner", aboutListOwner, ofMe, ofServer) }
	formats := make([]string, 0, len(exchange.Formats()))
	for _, f := range exchange.Formats() {
		formats = append(formats, string(f))
	}
	name := func() *discordgo.ApplicationCommandOption {
		o := text("name", aboutListName)
		o.MaxLength = playlists.MaxName
		return o
	}
	return []*command{{name: "playlist", about: aboutPlaylist, topic: topicLibrary, subs: []*command{
		{name: "create", about: aboutListCreate, private: true, run: createList, options: options(required(name()), owner())},
		{name: "show", about: aboutListShow, private: true, run: showList, suggest: suggestList, options: options(
			suggested(text("list", aboutListWhich)), integer("page", aboutQueuePage, 1, maxIndex),
		)},
		{name: "play", about: aboutListPlay, needs: needsJoin, right: rightAdd, as: "play", run: playList, suggest: suggestList, options: options(
			list(aboutListWhich), yesNo("shuffle", aboutListShuffle),
		)},
		{name: "add", about: aboutListAdd, private: true, run: addToList, suggest: suggestForList, options: options(
			list(aboutListWhich), suggested(text("query", aboutListAddQuery)), oneOf("from", aboutListAddFrom, addCurrent, addQueue),
		)},
		{name: "remove", about: aboutListRemove, private: true, run: removeFromList, suggest: suggestList, options: options(
			list(aboutListWhich), required(integer("track", aboutListTrack, 1, playlists.DefaultMaxEntries)),
			integer("last", aboutListLast, 1, playlists.DefaultMaxEntries),
		)},
		{name: "rename", about: aboutListRename, private: true, run: renameList, suggest: suggestList, options: options(list(aboutListWhich), required(name()))},
		{name: "edit", about: aboutListEdit, private: true, opens: editList, suggest: suggestList, options: options(
			list(aboutListWhich), integer("page", aboutQueuePage, 1, maxIndex),
		)},
		{name: "delete", about: aboutListDelete, private: true, run: deleteList, suggest: suggestList, options: options(list(aboutListWhich))},
		{name: "import", about: aboutListImport, private: true, run: importGiven, opens: importForm, options: options(
			upload("file", aboutListFile), text("link", aboutListLink), name(), owner(),
		)},
		{name: "export", about: aboutListExport, private: true, run: exportList, suggest: suggestList, options: options(
			list(aboutListWhich), oneOf("format", aboutListFormat, formats...),
		)},
		{name: "copy", about: aboutListCopy, private: true, run: copyList, suggest: suggestList, options: options(
			list(aboutListWhich), required(oneOf("owner", aboutListCopyTo, ofMe, ofServer)), name(),
		)},
	}}}
}

func playlistPresses() map[string]handler {
	return map[string]handler{
		actionListPage:   {as: "playlist", reads: true, run: turnListPage},
		actionListPlay:   {needs: needsJoin, right: rightAdd, as: "play", run: pressListPlay},
		actionListEdit:   {as: "playlist", reads: true, run: pressListEdit},
		actionListDelete: {as: "playlist", run: confirmDelete},
		actionListKeep: {run: func(ctx context.Context, c *call, _ customID) error {
			return c.update(ctx, reply{text: c.w.Say(textListKept)})
		}},
	}
}

func playlistSubmits() map[string]handler {
	return map[string]handler{actionListEdit: {as: "playlist", run: edited}, actionImport: {as: "playlist", run: importSubmitted}}
}

// suggestList offers playlists.
func suggestList(ctx context.Context, c *call, option, typed string) []choice {
	if option != "list" {
		return nil
	}
	return c.listChoices(ctx, typed)
}

// suggestForList offers playlists, and music for them.
func suggestForList(ctx context.Context, c *call, option, typed string) []choice {
	if option == "list" {
		return c.listChoices(ctx, typed)
	}
	return suggestMusic(ctx, c, option, typed)
}

// owner is whose playlist the option says, of whoever asked if it says nothing.
func (c *call) owner() playlists.Owner {
	if c.text("owner") == ofServer {
		return playlists.Guild(c.guild)
	}
	return playlists.User(c.user)
}

// entries are tracks as they are kept, added now by whoever asked.
func (c *call) entries(tracks []track.Track) []playlists.Entry {
	now := time.Now()
	entries := make([]playlists.Entry, len(tracks))
	for i, t := range tracks {
		entries[i] = playlists.Entry{Track: t, Added: now, By: c.user}
	}
	return entries
}

// newList makes a playlist of whoever asked, or of the server.
func (c *call) newList(ctx context.Context, o playlists.Owner, name string, entries ...playlists.Entry) (playlists.Playlist, error) {
	if err := c.mayChange(o); err != nil {
		return playlists.Playlist{}, err
	}
	return c.b.opts.Playlists.Create(ctx, playlists.Playlist{Owner: o, Maker: c.user, Name: name}, entries...)
}

func createList(ctx context.Context, c *call) (reply, error) {
	l, err := c.newList(ctx, c.owner(), c.text("name"))
	return reply{text: c.w.Say(textListCreated, "**"+escape(l.Name)+"**")}, err
}

// showList shows one playlist, or which there are.
func showList(ctx context.Context, c *call) (reply, error) {
	name := c.text("list")
	if name == "" {
		return c.showLists(ctx)
	}
	l, err := c.listOf(ctx, name)
	if err != nil {
		return reply{}, err
	}
	page, _ := c.number("page")
	return c.listPage(ctx, l, page)
}

func (c *call) showLists(ctx context.Context) (reply, error) {
	lines := []string{}
	for _, owner := range c.owners() {
		lists, err := c.b.opts.Playlists.Lists(ctx, owner)
		if err != nil {
			return reply{}, err
		}
		for _, l := range lists {
			lines = append(lines, c.w.Say(textListLine, "**"+escape(l.Name)+"**", c.w.listAbout(l)))
		}
	}
	if len(lines) == 0 {
		return reply{text: c.w.Say(textNoLists)}, nil
	}
	text := c.w.Say(textLists)
	for i, line := range lines {
		if len([]rune(text+line)) > maxContent-100 {
			return reply{text: text + "\n" + c.w.Say(textListsMore, len(lines)-i)}, nil
		}
		text += "\n" + line
	}
	return reply{text: text}, nil
}

// listPage shows one page of a playlist, the last one when there are not as many.
func (c *call) listPage(ctx context.Context, l playlists.Playlist, page int) (reply, error) {
	pages := max(1, (l.Tracks+pageSize-1)/pageSize)
	page = min(max(page, 1), pages)
	from := (page - 1) * pageSize
	entries, err := c.b.opts.Playlists.Entries(ctx, l.ID, from, pageSize)
	if err != nil {
		return reply{}, err
	}
	lines := []string{c.w.Say(textListHead, "**"+escape(l.Name)+"**", c.w.listAbout(l), clock(l.Length))}
	for i, e := range entries {
		lines = append(lines, c.w.Say(textQueueLine, from+i+1, c.w.line(e.Track)))
	}
	if l.Tracks == 0 {
		return reply{text: lines[0] + "\n" + c.w.Say(textListEmpty)}, nil
	}
	lines = append(lines, c.w.Say(textQueuePage, page, pages))
	return reply{text: strings.Join(lines, "\n"), rows: c.listButtons(l, page, pages)}, nil
}

func (c *call) listButtons(l playlists.Playlist, page, pages int) []discordgo.MessageComponent {
	at := func(page int) string { return strconv.FormatInt(l.ID, 10) + "." + strconv.Itoa(page) }
	back := pressable(actionListPage, at(page-1), c.w.Say(labelBack), discordgo.SecondaryButton)
	next := pressable(actionListPage, at(page+1), c.w.Say(labelForward), discordgo.SecondaryButton)
	back.Disabled, next.Disabled = page == 1, page == pages
	buttons := []discordgo.MessageComponent{
		back, next, pressable(actionListPlay, at(page), c.w.Say(labelPlayAll), discordgo.PrimaryButton),
	}
	if c.mayChange(l.Owner) == nil {
		edit := pressable(actionListEdit, at((page-1)*pageSize+1), c.w.Say(labelEdit), discordgo.SecondaryButton)
		buttons = append(buttons, edit)
	}
	return rowsOf(buttons)
}

// pressedList is the playlist and the number in the argument of a button below it.
func (c *call) pressedList(ctx context.Context, id customID) (playlists.Playlist, int, error) {
	of, number, _ := strings.Cut(id.argument, ".")
	list, err := strconv.ParseInt(of, 10, 64)
	n, err2 := strconv.Atoi(number)
	if err != nil || err2 != nil {
		return playlists.Playlist{}, 0, fault.New(fault.Invalid, textOldButton)
	}
	l, err := c.listByID(ctx, list)
	return l, n, err
}

func turnListPage(ctx context.Context, c *call, id customID) error {
	l, page, err := c.pressedList(ctx, id)
	if err != nil {
		return err
	}
	r, err := c.listPage(ctx, l, page)
	if err != nil {
		return err
	}
	return c.update(ctx, r)
}

func playList(ctx context.Context, c *call) (reply, error) {
	l, err := c.listOf(ctx, c.text("list"))
	if err != nil {
		return reply{}, err
	}
	shuffled, _ := c.yes("shuffle")
	return c.playKept(ctx, reference(l), shuffled)
}

func pressListPlay(ctx context.Context, c *call, id customID) error {
	l, _, err := c.pressedList(ctx, id)
	if err == nil {
		err = c.later(ctx)
	}
	if err != nil {
		return err
	}
	r, err := c.playKept(ctx, reference(l), false)
	if err == nil {
		c.more(ctx, r)
	}
	return err
}

// playKept plays what a reference stands for.
func (c *call) playKept(ctx context.Context, ref string, shuffled bool) (reply, error) {
	found, _, err := c.kept(ctx, ref)
	if err != nil {
		return reply{}, err
	}
	if shuffled {
		found.Tracks = slices.Clone(found.Tracks)
		rand.Shuffle(len(found.Tracks), func(i, j int) { found.Tracks[i], found.Tracks[j] = found.Tracks[j], found.Tracks[i] })
	}
	return c.add(ctx, found, addition{})
}
