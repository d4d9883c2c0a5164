package bot

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/gateway"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/settings"
)

// call is one interaction being answered.
type call struct {
	b      *Bot
	answer *answerer
	log    *slog.Logger
	trace  string // number the user can give to the operator

	guild, channel, user snowflake.ID // channel is where it was typed or pressed
	parent               snowflake.ID // of channel, where that is a thread; else 0
	roles                []snowflake.ID
	permissions          int64 // of the user, in channel
	may                  int64 // what the bot may there; 0 = not known
	locale               discordgo.Locale

	// What was typed, pressed or entered.
	options     map[string]*discordgo.ApplicationCommandInteractionDataOption
	attachments map[string]*discordgo.MessageAttachment
	values      []string                 // chosen from a menu
	fields      map[string]gateway.Field // of a form
	target      *discordgo.Message       // whose menu was opened; or that has the button

	// How things stand, when it came.
	chosen settings.Guild
	own    settings.User
	voice  snowflake.ID  // channel the user is in, 0 for none
	status player.Status // of the guild's player

	mine tongue // of whoever asked
	w    tongue // of the answer

	name    string // of what is answered, as a metric label
	private bool   // the answer is only for whoever asked
	typed   bool   // it is a command, of a menu or not; else a press or a form

	commands  int        // given to the player under ids
	answering sync.Mutex // over state, and the first answer
	state     ack
}

// ack says what Discord has been answered so far.
type ack uint8

const (
	ackNot      ack = iota
	ackThinking     // it shows "thinking" where the reply comes
	ackUpdate       // a press that changes nothing yet, or has changed its message
	ackDone         // a message or a form: what follows is a follow-up
)

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
	c.look(ctx)
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
		c.target, c.values = i.Message, data.Values
		c.handle(ctx, b.presses, data.CustomID)
	case gateway.Form:
		c.target, c.fields, c.attachments = i.Message, data.Fields, data.Attachments
		c.handle(ctx, b.submits, data.CustomID)
	}
}

func (a *answerer) interaction() snowflake.ID { return parseID(a.i.ID) }

// newCall reads what every interaction has; false means it cannot be answered.
func (b *Bot) newCall(i *discordgo.Interaction) (*call, bool) {
	if i.ID == "" || i.Token == "" {
		b.log.Warn("interaction without an id or token")
		return nil, false
	}
	c := &call{
		b: b, answer: newAnswerer(b.opts.REST, i), trace: fmt.Sprintf("%08x", rand.Uint32()), name: "unknown",
		guild: parseID(i.GuildID), channel: parseID(i.ChannelID), locale: i.Locale, chosen: settings.Default(),
	}
	c.may = i.AppPermissions
	if m := i.Member; m != nil && m.User != nil {
		c.user, c.permissions = parseID(m.User.ID), m.Permissions
		for _, r := range m.Roles {
			c.roles = append(c.roles, parseID(r))
		}
	}
	c.mine = ofPerson(c.own, c.locale)
	c.w = c.mine
	c.log = b.log.With("guild", c.guild, "interaction", i.ID)
	return c, true
}

// lookTimeout is for what must be known before Discord is answered.
const lookTimeout = time.Second

// look sees where things stand.
func (c *call) look(ctx context.Context) {
	if c.guild == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	c.chosen, c.own = c.b.settings.Guild(ctx, c.guild), c.b.settings.User(ctx, c.user)
	c.parent = c.b.opts.Voice.ThreadParent(c.channel)
	c.voice, _ = c.b.opts.Voice.VoiceChannelOf(c.guild, c.user)
	c.status, _ = c.b.opts.Doer.Status(c.guild)
	c.mine = ofPerson(c.own, c.locale)
	c.w = c.mine
}

// survive catches a panic of the handler and says sorry.
func (c *call) survive(ctx context.Context) {
	p := recover()
	if p == nil {
		return
	}
	c.b.metrics.panics.Inc()
	c.log.Error("handler panicked", "panic", p, "trace", c.trace, "stack", string(debug.Stack()))
	c.fail(ctx, fmt.Errorf("panic: %v", p))
}

// command answers a slash command, or an entry of a message's menu.
func (c *call) command(ctx context.Context, data discordgo.ApplicationCommandInteractionData) {
	began := time.Now()
	cmd, known := c.read(data)
	if !known {
		c.settle(ctx, fault.New(fault.NotFound, textUnknown), began)
		return
	}
	c.typed, c.private = true, cmd.private || c.own.Private
	if !c.private {
		c.w = c.b.ofGuild(c.guild, c.chosen)
	}
	err := c.check(cmd.needs)
	if err == nil {
		err = c.allow(cmd.right, data.Name, cmd.as)
	}
	switch {
	case err != nil:
	case cmd.opens != nil && (cmd.run == nil || len(c.options) == 0):
		err = c.openFor(ctx, cmd)
	default:
		if err = c.think(ctx); err == nil {
			var r reply
			r, err = cmd.run(ctx, c)
			if err == nil {
				c.deliver(ctx, r)
				c.warnOfCard(ctx, cmd)
			}
		}
	}
	c.settle(ctx, err, began)
}

// openTimeout is for what must be known before a form opens, which has to be at once.
const openTimeout = time.Second

// openFor answers a command with its form.
func (c *call) openFor(ctx context.Context, cmd *command) error {
	c.w = c.mine
	look, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	f, err := cmd.opens(look, c)
	if err != nil {
		return c.tooSlow(err)
	}
	return c.open(ctx, f)
}

// tooSlow says of an error for want of time what people may read of it.
func (c *call) tooSlow(err error) error {
	if _, explained := c.mine.Fault(err); !explained && errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(fault.Timeout, textSlowForm, err)
	}
	return err
}

// read takes name, options and attachments.
func (c *call) read(data discordgo.ApplicationCommandInteractionData) (cmd *command, known bool) {
	root := c.b.commands[data.Name]
	if root == nil {
		return nil, false
	}
	c.name = root.name
	cmd, typed := root.leaf(data.Options)
	if cmd == nil {
		return nil, false
	}
	if cmd != root {
		c.name = root.name + "_" + cmd.name
	}
	c.options = make(map[string]*discordgo.ApplicationCommandInteractionDataOption, len(typed))
	for _, o := range typed {
		if o != nil {
			c.options[o.Name] = o
		}
	}
	if data.Resolved != nil {
		c.attachments, c.target = data.Resolved.Attachments, data.Resolved.Messages[data.TargetID]
	}
	return cmd, true
}

// text returns a string option, or the id of another, "" when it was not given.
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

// yes returns a yes-or-no option.
func (c *call) yes(name string) (yes, given bool) {
	if o := c.options[name]; o != nil {
		yes, given = o.Value.(bool)
	}
	return yes, given
}

// face is what the audit calls commands that come from Discord.
const face = "discord"

// do carries out a player command in the call's guild. What was not answered in time is
// not carried out any more: the process may have stood still meanwhile.
func (c *call) do(ctx context.Context, cmd player.Command) (player.Status, error) {
	if time.Since(c.answer.came) > ackTimeout && !c.acknowledged() {
		return player.Status{}, errLost
	}
	if _, leaving := cmd.(player.Leave); leaving {
		c.b.clearStatus(ctx, c.guild)
	}
	c.b.loads.heed(c.guild, cmd) // before it: what is added after it stays
	ctx = player.WithActor(ctx, player.Actor{User: c.user, Face: face})
	return c.b.opts.Doer.Do(c.numbered(ctx, cmd), c.guild, cmd)
}

// numbered gives a command an id that another process gives it, too, when Discord tells it
// of the same interaction: the first may have died before it answered. An interaction that
// gives several adds the parts of a list one after the other. Where it first comes to its
// user's channel depends on where the player is then, so that has no number: to go where
// one is changes nothing.
func (c *call) numbered(ctx context.Context, cmd player.Command) context.Context {
	switch cmd.(type) {
	case player.Join, player.Look:
		return ctx
	}
	c.commands++
	return player.WithCommandID(ctx, fmt.Sprintf("i:%s:%d", c.answer.i.ID, c.commands))
}

func parseID(s string) snowflake.ID {
	id, err := snowflake.Parse(s)
	if err != nil {
		return 0
	}
	return id
}
