package bot

import (
	"context"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/player"
	"busker/settings"
)

// What menus on pages do.
const (
	actionSettings = "settings" // choose a page of /settings: argument is its name, or the value of the menu
	actionSet      = "set"      // choose a value on it
	actionPrefer   = "prefer"   // choose a value of /preferences
)

func settingsCommands() []*command {
	return []*command{
		{name: "settings", about: aboutSettings, topic: topicServer, right: rightServer, private: true, manage: true, run: showSettings},
		{name: "preferences", about: aboutPreferences, topic: topicAbout, private: true, run: showPreferences},
	}
}

func settingsPresses() map[string]handler {
	return map[string]handler{
		actionSettings: {right: rightServer, run: turnSettings},
		actionSet:      {right: rightServer, run: changeSettings},
		actionPrefer:   {as: "preferences", run: changePreferences},
	}
}

func showSettings(ctx context.Context, c *call) (reply, error) {
	c.remember(ctx)
	return c.settingsPage(settingsPages()[0]), nil
}

// remember has the player of a guild that plays nothing remember what the guild has chosen.
func (c *call) remember(ctx context.Context) {
	s, err := c.do(ctx, player.Look{})
	if err != nil {
		c.log.Warn("the player cannot be asked", "err", err)
		return
	}
	c.status = s
}

// settingsPage is a page of /settings, with a menu that leads to the others.
func (c *call) settingsPage(p page) reply {
	w := c.mine
	lines := make([]discordgo.SelectMenuOption, 0, maxMenuLines)
	for _, other := range settingsPages() {
		lines = append(lines, discordgo.SelectMenuOption{
			Label: w.Say(other.title), Value: other.name, Default: other.name == p.name,
		})
	}
	contents := rowOf(discordgo.SelectMenu{
		MenuType: discordgo.StringSelectMenu, CustomID: customID{action: actionSettings}.String(),
		Placeholder: w.Say(labelPages), MaxValues: 1, Options: lines,
	})
	return reply{parts: []discordgo.MessageComponent{w.show(actionSet, p, c.standing()), contents}}
}

func (c *call) standing() state { return state{guild: c.chosen, own: c.own, status: c.status} }

func turnSettings(ctx context.Context, c *call, _ customID) error {
	c.remember(ctx)
	for _, p := range settingsPages() {
		if len(c.values) == 1 && p.name == c.values[0] {
			return c.update(ctx, c.settingsPage(p))
		}
	}
	return fault.New(fault.Invalid, textOldButton)
}

func changeSettings(ctx context.Context, c *call, id customID) error {
	name, target, _ := strings.Cut(id.argument, "=")
	pages := settingsPages()
	if command, is := strings.CutPrefix(name, ofCommand); is && c.b.commands[command] != nil {
		pages = []page{rolesOf(command)}
	}
	p, f, known := find(pages, id.serial, name)
	if !known {
		return fault.New(fault.Invalid, textOldButton)
	}
	if err := f.choose(ctx, c, target); err != nil {
		return err
	}
	if f.leads != nil {
		p = f.leads(c.values[0])
	} else {
		c.note(actionSettings, strings.TrimSpace(p.name+" "+id.argument+" "+strings.Join(c.values, " ")))
	}
	c.look(ctx)
	c.remember(ctx)
	return c.update(ctx, c.settingsPage(p))
}

// change alters the server's settings.
func (c *call) change(ctx context.Context, change func(g *settings.Guild)) error {
	_, err := c.b.settings.ChangeGuild(ctx, c.guild, func(g *settings.Guild) error {
		change(g)
		return nil
	})
	return err
}

func showPreferences(_ context.Context, c *call) (reply, error) {
	return c.preferencesPage(), nil
}

func (c *call) preferencesPage() reply {
	return reply{parts: []discordgo.MessageComponent{c.mine.show(actionPrefer, preferences(), c.standing())}}
}

func changePreferences(ctx context.Context, c *call, id customID) error {
	name, target, _ := strings.Cut(id.argument, "=")
	_, f, known := find([]page{preferences()}, id.serial, name)
	if !known {
		return fault.New(fault.Invalid, textOldButton)
	}
	if err := f.choose(ctx, c, target); err != nil {
		return err
	}
	c.look(ctx)
	return c.update(ctx, c.preferencesPage())
}

// prefer alters what whoever asked has chosen for themselves.
func (c *call) prefer(ctx context.Context, change func(u *settings.User)) error {
	_, err := c.b.settings.ChangeUser(ctx, c.user, func(u *settings.User) error {
		change(u)
		return nil
	})
	return err
}
