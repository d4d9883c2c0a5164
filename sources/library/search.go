package library

import (
	"cmp"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"time"

	"busker/sources/library/find"
	"busker/sources/names"
	"busker/track"
)

// Search returns the tracks, albums, artists and folders that fit text best, the best first:
// at most limit. The name of a track counts more than its artist, that more than its album,
// and that more than where it lies.
func (l *Library) Search(text string, limit int) []track.Hit {
	began := time.Now()
	l.mu.RLock()
	defer l.mu.RUnlock()
	defer func() { l.opts.Metrics.search.Observe(time.Since(began).Seconds()) }()
	limit = min(limit, maxHits)
	c := l.cat
	matches := c.text.Search(withoutEnding(text), 2*limit+16, func(d find.Doc) find.Fields { return c.docs[d].fields() })
	hits := make([]track.Hit, 0, len(matches))
	for _, m := range matches {
		h := c.docs[m.Doc].hit()
		h.Score, h.Whole = m.Score, m.Whole
		if l.opts.Popular != nil && h.Kind == track.One {
			h.Score += popularity * min(max(l.opts.Popular(h.Track.URI), 0), 1)
		}
		hits = append(hits, h)
	}
	slices.SortStableFunc(hits, func(a, b track.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Kind, b.Kind), names.Natural(a.Title, b.Title), cmp.Compare(a.Ref, b.Ref))
	})
	return hits[:max(0, min(limit, len(hits)))]
}

const (
	// maxHits is more than any face shows.
	maxHits = 1000
	// popularity is what it counts at most: it decides between names that fit alike.
	popularity = 0.04
)

// withoutEnding leaves out that what is looked for is a file.
func withoutEnding(text string) string {
	switch ending := path.Ext(text); strings.ToLower(ending) {
	case ".mp3", ".flac", ".ogg", ".oga", ".opus", ".wav", ".m4a", ".mp4", ".aac", ".webm", ".mka", ".wma", ".aiff", ".ape", ".dca",
		".m3u", ".m3u8", ".pls", ".xspf":
		return strings.TrimSuffix(text, ending)
	}
	return text
}

// Lookup returns the track of a URI. Without a Format it is not described yet.
func (l *Library) Lookup(uri string) (track.Track, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, p := range l.opts.Folders.Places(uri) {
		if f := l.cat.file(p); f != nil && f.state != refused && f.state != listed {
			return f.track(), true
		}
	}
	return track.Track{}, false
}

// List returns the tracks of the album, artist, folder or track a Hit's Ref names, in the
// order in which they belong: at most so many, and how many there are. Tracks without a
// Format are not described yet.
func (l *Library) List(ref string, most int) (list []track.Track, title string, total int, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	e := l.cat.resolve(ref, l.opts.Folders.Places)
	if e == nil {
		return nil, "", 0, false
	}
	h := e.hit()
	if d, isFolder := e.(*folder); isFolder && d.parent == nil {
		h.Title = d.place.Folder.Name
	}
	return tracks(e, most), h.Title, h.Tracks, true
}

// Random returns n tracks by chance, each at most once.
func (l *Library) Random(n int) []track.Track {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var some []*file
	seen := 0
	for f := range l.cat.all { // in a stream of unknown length each has the same chance
		if f.state != described && f.state != named {
			continue
		}
		seen++
		if len(some) < n {
			some = append(some, f)
		} else if i := rand.IntN(seen); i < n {
			some[i] = f
		}
	}
	rand.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	list := make([]track.Track, len(some))
	for i, f := range some {
		list[i] = f.track()
	}
	return list
}

// Counts is what there is.
type Counts struct {
	Tracks  int           // that can be played, as far as is known
	Albums  int           //
	Artists int           //
	Folders int           // music folders and all in them
	Lists   int           // playlist files
	Refused int           // files that cannot be played
	Covers  int           // tracks with a picture
	Loud    int           // tracks that tell their loudness
	Length  time.Duration // of all tracks
}

// Counts returns what there is.
func (l *Library) Counts() Counts {
	l.mu.RLock()
	defer l.mu.RUnlock()
	c := l.cat
	return Counts{
		Tracks: c.counts[named] + c.counts[described], Albums: len(c.albums), Artists: len(c.artists), Folders: len(c.folders),
		Lists: c.counts[listed], Refused: c.counts[refused], Covers: c.covers, Loud: c.known, Length: time.Duration(c.length),
	}
}
