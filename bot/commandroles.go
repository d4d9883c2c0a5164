package bot

import (
	"context"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/internal/snowflake"
	"busker/settings"
)

// Which roles a command takes is set in two steps: first the command is chosen, then its
// roles. There are more commands than lines in a menu, so each topic has a menu of its own.

// rolesPage is the name of the page of commands' roles.
const rolesPage = "roles"

// ofCommand begins the names of fields that are the roles of a command.
const ofCommand = "of:"

func commandRolesPage() page {
	p := page{name: rolesPage, title: titleRoles, about: func(w tongue, s state) string { return w.roleRules(s.guild) }}
	for _, ch := range chapters {
		if f := menuOfCommands(ch); f.name != "" {
			p.fields = append(p.fields, f)
		}
	}
	return p
}

// chapter is a topic with its title.
type chapter struct {
	topic topic
	name  string // in custom ids
	title string
}

var chapters = []chapter{
	{topicMusic, "music", titleMusic},
	{topicQueue, "queue", titleQueue},
	{topicSound, "sound", titleSound},
	{topicLibrary, "library", titleLibrary},
	{topicAbout, "about", titleAbout},
	{topicServer, "server", titleServer},
}

// menuOfCommands is the menu of a chapter's slash commands; it leads to the roles of the
// one that is chosen. A chapter without any has no name.
func menuOfCommands(ch chapter) field {
	var names []string
	for _, c := range commands() {
		if c.topic == ch.topic && !c.menu && c.right != rightServer {
			names = append(names, c.name)
		}
	}
	if len(names) == 0 {
		return field{}
	}
	return field{name: ch.name, title: ch.title, leads: rolesOf, menu: &menu{
		values: func(w tongue) []value {
			lines := make([]value, len(names))
			for i, name := range names {
				lines[i] = value{name: name, label: "/" + w.Say("cmd:"+name)}
			}
			return lines
		},
		chosen: func(state) []string { return nil },
		set:    func(context.Context, *call, []string) error { return nil },
	}}
}

// rolesOf is the page of one command's roles.
func rolesOf(command string) page {
	return page{name: rolesPage, title: titleRoles, about: func(w tongue, _ state) string { return "`/" + w.Say("cmd:"+command) + "`" }, fields: []field{{
		name: ofCommand + command, title: textSetRoles, about: textSetRolesAbout, ids: &ids{
			kind: discordgo.RoleSelectMenu, most: settings.MaxRoles,
			chosen: func(s state) []snowflake.ID { return s.guild.CommandRoles[command] },
			set: func(ctx context.Context, c *call, chosen []snowflake.ID) error {
				return c.change(ctx, func(g *settings.Guild) { setRoles(g, command, chosen) })
			},
		},
	}}}
}

func setRoles(g *settings.Guild, command string, roles []snowflake.ID) {
	if len(roles) == 0 {
		delete(g.CommandRoles, command)
		return
	}
	if g.CommandRoles == nil {
		g.CommandRoles = map[string][]snowflake.ID{}
	}
	g.CommandRoles[command] = roles
}

// maxRules is the most characters of them on the page: Discord takes 4000 in a message.
const maxRules = 2500

// roleRules lists the commands that take roles, one a line, as many as there is room for.
func (w tongue) roleRules(g settings.Guild) string {
	lines := make([]string, 0, len(g.CommandRoles))
	for command, roles := range g.CommandRoles {
		lines = append(lines, "`/"+w.Say("cmd:"+command)+"`: "+mentions(roles))
	}
	slices.Sort(lines)
	size := 0
	for i, line := range lines {
		if size += len(line) + 1; size > maxRules {
			return strings.Join(append(lines[:i], w.Say(textListsMore, len(lines)-i)), "\n")
		}
	}
	return strings.Join(lines, "\n")
}
