package bot

import (
	"context"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
)

const actionHelp = "help"

func helpCommands() []*command {
	return []*command{{name: "help", about: aboutHelp, topic: topicAbout, private: true, run: help}}
}

func helpPresses() map[string]handler {
	return map[string]handler{actionHelp: {as: "help", reads: true, run: turnHelp}}
}

func help(_ context.Context, c *call) (reply, error) { return c.helpPage(chapters[0]), nil }

func turnHelp(ctx context.Context, c *call, _ customID) error {
	if len(c.values) != 1 {
		return fault.New(fault.Invalid, textOldButton)
	}
	for _, ch := range chapters {
		if ch.name == c.values[0] {
			return c.update(ctx, c.helpPage(ch))
		}
	}
	return fault.New(fault.Invalid, textOldButton)
}

// helpPage tells what whoever asked may do here, as far as it belongs to a chapter.
func (c *call) helpPage(of chapter) reply {
	lines := []string{c.w.Say(textHelp)}
	lines = append(lines, c.helpHints()...)
	lines = append(lines, "", "**"+c.w.Say(of.title)+"**")
	var menu []discordgo.SelectMenuOption
	topics := map[topic]bool{}
	for _, cmd := range commands() {
		if !c.mayUse(cmd) {
			continue
		}
		topics[cmd.topic] = true
		if cmd.topic == of.topic {
			lines = append(lines, c.w.helpLine(cmd))
		}
	}
	for _, ch := range chapters {
		if topics[ch.topic] {
			option := thing(ch.name, c.w.Say(ch.title), "")
			option.Default = ch == of
			menu = append(menu, option)
		}
	}
	return reply{text: strings.Join(lines, "\n"), rows: rowsOf([]discordgo.MessageComponent{
		discordgo.SelectMenu{CustomID: customID{action: actionHelp}.String(), Placeholder: c.w.Say(placeholderTopic), Options: menu},
	})}
}

// helpHints are what this server has decided.
func (c *call) helpHints() (hints []string) {
	if c.chosen.TextChannel != 0 {
		hints = append(hints, c.w.Say(textHelpChannel, c.chosen.TextChannel))
	}
	if len(c.chosen.DJRoles) > 0 {
		hints = append(hints, c.w.Say(textHelpDJ, mentions(c.chosen.DJRoles)))
	}
	if c.chosen.VoteSkip > 0 {
		hints = append(hints, c.w.Say(textHelpVote, c.chosen.VoteSkip))
	}
	return hints
}

// mayUse reports whether whoever asked may use a command somewhere in this server.
func (c *call) mayUse(cmd *command) bool {
	if cmd.manage && !c.manages() {
		return false
	}
	there := call{
		guild: c.guild, channel: c.channel, parent: c.parent, user: c.user, roles: c.roles, permissions: c.permissions, chosen: c.chosen,
	}
	return there.allow(cmd.right, cmd.name, cmd.as) == nil
}

// helpLine is a command as people type it in their language, and what it is for.
func (w tongue) helpLine(cmd *command) string {
	name := w.Say("cmd:" + cmd.name)
	if cmd.menu {
		return w.Say(textHelpMenu, "**"+name+"**")
	}
	line := w.Say(textHelpLine, "`/"+name+"`", w.Say(cmd.about))
	if len(cmd.subs) == 0 {
		return line
	}
	var subs []string
	for _, sub := range cmd.subs {
		subs = append(subs, "`"+w.Say("cmd:"+sub.name)+"`")
	}
	return line + "\n-# " + strings.Join(subs, " ")
}
