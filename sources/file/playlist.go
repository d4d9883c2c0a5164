package file

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"slices"
	"strings"

	"busker/internal/fault"
	"busker/track"
)

// playlist makes a list of the files of one folder that can be played, in the
// order of their names. Folders inside it are left out.
func (s *Source) playlist(ctx context.Context, dir string) (track.Result, error) {
	entries, err := fs.ReadDir(s.root.FS(), dir)
	if err != nil {
		return track.Result{}, missing(dir)
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return natural(a.Name(), b.Name()) })
	result := track.Result{Playlist: path.Base(dir)}
	if dir == "." {
		result.Playlist = "Music"
	}
	covers := covers{left: maxCovers}
	for _, e := range entries {
		if e.IsDir() || !worthwhile(e.Name()) {
			continue
		}
		if len(result.Tracks) == s.opts.MaxPlaylist {
			break
		}
		t, err := s.describe(ctx, path.Join(dir, e.Name()), "")
		if ctx.Err() != nil {
			return track.Result{}, ctx.Err()
		}
		if err == nil { // what is no music stands among it: covers, texts
			t.Artwork = covers.keep(t.Artwork)
			result.Tracks = append(result.Tracks, t)
		}
	}
	if len(result.Tracks) == 0 {
		return track.Result{}, fault.Newf(fault.NotFound, "There is nothing to play in the folder “%s”.", brief(dir))
	}
	return result, nil
}

// maxCovers is how many bytes of pictures the tracks of one folder keep.
const maxCovers = 8 << 20

// covers are the pictures of a folder. The songs of an album have the same one,
// and no folder holds the memory of hundreds for as long as its tracks are queued.
type covers struct {
	kept []*track.Artwork
	left int
}

// keep returns the one kept that equals a, or a itself, or nil when a is too much.
func (c *covers) keep(a *track.Artwork) *track.Artwork {
	if a == nil {
		return nil
	}
	for _, k := range c.kept {
		if bytes.Equal(k.Bytes, a.Bytes) {
			return k
		}
	}
	if len(a.Bytes) > c.left {
		return nil
	}
	c.left -= len(a.Bytes)
	c.kept = append(c.kept, a)
	return a
}

// worthwhile reports whether a file of this name may hold music, so that a search
// does not offer the cover of an album for it.
func worthwhile(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".txt", ".md", ".nfo", ".log", ".pdf", ".html",
		".m3u", ".m3u8", ".pls", ".cue", ".sfv", ".md5", ".db", ".ini", ".url", ".lnk", ".zip", ".rar", ".7z",
		".json", ".xml", ".lrc", ".srt":
		return false
	}
	return !strings.HasPrefix(name, ".")
}

// natural compares names as people order them: without case, numbers by value.
func natural(a, b string) int {
	x, y := fold(a), fold(b)
	for x != "" && y != "" {
		i, j := digits(x), digits(y)
		if i > 0 && j > 0 {
			m, n := strings.TrimLeft(x[:i], "0"), strings.TrimLeft(y[:j], "0")
			if len(m) != len(n) {
				return len(m) - len(n)
			}
			if c := strings.Compare(m, n); c != 0 {
				return c
			}
			x, y = x[i:], y[j:]
			continue
		}
		if x[0] != y[0] {
			return int(x[0]) - int(y[0])
		}
		x, y = x[1:], y[1:]
	}
	if len(x) != len(y) {
		return len(x) - len(y)
	}
	return strings.Compare(a, b)
}

// digits returns how many digits s begins with.
func digits(s string) (n int) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}
