package emulator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"busker/emulator/discord"
	"busker/emulator/world"
	"busker/internal/fault"
)

// Command types a slash command ("play", or "queue show" for a sub-command), as
// Discord's client would: it is refused when no bot here has registered it, when
// the person may not use it, or when args do not fit its registered options.
// It returns once the interaction is made; its answer is awaited with the handle.
func (u *User) Command(_ context.Context, c *Channel, name string, args Args) (*Interaction, error) {
	bot, command, path, err := u.offered(c, name)
	if err != nil {
		return nil, err
	}
	f := &filler{e: u.e, user: u.ID, app: bot, channel: c.ID, guild: u.Guild.ID}
	options, err := f.fill(command.Options, path, args)
	if err != nil {
		return nil, fmt.Errorf("/%s: %w", name, err)
	}
	return u.do(world.Act{
		User: u.ID, Channel: c.ID, Application: bot, Type: discord.CommandInteraction,
		Data: discord.CommandData{
			ID: command.ID, Name: command.Name, Type: discord.ChatCommand, Options: options,
			Resolved: f.resolved(), GuildID: command.GuildID,
		},
	})
}

// Autocomplete asks for suggestions while the person is typing value into the
// option focused; args are the options already filled in.
func (u *User) Autocomplete(ctx context.Context, c *Channel, name string, args Args, focused, value string) ([]discord.Choice, error) {
	bot, command, path, err := u.offered(c, name)
	if err != nil {
		return nil, err
	}
	f := &filler{e: u.e, user: u.ID, app: bot, channel: c.ID, guild: u.Guild.ID, focused: focused, typed: value}
	options, err := f.fill(command.Options, path, args)
	if err != nil {
		return nil, fmt.Errorf("/%s: %w", name, err)
	}
	i, err := u.do(world.Act{
		User: u.ID, Channel: c.ID, Application: bot, Type: discord.AutocompleteInteraction,
		Data: discord.CommandData{
			ID: command.ID, Name: command.Name, Type: discord.ChatCommand, Options: options,
			Resolved: f.resolved(), GuildID: command.GuildID,
		},
	})
	if err != nil {
		return nil, err
	}
	if _, err := i.Acknowledged(ctx); err != nil {
		return nil, err
	}
	o, _, _ := u.e.world.Outcome(i.ID)
	return o.Choices, nil
}

func (u *User) do(a world.Act) (*Interaction, error) {
	in, err := u.e.world.Do(a)
	if err != nil {
		return nil, err
	}
	return &Interaction{ID: in.ID, user: u, channel: a.Channel, app: a.Application, on: a.On}, nil
}

// offered finds a command the person is offered in the channel, and the names of
// the sub-command meant.
func (u *User) offered(c *Channel, name string) (bot ID, found discord.Command, path []string, err error) {
	words := strings.Fields(strings.TrimPrefix(name, "/"))
	if len(words) == 0 {
		return 0, found, nil, invalid("There is no command without a name.")
	}
	may := u.e.world.Permissions(u.ID, c.ID)
	if !may.Has(discord.UseApplicationCommands) {
		return 0, found, nil, fault.New(fault.Denied, u.Name+" may not use commands in "+c.Name+".")
	}
	for bot, command := range c.offers() {
		if command.Name != words[0] {
			continue
		}
		if p := command.DefaultMemberPermissions; p != nil && (!may.Has(*p) || *p == 0) && !may.Has(discord.Administrator) {
			return 0, found, nil, fault.New(fault.Denied, u.Name+" may not use /"+words[0]+".")
		}
		return bot, command, words[1:], nil
	}
	return 0, found, nil, fault.New(fault.NotFound, "No bot here has a command /"+words[0]+".")
}

// Commands are the slash commands the person is offered in the channel, by name.
func (u *User) Commands(c *Channel) []discord.Command {
	may := u.e.world.Permissions(u.ID, c.ID)
	var list []discord.Command
	if !may.Has(discord.UseApplicationCommands) {
		return nil
	}
	for _, command := range c.offers() {
		if p := command.DefaultMemberPermissions; p == nil || may.Has(*p) && *p != 0 || may.Has(discord.Administrator) {
			list = append(list, command)
		}
	}
	slices.SortFunc(list, func(a, b discord.Command) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// offers yields every slash command of the bots in the channel's guild.
func (c *Channel) offers() func(yield func(ID, discord.Command) bool) {
	return func(yield func(ID, discord.Command) bool) {
		for _, bot := range c.e.world.Bots(c.Guild.ID) {
			for _, command := range c.e.world.Offered(bot, c.Guild.ID) {
				if command.Type == discord.ChatCommand && !yield(bot, command) {
					return
				}
			}
		}
	}
}

// Press presses the button customID of the message; for a select menu values are
// what is chosen. It is refused when the message as it is now has no such
// component, or it is disabled, or the person does not see the message.
func (u *User) Press(_ context.Context, m discord.Message, customID string, values ...string) (*Interaction, error) {
	now, ok := u.e.world.Find(m.ChannelID, m.ID)
	if !ok || now.VisibleTo != 0 && now.VisibleTo != u.ID {
		return nil, fault.New(fault.NotFound, u.Name+" sees no such message.")
	}
	pressed, ok := now.Find(func(c discord.Component) bool { return c.CustomID == customID })
	switch {
	case !ok:
		return nil, fault.New(fault.NotFound, "The message has no "+customID+" any more.")
	case pressed.Disabled:
		return nil, fault.New(fault.Denied, customID+" is disabled.")
	}
	f := &filler{e: u.e, user: u.ID, app: now.Author.ID, channel: now.ChannelID, guild: u.Guild.ID}
	if err := f.choose(pressed, values); err != nil {
		return nil, err
	}
	return u.do(world.Act{
		User: u.ID, Channel: now.ChannelID, Application: now.Author.ID, Type: discord.ComponentInteraction, On: now.ID,
		Data: discord.ComponentData{
			CustomID: customID, ComponentType: pressed.Type, ID: pressed.ID, Values: values, Resolved: f.resolved(),
		},
	})
}

// Submit fills in the modal an interaction opened; values are by custom id.
func (u *User) Submit(_ context.Context, m Modal, values map[string]string) (*Interaction, error) {
	left := map[string]bool{}
	for id := range values {
		left[id] = true
	}
	var fields []discord.ModalField
	for _, c := range m.Components {
		field, err := submit(c, values, left)
		if err != nil {
			return nil, err
		}
		fields = append(fields, field)
	}
	for id := range left {
		return nil, invalid("The form has no field " + id + ".")
	}
	return u.do(world.Act{
		User: u.ID, Channel: m.channel, Application: m.app, Type: discord.ModalInteraction, On: m.on,
		Data: discord.ModalData{CustomID: m.CustomID, Components: fields},
	})
}

func submit(c discord.Component, values map[string]string, left map[string]bool) (discord.ModalField, error) {
	field := discord.ModalField{Type: c.Type, ID: c.ID, CustomID: c.CustomID}
	for _, in := range c.Components {
		child, err := submit(in, values, left)
		if err != nil {
			return field, err
		}
		field.Components = append(field.Components, child)
	}
	if c.Component != nil {
		child, err := submit(*c.Component, values, left)
		if err != nil {
			return field, err
		}
		field.Component = &child
	}
	if c.CustomID == "" {
		return field, nil
	}
	delete(left, c.CustomID)
	value, given := values[c.CustomID]
	if !given {
		value = c.Value
	}
	if c.Type.Select() {
		if given {
			field.Values = []string{value}
		}
		return field, nil
	}
	required := c.Required == nil || *c.Required
	switch n := len([]rune(value)); {
	case n == 0 && required, c.MinLength != nil && n > 0 && n < *c.MinLength:
		return field, invalid(c.CustomID + " is too short.")
	case c.MaxLength != nil && n > *c.MaxLength, n > 4000:
		return field, invalid(c.CustomID + " is too long.")
	}
	field.Value = &value
	return field, nil
}

func invalid(message string) error { return fault.New(fault.Invalid, message) }
