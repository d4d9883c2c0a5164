package bot

import (
	"context"
	"errors"
	"io"
	"net/url"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"golang.org/x/sync/errgroup"

	"busker/internal/fault"
	"busker/playlists"
	"busker/playlists/exchange"
	"busker/track"
)

// Files fetches what people upload or link to.
type Files interface {
	// Fetch returns the content of a link. The caller closes it and reads no more than it
	// can take; ctx bounds all of that.
	Fetch(ctx context.Context, link string) (io.ReadCloser, error)
}

const (
	actionImport = "list_import"
	fieldText    = "text"
	fieldFile    = "file"
	fieldOwner   = "owner"

	// importsAtOnce bounds how many lists are being looked up, each for minutes, and
	// lookedUpAtOnce how many entries of each: most of the time is spent waiting for links.
	importsAtOnce  = 4
	lookedUpAtOnce = 8
	// importTimeout is within the quarter of an hour for which Discord lets us tell how it goes.
	importTimeout = 13 * time.Minute
	fetchTimeout  = 30 * time.Second
	// importStep is the time between two reports of progress.
	importStep = 5 * time.Second
)

// source is what a playlist is imported from.
type source struct {
	text, name string // the content and the name of the file, or
	link       string // where to fetch it
	called     string // name of the playlist; "" = as the file says
	owner      playlists.Owner
}

// importGiven imports what the options say; without any, a form opens instead.
func importGiven(ctx context.Context, c *call) (reply, error) {
	from := source{link: c.text("link"), called: c.text("name"), owner: c.owner()}
	if id := c.text("file"); id != "" {
		file := c.attachments[id]
		if file == nil || file.URL == "" {
			return reply{}, fault.New(fault.Invalid, textNoFile)
		}
		from.link, from.name = file.URL, file.Filename
	}
	if from.link == "" {
		return reply{}, fault.New(fault.Invalid, textNothingToImport)
	}
	return c.importFrom(ctx, from)
}

// importForm takes a pasted list, or a file.
func importForm(_ context.Context, c *call) (form, error) {
	w := c.w
	owner := component{"type": kindRadioGroup, "custom_id": fieldOwner, "options": []any{
		map[string]any{"label": w.Say("val:" + ofMe), "value": ofMe, "default": true},
		map[string]any{"label": w.Say("val:" + ofServer), "value": ofServer},
	}}
	return form{id: customID{action: actionImport}, title: w.Say(titleImport), parts: []discordgo.MessageComponent{
		label(w.Say(labelName), w.Say(textImportName), lineInput(fieldName, "", playlists.MaxName).optional()),
		label(w.Say(labelTracks), w.Say(textImportText), paragraphInput(fieldText, "", maxField).optional()),
		label(w.Say(labelFile), w.Say(textImportFile), fileInput(fieldFile, 1).optional()),
		label(w.Say(labelOwner), "", owner),
	}}, nil
}

func importSubmitted(ctx context.Context, c *call, _ customID) error {
	from := source{text: c.entered(fieldText), called: c.entered(fieldName), owner: playlists.User(c.user)}
	if c.entered(fieldOwner) == ofServer {
		from.owner = playlists.Guild(c.guild)
	}
	if files := c.uploaded(fieldFile); len(files) > 0 {
		from.link, from.name, from.text = files[0].URL, files[0].Filename, ""
	} else if text := strings.TrimSpace(from.text); isLink(text) {
		from.link, from.text = text, ""
	}
	if from.link == "" && strings.TrimSpace(from.text) == "" {
		return fault.New(fault.Invalid, textNothingToImport)
	}
	if err := c.think(ctx); err != nil {
		return err
	}
	r, err := c.importFrom(ctx, from)
	if err == nil {
		c.deliver(ctx, r)
	}
	return err
}

// isLink says whether text is one link and nothing else.
func isLink(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(text, " \n")
}

// importFrom reads the list, looks up its entries and keeps those that were found. It
// takes minutes for a long one, and tells how it goes.
func (c *call) importFrom(ctx context.Context, from source) (reply, error) {
	if err := c.mayChange(from.owner); err != nil {
		return reply{}, err
	}
	leave, alone := c.b.importers.enter(c.user)
	if !alone {
		return reply{}, fault.New(fault.Busy, textStillImporting)
	}
	defer leave()
	select {
	case c.b.imports <- struct{}{}:
		defer func() { <-c.b.imports }()
	default:
		return reply{}, fault.New(fault.Busy, textManyImports)
	}
	ctx, cancel := context.WithTimeout(ctx, importTimeout)
	defer cancel()
	list, found, err := c.readList(ctx, from)
	if err != nil {
		return reply{}, err
	}
	name := from.called
	if name == "" {
		name = c.importName(list.Title, from)
	}
	var missing []string
	if found == nil {
		if found, missing, err = c.match(ctx, list.Entries); err != nil {
			return reply{}, err
		}
	}
	if len(found) == 0 {
		return reply{}, fault.Newf(fault.NotFound, textImportNone, len(list.Entries))
	}
	l, err := c.newList(ctx, from.owner, name, c.entries(found)...)
	if err != nil {
		return reply{}, err
	}
	return c.imported(l, list, missing), nil
}

// imported tells what became of an import; what was not found comes as a file, ready to be
// looked for elsewhere.
func (c *call) imported(l playlists.Playlist, from exchange.List, missing []string) reply {
	r := reply{text: c.w.Say(textImported, "**"+escape(l.Name)+"**", l.Tracks, l.Tracks+len(missing))}
	if from.Cut > 0 {
		r.text += "\n" + c.w.Say(textImportCut, from.Cut)
	}
	if len(missing) > 0 {
		r.text += "\n" + c.w.Say(textNotFound, quoted(missing))
		r.files = []attachment{{
			name: "missing.txt", mime: "text/plain; charset=utf-8", data: []byte(strings.Join(missing, "\n") + "\n"),
		}}
	}
	return r
}

// importName names a playlist that nobody named.
func (c *call) importName(title string, from source) string {
	file := strings.TrimSuffix(path.Base(from.name), path.Ext(from.name))
	file = strings.ReplaceAll(file, "_", " ") // which Discord made of spaces
	for _, name := range []string{title, file} {
		if name = cut(name, playlists.MaxName); name != "" && name != "." {
			if name, err := playlists.Name(name); err == nil {
				return name
			}
		}
	}
	return c.w.Say(textImportedList, time.Now().UTC().Format("2006-01-02 15:04"))
}

// readList reads what is imported. found is not nil when a source knew the link for a list of
// tracks of its own.
func (c *call) readList(ctx context.Context, from source) (list exchange.List, found []track.Track, err error) {
	if from.link == "" {
		list, err = exchange.Read(from.name, strings.NewReader(from.text), playlists.DefaultMaxEntries)
		return list, nil, err
	}
	if from.name == "" {
		if result, err := c.resolve(ctx, track.Query{Text: from.link}); err == nil && len(result.Tracks) > 1 {
			if err := whole(ctx, &result); err != nil {
				return list, nil, err
			}
			return exchange.List{Title: result.Playlist}, result.Tracks, nil
		}
	}
	if c.b.opts.Files == nil {
		return list, nil, fault.New(fault.Unsupported, textNoFetch)
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	file, err := c.b.opts.Files.Fetch(ctx, from.link)
	if err != nil {
		return list, nil, err
	}
	defer file.Close()
	name := from.name
	if u, err := url.Parse(from.link); err == nil && name == "" {
		name = path.Base(u.Path)
	}
	list, err = exchange.Read(name, file, playlists.DefaultMaxEntries)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fault.Wrap(fault.Timeout, textSlowLookup, err)
	}
	return list, nil, err
}

// match looks up entries, a few at a time, and tells how far it is.
func (c *call) match(ctx context.Context, entries []exchange.Entry) (found []track.Track, missing []string, err error) {
	meant := make([]*track.Track, len(entries))
	var done, hits atomic.Int64
	var work errgroup.Group
	work.SetLimit(lookedUpAtOnce)
	next := time.Now().Add(importStep)
	for i, e := range entries {
		if ctx.Err() != nil {
			break
		}
		work.Go(func() error {
			if t, ok := c.b.lookUp(ctx, e); ok {
				meant[i] = &t
				hits.Add(1)
			}
			done.Add(1)
			return nil
		})
		if time.Now().After(next) {
			c.deliver(ctx, reply{text: c.w.Say(textImporting, int(done.Load()), len(entries), int(hits.Load()))})
			next = time.Now().Add(importStep)
		}
	}
	_ = work.Wait() // no lookup returns an error
	switch err := ctx.Err(); {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, nil, fault.Wrap(fault.Timeout, textImportSlow, err)
	case err != nil:
		return nil, nil, err
	}
	for i, t := range meant {
		if t != nil {
			found = append(found, *t)
		} else {
			missing = append(missing, entries[i].Text)
		}
	}
	return found, missing, nil
}
