package bot

import (
	"context"
	"slices"
	"strconv"

	"busker/internal/fault"
	"busker/player"
	"busker/queue"
)

// What buttons do; parts of custom ids and labels of metrics.
const (
	actionPage    = "page"
	actionRefresh = "refresh"
	actionPause   = "pause"
	actionResume  = "resume"
	actionSkip    = "skip"
	actionStop    = "stop"
	actionLoop    = "loop"
	actionShuffle = "shuffle"

	actionPrevious = "previous"
	actionEffects  = "effects"
	actionMix      = "mix" // the menu of effects
	actionQueue    = "queue"
	actionMore     = "more"
	actionAdjust   = "adjust" // the panel behind "more"
	actionJump     = "jump"   // the menu of what comes next
)

// cardPresses are the buttons of the card. Each says what shall be, not what shall
// change, so that two people pressing at the same time want the same.
func cardPresses() map[string]handler {
	return map[string]handler{
		actionPause:    onCard(always(player.Pause{})),
		actionResume:   onCard(always(player.Resume{})),
		actionSkip:     {as: "skip", run: pressSkip},
		actionStop:     onCard(always(player.Stop{})),
		actionShuffle:  onCard(always(player.Shuffle{})),
		actionPrevious: onCard(always(player.Previous{})),
		actionEffects:  {needs: needsControl, as: "effects", reads: true, run: shows(tongue.effects)},
		actionQueue:    {as: "queue", reads: true, run: shows(func(w tongue, s player.Status) reply { return w.queuePage(s, 1) })},
		actionMore:     {needs: needsControl, reads: true, run: shows(tongue.panel)},
		actionJump:     {needs: needsControl, as: "jump", run: pressJump},
		actionLoop: onCard(func(argument string) (player.Command, error) {
			mode, err := queue.ParseLoop(argument)
			return player.Loop{Mode: mode}, err
		}),
	}
}

func always(c player.Command) func(string) (player.Command, error) {
	return func(string) (player.Command, error) { return c, nil }
}

// shows answers a button of the card with something only for whoever pressed it.
func shows(what func(tongue, player.Status) reply) func(context.Context, *call, customID) error {
	return func(ctx context.Context, c *call, id customID) error {
		c.name = "card_" + id.action
		if !c.b.serials.inUse(c.guild, id.serial) {
			return c.tidy(ctx)
		}
		return c.whisper(ctx, what(c.mine, c.status))
	}
}

// pressJump plays the track somebody chose from the menu of what comes next, as /jump does.
func pressJump(ctx context.Context, c *call, id customID) error {
	c.name = "card_" + id.action
	if !c.b.serials.inUse(c.guild, id.serial) {
		return c.tidy(ctx)
	}
	if len(c.values) != 1 {
		return fault.New(fault.Invalid, textOldButton)
	}
	chosen, err := strconv.ParseUint(c.values[0], 36, 64)
	at := slices.IndexFunc(c.status.Queue, func(i *queue.Item) bool { return i.ID == chosen })
	if err != nil || at < 0 {
		return fault.New(fault.NotFound, textGone)
	}
	if err := c.allow(rightMusic); err != nil {
		return err
	}
	if err := c.mayEnd(c.status); err != nil {
		return err
	}
	if err := c.later(ctx); err != nil {
		return err
	}
	_, err = c.do(ctx, player.Jump{Item: chosen})
	return err
}

// queuePresses turn the pages of the queue.
func queuePresses() map[string]handler {
	turn := handler{as: "queue", reads: true, run: turnPage}
	return map[string]handler{actionPage: turn, actionRefresh: turn}
}

func turnPage(ctx context.Context, c *call, id customID) error {
	page, err := strconv.Atoi(id.argument)
	if err != nil {
		return fault.New(fault.Invalid, textOldButton)
	}
	return c.update(ctx, c.w.queuePage(c.status, page))
}

// onCard handles a button of the card in use, meant for the track it shows, which does what
// the slash command of its action's name does.
func onCard(action func(argument string) (player.Command, error)) handler {
	return handler{run: func(ctx context.Context, c *call, id customID) error {
		if live, err := c.current(ctx, id); !live {
			return err
		}
		cmd, err := action(id.argument)
		if err != nil {
			return fault.Wrap(fault.Invalid, textOldButton, err)
		}
		if err := c.allow(rightMusic, id.action); err != nil {
			return err
		}
		if _, back := cmd.(player.Previous); back {
			if err := c.mayEnd(c.status); err != nil {
				return err
			}
		}
		if err := c.later(ctx); err != nil {
			return err
		}
		return c.doOnce(ctx, id.item, cmd)
	}}
}

// pressSkip is the button that skips, or votes for it.
func pressSkip(ctx context.Context, c *call, id customID) error {
	if live, err := c.current(ctx, id); !live {
		return err
	}
	if err := c.later(ctx); err != nil {
		return err
	}
	text, skipped, err := c.skip(ctx, 1)
	if err == nil && !skipped {
		c.more(ctx, reply{text: text})
	}
	return err
}

// current checks that a press is meant for the track that plays, on the card in use, by
// somebody who listens. A card that is not in use any more is tidied up instead: live is
// false then, and with every error.
func (c *call) current(ctx context.Context, id customID) (live bool, err error) {
	c.name = "card_" + id.action
	switch {
	case !c.b.serials.inUse(c.guild, id.serial):
		return false, c.tidy(ctx)
	case c.status.Channel == 0 && c.status.State == player.StateIdle: // the guild has yet to return
		return false, fault.New(fault.Unavailable, textReturning)
	case c.status.ItemID == 0 || id.item != c.status.ItemID:
		return false, fault.New(fault.Invalid, textStaleCard)
	}
	err = c.check(needsControl)
	return err == nil, err
}

// tidy takes the buttons off a card that is no longer in use: there was no time to when
// the process stopped, or Discord would not let us.
func (c *call) tidy(ctx context.Context) error {
	c.name = "card_unused"
	if err := c.update(ctx, reply{parts: c.b.ofGuild(c.guild, c.chosen).unused().components}); err != nil {
		return err
	}
	c.b.metrics.cards.WithLabelValues("tidied").Inc()
	c.more(ctx, reply{text: c.mine.Say(textUnusedCard)})
	return nil
}

// doOnce carries out a press meant for one item of the queue. Presses of a guild
// go one after another, so that the second of two skips finds its track gone.
func (c *call) doOnce(ctx context.Context, item uint64, cmd player.Command) error {
	done, err := c.b.turns.take(ctx, c.guild)
	if err != nil {
		return err
	}
	defer done()
	if s, _ := c.b.opts.Doer.Status(c.guild); s.ItemID != item {
		return fault.New(fault.Invalid, textStaleCard)
	}
	_, err = c.do(ctx, cmd)
	return err
}
