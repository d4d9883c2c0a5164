package library

import (
	"maps"
	"slices"
	"strings"

	"busker/sources/folders"
	"busker/sources/library/find"
	"busker/track"
)

// catalogue is what is known of the files, in memory. One goroutine changes it; whoever
// else reads it holds that off.
type catalogue struct {
	folders map[string]*folder // by URI
	artists map[string]*group
	albums  map[string]*group
	text    *find.Index
	docs    []entity // by find.Doc; nil = removed
	strings map[string]string
	counts  [states]int // of files
	length  int64       // of all that can be played, in ns
	known   int         // files that tell their loudness
	covers  int         // files with a picture
}

func newCatalogue() *catalogue {
	return &catalogue{
		folders: map[string]*folder{}, artists: map[string]*group{}, albums: map[string]*group{}, text: find.New(), strings: map[string]string{},
	}
}

// once returns the one copy of a text that many files have.
func (c *catalogue) once(s string) string {
	if kept, ok := c.strings[s]; ok {
		return kept
	}
	s = strings.Clone(s)
	c.strings[s] = s
	return s
}

// folder returns the folder at p, which may be new.
func (c *catalogue) folder(p folders.Place) *folder {
	uri := p.URI()
	if d := c.folders[uri]; d != nil {
		return d
	}
	d := &folder{place: p}
	if p.Path != "." {
		d.parent = c.folder(p.Below(".."))
		d.parent.subs = append(d.parent.subs, d)
	}
	c.folders[uri] = d
	return d
}

// file returns the file at p, nil if there is none.
func (c *catalogue) file(p folders.Place) *file {
	d := c.folders[p.Below("..").URI()]
	if d == nil {
		return nil
	}
	_, f := d.find(base(p))
	return f
}

// add puts a file into its folder, where none of its name is.
func (c *catalogue) add(d *folder, f *file) {
	at, _ := d.find(f.name)
	f.folder = d
	d.files = slices.Insert(d.files, at, f)
	c.show(f)
}

// remove takes a file out.
func (c *catalogue) remove(f *file) {
	c.hide(f)
	f.gone = true
	if at, same := f.folder.find(f.name); same == f {
		f.folder.files = slices.Delete(f.folder.files, at, at+1)
	}
}

// change lets edit change what is known of a file.
func (c *catalogue) change(f *file, edit func()) {
	c.hide(f)
	edit()
	c.show(f)
}

// drop takes a folder out with all that is in it, and calls each for every file and folder of it.
func (c *catalogue) drop(d *folder, file func(*file), dir func(*folder)) {
	for _, sub := range slices.Clone(d.subs) {
		c.drop(sub, file, dir)
	}
	for len(d.files) > 0 {
		f := d.files[len(d.files)-1]
		c.remove(f)
		file(f)
	}
	if p := d.parent; p != nil {
		if i := slices.Index(p.subs, d); i >= 0 {
			p.subs = slices.Delete(p.subs, i, i+1)
		}
	}
	delete(c.folders, d.place.URI())
	dir(d)
}

// show counts a file, puts it into its groups and makes it found.
func (c *catalogue) show(f *file) {
	c.count(f, 1)
	if f.state == refused {
		return
	}
	if f.state != listed {
		c.join(f)
		for d := f.folder; d != nil; d = d.parent {
			d.below++
			c.showFolder(d)
		}
	}
	f.doc, f.shown = c.document(f), true
}

// hide undoes show.
func (c *catalogue) hide(f *file) {
	c.count(f, -1)
	if f.state == refused {
		return
	}
	if f.state != listed {
		c.leave(f)
		for d := f.folder; d != nil; d = d.parent {
			d.below--
			c.showFolder(d)
		}
	}
	c.forget(f.doc, &f.shown)
}

func (c *catalogue) count(f *file, by int) {
	c.counts[f.state] += by
	c.length += int64(by) * int64(f.length)
	if f.measured {
		c.known += by
	}
	if f.artwork {
		c.covers += by
	}
}

// showFolder has a folder found if there is something in it, and is not all there is.
func (c *catalogue) showFolder(d *folder) {
	switch worth := d.below > 0 && d.parent != nil; {
	case worth && !d.shown:
		d.doc, d.shown = c.document(d), true
	case !worth && d.shown:
		c.forget(d.doc, &d.shown)
	}
}

// join puts a file into the groups it names.
func (c *catalogue) join(f *file) {
	artist, owner := artistKey(f.artist), artistKey(f.albumArtist)
	if owner == artist {
		owner = ""
	}
	c.enter(f, 0, c.artists, track.Artist, artist, f.artist)
	c.enter(f, 1, c.artists, track.Artist, owner, f.albumArtist)
	c.enter(f, 2, c.albums, track.Album, albumKey(f), f.album)
}

func (c *catalogue) enter(f *file, slot int, groups map[string]*group, kind track.Kind, key, name string) {
	if key == "" {
		return
	}
	g := groups[key]
	if g == nil {
		g = &group{kind: kind, key: key, name: name}
		groups[key] = g
	}
	g.enter(f, slot)
	c.showGroup(g)
}

// leave takes a file out of its groups.
func (c *catalogue) leave(f *file) {
	for i, g := range f.groups {
		if g == nil {
			continue
		}
		g.leave(f, i)
		if len(g.files) > 0 {
			c.showGroup(g)
			continue
		}
		c.forget(g.doc, &g.shown)
		if g.kind == track.Album {
			delete(c.albums, g.key)
		} else {
			delete(c.artists, g.key)
		}
	}
}

// showGroup has a group found as it is now.
func (c *catalogue) showGroup(g *group) {
	by := ""
	if g.kind == track.Album {
		by = g.leader()
	}
	if g.shown && by == g.by {
		return
	}
	c.forget(g.doc, &g.shown)
	g.by = by
	g.doc, g.shown = c.document(g), true
}

// document makes e found.
func (c *catalogue) document(e entity) find.Doc {
	c.docs = append(c.docs, e)
	return c.text.Add(e.fields())
}

// forget has a document found no more.
func (c *catalogue) forget(d find.Doc, shown *bool) {
	if *shown {
		c.text.Remove(d)
		c.docs[d] = nil
		*shown = false
	}
}

// stale reports that most of what the search holds is gone.
func (c *catalogue) stale() bool {
	const spare = 4096
	return c.text.Removed() > c.text.Len()/2+spare
}

// fresh returns the search made anew, and numbers as install wants them. It changes
// nothing.
func (c *catalogue) fresh() (text *find.Index, docs []entity) {
	text = find.New()
	text.Grow(c.text.Len())
	docs = make([]entity, 0, c.text.Len())
	for _, e := range c.docs {
		if e != nil {
			docs = append(docs, e)
			text.Add(e.fields())
		}
	}
	return text, docs
}

// install takes what fresh returned.
func (c *catalogue) install(text *find.Index, docs []entity) {
	c.text, c.docs = text, docs
	for i, e := range docs {
		switch e := e.(type) {
		case *file:
			e.doc = find.Doc(i)
		case *folder:
			e.doc = find.Doc(i)
		case *group:
			e.doc = find.Doc(i)
		}
	}
}

// all calls yield for every file, in no order.
func (c *catalogue) all(yield func(*file) bool) {
	for d := range maps.Values(c.folders) {
		for _, f := range d.files {
			if !yield(f) {
				return
			}
		}
	}
}

func (c *catalogue) size() (n int) {
	for _, k := range c.counts {
		n += k
	}
	return n
}
