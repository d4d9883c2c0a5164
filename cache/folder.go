package cache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// clean throws out what an earlier process did not finish. A folder that cannot be written
// is still good to read.
func (c *Cache) clean() {
	dir := filepath.Join(c.opts.Dir, recordingDir)
	names, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, n := range names {
		if strings.HasSuffix(n.Name(), suffix) {
			_ = os.Remove(filepath.Join(dir, n.Name())) // if it cannot be, nobody will write here either
		}
	}
}

// load lists what is kept.
func (c *Cache) load() error {
	var found []entry
	err := filepath.WalkDir(c.opts.Dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // somebody removes files
		}
		if err != nil || d.IsDir() || !d.Type().IsRegular() {
			return err
		}
		rel, err := filepath.Rel(c.opts.Dir, path)
		if rel = filepath.ToSlash(rel); err != nil || !ours.MatchString(rel) {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return nil //nolint:nilerr // it is gone
		}
		name := strings.TrimSuffix(strings.Replace(rel, "/", "", 1), suffix)
		found = append(found, entry{name: name, bytes: info.Size(), used: info.ModTime()})
		return nil
	})
	c.shelf.fill(found)
	return err
}

// touch writes down what was used lately, so that the next process evicts in the right
// order. Only Run calls it.
func (c *Cache) touch() {
	c.mu.Lock()
	used := c.shelf.washed()
	c.mu.Unlock()
	for _, e := range used {
		// Where times cannot be set, the order of eviction is all that is lost.
		_ = os.Chtimes(c.path(e.name), time.Time{}, e.used)
	}
}
