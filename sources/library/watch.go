package library

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"busker/sources/folders"
)

// watcher tells of changes in folders, as fsnotify does.
type watcher interface {
	Add(path string) error
	Remove(path string) error
	Close() error
}

// watch is a watcher and what it watches. Its methods do nothing when it is nil. Folders that
// come and go are told to it later, and those that go first: the system knows a folder that
// was renamed by its old path until then.
type watch struct {
	watcher
	said    <-chan fsnotify.Event
	failed  <-chan error
	watched map[folders.Place]bool
	coming  []folders.Place
	going   []folders.Place
	partial bool // some folders are not watched
}

func newWatcher() (watcher, <-chan fsnotify.Event, <-chan error, error) {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, nil, nil, err
	}
	return w, w.Events, w.Errors, nil
}

// startWatch begins to watch, if it can.
func (c *clerk) startWatch() {
	if c.opts.Still {
		return
	}
	w, said, failed, err := c.open()
	if err != nil {
		c.unwatched(err)
		return
	}
	c.watch = &watch{watcher: w, said: said, failed: failed, watched: map[folders.Place]bool{}}
	c.edit(func() { c.scan.watching = true })
}

// unwatched says once that changes will be found later.
func (c *clerk) unwatched(err error) {
	if c.watch != nil {
		if c.watch.partial {
			return
		}
		c.watch.partial = true
	}
	c.edit(func() { c.scan.watching = false })
	c.log.Warn("not all music folders can be watched for changes: they are read from time to time instead (on Linux, raise fs.inotify.max_user_watches)",
		"err", err, "every", c.rescan())
}

func (w *watch) events() <-chan fsnotify.Event {
	if w == nil {
		return nil
	}
	return w.said
}

func (w *watch) errors() <-chan error {
	if w == nil {
		return nil
	}
	return w.failed
}

func (w *watch) close() {
	if w != nil {
		_ = w.Close()
	}
}

// want has a folder watched, and leave no more.
func (w *watch) want(p folders.Place) {
	if w != nil && !w.watched[p] {
		w.coming = append(w.coming, p)
		w.watched[p] = true
	}
}

func (w *watch) leave(p folders.Place) {
	if w != nil && w.watched[p] {
		w.going = append(w.going, p)
		delete(w.watched, p)
	}
}

// reconcile watches what came and went, and reads what came once more: something may have
// changed in it before it was watched.
func (c *clerk) reconcile(ctx context.Context) {
	w := c.watch
	for w != nil && len(w.coming)+len(w.going) > 0 && ctx.Err() == nil {
		coming, going := w.coming, w.going
		w.coming, w.going = nil, nil
		for _, p := range going {
			_ = w.Remove(p.Local()) // it may be gone with its folder
		}
		for _, p := range coming {
			if !w.watched[p] || w.partial {
				continue
			}
			switch err := w.Add(p.Local()); {
			case err == nil:
				c.read(ctx, p, false)
			case c.cat.folders[p.URI()] != nil && !gone(p):
				c.unwatched(err)
			}
		}
	}
}

func gone(p folders.Place) bool {
	_, err := p.Stat()
	return err != nil
}

// notice has the folder read in which something happened, when it is quiet again.
func (c *clerk) notice(e fsnotify.Event, ok bool) {
	if !ok {
		c.watch.said = nil
		return
	}
	if e.Op == fsnotify.Chmod {
		return
	}
	c.soil(e.Name)
	c.soil(filepath.Dir(e.Name))
}

// soil notes that something changed in a folder, if it is one that is known.
func (c *clerk) soil(path string) {
	for _, root := range c.opts.Folders.List() {
		rel, err := filepath.Rel(root.Dir, path)
		if err != nil || rel != "." && !filepath.IsLocal(rel) {
			continue
		}
		p := folders.Place{Folder: root, Path: strings.TrimSuffix(filepath.ToSlash(rel), "/")}
		if c.cat.folders[p.URI()] == nil {
			continue
		}
		if len(c.dirty) == 0 {
			c.since = time.Now()
		}
		c.dirty[p] = true
		c.settle.Reset(min(settleTime, max(0, settleMost-time.Since(c.since))))
	}
}

// trouble reads everything again after changes were missed.
func (c *clerk) trouble(err error, ok bool) {
	switch {
	case !ok:
		c.watch.failed = nil
	case errors.Is(err, fsnotify.ErrEventOverflow):
		c.full.Reset(settleTime)
	default:
		c.log.Debug("watching the music folders", "err", err)
	}
}
