package remote

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"busker/cluster"
	"busker/internal/fault"
	"busker/player"
)

// Doer carries out commands wherever the guild's player is. Its methods may be called from
// any goroutine, before Run and without it, too.
type Doer struct {
	opts Options
	feed feed
}

var _ player.Doer = (*Doer)(nil)

// New returns a Doer that hears events once Run runs.
func New(opts Options) (*Doer, error) {
	if err := opts.fill(); err != nil {
		return nil, err
	}
	return &Doer{opts: opts, feed: newFeed()}, nil
}

// The pauses before a command is sent again.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 500 * time.Millisecond
)

// Do implements player.Doer. When nobody knows whether c was carried out until ctx ends,
// at most Options.Timeout where it has no deadline, the error is a fault.Timeout.
func (d *Doer) Do(ctx context.Context, guild player.GuildID, c player.Command) (player.Status, error) {
	if c == nil {
		return player.Status{}, fault.New(fault.Invalid, "There is no command.")
	}
	if player.CommandIDOf(ctx) == "" { // from the first try on: what that did may be kept
		ctx = player.WithCommandID(ctx, rand.Text())
	}
	if d.opts.Token(guild) != 0 {
		s, err := d.opts.Local.Do(ctx, guild, c)
		if !errors.Is(err, player.ErrMoved) {
			return s, err
		}
		d.opts.Metrics.again.WithLabelValues("moved").Inc()
	}
	start := time.Now()
	s, err := d.insist(ctx, guild, c)
	result := "done"
	if err != nil {
		result = fault.KindOf(err).String()
	}
	d.opts.Metrics.commands.WithLabelValues(result).Observe(time.Since(start).Seconds())
	return s, err
}

// insist gives c to whoever owns the guild until somebody answers.
func (d *Doer) insist(ctx context.Context, guild player.GuildID, c player.Command) (player.Status, error) {
	o, err := newOrder(ctx, guild, c)
	if err != nil {
		return player.Status{}, err
	}
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	sent := false // it may have been carried out
	for wait := firstPause; ; wait = min(2*wait, lastPause) {
		s, err := d.attempt(ctx, o, c, &sent)
		var again unanswered
		if !errors.As(err, &again) {
			return s, err
		}
		d.opts.Metrics.again.WithLabelValues(again.why).Inc()
		d.opts.Directory.Forget()
		if !pause(ctx, wait) {
			return player.Status{}, givenUp(ctx, sent, err)
		}
	}
}

func newOrder(ctx context.Context, guild player.GuildID, c player.Command) (order, error) {
	p, err := commands.wrap(c)
	if err != nil {
		return order{}, err
	}
	actor := player.ActorOf(ctx)
	return order{Guild: guild, ID: player.CommandIDOf(ctx), User: actor.User, Face: actor.Face, Command: p}, nil
}

// bounded gives ctx a deadline.
func (d *Doer) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, bounded := ctx.Deadline(); bounded {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d.opts.Timeout)
}

// unanswered says that nobody has said what became of a command, and that the same may be
// tried again.
type unanswered struct {
	why   string // a metric label
	cause error
}

func (u unanswered) Error() string { return u.why + ": " + u.cause.Error() }
func (u unanswered) Unwrap() error { return u.cause }

// attempt gives c to the owner once.
func (d *Doer) attempt(ctx context.Context, o order, c player.Command, sent *bool) (player.Status, error) {
	if d.opts.Token(o.Guild) != 0 { // it has come here, or is about to go
		s, err := d.opts.Local.Do(ctx, o.Guild, c)
		if errors.Is(err, player.ErrMoved) {
			err = unanswered{"moved", err}
		}
		return s, err
	}
	at, err := d.find(ctx, o.Guild)
	if err != nil {
		return player.Status{}, err
	}
	o.Token = at.token
	var a answer
	*sent = true
	if err := d.ask(ctx, at, cluster.Message{Key: o.Guild.String(), Kind: kindCommand}, o, &a); err != nil {
		return player.Status{}, err
	}
	s, err := a.outcome()
	if errors.Is(err, player.ErrMoved) {
		err = unanswered{"moved", err}
	}
	return s, err
}

// place is where a shard is served.
type place struct {
	topic string
	token uint64
}

// find looks up who owns a guild.
func (d *Doer) find(ctx context.Context, guild player.GuildID) (place, error) {
	member, token, shard, shards, err := d.opts.Directory.Owner(ctx, guild)
	switch {
	case err != nil:
		return place{}, unanswered{"lookup", err}
	case member == "" || shards <= 0:
		return place{}, unanswered{"ownerless", errors.New("nobody has the shard")}
	}
	return place{topicOf(shard, shards), token}, nil
}

// ask sends what to whoever serves at and reads the answer into into.
func (d *Doer) ask(ctx context.Context, at place, m cluster.Message, what, into any) error {
	body, err := write(what)
	if err != nil {
		return err
	}
	if len(body) > cluster.MaxBody {
		return fault.New(fault.TooLarge, "That is too much at once.")
	}
	m.Body = body
	ctx, cancel := context.WithTimeout(ctx, d.opts.Silence)
	defer cancel()
	reply, err := d.opts.Bus.Request(ctx, at.topic, m)
	switch kind := fault.KindOf(err); {
	case err == nil:
		return read(reply, into)
	case kind == fault.Unsupported || kind == fault.Corrupt: // it cannot read what we wrote
		return err
	}
	return unanswered{"silence", err}
}

// givenUp says what to tell whoever waited as long as ctx let us.
func givenUp(ctx context.Context, sent bool, last error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err()
	case !sent:
		return fault.Wrap(fault.Unavailable, "No machine plays for this server at the moment. Try again in a few seconds.", last)
	}
	return fault.Wrap(fault.Timeout, "The machine that plays for this server does not answer. It may still do what you asked for.", last)
}

// pause waits, and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// Status returns how a guild's player is, wherever it is; false when it has none.
func (d *Doer) Status(ctx context.Context, guild player.GuildID) (player.Status, bool, error) {
	all, err := d.Statuses(ctx, guild)
	if err != nil {
		return player.Status{}, false, fmt.Errorf("status of guild %s: %w", guild, err)
	}
	s, ok := all[guild]
	return s, ok, nil
}
