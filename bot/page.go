package bot

import (
	"context"
	"slices"
	"strconv"

	"github.com/bwmarrin/discordgo"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/settings"
)

// page is one page of menus: fields of one kind, one below the other. Discord allows 40
// components in a message; a field takes three.
type page struct {
	name   string                         // in custom ids
	title  string                         // a text
	about  func(w tongue, s state) string // said below the title; nil, or "", = nothing
	fields []field
}

// field is one thing that can be chosen. Exactly one of toggle, menu and ids is set.
type field struct {
	name  string // in custom ids
	title string // a text
	about string // a text, in small print

	toggle *toggle
	menu   *menu
	ids    *ids

	leads func(chosen string) page // page to go to once something is chosen; nil = none
}

// state is what fields show.
type state struct {
	guild  settings.Guild
	own    settings.User
	status player.Status
}

// toggle is on or off.
type toggle struct {
	on  func(s state) bool
	set func(ctx context.Context, c *call, on bool) error
}

// menu is one of a few values, or several of them.
type menu struct {
	several bool
	values  func(w tongue) []value
	chosen  func(s state) []string
	set     func(ctx context.Context, c *call, chosen []string) error
}

// value is one line of a menu.
type value struct {
	name  string // in custom ids
	label string // in the language of the page
	about string // may be empty
}

// ids are roles, people or channels of the server.
type ids struct {
	kind     discordgo.SelectMenuType
	channels []discordgo.ChannelType // for channels: which may be chosen
	most     int
	chosen   func(s state) []snowflake.ID
	set      func(ctx context.Context, c *call, chosen []snowflake.ID) error
}

// Limits of Discord's menus.
const (
	maxMenuLines   = 25
	maxPlaceholder = 150
	maxLineLabel   = 100
)

// show is the page as components, with s as it is now. action is what its menus do.
func (w tongue) show(action string, p page, s state) discordgo.MessageComponent {
	parts := []discordgo.MessageComponent{discordgo.TextDisplay{Content: "## " + w.Say(p.title)}}
	if p.about != nil {
		if text := p.about(w, s); text != "" {
			parts = append(parts, discordgo.TextDisplay{Content: text})
		}
	}
	for _, f := range p.fields {
		parts = append(parts, w.field(action, p, f, s)...)
	}
	colour := colourPlaying
	return discordgo.Container{AccentColor: &colour, Components: parts}
}

func (w tongue) field(action string, p page, f field, s state) []discordgo.MessageComponent {
	id := customID{action: action, serial: p.name, argument: f.name}
	switch {
	case f.toggle != nil:
		return []discordgo.MessageComponent{w.switchOf(f, id, f.toggle.on(s))}
	case f.menu != nil:
		return []discordgo.MessageComponent{w.explain(f, ""), rowOf(w.menuOf(f, id, s))}
	}
	return []discordgo.MessageComponent{w.explain(f, ""), rowOf(w.idsOf(f, id, s))}
}

func rowOf(c discordgo.MessageComponent) discordgo.MessageComponent {
	return discordgo.ActionsRow{Components: []discordgo.MessageComponent{c}}
}

// explain names a field and says what it does.
func (w tongue) explain(f field, now string) discordgo.TextDisplay {
	text := "**" + w.Say(f.title) + "**"
	if now != "" {
		text += ": " + now
	}
	if f.about != "" {
		text += "\n-# " + w.Say(f.about)
	}
	return discordgo.TextDisplay{Content: text}
}

// switchOf is a toggle: what is, and a button that says what it would do.
func (w tongue) switchOf(f field, id customID, on bool) discordgo.MessageComponent {
	now, label, style, target := textIsOff, labelTurnOn, discordgo.SecondaryButton, modeOn
	if on {
		now, label, style, target = textIsOn, labelTurnOff, discordgo.SuccessButton, modeOff
	}
	id.argument += "=" + target
	return discordgo.Section{
		Components: []discordgo.MessageComponent{w.explain(f, w.Say(now))},
		Accessory:  discordgo.Button{Label: w.Say(label), Style: style, CustomID: id.String()},
	}
}

func (w tongue) menuOf(f field, id customID, s state) discordgo.MessageComponent {
	values, chosen := f.menu.values(w), f.menu.chosen(s)
	m := discordgo.SelectMenu{
		MenuType: discordgo.StringSelectMenu, CustomID: id.String(),
		Placeholder: cut(w.Say(f.title), maxPlaceholder), MaxValues: 1,
	}
	if f.menu.several {
		none := 0
		m.MinValues, m.MaxValues = &none, min(len(values), maxMenuLines)
	}
	for _, v := range values[:min(len(values), maxMenuLines)] {
		m.Options = append(m.Options, discordgo.SelectMenuOption{
			Label: cut(v.label, maxLineLabel), Value: v.name, Description: cut(v.about, maxLineLabel),
			Default: slices.Contains(chosen, v.name),
		})
	}
	return m
}

func (w tongue) idsOf(f field, id customID, s state) discordgo.MessageComponent {
	none := 0
	m := discordgo.SelectMenu{
		MenuType: f.ids.kind, CustomID: id.String(), Placeholder: cut(w.Say(f.title), maxPlaceholder),
		MinValues: &none, MaxValues: min(f.ids.most, maxMenuLines), ChannelTypes: f.ids.channels,
	}
	kinds := map[discordgo.SelectMenuType]discordgo.SelectMenuDefaultValueType{
		discordgo.RoleSelectMenu:    discordgo.SelectMenuDefaultValueRole,
		discordgo.UserSelectMenu:    discordgo.SelectMenuDefaultValueUser,
		discordgo.ChannelSelectMenu: discordgo.SelectMenuDefaultValueChannel,
	}
	for _, chosen := range f.ids.chosen(s) {
		if len(m.DefaultValues) < m.MaxValues {
			m.DefaultValues = append(m.DefaultValues, discordgo.SelectMenuDefaultValue{ID: chosen.String(), Type: kinds[f.ids.kind]})
		}
	}
	return m
}

// choose carries out what was chosen for a field. argument is that of the custom id.
func (f field) choose(ctx context.Context, c *call, target string) error {
	switch {
	case f.toggle != nil && (target == modeOn || target == modeOff):
		return f.toggle.set(ctx, c, target == modeOn)
	case f.menu != nil:
		values := f.menu.values(c.mine)
		for _, chosen := range c.values { // Discord does not hold anybody to what was offered
			if !slices.ContainsFunc(values, func(v value) bool { return v.name == chosen }) {
				return fault.New(fault.Invalid, textOldButton)
			}
		}
		if len(c.values) == 0 && !f.menu.several {
			return fault.New(fault.Invalid, textOldButton)
		}
		return f.menu.set(ctx, c, c.values)
	case f.ids != nil:
		var chosen []snowflake.ID
		for _, v := range c.values {
			if id := parseID(v); id != 0 {
				chosen = append(chosen, id)
			}
		}
		return f.ids.set(ctx, c, chosen)
	}
	return fault.New(fault.Invalid, textOldButton)
}

// find returns a page and one of its fields by name; name may carry a target after "=".
func find(pages []page, of, name string) (page, field, bool) {
	for _, p := range pages {
		if p.name != of {
			continue
		}
		for _, f := range p.fields {
			if f.name == name {
				return p, f, true
			}
		}
	}
	return page{}, field{}, false
}

// numbers are a menu's lines for amounts; label says one.
func numbers(label func(n int) string, all ...int) []value {
	lines := make([]value, len(all))
	for i, n := range all {
		lines[i] = value{name: strconv.Itoa(n), label: label(n)}
	}
	return lines
}
