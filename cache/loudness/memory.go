// Package loudness remembers on disk how loud tracks are that do not say so themselves.
//
// It knows of a track what tells its content from others, and measures nothing. Whoever
// asks and tells never waits for the disk: all writing is done by the goroutine in Run.
// One Memory uses a file at a time, which it locks.
package loudness

import (
	"cmp"
	"container/list"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"busker/cache/internal/lock"
	"busker/internal/fault"
	"busker/track"
)

// defaultTracks take 6 MB of disk, twice that at times, and 12 MB of memory.
const defaultTracks = 100_000

// Options describe a Memory. File is required.
type Options struct {
	File      string       // made if need be, and its folder; File.lock and File.new are used, too
	MaxTracks int          // those that were not asked for longest are forgotten; 0 = 100 000
	Logger    *slog.Logger // nil logs nothing
}

// Memory is safe for concurrent use.
type Memory struct {
	opts Options
	log  *slog.Logger
	wake chan struct{} // tells Run that there is something to write; holds one
	lock *lock.Lock    // until Run ends

	mu     sync.Mutex // never held while the disk is used, but by New
	known  map[content]*list.Element
	order  list.List // of *entry, the one used last in front
	fresh  []entry   // not written yet
	missed bool      // there was more than fresh holds: all is to be written
	closed bool      // Run has ended

	journal journal // for New and Run only
}

// New reads the file. It is this Memory's until its Run has ended; when it is that of
// another, in this process or in any, New returns a fault.Busy.
func New(o Options) (*Memory, error) {
	if o.File == "" || o.MaxTracks < 0 {
		return nil, fault.New(fault.Invalid, "The memory of loudness needs a file, and room for a track.")
	}
	o.MaxTracks = cmp.Or(o.MaxTracks, defaultTracks)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	m := &Memory{
		opts: o, log: o.Logger, wake: make(chan struct{}, 1),
		known: map[content]*list.Element{}, journal: journal{path: o.File},
	}
	if err := os.MkdirAll(filepath.Dir(o.File), 0o700); err != nil {
		return nil, fmt.Errorf("open memory of loudness: %w", err)
	}
	var err error
	if m.lock, err = lock.Take(o.File + ".lock"); errors.Is(err, lock.ErrTaken) {
		return nil, fault.Wrapf(fault.Busy, err, "Another process remembers in %s.", o.File)
	}
	if err == nil {
		err = m.load()
	}
	if err != nil {
		m.lock.Release()
		return nil, fmt.Errorf("open memory of loudness: %w", err)
	}
	return m, nil
}

func (m *Memory) load() error {
	damaged, err := m.journal.load(m.opts.MaxTracks, m.put)
	if damaged > 0 {
		m.log.Warn("lines of the memory of loudness are damaged and left out", "file", m.opts.File, "lines", damaged)
	}
	return err
}

// Recall returns what was remembered of a track with the same content.
func (m *Memory) Recall(t track.Track) (track.Loudness, bool) {
	c := contentOf(t)
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.known[c]
	if !ok {
		return track.Loudness{}, false
	}
	m.order.MoveToFront(at)
	return at.Value.(*entry).loudness(), true
}

// Remember keeps how loud t is. Of a track without a Version, which may be another one
// tomorrow, it is kept for this process only.
func (m *Memory) Remember(t track.Track, l track.Loudness) {
	e, ok := entryOf(t, l)
	if !ok {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if at, ok := m.known[e.content]; ok && *at.Value.(*entry) == e {
		m.order.MoveToFront(at)
		return
	}
	m.put(e)
	if e.passing || m.closed {
		return
	}
	if len(m.fresh) < m.opts.MaxTracks {
		m.fresh = append(m.fresh, e)
	} else {
		m.missed = true
	}
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// put puts e in front, in place of what was known; m.mu is held, or nobody else has m yet.
func (m *Memory) put(e entry) {
	if at, ok := m.known[e.content]; ok {
		m.order.Remove(at)
	}
	m.known[e.content] = m.order.PushFront(&e)
	if m.order.Len() > m.opts.MaxTracks {
		delete(m.known, m.order.Remove(m.order.Back()).(*entry).content)
	}
}

// Run writes what is remembered until ctx ends. It is called once.
func (m *Memory) Run(ctx context.Context) error {
	troubled := false
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-m.wake:
			troubled = m.save(troubled)
		}
	}
	m.close()
	m.save(troubled)
	m.journal.close()
	m.lock.Release()
	return nil
}

// save writes, and says so when trouble begins.
func (m *Memory) save(troubled bool) bool {
	err := m.write()
	if err != nil && !troubled {
		m.log.Warn("how loud tracks are cannot be written down", "file", m.opts.File, "err", err)
	}
	return err != nil
}

func (m *Memory) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
}

// write appends what is fresh, or writes all anew when the file has become long.
func (m *Memory) write() error {
	m.mu.Lock()
	fresh, missed, all := m.fresh, m.missed, m.order.Len()
	m.fresh, m.missed = nil, false
	m.mu.Unlock()
	if len(fresh) == 0 && !missed {
		return nil
	}
	var err error
	if missed || m.journal.long(all) {
		err = m.journal.rewrite(m.everything())
	} else {
		err = m.journal.append(fresh)
	}
	if err != nil { // all of it is still to be written
		m.mu.Lock()
		m.missed = true
		m.mu.Unlock()
	}
	return err
}

// everything returns what is to be found in the file, what was used last at its end.
func (m *Memory) everything() (all []entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all = make([]entry, 0, m.order.Len())
	for at := m.order.Back(); at != nil; at = at.Prev() {
		if e := at.Value.(*entry); !e.passing {
			all = append(all, *e)
		}
	}
	return all
}
