package cache

import (
	"errors"
	"os"
	"path/filepath"
	"time"
)

// job is something to do with the disk: remove a kept file, write a piece of a recording,
// end it.
type job struct {
	remove    string // name
	recording *Recording
	data      []byte // a chunk
	header    []byte // of the finished recording; nil for one that goes on
	drop      bool
}

var (
	errVoid   = errors.New("recording is void")
	errBudget = errors.New("recordings alone exceed the budget")
)

// give hands a piece of a recording to Run, and reports whether it is still wanted.
func (c *Cache) give(j job) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := j.recording
	if r.dropped || c.queued+len(j.data) > maxQueued {
		return false
	}
	r.committed = j.header != nil
	c.enqueue(j)
	return true
}

// enqueue takes j and wakes Run; c.mu is held.
func (c *Cache) enqueue(j job) {
	c.jobs = append(c.jobs, j)
	c.queued += len(j.data)
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// abandon ends r without keeping it.
func (c *Cache) abandon(r *Recording, result string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.dropped {
		return
	}
	c.opts.Metrics.recordings.WithLabelValues(result).Inc()
	c.drop(r)
}

// drop ends r; c.mu is held.
func (c *Cache) drop(r *Recording) {
	r.dropped = true
	c.enqueue(job{recording: r, drop: true})
}

// work does what is to do with the disk. Only Run calls it.
func (c *Cache) work() {
	for {
		c.mu.Lock()
		jobs := c.jobs
		c.jobs = nil
		c.queued = 0
		c.mu.Unlock()
		if len(jobs) == 0 {
			return
		}
		for _, j := range jobs {
			c.do(j)
		}
	}
}

func (c *Cache) do(j job) {
	r := j.recording
	if j.data != nil {
		defer freeChunk(j.data)
	}
	switch {
	case r == nil:
		_ = os.Remove(c.path(j.remove)) // if it cannot be, the next start finds it
	case j.drop:
		c.forget(r)
	case c.isDropped(r):
	default:
		err := c.write(r, j.data)
		if err == nil && j.header != nil {
			err = c.finish(r, j.header)
		}
		if err != nil {
			if !errors.Is(err, errBudget) {
				c.trouble(err)
			}
			c.abandon(r, resultVoid)
		}
	}
}

func (c *Cache) isDropped(r *Recording) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return r.dropped
}

// write appends to the recording's file and makes room for it.
func (c *Cache) write(r *Recording, b []byte) error {
	if r.file == nil {
		if err := c.create(r); err != nil {
			return err
		}
	}
	n, err := r.file.Write(b)
	r.bytes += int64(n)
	c.mu.Lock()
	c.pending += int64(n)
	c.mu.Unlock()
	if !c.evict() && err == nil {
		err = errBudget
	}
	return err
}

func (c *Cache) create(r *Recording) (err error) {
	path := c.temporary(r.name)
	if err = os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	r.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	r.created = err == nil
	return err
}

// finish puts r among what is kept.
func (c *Cache) finish(r *Recording, header []byte) error {
	if _, err := r.file.WriteAt(header, 0); err != nil {
		return err
	}
	err := r.file.Close() // some file systems tell only now that they are full
	r.file = nil
	if err != nil {
		return err
	}
	path, now := c.path(r.name), time.Now()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.Rename(c.temporary(r.name), path); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending -= r.bytes
	c.shelf.put(entry{name: r.name, bytes: r.bytes, used: now, dirty: true})
	delete(c.recordings, r.name)
	r.dropped, c.warned = true, false
	c.opts.Metrics.recordings.WithLabelValues(resultKept).Inc()
	c.census()
	return nil
}

// forget removes what there is of r.
func (c *Cache) forget(r *Recording) {
	if r.file != nil {
		_ = r.file.Close() // it goes anyway
		r.file = nil
	}
	if r.created {
		_ = os.Remove(c.temporary(r.name)) // if it cannot be, the next start will
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending -= r.bytes
	if c.recordings[r.name] == r {
		delete(c.recordings, r.name)
	}
	c.census()
}

// trouble stops recording for a while, and says so once.
func (c *Cache) trouble(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quietUntil = time.Now().Add(quietFor)
	if !c.warned {
		c.warned = true
		c.log.Warn("the cache cannot write and keeps nothing for now", "dir", c.opts.Dir, "err", err)
	}
}

// evict removes what was not used for longest until the budget holds. It reports whether
// it does: what is being recorded may break it alone.
func (c *Cache) evict() bool {
	for {
		name, over := c.excess()
		if !over {
			return true
		}
		if name == "" {
			return false
		}
		_ = os.Remove(c.path(name)) // if it cannot be, the next start finds it
	}
}

// excess takes off the shelf what is to be removed next, if the budget is exceeded.
func (c *Cache) excess() (name string, over bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer c.census()
	if c.shelf.bytes+c.pending <= c.opts.MaxBytes {
		return "", false
	}
	e, ok := c.shelf.oldest()
	if ok {
		c.shelf.remove(e.name)
		c.opts.Metrics.evicted.Inc()
	}
	return e.name, true
}
