package library

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"busker/sources/folders"
	"busker/sources/names"
)

// sight is a file as a folder shows it.
type sight struct {
	name          string
	size, changed int64
}

// read brings what is known of a folder in line with what is in it: of new folders in it
// always, of known ones if deep.
func (c *clerk) read(ctx context.Context, p folders.Place, deep bool) {
	if ctx.Err() != nil {
		return
	}
	entries, err := p.ReadDir()
	if err != nil {
		c.unreadable(p, err)
		return
	}
	files, subs := look(p, entries)
	isNew := c.cat.folders[p.URI()] == nil
	var d *folder
	c.edit(func() {
		d = c.cat.folder(p)
		c.scan.seen += len(files)
	})
	c.watch.want(p)
	for _, sub := range slices.Clone(d.subs) {
		if !slices.Contains(subs, base(sub.place)) {
			c.drop(sub)
		}
	}
	c.compare(ctx, d, files)
	for _, name := range subs {
		sub := p.Below(name)
		if deep || isNew || c.cat.folders[sub.URI()] == nil {
			c.read(ctx, sub, true)
		}
	}
}

// unreadable forgets a folder that is gone. One that cannot be read for another reason may
// be readable again.
func (c *clerk) unreadable(p folders.Place, err error) {
	d := c.cat.folders[p.URI()]
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		c.log.Debug("a folder cannot be read", "folder", p.URI(), "err", err)
	case d != nil:
		c.drop(d)
	}
}

// look returns what counts of a folder's entries, files by name. Symbolic links count if they
// lead to a file in the same music folder.
func look(p folders.Place, entries []fs.DirEntry) (files []sight, subs []string) {
	for _, e := range entries {
		name := e.Name()
		switch {
		case names.Hidden(name) || len(name) > maxText/8 || strings.ToValidUTF8(name, "") != name:
		case e.IsDir():
			subs = append(subs, name)
		case names.Music(name) || names.Playlist(name):
			info, err := e.Info()
			if err == nil && e.Type()&fs.ModeSymlink != 0 {
				info, err = p.Below(name).Stat()
			}
			if err == nil && info.Mode().IsRegular() {
				files = append(files, sight{name, info.Size(), info.ModTime().UnixNano()})
			}
		}
	}
	slices.SortFunc(files, func(a, b sight) int { return strings.Compare(a.name, b.name) })
	return files, subs
}

// drop forgets a folder and all that is in it.
func (c *clerk) drop(d *folder) {
	c.edit(func() {
		c.cat.drop(d, c.leave, func(d *folder) { c.watch.leave(d.place) })
	})
	c.unsaved = true
}

// leave remembers a file that is gone, in case it turns up elsewhere.
func (c *clerk) leave(f *file) {
	if f.state == described {
		c.orphans[orphan{f.name, f.size, f.changed}] = f.about
	}
}

// compare brings the files of d in line with those it shows now; both are by name.
func (c *clerk) compare(ctx context.Context, d *folder, now []sight) {
	var edits []func()
	old := slices.Clone(d.files)
	for len(old) > 0 || len(now) > 0 {
		switch {
		case len(now) == 0 || len(old) > 0 && old[0].name < now[0].name:
			f := old[0]
			edits, old = append(edits, func() { c.cat.remove(f); c.leave(f) }), old[1:]
		case len(old) == 0 || now[0].name < old[0].name:
			s := now[0]
			edits, now = append(edits, func() { c.add(d, s) }), now[1:]
		default:
			if f, s := old[0], now[0]; f.size != s.size || f.changed != s.changed {
				edits = append(edits, func() { c.renew(f, s) })
			}
			old, now = old[1:], now[1:]
		}
	}
	for part := range slices.Chunk(edits, chunk) {
		if ctx.Err() != nil {
			return
		}
		c.unsaved = true
		c.edit(func() {
			for _, e := range part {
				e()
			}
		})
	}
}

// add takes in a new file; the catalogue may be changed.
func (c *clerk) add(d *folder, s sight) {
	if c.cat.size() >= c.opts.MaxFiles {
		if !c.crowded {
			c.crowded = true
			c.log.Warn("there are more files in the music folders than the index takes", "files", c.opts.MaxFiles)
		}
		return
	}
	f := &file{name: s.name, size: s.size, changed: s.changed}
	if names.Playlist(s.name) {
		f.state = listed
	}
	c.cat.add(d, f)
	c.enqueue(f)
}

// renew has a file described that was written again; the catalogue may be changed. Until then it is
// found by what it was.
func (c *clerk) renew(f *file, s sight) {
	c.cat.change(f, func() {
		f.size, f.changed, f.tried = s.size, s.changed, false
		if f.state != listed {
			f.state = named
		}
	})
	c.enqueue(f)
}

// enqueue is queue where the catalogue may be changed.
func (c *clerk) enqueue(f *file) {
	if f.state != named {
		return
	}
	c.begin()
	c.pending = append(c.pending, f)
}
