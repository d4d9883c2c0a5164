// Package cache keeps encoded tracks on disk, as DCA1 files within a budget of bytes.
//
// It knows tracks and packets only as something to keep: what to encode, and whether that
// may be kept, others decide. All writing is done by the goroutine in Run; whoever plays
// never waits for it, and trouble with the disk costs recordings, never music. One Cache
// uses a folder at a time, which it locks.
//
//	Dir/3f/0c…9a.dca   what is kept, named by a hash of its Key; its mtime is its last use
//	Dir/recording/…    what is being recorded; thrown out at the next start
//	Dir/lock           locked by the process that writes here
package cache

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"busker/audio"
	"busker/cache/internal/lock"
	"busker/internal/fault"
	"busker/opus/dca"
	"busker/track"
)

const (
	// defaultBytes are 48 hours at 96 kbit/s.
	defaultBytes = 2 << 30
	// defaultRecordings have 64 KiB of memory each.
	defaultRecordings = 64
	// verifyBytes is the longest file of which the first Open reads every byte: what
	// is read for that is about to be played.
	verifyBytes = 32 << 20
	// touchEvery is how long the times of last use may lag behind on disk.
	touchEvery = time.Minute
	// quietFor is how long nothing is recorded after trouble with the disk.
	quietFor = 10 * time.Minute
)

// Options describe a Cache. Dir is required.
type Options struct {
	Dir      string
	MaxBytes int64 // of all files together, those being recorded too; 0 = 2 GiB

	MaxRecordings     int   // at a time; 0 = 64
	MaxRecordingBytes int64 // of one; 0 = a quarter of MaxBytes

	Logger  *slog.Logger // nil logs nothing
	Metrics *Metrics     // nil counts nothing
}

// Key names one encoding of one content.
type Key struct {
	Source, URI, Version string // of the track; an empty Version is never kept
	Recipe               string // how it was encoded: backend, bitrate, …; a short text
}

// Cache is safe for concurrent use.
type Cache struct {
	opts Options
	log  *slog.Logger
	wake chan struct{} // tells Run that there are jobs; holds one
	lock *lock.Lock    // on the folder, until Run ends; nil where nothing can be written

	mu         sync.Mutex
	shelf      shelf
	recordings map[string]*Recording // by name
	pending    int64                 // bytes of recordings on disk
	jobs       []job
	queued     int       // bytes of jobs
	quietUntil time.Time // after trouble with the disk
	warned     bool
	closed     bool // Run has ended
}

// New opens the folder, makes it if need be, and throws out what is unfinished and what is
// over the budget. The folder is this Cache's until its Run has ended; when it is that of
// another, in this process or in any, New returns a fault.Busy.
func New(o Options) (*Cache, error) {
	if o.Dir == "" {
		return nil, fault.New(fault.Invalid, "The cache needs a folder.")
	}
	if o.MaxBytes < 0 || o.MaxRecordings < 0 || o.MaxRecordingBytes < 0 {
		return nil, fault.New(fault.Invalid, "The limits of the cache cannot be below 0.")
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultBytes
	}
	if o.MaxRecordings == 0 {
		o.MaxRecordings = defaultRecordings
	}
	if o.MaxRecordingBytes == 0 {
		o.MaxRecordingBytes = o.MaxBytes / 4
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	c := &Cache{
		opts: o, log: o.Logger,
		wake: make(chan struct{}, 1), recordings: make(map[string]*Recording),
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	if err := c.claim(); err != nil {
		return nil, err
	}
	c.clean()
	if err := c.load(); err != nil {
		c.lock.Release()
		return nil, fmt.Errorf("open cache: %w", err)
	}
	c.evict()
	return c, nil
}

// claim locks the folder. One that cannot be written to is harmed by nobody.
func (c *Cache) claim() (err error) {
	c.lock, err = lock.Take(filepath.Join(c.opts.Dir, lockName))
	switch {
	case errors.Is(err, lock.ErrTaken):
		return fault.Wrapf(fault.Busy, err, "Another process keeps its encoded tracks in %s; each needs a folder of its own.", c.opts.Dir)
	case err != nil:
		c.log.Warn("the folder of the cache can only be read", "dir", c.opts.Dir, "err", err)
	}
	return nil
}

// Open returns the packets kept under k from the given time on, nil when there are none.
// An error is no more than a reason to play without the cache. What is returned is also an
// audio.Ending and an audio.Waiting; it stays good when the cache drops the file meanwhile.
func (c *Cache) Open(k Key, at time.Duration) (audio.PacketReader, error) {
	name := k.name()
	e, ok := c.find(name)
	if !ok || k.Version == "" {
		c.opts.Metrics.misses.Inc()
		return nil, nil
	}
	r, err := c.open(k, e, at)
	switch {
	case err == nil:
		c.opts.Metrics.hits.Inc()
		return r, nil
	case errors.Is(err, os.ErrNotExist), fault.KindOf(err) == fault.Corrupt:
		c.damaged(name, err)
		c.opts.Metrics.misses.Inc()
		return nil, nil
	}
	return nil, fmt.Errorf("open kept encoding: %w", err)
}

// find looks name up and takes note of its use.
func (c *Cache) find(name string) (entry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shelf.use(name, time.Now())
}

func (c *Cache) open(k Key, e entry, at time.Duration) (audio.PacketReader, error) {
	f, err := os.Open(c.path(e.name))
	if err != nil {
		return nil, err
	}
	r := &reader{file: f, cache: c, name: e.name}
	if err := r.begin(k.Recipe, at, !e.verified && e.bytes <= verifyBytes); err != nil {
		_ = f.Close() // it was only read
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shelf.trust(e.name)
	return r, nil
}

// damaged drops what cannot be read.
func (c *Cache) damaged(name string, err error) {
	c.log.Warn("a kept encoding is damaged and dropped", "file", c.path(name), "err", err)
	c.opts.Metrics.damaged.Inc()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shelf.remove(name) {
		c.enqueue(job{remove: name})
	}
	c.census()
}

// Record begins to keep what k names; nil when that is being recorded already, or is kept,
// or cannot be now. Whoever gets a Recording must Commit or Discard it.
func (c *Cache) Record(k Key, t track.Track) *Recording {
	if k.Version == "" {
		return nil
	}
	name := k.name()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.shelf.has(name) || c.recordings[name] != nil ||
		len(c.recordings) >= c.opts.MaxRecordings || time.Now().Before(c.quietUntil) {
		return nil
	}
	r := &Recording{cache: c, name: name, loudness: loudness(t), chunk: newChunk()}
	w, err := dca.NewIndexed(chunker{r}, metadata(k, t))
	if err != nil { // it is too long, or no text
		return nil
	}
	r.writer = w
	c.recordings[name] = r
	return r
}

// Run does the cache's writing and evicting until ctx ends. What is being recorded then is
// lost.
func (c *Cache) Run(ctx context.Context) error {
	tick := time.NewTicker(touchEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-c.wake:
			c.work()
		case <-tick.C:
			c.touch()
		}
	}
	c.end()
	c.work()
	c.touch()
	c.lock.Release()
	return nil
}

// end gives up all recordings but those of which everything has been handed over.
func (c *Cache) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	for _, r := range c.recordings {
		if !r.committed && !r.dropped {
			c.drop(r)
		}
	}
}
