// Package cache keeps encoded tracks on disk, as DCA1 files within a budget of bytes.
package cache

import (
	"context"
	"time"

	"busker/audio"
	"busker/track"
)

// Options describe a Cache. Dir is required.
type Options struct {
	Dir      string
	MaxBytes int64 // 0 = 2 GiB
}

// Key names one encoding of one content.
type Key struct {
	Source, URI, Version string // of the track; an empty Version is never kept
	Recipe               string // how it was encoded: backend, bitrate, …; a short text
}

// Cache is not written yet.
type Cache struct{}

// New opens the folder, makes it if need be, and throws out what is broken or unfinished.
func New(o Options) (*Cache, error) { return &Cache{}, nil }

// Run tends the cache (eviction, the index of last uses) until ctx ends.
func (c *Cache) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// Open returns the packets kept under k from the given time on, nil when there are none.
func (c *Cache) Open(k Key, at time.Duration) (audio.PacketReader, error) { return nil, nil }

// Record begins to keep what k names; nil when that is being recorded already, or is kept.
func (c *Cache) Record(k Key, t track.Track) *Recording { return nil }

// Recording takes the packets of a whole track in order. A nil Recording ignores everything.
type Recording struct{}

// Write appends a packet. It never waits for the disk longer than a buffered write; after
// the first trouble the Recording is void and says nothing.
func (r *Recording) Write(packet []byte) {}

// Commit keeps the recording; skip and tail are the samples of audio.PacketReader.Skip and
// audio.Ending.Tail.
func (r *Recording) Commit(skip, tail int) {}

// Discard drops it. After Commit it does nothing.
func (r *Recording) Discard() {}
