package player

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
)

// Pace bounds how guilds return after a start, so that neither Discord nor this machine
// has to bear all at once. The zero Pace is good.
type Pace struct {
	AtOnce int           // most guilds on their way at a time; 0 = 10
	Every  time.Duration // least time from one to the next; 0 = 50 ms
	// Patience is how long a guild counts as on its way: one that gets no answer must not
	// hold up others. 0 = 3 s.
	Patience time.Duration
	// Tries is how often a guild is told to return whose channel cannot be reached just
	// now, or for which this machine has no room, with growing pauses; 0 = 30, which takes
	// about ten minutes. With the last try the Return is over.
	Tries int

	Guilds  func(GuildID) bool // only these return; nil = all. It must not wait
	Running bool               // they still play in another process; see Return.Running
}

func (p *Pace) fill() {
	p.AtOnce = cmp.Or(max(p.AtOnce, 0), 10)
	p.Every = cmp.Or(max(p.Every, 0), 50*time.Millisecond)
	p.Patience = cmp.Or(max(p.Patience, 0), 3*time.Second)
	p.Tries = cmp.Or(max(p.Tries, 0), 30)
}

const (
	// reviveAgain is the pause before the second try, and each that follows is twice as
	// long, up to reviveRarely.
	reviveAgain  = 500 * time.Millisecond
	reviveRarely = 30 * time.Second
)

// Revive has guilds return that were playing when their process ended, newest first,
// and returns when they have or ctx has ended. What people have a guild do meanwhile
// counts; see Return. They are this process's again, if they were handed over before: a
// player that still sounds here for another process ends, for that one may have changed it.
// Without a Memory there is no more to do.
func (m *Manager) Revive(ctx context.Context, pace Pace) error {
	for _, p := range m.turn(pace.Guilds, false) {
		p.inbox.post(comeHome{})
	}
	if m.opts.Memory == nil {
		return nil
	}
	pace.fill()
	guilds, err := m.unfinished(ctx)
	if err != nil {
		return err
	}
	if pace.Guilds != nil {
		guilds = slices.DeleteFunc(guilds, func(g GuildID) bool { return !pace.Guilds(g) })
	}
	start, on := time.Now(), make(chan struct{}, pace.AtOnce)
	var returning sync.WaitGroup
	defer returning.Wait()
	for _, guild := range guilds {
		select {
		case on <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		release := sync.OnceFunc(func() { <-on })
		returning.Go(func() { m.revive(ctx, guild, pace, release) })
		if !pass(ctx, pace.Every) {
			return nil
		}
	}
	returning.Wait()
	m.opts.Logger.Info("guilds have returned", "guilds", len(guilds), "after", time.Since(start))
	return nil
}

// unfinished asks who was playing, and asks again while the Memory is away.
func (m *Manager) unfinished(ctx context.Context) ([]GuildID, error) {
	for wait := reviveAgain; ; wait = min(2*wait, reviveRarely) {
		guilds, err := m.opts.Memory.Unfinished(ctx)
		switch {
		case err == nil:
			return guilds, nil
		case ctx.Err() != nil: // nobody wants to know any more
			return nil, ctx.Err()
		}
		m.opts.Logger.Warn("it cannot be found out who was playing", "err", err, "again in", wait)
		if !passing(err) || !pass(ctx, wait) {
			return nil, fmt.Errorf("find out who was playing: %w", err)
		}
	}
}

// revive has one guild return, and calls release when others need not wait for it.
func (m *Manager) revive(ctx context.Context, guild GuildID, pace Pace, release func()) {
	patience := time.AfterFunc(pace.Patience, release)
	defer release()
	defer patience.Stop()
	wait := reviveAgain
	for try := 1; ; try++ {
		_, err := m.Do(ctx, guild, Return{Last: try >= pace.Tries, Running: pace.Running})
		release()
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			m.opts.Metrics.returns.WithLabelValues("returned").Inc()
			return
		case !passing(err) || try >= pace.Tries:
			m.opts.Metrics.returns.WithLabelValues(fault.KindOf(err).String()).Inc()
			m.opts.Logger.Warn("a guild could not return", "guild", guild, "err", err)
			return
		case !pass(ctx, wait):
			return
		}
		wait = min(2*wait, reviveRarely)
	}
}

// pass lets d pass, and reports false when ctx ended first.
func pass(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// passing reports whether what keeps a guild from its channel may be over soon.
func passing(err error) bool {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.Timeout, fault.Busy, fault.Internal:
		return true
	}
	return false
}

// wayBack returns the channel a Return goes to, 0 for none.
func (p *player) wayBack(ctx context.Context) (snowflake.ID, error) {
	channel := p.bookmark.channel
	switch {
	case p.channel != 0:
		return 0, nil
	case p.opts.Memory != nil && !p.kept.able: // it may know a channel, once it can be asked
		return 0, fault.New(fault.Unavailable, "I cannot reach my memory right now. Try it again in a moment.")
	case channel == 0:
		return 0, nil
	}
	if at := p.sleep.at; !at.IsZero() && !at.After(time.Now()) {
		p.fallAsleep(ctx)
		return 0, nil
	}
	if p.opts.Reachable != nil {
		return channel, p.opts.Reachable(p.guild, channel)
	}
	return channel, nil
}

// noWayBack tells that c, a Return, has failed with err, unless it will be tried again. The
// channel is given up when it cannot be reached later either; the queue and the bookmark
// in it stay.
func (p *player) noWayBack(c Command, err error) {
	r, is := c.(Return)
	channel := p.bookmark.channel
	if !is || err == nil || channel == 0 || passing(err) && !r.Last || fault.KindOf(err) == fault.Canceled {
		return
	}
	if !passing(err) {
		p.bookmark.channel = 0
	}
	p.emit(ReturnFailed{channel, err})
}

// goBack goes on in the channel the player has returned to.
func (p *player) goBack(ctx context.Context, running bool) {
	defer p.dropShadow()
	b := p.bookmark
	switch {
	case p.channel == 0 || p.current != nil:
		return
	case b.over:
		p.over(ctx)
		return
	case !b.playing:
		return
	}
	p.paused, p.held = b.paused, b.held
	if running && p.runs() {
		p.joinIn(ctx)
		return
	}
	p.start(ctx)
}
