package library

import (
	"path"
	"slices"
	"strings"

	"busker/sources/folders"
	"busker/sources/library/find"
	"busker/sources/names"
	"busker/track"
)

// group is the files of an artist or an album.
type group struct {
	kind  track.Kind
	key   string // what tells it from others of its kind
	name  string
	by    string         // the artist of an album; empty when its files have several
	bys   map[string]int // how many files of an album have which
	files []*file
	doc   find.Doc
	shown bool
}

func (g *group) fields() find.Fields { return find.Fields{Title: g.name, Artist: g.by} }

func (g *group) hit() track.Hit {
	h := track.Hit{
		Kind: g.kind, Source: folders.Source, Ref: refOf(g.kind, g.key), Title: g.name, Artist: g.by, Tracks: len(g.files),
	}
	for _, f := range g.files {
		h.Length += f.length
	}
	return h
}

// enter adds f, as its slot-th group.
func (g *group) enter(f *file, slot int) {
	f.groups[slot], f.at[slot] = g, len(g.files)
	g.files = append(g.files, f)
	if g.kind == track.Album {
		if g.bys == nil {
			g.bys = map[string]int{}
		}
		g.bys[f.owner()]++
	}
}

// leave takes f out.
func (g *group) leave(f *file, slot int) {
	last := len(g.files) - 1
	moved := g.files[last]
	g.files[f.at[slot]] = moved
	for i, of := range moved.groups {
		if of == g {
			moved.at[i] = f.at[slot]
		}
	}
	g.files[last] = nil
	g.files = g.files[:last]
	f.groups[slot] = nil
	if g.kind == track.Album {
		if g.bys[f.owner()]--; g.bys[f.owner()] == 0 {
			delete(g.bys, f.owner())
		}
	}
}

// leader is the one artist all files of an album have, or "".
func (g *group) leader() string {
	if len(g.bys) == 1 {
		for by := range g.bys {
			return by
		}
	}
	return ""
}

// owner is whose album f is on.
func (f *file) owner() string {
	if f.albumArtist != "" {
		return f.albumArtist
	}
	return f.artist
}

// various are album artists that are nobody.
var various = map[string]bool{"various artists": true, "various": true, "va": true, "unknown artist": true, "unknown": true}

// artistKey tells artists apart; "" is none.
func artistKey(artist string) string {
	key := names.Fold(artist)
	if various[key] {
		return ""
	}
	return key
}

// albumKey tells albums apart: by name and whose they are, or by where they lie when that is
// not told; "" is none.
func albumKey(f *file) string {
	name := names.Fold(f.album)
	if name == "" {
		return ""
	}
	if whose := names.Fold(f.albumArtist); whose != "" {
		return name + "\x00" + whose
	}
	return name + "\x01" + parentOfDisc(f.folder.place).URI()
}

// parentOfDisc is the folder of the album where each disc has one.
func parentOfDisc(p folders.Place) folders.Place {
	for _, prefix := range []string{"disc", "disk", "cd"} {
		rest, ok := strings.CutPrefix(names.Fold(path.Base(p.Path)), prefix)
		if rest = strings.TrimSpace(rest); ok && rest != "" && strings.Trim(rest, "0123456789") == "" {
			p.Path = path.Dir(p.Path)
			break
		}
	}
	return p
}

// folder is a folder in which, or below which, there are files.
type folder struct {
	place  folders.Place
	parent *folder // nil for a music folder itself
	subs   []*folder
	files  []*file // by name
	below  int     // files of it and below that can be played
	doc    find.Doc
	shown  bool
}

func (d *folder) fields() find.Fields {
	return find.Fields{Title: path.Base(d.place.Path), Path: path.Dir(d.place.Path)}
}

func (d *folder) hit() track.Hit {
	return track.Hit{
		Kind: track.Folder, Source: folders.Source, Ref: refOf(track.Folder, d.place.URI()), Title: path.Base(d.place.Path), Tracks: d.below,
	}
}

// find returns where a file of that name is or belongs.
func (d *folder) find(name string) (at int, f *file) {
	at, ok := slices.BinarySearchFunc(d.files, name, func(f *file, name string) int { return strings.Compare(f.name, name) })
	if ok {
		f = d.files[at]
	}
	return at, f
}
