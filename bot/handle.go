package bot

import (
	"context"
	"errors"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
)

// How a call is answered: at once or later, by a message, a change of the message it came
// from, or a form. Each of the methods that acknowledge may be called once.

// handle answers a press or a form by the table it is in.
func (c *call) handle(ctx context.Context, table map[string]handler, written string) {
	began := time.Now()
	id, ok := parseCustomID(written)
	h, known := table[id.action]
	if !ok || !known {
		c.settle(ctx, fault.New(fault.Invalid, textOldButton), began)
		return
	}
	c.name, c.private = id.action, true
	err := c.check(h.needs)
	if err == nil {
		err = c.allow("", h.right)
	}
	if err == nil {
		err = h.run(ctx, c, id)
	}
	c.settle(ctx, err, began)
}

// think shows "thinking" until deliver, to everybody or only to whoever asked.
func (c *call) think(ctx context.Context) error {
	return c.acknowledge(ackThinking, c.answer.deferReply(ctx, c.private))
}

// later acknowledges a press without changing anything yet.
func (c *call) later(ctx context.Context) error {
	return c.acknowledge(ackUpdate, c.answer.deferUpdate(ctx))
}

// update rewrites the message whose button was pressed.
func (c *call) update(ctx context.Context, r reply) error {
	return c.acknowledge(ackUpdate, c.answer.update(ctx, r))
}

// whisper answers with a message only for whoever asked.
func (c *call) whisper(ctx context.Context, r reply) error {
	return c.acknowledge(ackDone, c.answer.whisper(ctx, r))
}

// open answers with a form.
func (c *call) open(ctx context.Context, f form) error {
	return c.acknowledge(ackDone, c.answer.open(ctx, f))
}

// errLost says that Discord did not take the first answer, so that the user sees
// "the application did not respond". Nothing is carried out then.
var errLost = errors.New("interaction could not be acknowledged")

func (c *call) acknowledge(as ack, err error) error {
	if err != nil {
		return errors.Join(errLost, err)
	}
	c.state = as
	c.b.metrics.ack.Observe(time.Since(c.answer.came).Seconds())
	return nil
}

// deliver puts the reply where "thinking" is shown, or rewrites the message whose button
// was pressed, also a second time and after any while. What cannot be delivered is logged.
func (c *call) deliver(ctx context.Context, r reply) {
	ctx, cancel := c.lastMoment(ctx)
	defer cancel()
	if err := c.answer.edit(ctx, r); err != nil {
		c.log.Warn("reply could not be delivered", "name", c.name, "err", err)
	}
}

// more tells whoever asked something more, only them.
func (c *call) more(ctx context.Context, r reply) {
	ctx, cancel := c.lastMoment(ctx)
	defer cancel()
	if err := c.answer.followUp(ctx, r); err != nil {
		c.log.Warn("reply could not be delivered", "name", c.name, "err", err)
	}
}

// lastMoment gives what is to be said a little time when we are stopping; Discord still
// listens.
func (c *call) lastMoment(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() != nil {
		return context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	}
	return context.WithCancel(ctx)
}

// settle ends the call: it says why it failed, if it did, and counts it.
func (c *call) settle(ctx context.Context, why error, began time.Time) {
	switch {
	case errors.Is(why, errLost):
		c.log.Warn("interaction could not be acknowledged", "name", c.name, "err", why)
		why = fault.Wrap(fault.Unavailable, "", why)
	case why != nil:
		c.fail(ctx, why)
	}
	c.b.metrics.answered(c.name, why, began)
}

// fail tells whoever asked, only them, why nothing came of it.
func (c *call) fail(ctx context.Context, why error) {
	r := reply{text: c.sorry(ctx, why)}
	switch {
	case c.state == ackNot:
		if err := c.whisper(ctx, r); err != nil {
			c.log.Warn("reply could not be delivered", "name", c.name, "err", err)
		}
	case c.state == ackThinking && c.private:
		c.deliver(ctx, r)
	case c.state == ackThinking:
		ctx, cancel := c.lastMoment(ctx)
		defer cancel()
		if err := errors.Join(c.answer.takeBack(ctx), c.answer.followUp(ctx, r)); err != nil {
			c.log.Warn("reply could not be delivered", "name", c.name, "err", err)
		}
	default:
		c.more(ctx, r)
	}
}

// sorry is what the user hears of err: the fault's message, or a number under which
// the log has the rest.
func (c *call) sorry(ctx context.Context, err error) string {
	if m, ok := c.mine.Fault(err); ok {
		c.log.Debug("refused", "err", err)
		return m
	}
	if ctx.Err() != nil {
		return c.mine.Say(textStopping)
	}
	c.log.Error("interaction failed", "err", err, "trace", c.trace)
	return c.mine.Say(textWrong, c.trace)
}

// suggest answers while somebody types an option.
func (c *call) suggest(ctx context.Context, data discordgo.ApplicationCommandInteractionData) {
	began := time.Now()
	cmd, known := c.read(data)
	if !known || cmd.suggest == nil || c.guild == 0 {
		return
	}
	var option, typed string
	for name, o := range c.options {
		if o.Focused {
			option = name
			typed, _ = o.Value.(string)
		}
	}
	c.name = "suggest_" + c.name
	ctx, cancel := context.WithTimeout(ctx, suggestTimeout)
	defer cancel()
	err := c.answer.offer(ctx, choices(cmd.suggest(ctx, c, option, typed)))
	if err != nil { // the next keystroke asks again
		c.log.Debug("suggestions could not be delivered", "name", cmd.name, "err", err)
	}
	c.b.metrics.answered(c.name, err, began)
}

// suggestTimeout is when a suggestion would come too late.
const suggestTimeout = 2500 * time.Millisecond

// maxChoices is the most choices Discord shows for one option.
const maxChoices = 25

// choices are as many as Discord takes, cut to what it shows. One whose value is too long
// is left out.
func choices(all []choice) []*discordgo.ApplicationCommandOptionChoice {
	fit := make([]*discordgo.ApplicationCommandOptionChoice, 0, maxChoices)
	for _, o := range all {
		if o.name == "" || o.value == "" || len([]rune(o.value)) > longestChoice || len(fit) == maxChoices {
			continue
		}
		fit = append(fit, &discordgo.ApplicationCommandOptionChoice{Name: cut(o.name, longestChoice), Value: o.value})
	}
	return fit
}
