package session

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"busker/internal/snowflake"
	"busker/queue"
)

// Keeper writes the changes of all guilds to a Store, many of them in one transaction.
// While the Store is away it keeps them in memory, where what a later change makes
// worthless is dropped, and tries again.
type Keeper struct {
	opts    Options
	wake    chan struct{} // holds one token while there is something to write
	compact chan struct{} // likewise for due
	trouble trouble

	mu      sync.Mutex // guards all below
	next    *batch     // what has come since writing was begun; nil = nothing
	writing *batch     // nil = nothing is being written
	away    bool       // the last write failed
	moving  map[snowflake.ID]anchor
	due     map[snowflake.ID]whole // to be compacted: all changes up to them are saved
}

// New returns a Keeper that writes once Run runs.
func New(opts Options) (*Keeper, error) {
	if err := opts.fill(); err != nil {
		return nil, err
	}
	return &Keeper{
		opts: opts, wake: make(chan struct{}, 1), compact: make(chan struct{}, 1),
		moving: map[snowflake.ID]anchor{}, due: map[snowflake.ID]whole{},
	}, nil
}

// Keep takes over c and never waits. Changes of one guild must be handed over in their
// order. They are stamped with the token that Options.Token tells now: what waits to be
// written does not become a newer owner's.
func (k *Keeper) Keep(c Change) Receipt {
	c.Token = k.token(c.Guild)
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.Place != nil {
		place := *c.Place
		place.Process = k.opts.Process
		c.Place = &place
		k.follow(c.Guild, c.Token, place, c.Now)
	}
	return k.add(c)
}

// add is Keep with the lock held.
func (k *Keeper) add(c Change) Receipt {
	if k.next == nil {
		k.next = newBatch()
		signal(k.wake)
	}
	k.next.merge(c, k.away)
	k.opts.Metrics.waiting.Set(float64(len(k.next.changes)))
	return Receipt{k.next, claim{c.Guild, c.Token}}
}

// Load returns what is kept of a guild, changes that are on their way included: it waits
// for them. It takes the guild first, so that from then on an older owner can change
// nothing of it; ErrFenced means that this process is the older one.
func (k *Keeper) Load(ctx context.Context, guild snowflake.ID) (Saved, error) {
	for _, saved := range k.unsaved(guild) {
		select {
		case <-saved:
		case <-ctx.Done():
			return Saved{}, fmt.Errorf("wait for changes to be saved: %w", ctx.Err())
		}
	}
	if err := k.take(ctx, guild); err != nil {
		return Saved{}, fmt.Errorf("take the guild: %w", err)
	}
	return k.opts.Store.Load(ctx, guild)
}

// unsaved returns when the changes of a guild will be saved.
func (k *Keeper) unsaved(guild snowflake.ID) (saved []<-chan struct{}) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range []*batch{k.writing, k.next} {
		if b.has(guild) {
			saved = append(saved, b.saved)
		}
	}
	return saved
}

// Unfinished returns the guilds that have a channel to go back to, newest first.
func (k *Keeper) Unfinished(ctx context.Context) ([]snowflake.ID, error) {
	return k.opts.Store.Unfinished(ctx)
}

// Run writes until ctx ends, and then what is left, for Options.FlushTimeout at most.
// It returns an error when that was not enough. It may be called once.
func (k *Keeper) Run(ctx context.Context) error {
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	running.Go(func() {
		<-ctx.Done()
		pause(life, k.opts.FlushTimeout)
		cancel()
	})
	running.Go(func() { k.runCompaction(ctx) })
	beat := time.NewTimer(k.opts.Heartbeat)
	defer beat.Stop()
	for ctx.Err() == nil {
		select {
		case <-k.wake:
			k.write(ctx, life)
			pause(ctx, k.opts.Every)
		case <-beat.C:
			k.beat(ctx, life)
			beat.Reset(k.opts.Heartbeat)
		case <-ctx.Done():
		}
	}
	return k.flush(life)
}

// write saves what there is to save, and tries until it is saved or ctx ends. What it
// has begun goes on until life ends.
func (k *Keeper) write(ctx, life context.Context) {
	for wait := firstRetry; k.begin() != nil; wait = min(2*wait, lastRetry) {
		err := k.save(life, k.writing)
		if err == nil {
			k.done()
			return
		}
		k.failed("changes of sessions could not be saved", err)
		if !pause(ctx, wait) {
			return
		}
	}
}

// The pauses before a write is tried again.
const (
	firstRetry = 50 * time.Millisecond
	lastRetry  = 2 * time.Second
)

// flush is write for the last time: it returns when all is saved or life has ended.
func (k *Keeper) flush(life context.Context) error {
	for k.begin() != nil {
		if err := k.save(life, k.writing); err == nil {
			k.done()
		} else if k.failed("changes of sessions could not be saved", err); !pause(life, firstRetry) {
			return fmt.Errorf("save %d sessions at the end: %w", len(k.writing.changes), err)
		}
	}
	return nil
}

// begin returns what is to be written now, nil for nothing: what was not saved the
// last time, or else what has come since.
func (k *Keeper) begin() *batch {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.writing == nil {
		k.writing, k.next = k.next, nil
		k.opts.Metrics.waiting.Set(0)
	}
	return k.writing
}

// save writes b.
func (k *Keeper) save(life context.Context, b *batch) error {
	for len(b.changes) > 0 {
		n, rows := b.part()
		if err := k.savePart(life, b, n, rows); err != nil {
			return err
		}
		b.changes = b.changes[n:]
	}
	k.opts.Metrics.latency.Observe(time.Since(b.begun).Seconds())
	return nil
}

// savePart writes the first n changes, which one transaction can.
func (k *Keeper) savePart(life context.Context, b *batch, n, rows int) error {
	start, changes := time.Now(), b.changes[:n]
	ctx, cancel := context.WithTimeout(life, k.timeout(rows))
	defer cancel()
	fenced, err := k.opts.Store.Save(ctx, changes)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if slices.Contains(fenced, c.Guild) {
			k.refuse(b, claim{c.Guild, c.Token})
		}
	}
	k.opts.Metrics.saving.Observe(time.Since(start).Seconds())
	k.opts.Metrics.saved.Add(float64(len(changes)))
	return nil
}

// replace has the Store keep a queue as a whole.
func (k *Keeper) replace(ctx context.Context, guild snowflake.ID, w whole) error {
	ctx, cancel := context.WithTimeout(ctx, k.timeout(rowsOf(&w.state)))
	defer cancel()
	return k.opts.Store.Compact(ctx, guild, w.token, w.state)
}

// timeout is what a call with so many rows may take: a call that is too large for it would
// be begun anew for ever.
func (k *Keeper) timeout(rows int) time.Duration {
	return k.opts.Timeout * time.Duration(1+rows/queue.DefaultMaxItems)
}

// done tells all who wait for the batch that was written.
func (k *Keeper) done() {
	k.mu.Lock()
	defer k.mu.Unlock()
	b := k.writing
	k.writing, k.away = nil, false
	for guild, w := range b.states {
		k.due[guild] = w
		signal(k.compact)
	}
	if k.next != nil {
		signal(k.wake)
	}
	close(b.saved)
}

// failed counts and logs a failure of the Store, once a second.
func (k *Keeper) failed(what string, err error) {
	k.mu.Lock()
	k.away = true
	k.mu.Unlock()
	k.opts.Metrics.failures.Inc()
	if n := k.trouble.count(time.Now()); n > 0 {
		k.opts.Logger.Warn(what, "times", n, "err", err)
	}
}

// signal leaves a token in c unless there is one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// pause waits, and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
