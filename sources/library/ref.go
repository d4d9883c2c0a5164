package library

import (
	"fmt"
	"hash/fnv"
	"path"
	"strings"
	"unicode/utf8"

	"busker/sources/folders"
	"busker/track"
)

// refPrefix begins what stands for things that have no path, or too long a one.
const refPrefix = "library:"

// refOf names a track or a folder by its URI and all else by a digest of its key: the same
// after a restart.
func refOf(kind track.Kind, key string) string {
	if (kind == track.One || kind == track.Folder) && utf8.RuneCountInString(key) <= track.MaxRef && !strings.HasPrefix(key, refPrefix) {
		return key
	}
	return fmt.Sprintf("%s%s:%016x", refPrefix, kind, digest(key))
}

func digest(key string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key)) // a hash takes everything
	return h.Sum64()
}

// base is the last element of a place's path.
func base(p folders.Place) string { return path.Base(p.Path) }

// resolve returns what a ref names: a *file, *folder or *group, nil if it is not there.
func (c *catalogue) resolve(ref string, place func(string) []folders.Place) entity {
	if rest, ok := strings.CutPrefix(ref, refPrefix); ok {
		return c.hashed(rest)
	}
	for _, p := range place(ref) {
		if d := c.folders[p.URI()]; d != nil {
			return d
		}
		if f := c.file(p); f != nil {
			return f
		}
	}
	return nil
}

// hashed looks at all there are: some milliseconds, for what somebody has just chosen.
func (c *catalogue) hashed(rest string) entity {
	kind, digits, _ := strings.Cut(rest, ":")
	var want uint64
	if _, err := fmt.Sscanf(digits, "%016x", &want); err != nil || len(digits) != 16 {
		return nil
	}
	switch kind {
	case track.Artist.String():
		return grouped(c.artists, want)
	case track.Album.String():
		return grouped(c.albums, want)
	case track.Folder.String():
		for uri, d := range c.folders {
			if digest(uri) == want {
				return d
			}
		}
	case track.One.String():
		for f := range c.all {
			if digest(f.uri()) == want {
				return f
			}
		}
	}
	return nil
}

func grouped(groups map[string]*group, want uint64) entity {
	for key, g := range groups {
		if digest(key) == want {
			return g
		}
	}
	return nil
}
