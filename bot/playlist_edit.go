package bot

import (
	"context"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/playlists"
	"busker/track"
)

const (
	fieldLines = "lines"
	// maxEdited is the most characters of a form's text. Discord takes 4000; the rest is
	// room for lines that are added.
	maxEdited = 3200
	maxField  = 4000
	// maxNewLines is how many lines are looked for at once.
	maxNewLines = 25
)

// editList opens a form with the entries of a page, one a line.
func editList(ctx context.Context, c *call) (form, error) {
	l, err := c.myList(ctx, c.text("list"))
	if err != nil {
		return form{}, err
	}
	page, _ := c.number("page")
	return c.editForm(ctx, l, (max(page, 1)-1)*pageSize) // past the end it begins anew
}

func pressListEdit(ctx context.Context, c *call, id customID) error {
	l, number, err := c.pressedList(ctx, id)
	if err == nil {
		err = c.mayChange(l.Owner)
	}
	if err != nil {
		return err
	}
	look, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	f, err := c.editForm(look, l, max(0, number-1))
	if err != nil {
		return c.tooSlow(err)
	}
	return c.open(ctx, f)
}

// editForm shows as many entries as the form has room for, from a number on.
func (c *call) editForm(ctx context.Context, l playlists.Playlist, from int) (form, error) {
	if from >= l.Tracks {
		from = 0
	}
	const most = 200
	entries, err := c.b.opts.Playlists.Entries(ctx, l.ID, from, most)
	if err != nil {
		return form{}, err
	}
	text, shown := editText(entries, from)
	title := c.w.Say(titleEdit, l.Name)
	about := c.w.Say(textEditAbout)
	if shown < l.Tracks {
		about = c.w.Say(textEditPart, from+1, from+shown, l.Tracks)
	}
	argument := strings.Join([]string{
		strconv.FormatInt(l.ID, 10), strconv.Itoa(from), strconv.Itoa(shown), strconv.FormatInt(l.Version, 10),
	}, ".")
	return form{id: customID{action: actionListEdit, argument: argument}, title: title, parts: []discordgo.MessageComponent{
		label(c.w.Say(labelTracks), about, paragraphInput(fieldLines, text, maxField).optional()),
	}}, nil
}

// editText writes entries one a line, with their numbers, as many as there is room for.
func editText(entries []playlists.Entry, from int) (text string, shown int) {
	var b strings.Builder
	size := 0
	for i, e := range entries {
		line := editLine(from+i+1, e.Track) + "\n"
		if size += utf8.RuneCountInString(line); size > maxEdited {
			break
		}
		b.WriteString(line)
		shown++
	}
	return strings.TrimSuffix(b.String(), "\n"), shown
}

func editLine(number int, t track.Track) string {
	const longest = 100
	return strconv.Itoa(number) + ". " + cut(oneLine(t), longest)
}

// edit is what a form was opened with.
type edit struct {
	list, version int64
	from, shown   int
}

func parseEdit(argument string) (e edit, ok bool) {
	parts := strings.Split(argument, ".")
	if len(parts) != 4 {
		return edit{}, false
	}
	var numbers [4]int64
	for i, p := range parts {
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil || n < 0 || (i == 1 || i == 2) && n > playlists.DefaultMaxEntries {
			return edit{}, false
		}
		numbers[i] = n
	}
	return edit{list: numbers[0], from: int(numbers[1]), shown: int(numbers[2]), version: numbers[3]}, true
}

// edited takes the form: lines in another order move, missing ones are removed, and
// what is new is looked for.
func edited(ctx context.Context, c *call, id customID) error {
	e, ok := parseEdit(id.argument)
	if !ok {
		return fault.New(fault.Invalid, textOldButton)
	}
	l, err := c.listByID(ctx, e.list)
	if err == nil {
		err = c.mayChange(l.Owner)
	}
	if err == nil && l.Version != e.version {
		err = playlists.ErrChanged
	}
	if err == nil {
		err = c.think(ctx)
	}
	if err != nil {
		return err
	}
	r, err := c.applyEdit(ctx, l, e)
	if err == nil {
		c.deliver(ctx, r)
	}
	return err
}

func (c *call) applyEdit(ctx context.Context, l playlists.Playlist, e edit) (reply, error) {
	all, err := c.b.opts.Playlists.Entries(ctx, l.ID, 0, 0)
	if err != nil {
		return reply{}, err
	}
	if e.from+e.shown > len(all) {
		return reply{}, playlists.ErrChanged
	}
	lines := editedLines(c.entered(fieldLines), all[e.from:e.from+e.shown], e.from)
	fresh, missing, err := c.findLines(ctx, lines)
	if err != nil {
		return reply{}, err
	}
	entries := append([]playlists.Entry(nil), all[:e.from]...)
	kept := 0
	for i, line := range lines {
		if line.entry != nil {
			kept++
			entries = append(entries, *line.entry)
		}
		entries = append(entries, c.entries(fresh[i])...)
	}
	added := len(entries) - e.from - kept
	entries = append(entries, all[e.from+e.shown:]...)
	if l, err = c.b.opts.Playlists.Replace(ctx, l.ID, l.Version, entries); err != nil {
		return reply{}, err
	}
	text := c.w.Say(textEdited, "**"+escape(l.Name)+"**", c.w.tracks(l.Tracks), added, e.shown-kept)
	if len(missing) > 0 {
		text += "\n" + c.w.Say(textNotFound, quoted(missing))
	}
	return reply{text: text}, nil
}

// findLines looks for what is new among lines: by number of line what was found, and
// what was not.
func (c *call) findLines(ctx context.Context, lines []editedLine) (fresh map[int][]track.Track, missing []string, err error) {
	fresh = map[int][]track.Track{}
	asked := 0
	for i, line := range lines {
		if line.entry != nil {
			continue
		}
		if asked++; asked > maxNewLines {
			return nil, nil, fault.Newf(fault.TooLarge, textManyNew, maxNewLines)
		}
		found, err := c.search(ctx, line.text)
		if err != nil {
			if ctx.Err() != nil {
				return nil, nil, err
			}
			missing = append(missing, line.text)
			continue
		}
		fresh[i] = found.Tracks
	}
	return fresh, missing, nil
}

// search finds what somebody wrote: a reference, a link or a path, else the library's
// best hit.
func (c *call) search(ctx context.Context, text string) (track.Result, error) {
	found, err := c.resolve(ctx, track.Query{Text: text})
	if err == nil || fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Invalid {
		return found, err
	}
	hits, failed := c.hits(ctx, text)
	if failed != nil || len(hits) == 0 {
		return track.Result{}, err
	}
	return c.resolve(ctx, track.Query{Text: hits[0].Ref})
}

// editedLine is one line of an edited form: an entry that was there, or new text.
type editedLine struct {
	entry *playlists.Entry
	text  string
}

// editedLines tells what was there from what is new. A line is an entry when it reads as
// that entry did, or has nothing but its number; each entry is taken as often as it is
// written.
func editedLines(text string, shown []playlists.Entry, from int) (lines []editedLine) {
	byText, byNumber := map[string]*playlists.Entry{}, map[string]*playlists.Entry{}
	for i := range shown {
		number := strconv.Itoa(from + i + 1)
		line := editLine(from+i+1, shown[i].Track)
		byText[line] = &shown[i]
		byText[strings.TrimPrefix(line, number+". ")] = &shown[i]
		byNumber[number] = &shown[i]
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		number, rest, numbered := strings.Cut(line, ". ")
		switch {
		case line == "":
		case byText[line] != nil:
			lines = append(lines, editedLine{entry: byText[line]})
		case byNumber[strings.TrimSuffix(line, ".")] != nil:
			lines = append(lines, editedLine{entry: byNumber[strings.TrimSuffix(line, ".")]})
		case numbered && byText[rest] != nil:
			lines = append(lines, editedLine{entry: byText[rest]})
		case numbered && byNumber[number] != nil:
			lines = append(lines, editedLine{text: strings.TrimSpace(rest)})
		default:
			lines = append(lines, editedLine{text: line})
		}
	}
	return lines
}

// quoted lists a few texts as they were written.
func quoted(texts []string) string {
	const most, longest = 10, 60
	var shown []string
	for _, t := range texts[:min(len(texts), most)] {
		shown = append(shown, "> "+escape(cut(t, longest)))
	}
	if len(texts) > most {
		shown = append(shown, "> …")
	}
	return "\n" + strings.Join(shown, "\n")
}
