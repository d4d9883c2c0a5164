// Package file plays what lies in the music folders.
//
// It finds files by path or by words of their name, in the index of the folders where there
// is one, and opens them; nothing outside the folders can be reached, whatever a query or a
// symbolic link says. It starts no goroutines.
package file

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/sources/decode"
	"busker/sources/folders"
	"busker/sources/names"
	"busker/track"
)

// Name is the source name of the tracks found here.
const Name = folders.Source

// Options of a Source.
type Options struct {
	// Folders are the music folders, which the Source does not close; nil = Root is opened
	// and closed again.
	Folders *folders.Set
	// Root is the music folder where there is but one.
	Root string
	// Index knows what is in the folders; nil, and until it is ready, they are read whenever
	// something is asked for.
	Index Index
	// Lists reads playlist files; nil = they are not played.
	Lists Lists
	// Elsewhere finds the links in playlist files; nil = they are left out.
	Elsewhere func(ctx context.Context, q track.Query) (track.Result, error)
	// Refresh is how old the list of file names may get before a search by words
	// reads the folders again. 0 is 30 s.
	Refresh time.Duration
	// MaxFiles bounds that list. 0 is 100 000.
	MaxFiles int
	// MaxPlaylist bounds the tracks taken from one folder, album or list. 0 is 10 000.
	MaxPlaylist int
	// Batch is how many of them come at once. 0 is 500.
	Batch int
	// Decode says how content is decoded.
	Decode decode.Options
}

// Index knows what is in the music folders, as library.Library does.
type Index interface {
	// Ready reports that it knows all files.
	Ready() bool
	Search(text string, limit int) []track.Hit
	// Lookup returns the track of a URI. Without a Format it is not described yet.
	Lookup(uri string) (track.Track, bool)
	// List returns the tracks a Hit's Ref names, at most so many, and how many there are.
	List(ref string, most int) (list []track.Track, title string, total int, ok bool)
}

// Lists reads playlist files.
type Lists interface {
	// Read returns the title of a list, which may be empty, and its entries: paths and
	// links, at most so many.
	Read(name string, r io.Reader, most int) (title string, entries []string, err error)
}

// Source is the music folders. It is safe for concurrent use.
type Source struct {
	opts    Options
	folders *folders.Set
	owned   bool // the folders are closed with the Source
	names   nameList
}

// New opens the music folder, if it is not open; Close gives it back.
func New(opts Options) (*Source, error) {
	if opts.Refresh <= 0 {
		opts.Refresh = 30 * time.Second
	}
	if opts.MaxFiles <= 0 {
		opts.MaxFiles = 100_000
	}
	if opts.MaxPlaylist <= 0 {
		opts.MaxPlaylist = 10_000
	}
	if opts.Batch <= 0 {
		opts.Batch = 500
	}
	s := &Source{opts: opts, folders: opts.Folders}
	if s.folders == nil {
		set, err := folders.Open(opts.Root)
		if err != nil {
			return nil, err
		}
		s.folders, s.owned = set, true
	}
	return s, nil
}

// Close gives back what New opened. Readers that are open stay usable.
func (s *Source) Close() error {
	if !s.owned {
		return nil
	}
	return s.folders.Close()
}

// Name returns "file".
func (s *Source) Name() string { return Name }

// Accepts takes everything that is not a link.
func (s *Source) Accepts(q track.Query) bool {
	return !strings.Contains(q.Text, "://") && strings.TrimSpace(q.Text) != ""
}

// Resolve finds q among the files: by its path or the Ref of a Hit, or else by words of its
// name. A folder is a playlist of the files in it and below it; so are an album and an artist
// that are named in full.
func (s *Source) Resolve(ctx context.Context, q track.Query) (track.Result, error) {
	if len(s.folders.Places(q.Text)) == 0 {
		return track.Result{}, folders.Missing(q.Text)
	}
	p, info, ok := s.folders.Find(q.Text)
	if !ok || p.Path == "." && !meantWhole(p, q.Text) {
		return s.words(ctx, q)
	}
	switch {
	case info.IsDir():
		return s.folder(ctx, p)
	case !info.Mode().IsRegular():
		return track.Result{}, fault.Newf(fault.Unsupported, "“%s” is not a file.", folders.Brief(q.Text))
	}
	return s.file(ctx, p, q.Name)
}

// meantWhole reports that somebody means all of a music folder, and did not merely write
// what comes to nothing.
func meantWhole(p folders.Place, text string) bool {
	return strings.HasPrefix(text, ".") || strings.HasPrefix(text, "//"+p.Folder.Name)
}

// file resolves a file: a track, or a list of them.
func (s *Source) file(ctx context.Context, p folders.Place, called string) (track.Result, error) {
	if s.opts.Lists != nil && names.Playlist(p.Path) {
		return s.playlistFile(ctx, p)
	}
	t, err := s.describe(ctx, p, called)
	if err != nil {
		return track.Result{}, err
	}
	return track.Result{Tracks: []track.Track{t}}, nil
}

// describe makes a track of a file. called is what to call it if it has no title.
func (s *Source) describe(ctx context.Context, p folders.Place, called string) (track.Track, error) {
	f, stat, err := p.Open()
	if err != nil {
		return track.Track{}, err
	}
	defer f.Close()
	info, err := decode.Probe(ctx, decode.Input{Reader: f, Size: stat.Size()}, s.opts.Decode)
	if err != nil {
		return track.Track{}, fmt.Errorf("probe %s: %w", p.Path, err)
	}
	t := track.Track{
		Source: Name, URI: p.URI(), Format: info.Format, Seekable: info.Seekable,
		Title: info.Title, Artist: info.Artist, Album: info.Album, Length: info.Length, Artwork: info.Artwork,
		Loudness: info.Loudness, Version: folders.Version(stat), Cacheable: true,
	}
	if t.Title == "" {
		t.Title = called
	}
	if t.Title == "" {
		t.Title = names.Stem(p.Path)
	}
	return t, nil
}

// Artwork returns the picture in a file's tags.
func (s *Source) Artwork(ctx context.Context, t track.Track) (*track.Artwork, error) {
	p, _, ok := s.folders.Find(t.URI)
	if !ok {
		return nil, folders.Missing(t.URI)
	}
	found, err := s.describe(ctx, p, "")
	return found.Artwork, err
}

// current is the version of a file that is open; "" = it cannot be told.
func current(f *os.File) string {
	stat, err := f.Stat()
	if err != nil {
		return ""
	}
	return folders.Version(stat)
}

// Open starts t.
func (s *Source) Open(ctx context.Context, t track.Track, at time.Duration) (audio.Reader, error) {
	p, _, ok := s.folders.Find(t.URI)
	if !ok {
		return nil, folders.Missing(t.URI)
	}
	f, stat, err := p.Open()
	if err != nil {
		return nil, err
	}
	in := decode.Input{Reader: f, Size: stat.Size(), Version: func() string { return current(f) }}
	r, err := decode.Open(ctx, in, at, s.opts.Decode)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", p.Path, err)
	}
	return r, nil
}

// words finds what q's words fit best.
func (s *Source) words(ctx context.Context, q track.Query) (track.Result, error) {
	hits, err := s.Search(ctx, q.Text, maxConsidered)
	if err != nil {
		return track.Result{}, err
	}
	for _, h := range considered(hits, q.Text) {
		result, err := s.hit(ctx, h, q.Name)
		if err == nil || fault.KindOf(err) != fault.NotFound {
			return result, err
		} // it is gone since the index saw it
	}
	return track.Result{}, folders.Missing(q.Text)
}

// maxConsidered is how many hits are looked at for one that is meant.
const maxConsidered = 20

// considered leaves out lists whose name is not wholly what was asked for: words that fit a
// hundred tracks of an artist mean the one they fit best. What a Ref names is meant.
func considered(hits []track.Hit, ref string) (meant []track.Hit) {
	for _, h := range hits {
		if h.Kind == track.One || h.Whole || h.Ref == ref {
			meant = append(meant, h)
		}
	}
	if len(meant) == 0 {
		return hits
	}
	return meant
}

// hit resolves what was found.
func (s *Source) hit(ctx context.Context, h track.Hit, called string) (track.Result, error) {
	if s.indexed() {
		if h.Kind == track.Artist || h.Kind == track.Album || h.Kind == track.Folder {
			return s.indexedList(ctx, h.Ref)
		}
	}
	uri := h.Ref
	if h.Kind == track.One {
		uri = h.Track.URI
	}
	p, info, ok := s.folders.Find(uri)
	switch {
	case !ok:
		return track.Result{}, folders.Missing(uri)
	case info.IsDir():
		return s.folder(ctx, p)
	}
	return s.file(ctx, p, called)
}

// indexed reports that the index can be asked.
func (s *Source) indexed() bool { return s.opts.Index != nil && s.opts.Index.Ready() }

// Search returns the tracks and lists that fit text best.
func (s *Source) Search(ctx context.Context, text string, limit int) ([]track.Hit, error) {
	if s.indexed() {
		return s.opts.Index.Search(text, limit), nil
	}
	return s.search(ctx, text, limit)
}

// errNothing ends the way of a list without a single track.
func errNothing(title string) error {
	return fault.Newf(fault.NotFound, "There is nothing to play in the folder “%s”.", folders.Brief(title))
}
