// Package library is the index of the operator's music folders: what is in them, found by
// words however they are typed.
//
// Run reads the folders in the background, asks every file what it is, keeps that on disk
// and watches for changes. The index knows tracks, albums, artists and folders; it plays
// nothing, and its tracks are those of package file. All methods may be called while Run
// runs, and answer from memory.
package library

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"busker/sources/decode"
	"busker/sources/folders"
	"busker/track"
)

// Options of a Library.
type Options struct {
	// Folders are the music folders. Required; the Library does not close them.
	Folders *folders.Set
	// File is where the index is kept, so that a restart describes only files that changed;
	// "" keeps it in memory only.
	File string
	// Workers is how many files are described at the same time. 0 is 1: the machine plays
	// music meanwhile, and more is quicker on several disks only.
	Workers int
	// Rescan is how often all folders are read again though nothing was reported. 0 is 1 h, or
	// 5 min where folders cannot be watched.
	Rescan time.Duration
	// Still has no folder watched: for file systems that report nothing, as most network
	// ones do.
	Still bool
	// MaxFiles bounds the index. 0 is 1 000 000, of about 0.7 KB each.
	MaxFiles int
	// Busy reports that the machine has something better to do: then each file waits a little
	// first. nil = never.
	Busy func() bool
	// StandBack is called on each thread that describes files, before the first, so that it
	// gives way to others. nil = it does not.
	StandBack func()
	// Measure has the loudness of files that do not tell it measured and remembered, one file
	// at a time while the machine is not Busy; nil = it is measured when they are played. It
	// takes about a second of a core per track.
	Measure Loudness
	// Popular says how much people like a track, 0..1, from its URI; nil = not known. It is
	// called during searches and must be quick.
	Popular func(uri string) float64
	// Decode says how content is decoded.
	Decode decode.Options
	// Logger tells of passes; nil = nobody is told.
	Logger *slog.Logger
	// Metrics counts; nil = nothing is registered.
	Metrics *Metrics
}

// Loudness remembers how loud tracks are. Both methods may be called at any time.
type Loudness interface {
	Recall(t track.Track) (track.Loudness, bool)
	Remember(t track.Track, l track.Loudness)
}

const (
	defaultMaxFiles = 1_000_000
	watchedRescan   = time.Hour
	stillRescan     = 5 * time.Minute
)

// Library is the index. Run it once.
type Library struct {
	opts Options
	log  *slog.Logger
	open func() (watcher, <-chan fsnotify.Event, <-chan error, error) // newWatcher; tests have worse ones

	mu      sync.RWMutex // Run's goroutine alone writes, and reads without it
	cat     *catalogue
	scan    scanState
	changed chan struct{} // closed at the next change
}

// New returns an index that knows nothing until it runs.
func New(opts Options) *Library {
	if opts.Workers <= 0 {
		opts.Workers = 1
	}
	if opts.MaxFiles <= 0 {
		opts.MaxFiles = defaultMaxFiles
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Metrics == nil {
		opts.Metrics = NewMetrics(nil)
	}
	return &Library{opts: opts, log: opts.Logger, open: newWatcher, cat: newCatalogue(), changed: make(chan struct{})}
}

// Run keeps the index until ctx ends, which returns nil.
func (l *Library) Run(ctx context.Context) error {
	c := newClerk(l)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for range l.opts.Workers {
		helpers.Go(func() { c.describer(ctx) })
	}
	if l.opts.Measure != nil {
		helpers.Go(func() { c.measurer(ctx) })
	}
	c.run(ctx)
	return nil
}

// Ready reports that the index knows the names of all files: before, it may say of a file
// that it is not there.
func (l *Library) Ready() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.scan.ready
}

// Changed returns a channel that is closed at the next change of the index or of its
// Progress.
func (l *Library) Changed() <-chan struct{} {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.changed
}

// edit changes what is guarded by mu, and tells who waits for that.
func (l *Library) edit(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	close(l.changed)
	l.changed = make(chan struct{})
}
