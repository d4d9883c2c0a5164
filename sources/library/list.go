package library

import (
	"cmp"
	"slices"

	"busker/sources/names"
	"busker/track"
)

// tracks returns the tracks of a list in the order in which they belong: at most so many.
func tracks(e entity, most int) (list []track.Track) {
	switch e := e.(type) {
	case *file:
		list = append(list, e.track())
	case *folder:
		list = e.tracks(nil, most)
	case *group:
		for _, f := range e.ordered() {
			if len(list) < most {
				list = append(list, f.track())
			}
		}
	}
	return list
}

// ordered returns the files of an album in the order of its discs, and those of an artist
// album by album, the oldest first.
func (g *group) ordered() []*file {
	byName := keys(g.files)
	files := slices.Clone(g.files)
	slices.SortFunc(files, func(a, b *file) int {
		return cmp.Or(
			cmp.Compare(a.year, b.year), byAlbum(a, b), cmp.Compare(a.disc, b.disc), cmp.Compare(a.number, b.number),
			byName[a].Compare(byName[b]), cmp.Compare(a.uri(), b.uri()))
	})
	return files
}

func byAlbum(a, b *file) int {
	if a.groups[2] == b.groups[2] {
		return 0
	}
	return cmp.Compare(a.album, b.album)
}

// tracks adds the tracks of d, and then of the folders in it.
func (d *folder) tracks(list []track.Track, most int) []track.Track {
	for _, f := range d.ordered() {
		if len(list) < most {
			list = append(list, f.track())
		}
	}
	subs := slices.Clone(d.subs)
	slices.SortFunc(subs, func(a, b *folder) int { return names.Natural(base(a.place), base(b.place)) })
	for _, sub := range subs {
		if len(list) < most {
			list = sub.tracks(list, most)
		}
	}
	return list
}

// ordered returns the files of d that can be played, in the order of their names, or as an
// album numbers them if they are one.
func (d *folder) ordered() []*file {
	files := slices.DeleteFunc(slices.Clone(d.files), func(f *file) bool { return f.state == refused || f.state == listed })
	album := len(files) > 0
	for _, f := range files {
		album = album && f.number > 0 && f.groups[2] != nil && f.groups[2] == files[0].groups[2]
	}
	byName := keys(files)
	slices.SortFunc(files, func(a, b *file) int {
		if album {
			if c := cmp.Or(cmp.Compare(a.disc, b.disc), cmp.Compare(a.number, b.number)); c != 0 {
				return c
			}
		}
		return byName[a].Compare(byName[b])
	})
	return files
}

func keys(files []*file) map[*file]names.Key {
	m := make(map[*file]names.Key, len(files))
	for _, f := range files {
		m[f] = names.NewKey(f.name)
	}
	return m
}
