package bot

import (
	"context"
	"slices"

	"busker/gateway"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/settings"
)

// needs is what must be true before a command is carried out.
type needs uint8

const (
	needsGuild     needs = iota // anybody in the server may
	needsControl                // who listens may: in the bot's voice channel
	needsJoin                   // who is in a voice channel the bot may play in, or already does
	needsListening              // who is in the bot's voice channel, to see who else is
)

// check returns why the call may not be carried out, nil when it may. It only
// looks at what is known, so it takes no time.
func (c *call) check(n needs) error {
	if c.guild == 0 || c.user == 0 {
		return fault.New(fault.Invalid, textOnlyGuild)
	}
	switch n {
	case needsControl:
		return c.checkControl()
	case needsJoin:
		return c.checkJoin()
	case needsListening:
		return c.checkListening()
	}
	return nil
}

func (c *call) checkListening() error {
	switch c.status.Channel {
	case 0:
		return fault.New(fault.Invalid, textNotInside)
	case c.voice:
		return nil
	}
	return fault.Newf(fault.Denied, textListen, c.status.Channel)
}

func (c *call) checkControl() error {
	switch {
	case c.status.Channel == 0 && c.status.State == player.StateIdle:
		return fault.New(fault.Invalid, textNotInside)
	case c.voice == 0:
		return fault.New(fault.Denied, textNoVoice)
	case c.status.Channel != 0 && c.voice != c.status.Channel:
		return fault.Newf(fault.Denied, textElsewhere, c.status.Channel)
	}
	return nil
}

func (c *call) checkJoin() error {
	if c.voice == 0 {
		return fault.New(fault.Denied, textNoVoice)
	}
	if c.voice == c.status.Channel {
		return nil
	}
	if c.playsElsewhere() {
		return fault.Newf(fault.Denied, textElsewhere, c.status.Channel)
	}
	if slices.Contains(c.chosen.BlockedChannels, c.voice) && !c.manages() {
		return fault.Newf(fault.Denied, textBlockedVoice, c.voice)
	}
	return c.b.checkAccess(c.voice)
}

// playsElsewhere reports whether the bot plays to other people in another channel.
func (c *call) playsElsewhere() bool {
	if c.status.Channel == 0 || c.status.Channel == c.voice || c.status.State == player.StateIdle {
		return false
	}
	there, known := c.b.opts.Voice.ChannelInfo(c.status.Channel)
	return !known || len(there.Listeners) > 0
}

// warnOfCard tells by name which permissions the bot lacks for its card, whoever asked for
// the first music of a call, or for the card.
func (c *call) warnOfCard(ctx context.Context, cmd *command) {
	begins := cmd.needs == needsJoin && c.status.Channel == 0
	if c.may == 0 || !begins && cmd.name != "nowplaying" || c.chosen.Announce == settings.AnnounceOff {
		return
	}
	if c.b.placeFor(c.guild, c.chosen) != c.channel {
		return
	}
	if missing := terms(gateway.MissingToPost(c.may)); len(missing) > 0 {
		c.more(ctx, reply{text: c.mine.Say(textCardLacks, c.channel, missing)})
	}
}

// terms are the names of permissions, which are translated.
func terms(names []string) (all fault.Terms) {
	for _, name := range names {
		all = append(all, fault.Term(name))
	}
	return all
}

// checkAccess says by name which permission the bot lacks in a voice channel.
func (b *Bot) checkAccess(channel snowflake.ID) error {
	access := b.opts.Voice.VoiceAccess(channel)
	missing := terms(access.Missing)
	switch {
	case len(missing) > 0:
		return fault.Newf(fault.Denied, textMissing, channel, missing)
	case access.Full:
		return fault.Newf(fault.Busy, textFull, channel)
	}
	return nil
}
