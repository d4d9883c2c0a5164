package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"path/filepath"

	"busker/cache/loudness"
	"busker/cmd/busker/internal/config"
	"busker/playlists/exchange"
	"busker/sources/decode"
	"busker/sources/file"
	"busker/sources/folders"
	"busker/sources/library"
	"busker/track"
)

// openMusic opens the music folders, makes their index, and returns the source that plays
// from them.
func (s *sourceSet) openMusic(opts Options, decoding decode.Options, links resolver, busy busyness) (*file.Source, error) {
	set, err := folders.Open(append([]string{opts.MusicDir}, opts.MoreMusic...)...)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, set.Close)
	tuning := opts.Tuning.Library
	o := library.Options{
		Folders: set, File: indexFile(opts.Cache.MaxBytes > 0, opts.Cache.Dir, set), Workers: tuning.Workers, Rescan: tuning.Rescan, Still: tuning.NoWatch,
		Busy: busy.Busy, StandBack: busy.StandBack, Decode: decoding,
		Logger: opts.Telemetry.Logger().With("part", "library"), Metrics: library.NewMetrics(opts.Telemetry.Registry()),
	}
	if tuning.Measure {
		o.Measure = busy
	}
	s.library = library.New(o)
	return file.New(file.Options{Folders: set, Index: s.library, Lists: lists{}, Elsewhere: links, Decode: decoding})
}

// resolver finds links.
type resolver = func(ctx context.Context, q track.Query) (track.Result, error)

// indexFile is where the index of these folders is kept: beside encoded tracks, if those
// are kept.
func indexFile(kept bool, dir string, set *folders.Set) string {
	dir, err := config.Cache{Dir: dir}.Folder()
	if err != nil || !kept {
		return ""
	}
	h := sha256.New()
	for _, f := range set.List() {
		_, _ = io.WriteString(h, f.Dir+"\x00") // a hash takes everything
	}
	return filepath.Join(dir, "library-"+hex.EncodeToString(h.Sum(nil)[:4]))
}

// lists reads playlist files for the source of the music folders.
type lists struct{}

// Read implements file.Lists.
func (lists) Read(name string, r io.Reader, most int) (title string, entries []string, err error) {
	list, err := exchange.Read(name, r, most)
	for _, e := range list.Entries {
		entries = append(entries, e.Text)
	}
	return list.Title, entries, err
}

// busyness tells the index what else the machine does, once the app has its parts.
type busyness struct{ app *App }

// busyLoad is the share of the cores in use from which on the index waits.
const busyLoad = 0.5

// Busy reports that music needs the cores.
func (b busyness) Busy() bool { return b.app.pool.Status().Load > busyLoad }

// StandBack has the thread give way to those that play.
func (b busyness) StandBack() { b.app.pool.StandBack() }

// Recall implements library.Loudness. What cannot be remembered is not worth measuring.
func (b busyness) Recall(t track.Track) (track.Loudness, bool) {
	if m := b.memory(); m != nil {
		return m.Recall(t)
	}
	return track.Loudness{}, true
}

// Remember implements library.Loudness.
func (b busyness) Remember(t track.Track, l track.Loudness) {
	if m := b.memory(); m != nil {
		m.Remember(t, l)
	}
}

func (b busyness) memory() *loudness.Memory { return b.app.loudness }

// Library is the index of the music folders, nil without one.
func (a *App) Library() *library.Library { return a.sources.library }

// runLibrary keeps the index.
func (a *App) runLibrary(ctx context.Context) error {
	if a.sources.library == nil {
		<-ctx.Done()
		return nil
	}
	return a.sources.library.Run(ctx)
}
