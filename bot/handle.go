package bot

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
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
		err = c.allow(h.right, h.as)
	}
	if err == nil && c.b.opts.Claims != nil && !h.reads {
		err = c.accepted(ctx)
	}
	if err == nil {
		err = c.guarded(ctx, func() error { return h.run(ctx, c, id) })
	}
	c.settle(ctx, err, began)
}

// accepted acknowledges a press or a form before anything is done about it. Where several
// processes may answer, Discord's acceptance is what makes one of them the one: a claim
// holds only among those who can ask.
func (c *call) accepted(ctx context.Context) error {
	if c.fields != nil { // a form may belong to no message
		return c.think(ctx)
	}
	return c.later(ctx)
}

// ackPatience is how long a press or a form may go without an answer: what is waited for,
// a store or a player, may take longer than Discord does, ackTimeout.
const ackPatience = 1500 * time.Millisecond

// guarded runs what answers a press or a form. If that takes too long it is acknowledged,
// and its answer comes when it does.
func (c *call) guarded(ctx context.Context, run func() error) error {
	watch, enough := context.WithCancel(ctx)
	var guard sync.WaitGroup
	defer guard.Wait()
	defer enough()
	guard.Go(func() {
		if pause(watch, ackPatience-time.Since(c.answer.came)) != nil {
			return
		}
		if err := c.accepted(watch); err != nil {
			c.log.Debug("no time was gained", "name", c.name, "err", err)
		}
	})
	return run()
}

// think shows "thinking" until deliver, to everybody or only to whoever asked.
func (c *call) think(ctx context.Context) error {
	_, err := c.acknowledge(ackThinking, func() error { return c.answer.deferReply(ctx, c.private) })
	return err
}

// later acknowledges a press without changing anything yet.
func (c *call) later(ctx context.Context) error {
	_, err := c.acknowledge(ackUpdate, func() error { return c.answer.deferUpdate(ctx) })
	return err
}

// update rewrites the message whose button was pressed.
func (c *call) update(ctx context.Context, r reply) error {
	first, err := c.acknowledge(ackUpdate, func() error { return c.answer.update(ctx, r) })
	if !first {
		c.deliver(ctx, r)
	}
	return err
}

// whisper answers with a message only for whoever asked.
func (c *call) whisper(ctx context.Context, r reply) error {
	first, err := c.acknowledge(ackDone, func() error { return c.answer.whisper(ctx, r) })
	if !first {
		c.more(ctx, r)
	}
	return err
}

// open answers with a form, which Discord takes only as the first answer.
func (c *call) open(ctx context.Context, f form) error {
	first, err := c.acknowledge(ackDone, func() error { return c.answer.open(ctx, f) })
	if !first {
		return fault.New(fault.Timeout, textSlowForm)
	}
	return err
}

// errLost says that Discord did not take the first answer, so that the user sees
// "the application did not respond". Nothing is carried out then.
var errLost = errors.New("interaction could not be acknowledged")

// acknowledge gives the first answer, unless there was one: first is false then.
func (c *call) acknowledge(as ack, answer func() error) (first bool, err error) {
	c.answering.Lock()
	defer c.answering.Unlock()
	if c.state != ackNot {
		return false, nil
	}
	if err := answer(); err != nil {
		return true, errors.Join(errLost, err)
	}
	c.state = as
	c.b.metrics.ack.Observe(time.Since(c.answer.came).Seconds())
	return true, nil
}

// acknowledged reports whether there was a first answer.
func (c *call) acknowledged() bool {
	c.answering.Lock()
	defer c.answering.Unlock()
	return c.state != ackNot
}

// deliver puts the reply where "thinking" is shown, or rewrites the message whose button
// was pressed, also a second time and after any while. What cannot be delivered is logged;
// whoever waits for what Discord refuses is told so.
func (c *call) deliver(ctx context.Context, r reply) {
	ctx, cancel := c.lastMoment(ctx)
	defer cancel()
	err := c.answer.edit(ctx, r, c.state == ackUpdate)
	if err == nil {
		return
	}
	c.log.Warn("reply could not be delivered", "name", c.name, "err", err, "trace", c.trace)
	if c.state == ackThinking && unfit(err) {
		if err := c.answer.edit(ctx, reply{text: c.w.Say(textWrong, c.trace)}, false); err != nil {
			c.log.Warn("reply could not be delivered", "name", c.name, "err", err)
		}
	}
}

// unfit reports whether Discord did not take a message for what is in it.
func unfit(err error) bool {
	switch restCode(err) {
	case codeInvalidForm, codeTooLarge, codeInvalidMessage:
		return true
	}
	return false
}

// Discord's error codes for messages it does not take.
const (
	codeTooLarge       = 40005
	codeInvalidMessage = 50006 // empty
	codeInvalidForm    = 50035
)

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
		c.dropped(ctx, why)
		why = fault.Wrap(fault.Unavailable, "", why)
	case why != nil:
		c.fail(ctx, why)
	}
	c.b.metrics.answered(c.name, why, began)
}

// dropped notes that Discord did not take our first answer. That another's was taken, or
// that it came too late, is what is to be where several processes answer.
func (c *call) dropped(ctx context.Context, why error) {
	label, level := "other", slog.LevelWarn
	switch restCode(why) {
	case codeAnswered:
		label, level = "answered", slog.LevelDebug
	case codeExpired:
		label, level = "expired", slog.LevelDebug
	}
	if c.b.opts.Claims == nil {
		level = slog.LevelWarn
	}
	c.b.metrics.refused.WithLabelValues(label).Inc()
	c.log.Log(ctx, level, "interaction could not be acknowledged", "name", c.name, "err", why)
}

// Discord's error codes for first answers it does not take.
const (
	codeAnswered = 40060
	codeExpired  = 10062
)

// fail tells whoever asked, only them, why nothing came of it.
func (c *call) fail(ctx context.Context, why error) {
	r := reply{text: c.sorry(ctx, why)}
	switch {
	case c.state == ackNot:
		if err := c.whisper(ctx, r); errors.Is(err, errLost) {
			c.dropped(ctx, err)
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
	if !known || cmd.suggest == nil || c.check(needsGuild) != nil {
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
	var offered []choice
	if c.typed = true; c.allow(cmd.right, data.Name, cmd.as) == nil {
		offered = cmd.suggest(ctx, c, option, typed)
	}
	err := c.answer.offer(ctx, choices(offered))
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
		if strings.TrimSpace(o.name) == "" || o.value == "" || len([]rune(o.value)) > longestChoice || len(fit) == maxChoices {
			continue
		}
		fit = append(fit, &discordgo.ApplicationCommandOptionChoice{Name: cut(o.name, longestChoice), Value: o.value})
	}
	return fit
}
