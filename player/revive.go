package player

import (
	"cmp"
	"context"
	"fmt"
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
	// now, with growing pauses; 0 = 8, which takes about a minute.
	Tries int
}

func (p *Pace) fill() {
	p.AtOnce = cmp.Or(max(p.AtOnce, 0), 10)
	p.Every = cmp.Or(max(p.Every, 0), 50*time.Millisecond)
	p.Patience = cmp.Or(max(p.Patience, 0), 3*time.Second)
	p.Tries = cmp.Or(max(p.Tries, 0), 8)
}

// reviveAgain is the pause before the second try, and each that follows is twice as long.
const reviveAgain = 500 * time.Millisecond

// Revive has all guilds return that were playing when the process ended, newest first,
// and returns when they have or ctx has ended. What people have a guild do meanwhile
// counts; see Return. Without a Memory there is nothing to do.
func (m *Manager) Revive(ctx context.Context, pace Pace) error {
	if m.opts.Memory == nil {
		return nil
	}
	pace.fill()
	guilds, err := m.opts.Memory.Unfinished(ctx)
	if err != nil {
		return fmt.Errorf("find out who was playing: %w", err)
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

// revive has one guild return, and calls release when others need not wait for it.
func (m *Manager) revive(ctx context.Context, guild GuildID, pace Pace, release func()) {
	patience := time.AfterFunc(pace.Patience, release)
	defer release()
	defer patience.Stop()
	for try := 1; ; try++ {
		_, err := m.Do(ctx, guild, Return{})
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
		case !pass(ctx, reviveAgain<<(try-1)):
			return
		}
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
	if p.channel != 0 || channel == 0 {
		return 0, nil
	}
	if at := p.sleep.at; !at.IsZero() && !at.After(time.Now()) {
		p.fallAsleep(ctx)
		return 0, nil
	}
	if p.opts.Reachable != nil {
		if err := p.opts.Reachable(p.guild, channel); err != nil {
			p.noWayBack(err)
			return 0, err
		}
	}
	return channel, nil
}

// noWayBack gives up the channel the guild was in unless that may be reached later. The
// queue and the bookmark in it stay.
func (p *player) noWayBack(err error) {
	channel := p.bookmark.channel
	if channel == 0 || passing(err) || fault.KindOf(err) == fault.Canceled {
		return
	}
	p.bookmark.channel = 0
	p.emit(ReturnFailed{channel, err})
}

// goBack goes on in the channel the player has returned to.
func (p *player) goBack(ctx context.Context) {
	b := p.bookmark
	if p.channel == 0 || p.current != nil || !b.playing {
		return
	}
	p.paused, p.held = b.paused, b.held
	p.start(ctx)
}
