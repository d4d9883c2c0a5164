package bot

import (
	"context"
	"strconv"
	"time"

	"github.com/bwmarrin/discordgo"

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
)

// cardActions are the buttons of the card. Each says what shall be, not what shall
// change, so that two people pressing at the same time want the same.
var cardActions = map[string]func(argument string) (player.Command, error){
	actionPause:   always(player.Pause{}),
	actionResume:  always(player.Resume{}),
	actionSkip:    always(player.Skip{}),
	actionStop:    always(player.Stop{}),
	actionShuffle: always(player.Shuffle{}),
	actionLoop: func(argument string) (player.Command, error) {
		mode, err := queue.ParseLoop(argument)
		return player.Loop{Mode: mode}, err
	},
}

func always(c player.Command) func(string) (player.Command, error) {
	return func(string) (player.Command, error) { return c, nil }
}

// press answers a button.
func (c *call) press(ctx context.Context, data discordgo.MessageComponentInteractionData) {
	began := time.Now()
	id, ok := parseCustomID(data.CustomID)
	action := cardActions[id.action]
	switch {
	case ok && (id.action == actionPage || id.action == actionRefresh):
		c.turnPage(ctx, id, began)
	case ok && action != nil:
		c.pressCard(ctx, id, action, began)
	default:
		c.refuse(ctx, "unknown", fault.New(fault.Invalid, textOldButton), began)
	}
}

func (c *call) turnPage(ctx context.Context, id customID, began time.Time) {
	if err := c.check(needsGuild); err != nil {
		c.refuse(ctx, actionPage, err, began)
		return
	}
	page, err := strconv.Atoi(id.argument)
	if err != nil {
		c.refuse(ctx, actionPage, fault.New(fault.Invalid, textOldButton), began)
		return
	}
	if err := c.answer.update(ctx, queuePage(c.status, page)); err != nil {
		c.lost(actionPage, err, began)
		return
	}
	c.b.metrics.answered(actionPage, nil, began)
}

func (c *call) pressCard(ctx context.Context, id customID, action func(string) (player.Command, error), began time.Time) {
	if !c.b.serials.inUse(c.guild, id.serial) {
		c.tidy(ctx, began)
		return
	}
	name := "card_" + id.action
	cmd, err := action(id.argument)
	if err != nil {
		err = fault.Wrap(fault.Invalid, textOldButton, err)
	}
	if err == nil && (c.status.ItemID == 0 || id.item != c.status.ItemID) {
		err = fault.New(fault.Invalid, textStaleCard)
	}
	if err == nil {
		err = c.check(needsControl)
	}
	if err != nil {
		c.refuse(ctx, name, err, began)
		return
	}
	if err := c.answer.deferUpdate(ctx); err != nil {
		c.lost(name, err, began)
		return
	}
	c.acked = true
	c.b.metrics.ack.Observe(time.Since(began).Seconds())
	if err = c.doOnce(ctx, id.item, cmd); err != nil {
		if err := c.answer.followUp(ctx, c.words(ctx, err)); err != nil {
			c.log.Warn("reply could not be delivered", "name", name, "err", err)
		}
	}
	c.b.metrics.answered(name, err, began)
}

// tidy takes the buttons off a card that is no longer in use: there was no time to when
// the process stopped, or Discord would not let us.
func (c *call) tidy(ctx context.Context, began time.Time) {
	const name = "card_unused"
	if err := c.answer.updateCard(ctx, unused()); err != nil {
		c.lost(name, err, began)
		return
	}
	c.acked = true
	c.b.metrics.ack.Observe(time.Since(began).Seconds())
	c.b.metrics.cards.WithLabelValues("tidied").Inc()
	if err := c.answer.followUp(ctx, textUnusedCard); err != nil {
		c.log.Warn("reply could not be delivered", "name", name, "err", err)
	}
	c.b.metrics.answered(name, nil, began)
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
