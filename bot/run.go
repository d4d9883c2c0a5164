package bot

import (
	"context"
	"sync"
	"time"

	"busker/internal/snowflake"
)

// askBuffer is how many requests for a fresh card may wait; more are dropped, and
// the next event brings the card anyway.
const askBuffer = 64

// crews are who looks after guilds: their cards, their listeners, and the status of the
// voice channel. Apart, for none may wait for another's requests.
type crews struct{ cards, stewards, signs *crew }

// Run keeps the cards, writes the history, and looks after the voice channels the bot is in, until ctx ends.
// It then marks as over as many cards as StopTimeout and Discord's limits allow, and logs
// how many are left; whoever presses a button of one later is told, and the card goes.
// Guilds that went to another process (Lost) are left as they are.
// With Survives, it takes over the cards of the process before, and leaves its own to the
// next.
func (b *Bot) Run(ctx context.Context) error {
	var running sync.WaitGroup
	ending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer func() {
		end := time.AfterFunc(b.opts.StopTimeout, cancel)
		defer end.Stop()
		running.Wait()
		b.report(b.unmarked.Load())
	}()
	done := make(chan ended)
	start := func(of *crew, guild snowflake.ID, k keeper) (stop context.CancelCauseFunc) {
		own, stop := context.WithCancelCause(ctx)
		running.Go(func() {
			defer stop(nil)
			b.keep(own, ending, guild, k)
			select {
			case done <- ended{of, guild, k}:
			case <-ctx.Done():
			}
		})
		return stop
	}
	if b.opts.Plays != nil {
		running.Go(func() { b.runHistory(ctx) })
	}
	all := b.newCrews(start)
	if b.opts.Owns == nil { // else Gained tells which
		for _, former := range b.adopt(ctx, func(snowflake.ID) bool { return true }) {
			if former.Message != 0 {
				all.cards.post(former.Guild, notes{})
			}
		}
	}
	b.serve(ctx, all, done)
	return nil
}

func (b *Bot) newCrews(start func(*crew, snowflake.ID, keeper) context.CancelCauseFunc) crews {
	of := func(made func(*Bot, snowflake.ID) keeper) *crew {
		return &crew{new: func(g snowflake.ID) keeper { return made(b, g) }, at: map[snowflake.ID]shift{}, start: start}
	}
	return crews{
		cards:    of(func(b *Bot, g snowflake.ID) keeper { return newCard(b, g) }),
		stewards: of(func(b *Bot, g snowflake.ID) keeper { return newSteward(b, g) }),
		signs:    of(func(b *Bot, g snowflake.ID) keeper { return newSign(b, g) }),
	}
}

// serve hands what happens to whom it concerns.
func (b *Bot) serve(ctx context.Context, all crews, done <-chan ended) {
	events := b.opts.Events
	for {
		select {
		case <-ctx.Done():
			return
		case e, open := <-events:
			if !open {
				events = nil
				continue
			}
			all.cards.post(e.Guild, b.note(e.Event))
			b.stir(all, e.Guild)
		case guild := <-b.asks:
			all.cards.post(guild, notes{fresh: true})
		case <-b.stirred.wake:
			for guild := range b.stirred.take() {
				all.cards.tell(guild, notes{})
				b.stir(all, guild)
			}
		case <-b.handed.wake:
			for _, h := range b.handed.take() {
				h.apply(all)
			}
		case e := <-done:
			e.forget()
		}
	}
}

// stir has a guild's steward and sign look again, where the bot is in voice.
func (b *Bot) stir(all crews, guild snowflake.ID) {
	s, _ := b.opts.Doer.Status(guild)
	for _, c := range []*crew{all.stewards, all.signs} {
		if s.Channel != 0 {
			c.post(guild, notes{})
		} else {
			c.tell(guild, notes{})
		}
	}
}

// GuildChanged tells the bot that of a guild something is no longer as it was: who is in
// voice, its channels or permissions. It never waits.
func (b *Bot) GuildChanged(guild snowflake.ID) { b.stirred.add(guild) }

// report tells the operator of cards for which there was no time when the process stopped.
func (b *Bot) report(left int64) {
	if left > 0 {
		b.metrics.cards.WithLabelValues("left").Add(float64(left))
		b.log.Warn("no time to mark all cards as over; a press on one that is left does so", "cards", left)
	}
}
