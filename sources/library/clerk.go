package library

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"time"

	"busker/sources/folders"
)

const (
	// saveEvery is how much work of a long round may be lost.
	saveEvery = time.Minute
	// settleTime is how long nothing may have changed before it is looked at; settleMost is
	// how long that may be put off. A file that is being copied changes all the time.
	settleTime = 300 * time.Millisecond
	settleMost = 3 * time.Second
	// tellEvery is how often a long round is told of.
	tellEvery = 30 * time.Second
	// chunk is how many files are changed while searches wait: about a millisecond.
	chunk = 128
)

// clerk is what Run's goroutine alone knows. It may read the catalogue at any time, and
// changes it inside edit.
type clerk struct {
	*Library
	jobs    chan job
	results chan result
	quiet   chan chan specimen // the measurer's: what to measure next

	pending  []*file // to be described
	sent     int     // jobs whose results are still to come
	orphans  map[orphan]about
	watch    *watch
	dirty    map[folders.Place]bool
	since    time.Time   // when the first of them became so
	settle   *time.Timer // runs while there are any
	full     *time.Timer
	unsaved  bool
	lost     map[*folders.Folder]bool // music folders that lost all their files: what is kept stays as it is
	told     time.Time
	silent   []*file // candidates of the measurer
	surveyed bool    // silent was made since the last change
	crowded  bool    // MaxFiles was told of
}

// orphan tells files apart wherever they lie, so that those of a folder that was moved are
// not described again.
type orphan struct {
	name          string
	size, changed int64
}

func newClerk(l *Library) *clerk {
	return &clerk{
		Library: l, jobs: make(chan job), results: make(chan result), quiet: make(chan chan specimen),
		orphans: map[orphan]about{}, dirty: map[folders.Place]bool{}, lost: map[*folders.Folder]bool{},
		settle: stopped(), full: stopped(),
	}
}

// stopped returns a timer that fires when it is reset.
func stopped() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

func (c *clerk) run(ctx context.Context) {
	c.load()
	c.startWatch()
	defer func() { c.watch.close() }()
	c.pass(ctx)
	saving := time.NewTicker(saveEvery)
	defer saving.Stop()
	for ctx.Err() == nil {
		c.step(ctx, saving.C)
	}
	c.save()
}

// step waits for one thing to happen and sees to it.
func (c *clerk) step(ctx context.Context, saving <-chan time.Time) {
	jobs, next := c.next()
	var asked chan chan specimen
	if jobs == nil && c.sent == 0 {
		asked = c.quiet
	}
	select {
	case <-ctx.Done():
	case jobs <- next:
		c.pending = c.pending[1:]
		c.sent++
	case r := <-c.results:
		c.take(ctx, r)
	case answer := <-asked:
		answer <- c.unmeasured()
	case e, ok := <-c.watch.events():
		c.notice(e, ok)
	case err, ok := <-c.watch.errors():
		c.trouble(err, ok)
	case <-c.settle.C:
		c.freshen(ctx)
	case <-c.full.C:
		c.pass(ctx)
	case <-saving:
		c.save()
	}
}

// load takes over what an earlier run kept.
func (c *clerk) load() {
	if c.opts.File == "" {
		return
	}
	began := time.Now()
	cat, err := load(c.opts.File, c.opts.Decode.FFmpeg != nil, c.opts.Folders)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		c.log.Warn("the index of the music folders is made anew", "err", err)
	default:
		c.edit(func() { c.cat = cat })
		c.log.Info("took over the index of the music folders", "files", cat.size(), "took", time.Since(began).Round(time.Millisecond))
	}
}

// save keeps what is known.
func (c *clerk) save() {
	if !c.unsaved || c.opts.File == "" || len(c.lost) > 0 {
		return
	}
	c.unsaved = false
	if err := c.cat.save(c.opts.File, c.opts.Decode.FFmpeg != nil); err != nil {
		c.log.Warn("the index of the music folders cannot be kept", "err", err)
	}
}

// pass reads all folders.
func (c *clerk) pass(ctx context.Context) {
	began := time.Now()
	c.edit(func() { c.scan.reading, c.scan.seen = true, 0 })
	for f := range c.cat.all {
		if f.state == named {
			f.tried = false
		}
	}
	for _, root := range c.opts.Folders.List() {
		c.readRoot(ctx, folders.Place{Folder: root, Path: "."})
	}
	c.reconcile(ctx)
	if ctx.Err() != nil {
		return
	}
	c.requeue()
	c.opts.Metrics.passes.Inc()
	c.edit(func() { c.scan.reading, c.scan.ready, c.scan.passed = false, true, time.Now() })
	c.log.Info("read the music folders", "files", c.cat.size(), "to describe", len(c.pending), "took", time.Since(began).Round(time.Millisecond))
	c.full.Reset(c.rescan())
	c.told = time.Now()
	c.rest()
}

// readRoot reads a music folder. One that is suddenly empty most likely is not mounted:
// then what is kept of it on disk stays.
func (c *clerk) readRoot(ctx context.Context, p folders.Place) {
	before := 0
	if d := c.cat.folders[p.URI()]; d != nil {
		before = d.below
	}
	c.read(ctx, p, true)
	after := c.cat.folders[p.URI()]
	switch empty := after == nil || len(after.files)+len(after.subs) == 0; {
	case !empty:
		delete(c.lost, p.Folder)
	case before > 0 && ctx.Err() == nil:
		c.lost[p.Folder] = true
		c.log.Warn("a music folder has lost all its files: is it mounted? What was known of them stays on disk until they are back", "folder", p.Folder.Name)
	}
}

func (c *clerk) rescan() time.Duration {
	switch {
	case c.opts.Rescan > 0:
		return c.opts.Rescan
	case c.watch != nil && !c.watch.partial:
		return watchedRescan
	}
	return stillRescan
}

// requeue has all files described that are not, among them those where it did not work.
func (c *clerk) requeue() {
	waits := make(map[*file]bool, len(c.pending))
	for _, f := range c.pending {
		waits[f] = true
	}
	c.edit(func() {
		for f := range c.cat.all {
			if !f.tried && !waits[f] {
				c.enqueue(f)
			}
		}
	})
}

// begin counts a file that is to be described; the catalogue may be changed.
func (c *clerk) begin() {
	if c.scan.done == c.scan.of { // a round begins
		c.scan.done, c.scan.of, c.scan.began = 0, 0, time.Now()
	}
	c.scan.of++
}

// freshen reads the folders in which something changed.
func (c *clerk) freshen(ctx context.Context) {
	places := make([]folders.Place, 0, len(c.dirty))
	for p := range c.dirty {
		places = append(places, p)
	}
	clear(c.dirty)
	slices.SortFunc(places, func(a, b folders.Place) int { return len(a.Path) - len(b.Path) }) // the outer ones first
	for _, p := range places {
		c.read(ctx, p, false)
	}
	c.reconcile(ctx)
	c.rest()
}

// rest sees to what is due when there is nothing to describe.
func (c *clerk) rest() {
	if c.cat.stale() {
		text, docs := c.cat.fresh()
		c.edit(func() { c.cat.install(text, docs) })
	}
	c.report()
	if len(c.pending) > 0 || c.sent > 0 {
		return
	}
	clear(c.orphans)
	c.surveyed = false
	c.edit(func() {}) // for whoever waits until it is done
}
