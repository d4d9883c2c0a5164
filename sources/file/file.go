// Package file plays what lies in one music folder.
//
// It finds files by path or by words of their name and opens them; nothing
// outside the folder can be reached, whatever a query or a symbolic link says.
// It starts no goroutines.
package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/sources/decode"
	"busker/track"
)

// Name is the source name of the tracks found here.
const Name = "file"

// Options of a Source.
type Options struct {
	// Root is the music folder. Required.
	Root string
	// Refresh is how old the list of file names may get before a search by words
	// reads the folder again. 0 is 30 s.
	Refresh time.Duration
	// MaxFiles bounds the list. 0 is 100 000.
	MaxFiles int
	// MaxPlaylist bounds the tracks taken from one folder. 0 is 500.
	MaxPlaylist int
	// Decode says how content is decoded.
	Decode decode.Options
}

// Source is the music folder. It is safe for concurrent use.
type Source struct {
	opts  Options
	root  *os.Root
	index index
}

// New opens the music folder; Close gives it back.
func New(opts Options) (*Source, error) {
	if opts.Refresh <= 0 {
		opts.Refresh = 30 * time.Second
	}
	if opts.MaxFiles <= 0 {
		opts.MaxFiles = 100_000
	}
	if opts.MaxPlaylist <= 0 {
		opts.MaxPlaylist = 500
	}
	root, err := os.OpenRoot(opts.Root)
	if err != nil {
		return nil, fault.Wrap(fault.NotFound, "The music folder cannot be opened.", err)
	}
	return &Source{opts: opts, root: root}, nil
}

// Close gives the folder back. Readers that are open stay usable.
func (s *Source) Close() error { return s.root.Close() }

// Name returns "file".
func (s *Source) Name() string { return Name }

// Accepts takes everything that is not a link.
func (s *Source) Accepts(q track.Query) bool {
	return !strings.Contains(q.Text, "://") && strings.TrimSpace(q.Text) != ""
}

// Resolve finds q among the files: by its path, or else by words of its name. A
// folder is a playlist of the files in it.
func (s *Source) Resolve(ctx context.Context, q track.Query) (track.Result, error) {
	name, ok := local(q.Text)
	if !ok {
		return track.Result{}, missing(q.Text)
	}
	info, err := s.root.Stat(name)
	if err != nil || name == "." && !strings.HasPrefix(q.Text, ".") {
		if name, err = s.search(ctx, q.Text); err != nil {
			return track.Result{}, err
		}
		if info, err = s.root.Stat(name); err != nil {
			return track.Result{}, missing(q.Text)
		}
	}
	switch {
	case info.IsDir():
		return s.playlist(ctx, name)
	case !info.Mode().IsRegular():
		return track.Result{}, fault.Newf(fault.Unsupported, "“%s” is not a file.", brief(q.Text))
	}
	t, err := s.describe(ctx, name, q.Name)
	if err != nil {
		return track.Result{}, err
	}
	return track.Result{Tracks: []track.Track{t}}, nil
}

// local turns what somebody wrote into a path below the root. It refuses what
// could not be one; that nothing escapes is os.Root's care.
func local(text string) (string, bool) {
	text = strings.TrimSpace(text)
	if text == "" || strings.ContainsRune(text, 0) {
		return "", false
	}
	name := path.Clean(strings.TrimLeft(text, "/"))
	return name, fs.ValidPath(name)
}

func missing(text string) error {
	return fault.Newf(fault.NotFound, "There is no “%s” in the music folder.", brief(text))
}

// describe makes a track of a file. called is what to call it if it has no title.
func (s *Source) describe(ctx context.Context, name, called string) (track.Track, error) {
	f, stat, err := s.open(name)
	if err != nil {
		return track.Track{}, err
	}
	defer f.Close()
	info, err := decode.Probe(ctx, decode.Input{Reader: f, Size: stat.Size()}, s.opts.Decode)
	if err != nil {
		return track.Track{}, fmt.Errorf("probe %s: %w", name, err)
	}
	t := track.Track{
		Source: Name, URI: name, Format: info.Format, Seekable: info.Seekable,
		Title: info.Title, Artist: info.Artist, Album: info.Album, Length: info.Length, Artwork: info.Artwork,
		Loudness: info.Loudness, Version: version(stat), Cacheable: true,
	}
	if t.Title == "" {
		t.Title = called
	}
	if t.Title == "" {
		t.Title = strings.TrimSuffix(path.Base(name), path.Ext(name))
	}
	return t, nil
}

// version is another one when a file was written again.
func version(stat fs.FileInfo) string {
	return strconv.FormatInt(stat.Size(), 36) + "-" + strconv.FormatInt(stat.ModTime().UnixNano(), 36)
}

// current is the version of a file that is open; "" = it cannot be told.
func current(f *os.File) string {
	stat, err := f.Stat()
	if err != nil {
		return ""
	}
	return version(stat)
}

// open opens a regular file below the root. The check comes first because to open
// a pipe would wait for somebody to write to it.
func (s *Source) open(name string) (*os.File, fs.FileInfo, error) {
	info, err := s.root.Stat(name)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		return nil, nil, missing(name)
	}
	f, err := s.root.Open(name)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, nil, fault.Wrapf(fault.Denied, err, "I may not read “%s”.", brief(name))
	case err != nil:
		return nil, nil, missing(name)
	}
	if info, err = f.Stat(); err != nil { // another file may have taken its place
		return nil, nil, errors.Join(fmt.Errorf("look at %s: %w", name, err), f.Close())
	}
	return f, info, nil
}

// Open starts t.
func (s *Source) Open(ctx context.Context, t track.Track, at time.Duration) (audio.Reader, error) {
	name, ok := local(t.URI)
	if !ok {
		return nil, missing(t.URI)
	}
	f, stat, err := s.open(name)
	if err != nil {
		return nil, err
	}
	in := decode.Input{Reader: f, Size: stat.Size(), Version: func() string { return current(f) }}
	r, err := decode.Open(ctx, in, at, s.opts.Decode)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	return r, nil
}

// brief shortens a name to what fits a sentence.
func brief(s string) string {
	const most = 80
	if r := []rune(strings.ToValidUTF8(s, "�")); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return strings.ToValidUTF8(s, "�")
}
