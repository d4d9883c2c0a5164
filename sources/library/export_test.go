package library

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/fsnotify/fsnotify"

	"busker/sources/folders"
)

// FailingWatcher has l make watchers of which all but the first so many Adds fail.
func (l *Library) FailingWatcher(adds int, err error) {
	l.open = func() (watcher, <-chan fsnotify.Event, <-chan error, error) {
		w, said, failed, openErr := newWatcher()
		return &failing{w, adds, err}, said, failed, openErr
	}
}

type failing struct {
	watcher
	left int
	err  error
}

func (f *failing) Add(path string) error {
	if f.left--; f.left < 0 {
		return f.err
	}
	return f.watcher.Add(path)
}

// Dump describes all that is in the index, in an order of its own.
func (l *Library) Dump() string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.cat.dump()
}

func (c *catalogue) dump() string {
	var lines []string
	for f := range c.all {
		lines = append(lines, fmt.Sprintf("file %s %d %d %s %+v", f.uri(), f.size, f.changed, stateNames[f.state], f.about))
	}
	shown := 0
	for _, e := range c.docs {
		if e != nil {
			shown++
			h := e.hit()
			lines = append(lines, fmt.Sprintf("hit %v %s %q by %q, %d tracks, %v", h.Kind, h.Ref, h.Title, h.Artist, h.Tracks, h.Length))
		}
	}
	for kind, groups := range map[string]map[string]*group{"artist": c.artists, "album": c.albums} {
		for key, g := range groups {
			lines = append(lines, fmt.Sprintf("%s %q %d", kind, key, len(g.files)))
		}
	}
	slices.Sort(lines)
	return strings.Join(append(lines, fmt.Sprint(c.counts, c.length, c.known, c.covers, shown == c.text.Len())), "\n")
}

// Reread writes what r holds again, if it is an index.
func Reread(r io.Reader, set *folders.Set) (string, error) {
	c, err := read(r, false, set)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := c.write(&b, false); err != nil {
		return "", err
	}
	again, err := read(strings.NewReader(b.String()), false, set)
	if err != nil {
		return "", err
	}
	if c.dump() != again.dump() {
		return "", fmt.Errorf("%s\nis read again as\n%s", c.dump(), again.dump())
	}
	return b.String(), nil
}

// Magic begins what is kept.
const Magic = magic

// Load takes over a kept index.
func Load(path string, set *folders.Set) error {
	_, err := load(path, false, set)
	return err
}

// Churn has a file described anew, as Run does, which must have nothing to do.
func (l *Library) Churn() {
	var some *file
	for f := range l.cat.all { // the first of a map is any
		some = f
		break
	}
	l.edit(func() { l.cat.change(some, func() {}) })
	if l.cat.stale() {
		text, docs := l.cat.fresh()
		l.edit(func() { l.cat.install(text, docs) })
	}
}
