package file

import (
	"context"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"time"

	"busker/internal/fault"
	"busker/sources/folders"
	"busker/sources/names"
	"busker/track"
)

// batchTime is how long a batch of tracks that must be described may take, once it has one.
const batchTime = 2 * time.Second

// item is one entry of a list: a track that is described, a file that is not, or a link.
type item struct {
	track track.Track // known by its Format
	place folders.Place
	link  string
}

// folder makes a list of the files of a folder that can be played, those of the folders in
// it behind.
func (s *Source) folder(ctx context.Context, p folders.Place) (track.Result, error) {
	if s.indexed() {
		result, err := s.indexedList(ctx, p.URI())
		if err == nil || fault.KindOf(err) != fault.NotFound {
			return result, err
		} // it is new
	}
	var items []item
	err := walk(ctx, p, func(p folders.Place, dir bool) bool {
		if !dir && names.Music(p.Path) {
			items = append(items, item{place: p})
		}
		return len(items) < s.opts.MaxPlaylist
	})
	if err != nil {
		return track.Result{}, err
	}
	return s.playlist(ctx, titleOf(p), items, errNothing(p.Path))
}

func titleOf(p folders.Place) string {
	if p.Path == "." {
		return "Music"
	}
	return path.Base(p.Path)
}

// indexedList makes a list of what a Ref names.
func (s *Source) indexedList(ctx context.Context, ref string) (track.Result, error) {
	tracks, title, _, ok := s.opts.Index.List(ref, s.opts.MaxPlaylist)
	if !ok {
		return track.Result{}, folders.Missing(ref)
	}
	items := make([]item, len(tracks))
	for i, t := range tracks {
		items[i].track = t
		if t.Format == "" {
			items[i].place, _, _ = s.folders.Find(t.URI)
		}
	}
	return s.playlist(ctx, title, items, errNothing(title))
}

// maxListBytes is the largest playlist file that is read.
const maxListBytes = 8 << 20

// playlistFile makes a list of what a playlist file names.
func (s *Source) playlistFile(ctx context.Context, p folders.Place) (track.Result, error) {
	f, stat, err := p.Open()
	if err != nil {
		return track.Result{}, err
	}
	defer f.Close()
	if stat.Size() > maxListBytes {
		return track.Result{}, fault.Newf(fault.TooLarge, "The list “%s” is too large.", folders.Brief(p.Path))
	}
	title, entries, err := s.opts.Lists.Read(path.Base(p.Path), io.LimitReader(f, maxListBytes), s.opts.MaxPlaylist)
	if err != nil {
		return track.Result{}, fmt.Errorf("read %s: %w", p.Path, err)
	}
	if title == "" {
		title = names.Stem(p.Path)
	}
	var items []item
	for _, entry := range entries[:min(len(entries), s.opts.MaxPlaylist)] {
		items = append(items, s.entry(p, entry))
	}
	return s.playlist(ctx, title, items, fault.Newf(fault.NotFound, "There is nothing to play in the list “%s”.", folders.Brief(title)))
}

// entry is what one line of a list at p leads to. Absolute paths count if they lead into a
// music folder.
func (s *Source) entry(p folders.Place, text string) item {
	if strings.Contains(text, "://") {
		return item{link: text}
	}
	text = strings.ReplaceAll(text, `\`, "/")
	if !strings.HasPrefix(text, "/") {
		return item{place: p.Below("../" + text)}
	}
	for _, f := range s.folders.List() {
		if rel, err := filepath.Rel(f.Dir, filepath.FromSlash(text)); err == nil && filepath.IsLocal(rel) {
			return item{place: folders.Place{Folder: f, Path: filepath.ToSlash(rel)}}
		}
	}
	return item{place: folders.Place{Folder: p.Folder, Path: path.Clean(strings.TrimLeft(text, "/"))}}
}

// rest hands out the items of a list in batches.
type rest struct {
	*Source
	items  []item
	covers covers
}

// playlist makes a result of items; nothing is the error if none can be played.
func (s *Source) playlist(ctx context.Context, title string, items []item, nothing error) (track.Result, error) {
	r := &rest{Source: s, items: items, covers: covers{left: maxCovers}}
	first, err := r.next(ctx)
	switch {
	case err == io.EOF: //nolint:errorlint // next returns it bare
		return track.Result{}, nothing
	case err != nil:
		return track.Result{}, err
	}
	if s.indexed() {
		r.illustrate(ctx, first)
	}
	result := track.Result{Tracks: first, Playlist: title}
	if len(r.items) > 0 {
		result.Total, result.Rest = len(first)+len(r.items), r.next
	}
	return result, nil
}

// next returns the next batch, and io.EOF behind the last.
func (r *rest) next(ctx context.Context) (batch []track.Track, err error) {
	began := time.Now()
	for len(r.items) > 0 && len(batch) < r.opts.Batch && (len(batch) == 0 || time.Since(began) < batchTime) {
		i := r.items[0]
		r.items = r.items[1:]
		found := r.item(ctx, i)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch = append(batch, found...)
	}
	if len(batch) == 0 {
		return nil, io.EOF
	}
	return batch, nil
}

// item returns the tracks of one item, none if it cannot be played: what is no music stands
// among it, and what a list names may be gone.
func (r *rest) item(ctx context.Context, i item) []track.Track {
	switch {
	case i.track.Format != "":
		return []track.Track{i.track}
	case i.link != "":
		if r.opts.Elsewhere == nil {
			return nil
		}
		result, err := r.opts.Elsewhere(ctx, track.Query{Text: i.link})
		if err != nil || result.Playlist != "" {
			return nil
		}
		return result.Tracks
	case i.place.Folder == nil:
		return nil
	}
	if r.indexed() {
		if t, ok := r.opts.Index.Lookup(i.place.URI()); ok && t.Format != "" {
			return []track.Track{t}
		}
	}
	t, err := r.describe(ctx, i.place, "")
	if err != nil {
		return nil
	}
	t.Artwork = r.covers.keep(t.Artwork)
	return []track.Track{t}
}

// illustrateTime is how long the first tracks of a list are looked at for their pictures,
// which an index does not keep.
const illustrateTime = 200 * time.Millisecond

// illustrate finds the pictures of the first tracks; Artwork finds the others when they
// are played.
func (r *rest) illustrate(ctx context.Context, batch []track.Track) {
	began := time.Now()
	for i := range batch {
		t := &batch[i]
		if t.Artwork != nil || t.Source != Name {
			continue
		}
		if time.Since(began) > illustrateTime || ctx.Err() != nil {
			return
		}
		art, err := r.Artwork(ctx, *t)
		if err == nil {
			t.Artwork = r.covers.keep(art)
		}
	}
}
