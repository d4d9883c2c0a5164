package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
)

// call is one interaction being answered.
type call struct {
	b      *Bot
	answer *answerer
	log    *slog.Logger
	trace  string // number the user can give to the operator

	guild, channel, user snowflake.ID // channel is where it was typed or pressed
	options              map[string]*discordgo.ApplicationCommandInteractionDataOption
	attachments          map[string]*discordgo.MessageAttachment

	voice  snowflake.ID  // channel the user is in, 0 for none
	status player.Status // of the guild's player when the interaction came

	deferred *command // whose reply shows "thinking"
	acked    bool     // a press is acknowledged
}

// HandleInteraction answers one interaction and returns when that is done. It
// takes every interaction Discord sends, answers each only once, and survives
// whatever its handler does.
func (b *Bot) HandleInteraction(ctx context.Context, i *discordgo.InteractionCreate) {
	if i == nil || i.Interaction == nil {
		return
	}
	c, ok := b.newCall(i.Interaction)
	if !ok {
		return
	}
	defer c.survive(ctx)
	c.look()
	if !c.claim(ctx) {
		return
	}
	switch data := i.Data.(type) {
	case discordgo.ApplicationCommandInteractionData:
		switch i.Type {
		case discordgo.InteractionApplicationCommand:
			c.command(ctx, data)
		case discordgo.InteractionApplicationCommandAutocomplete:
			c.suggest(ctx, data)
		}
	case discordgo.MessageComponentInteractionData:
		c.press(ctx, data)
	}
}

// claimTimeout is for whoever decides who answers: the user is waiting.
const claimTimeout = time.Second

// claim reports whether this process is to answer. It does where nobody can decide that:
// Discord takes only one answer.
func (c *call) claim(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, claimTimeout)
	defer cancel()
	first, err := c.b.opts.Claims.Claim(ctx, c.answer.interaction())
	if err != nil {
		c.log.Error("claim interaction", "err", err)
	}
	return first || err != nil
}

func (a *answerer) interaction() snowflake.ID { return parseID(a.i.ID) }

// newCall reads what every interaction has; false means it cannot be answered.
func (b *Bot) newCall(i *discordgo.Interaction) (*call, bool) {
	if i.ID == "" || i.Token == "" {
		b.log.Warn("interaction without an id or token")
		return nil, false
	}
	c := &call{
		b: b, answer: newAnswerer(b.opts.REST, i), trace: fmt.Sprintf("%08x", rand.Uint32()),
		guild: parseID(i.GuildID), channel: parseID(i.ChannelID),
	}
	if i.Member != nil && i.Member.User != nil {
		c.user = parseID(i.Member.User.ID)
	}
	c.log = b.log.With("guild", c.guild, "interaction", i.ID)
	return c, true
}

// look sees where things stand.
func (c *call) look() {
	if c.guild == 0 {
		return
	}
	c.voice, _ = c.b.opts.Voice.VoiceChannelOf(c.guild, c.user)
	c.status, _ = c.b.opts.Doer.Status(c.guild)
}

// survive catches a panic of the handler and says sorry.
func (c *call) survive(ctx context.Context) {
	p := recover()
	if p == nil {
		return
	}
	c.b.metrics.panics.Inc()
	c.log.Error("handler panicked", "panic", p, "trace", c.trace, "stack", string(debug.Stack()))
	why := fmt.Errorf("panic: %v", p)
	var err error
	switch {
	case c.deferred != nil:
		c.finish(ctx, c.deferred, reply{}, why)
	case c.acked:
		err = c.answer.followUp(ctx, c.words(ctx, why))
	default:
		err = c.answer.whisper(ctx, c.words(ctx, why))
	}
	if err != nil {
		c.log.Warn("reply could not be delivered", "err", err)
	}
}

// command answers a slash command.
func (c *call) command(ctx context.Context, data discordgo.ApplicationCommandInteractionData) {
	began := time.Now()
	cmd, known := commandsByName[data.Name]
	if !known {
		c.refuse(ctx, "unknown", fault.New(fault.NotFound, textUnknown), began)
		return
	}
	c.read(data)
	if err := c.check(cmd.needs); err != nil {
		c.refuse(ctx, cmd.name, err, began)
		return
	}
	if err := c.answer.deferReply(ctx, cmd.private); err != nil {
		c.lost(cmd.name, err, began)
		return
	}
	c.deferred = cmd
	c.b.metrics.ack.Observe(time.Since(began).Seconds())
	r, err := cmd.run(ctx, c)
	c.finish(ctx, cmd, r, err)
	c.b.metrics.answered(cmd.name, err, began)
}

// read takes the options and attachments.
func (c *call) read(data discordgo.ApplicationCommandInteractionData) {
	c.options = make(map[string]*discordgo.ApplicationCommandInteractionDataOption, len(data.Options))
	for _, o := range data.Options {
		if o != nil {
			c.options[o.Name] = o
		}
	}
	if data.Resolved != nil {
		c.attachments = data.Resolved.Attachments
	}
}

// text returns a string option, "" when it was not given.
func (c *call) text(name string) string {
	if o := c.options[name]; o != nil {
		if s, ok := o.Value.(string); ok {
			return s
		}
	}
	return ""
}

// number returns an integer option.
func (c *call) number(name string) (int, bool) {
	if o := c.options[name]; o != nil {
		if n, ok := o.Value.(float64); ok && n > -1e9 && n < 1e9 {
			return int(n), true
		}
	}
	return 0, false
}

// refuse answers at once, only to whoever asked.
func (c *call) refuse(ctx context.Context, name string, why error, began time.Time) {
	if err := c.answer.whisper(ctx, c.words(ctx, why)); err != nil {
		c.lost(name, err, began)
		return
	}
	c.b.metrics.ack.Observe(time.Since(began).Seconds())
	c.b.metrics.answered(name, why, began)
}

// lost notes that Discord did not take the first answer, so that the user sees
// "the application did not respond". Nothing is carried out then.
func (c *call) lost(name string, err error, began time.Time) {
	c.log.Warn("interaction could not be acknowledged", "name", name, "err", err)
	c.b.metrics.answered(name, fault.Wrap(fault.Unavailable, "", err), began)
}

// finish replaces the deferred reply: by the answer, or by the reason there is
// none, which only whoever asked gets to see.
func (c *call) finish(ctx context.Context, cmd *command, r reply, why error) {
	if why != nil {
		r = reply{text: c.words(ctx, why)}
	}
	if ctx.Err() != nil { // we are stopping; Discord still listens
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
	}
	var err error
	if why == nil || cmd.private {
		err = c.answer.edit(ctx, r)
	} else {
		err = errors.Join(c.answer.takeBack(ctx), c.answer.followUp(ctx, r.text))
	}
	if err != nil {
		c.log.Warn("reply could not be delivered", "name", cmd.name, "err", err)
	}
}

// words is what the user hears of err: the fault's message, or a number under
// which the log has the rest.
func (c *call) words(ctx context.Context, err error) string {
	if m, ok := fault.Message(err); ok {
		c.log.Debug("refused", "err", err)
		return m
	}
	if ctx.Err() != nil {
		return textStopping
	}
	c.log.Error("interaction failed", "err", err, "trace", c.trace)
	return fmt.Sprintf(textWrong, c.trace)
}

// do carries out a player command in the call's guild.
func (c *call) do(ctx context.Context, cmd player.Command) (player.Status, error) {
	return c.b.opts.Doer.Do(ctx, c.guild, cmd)
}

func parseID(s string) snowflake.ID {
	id, err := snowflake.Parse(s)
	if err != nil {
		return 0
	}
	return id
}
