package file

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"busker/sources/folders"
	"busker/sources/names"
	"busker/track"
)

// nameList is what lies in the folders, kept until it is stale: the search of those who have
// no index, or none yet.
type nameList struct {
	mu      sync.Mutex
	made    time.Time
	entries []entry
}

// entry is a file or folder, with its names as they are compared.
type entry struct {
	place folders.Place
	full  string // folded path
	base  string // folded name without extension
	dir   bool
}

// search returns what matches text best: every word of it must occur in the path.
func (s *Source) search(ctx context.Context, text string, limit int) ([]track.Hit, error) {
	words := strings.Fields(names.Fold(text))
	if len(words) == 0 || limit <= 0 {
		return nil, nil
	}
	entries, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	var hits []track.Hit
	for _, e := range entries {
		if n := e.score(words); n > 0 {
			hits = append(hits, e.hit(float64(n)/best))
		}
	}
	slices.SortStableFunc(hits, func(a, b track.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), names.Natural(a.Ref, b.Ref))
	})
	return hits[:min(limit, len(hits))], nil
}

// hit is e as a hit. A path may be too long for a Ref, and is one all the same: nobody but
// this package is given it before there is an index.
func (e entry) hit(score float64) track.Hit {
	uri := e.place.URI()
	h := track.Hit{Source: Name, Ref: uri, Title: names.Stem(e.place.Path), Tracks: 1, Score: score, Whole: e.dir || score == 1}
	switch {
	case e.dir:
		h.Kind, h.Tracks = track.Folder, 0
	case names.Playlist(e.place.Path):
		h.Kind, h.Tracks = track.List, 0
	default:
		h.Track = track.Track{Source: Name, URI: uri, Title: h.Title}
	}
	return h
}

// best is the score of a file whose name it is.
const best = 6

// score says how well the words fit e, 0 when they do not.
func (e entry) score(words []string) int {
	query := strings.Join(words, " ")
	switch {
	case e.base == query && !e.dir:
		return best
	case e.base == query:
		return 5
	case e.dir:
		return 0 // a folder must be named
	case strings.HasPrefix(e.base, query+" "):
		return 4
	case strings.Contains(" "+e.base+" ", " "+query+" "):
		return 3
	case containsAll(e.base, words):
		return 2
	case containsAll(e.full, words):
		return 1
	}
	return 0
}

func containsAll(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

// list returns the names, read again if they are stale.
func (s *Source) list(ctx context.Context) ([]entry, error) {
	s.names.mu.Lock()
	defer s.names.mu.Unlock()
	if !s.names.made.IsZero() && time.Since(s.names.made) < s.opts.Refresh {
		return s.names.entries, nil
	}
	var entries []entry
	for _, f := range s.folders.List() {
		err := walk(ctx, folders.Place{Folder: f, Path: "."}, func(p folders.Place, dir bool) bool {
			if dir || names.Music(p.Path) || s.opts.Lists != nil && names.Playlist(p.Path) {
				entries = append(entries, newEntry(p, dir))
			}
			return len(entries) < s.opts.MaxFiles
		})
		if err != nil {
			return nil, err
		}
	}
	s.names.entries, s.names.made = entries, time.Now()
	return entries, nil
}

func newEntry(p folders.Place, dir bool) entry {
	return entry{place: p, full: names.Fold(p.Path), base: names.Fold(names.Stem(p.Path)), dir: dir}
}

// walk calls yield for what is below p, a folder before what is in it and the files of a
// folder before the folders in it, in the order of their names, until yield returns false.
// Folders that cannot be read are left out.
func walk(ctx context.Context, p folders.Place, yield func(p folders.Place, dir bool) bool) error {
	_, err := walkOn(ctx, p, yield)
	return err
}

func walkOn(ctx context.Context, p folders.Place, yield func(folders.Place, bool) bool) (more bool, err error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	entries, err := p.ReadDir()
	if err != nil {
		return true, nil //nolint:nilerr // a folder we may not read
	}
	var files, subs []names.Key
	for _, e := range entries {
		switch {
		case names.Hidden(e.Name()):
		case e.IsDir():
			subs = append(subs, names.NewKey(e.Name()))
		default:
			files = append(files, names.NewKey(e.Name()))
		}
	}
	slices.SortFunc(files, names.Key.Compare)
	slices.SortFunc(subs, names.Key.Compare)
	for _, f := range files {
		if !yield(p.Below(f.Name()), false) {
			return false, nil
		}
	}
	for _, sub := range subs {
		below := p.Below(sub.Name())
		if !yield(below, true) {
			return false, nil
		}
		if more, err := walkOn(ctx, below, yield); !more {
			return false, err
		}
	}
	return true, nil
}
