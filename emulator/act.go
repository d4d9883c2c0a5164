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
// the person may not use it, or when args do not fit its registered options. Names
// may also be those the person sees in their language.
// It returns once the interaction is made; its answer is awaited with the handle.
func (u *User) Command(_ context.Context, c *Channel, name string, args Args) (*Interaction, error) {
	return u.command(c, name, discord.CommandInteraction, args, "", "")
}

// Autocomplete asks for suggestions while the person is typing value into the
// option focused; args are the options already filled in. The suggestions are as
// the person sees them.
func (u *User) Autocomplete(ctx context.Context, c *Channel, name string, args Args, focused, value string) ([]discord.Choice, error) {
	i, err := u.command(c, name, discord.AutocompleteInteraction, args, focused, value)
	if err != nil {
		return nil, err
	}
	if _, err := i.Acknowledged(ctx); err != nil {
		return nil, err
	}
	o, _, _ := u.e.world.Outcome(i.ID)
	return discord.ChoicesIn(o.Choices, u.Locale()), nil
}

func (u *User) command(c *Channel, name string, kind discord.InteractionType, args Args, focused, typed string) (*Interaction, error) {
	bot, command, path, err := u.offered(c, name)
	if err != nil {
		return nil, err
	}
	f := u.filler(bot, c.ID)
	f.focused, f.typed = focused, typed
	options, err := f.fill(command.Options, path, args)
	if err != nil {
		return nil, fmt.Errorf("/%s: %w", name, err)
	}
	return u.do(world.Act{
		User: u.ID, Channel: c.ID, Application: bot, Type: kind,
		Data: discord.CommandData{
			ID: command.ID, Name: command.Name, Type: discord.ChatCommand, Options: options,
			Resolved: f.resolved(), GuildID: command.GuildID,
		},
	})
}

func (u *User) filler(bot, channel ID) *filler {
	return &filler{e: u.e, user: u.ID, app: bot, channel: channel, guild: u.Guild.ID, locale: u.Locale()}
}

func (u *User) do(a world.Act) (*Interaction, error) {
	in, err := u.e.world.Do(a)
	if err != nil {
		return nil, err
	}
	return &Interaction{ID: in.ID, user: u, channel: a.Channel, app: a.Application, on: a.On}, nil
}

// offered finds a slash command the person is offered in the channel, and the
// names of the sub-command meant.
func (u *User) offered(c *Channel, name string) (bot ID, found discord.Command, path []string, err error) {
	words := strings.Fields(strings.TrimPrefix(name, "/"))
	if len(words) == 0 {
		return 0, found, nil, invalid("There is no command without a name.")
	}
	bot, found, err = u.find(c, discord.ChatCommand, words[0])
	return bot, found, words[1:], err
}

// find looks a command up by its name or the one the person sees, if they may use it.
func (u *User) find(c *Channel, kind discord.CommandType, name string) (bot ID, found discord.Command, err error) {
	may, locale := u.e.world.Permissions(u.ID, c.ID), u.Locale()
	if !may.Has(discord.UseApplicationCommands) {
		return 0, found, fault.New(fault.Denied, u.Name+" may not use commands in "+c.Name+".")
	}
	for bot, command := range c.offers(kind) {
		if command.Name != name && discord.Localized(command.Name, command.NameLocalizations, locale) != name {
			continue
		}
		if !command.OpenTo(may) {
			return 0, found, fault.New(fault.Denied, u.Name+" may not use /"+name+".")
		}
		return bot, command, nil
	}
	return 0, found, fault.New(fault.NotFound, "No bot here has a command /"+name+".")
}

// Commands are the slash commands the person is offered in the channel, by name.
// Command.In gives what they see of one in their language.
func (u *User) Commands(c *Channel) []discord.Command { return u.commands(c, discord.ChatCommand) }

// Menu are the commands the person is offered in the context menu of a message or
// a user, by name.
func (u *User) Menu(c *Channel, kind discord.CommandType) []discord.Command {
	return u.commands(c, kind)
}

func (u *User) commands(c *Channel, kind discord.CommandType) []discord.Command {
	may := u.e.world.Permissions(u.ID, c.ID)
	var list []discord.Command
	if !may.Has(discord.UseApplicationCommands) {
		return nil
	}
	for _, command := range c.offers(kind) {
		if command.OpenTo(may) {
			list = append(list, command)
		}
	}
	slices.SortFunc(list, func(a, b discord.Command) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// offers yields every command of a type of the bots in the channel's guild.
func (c *Channel) offers(kind discord.CommandType) func(yield func(ID, discord.Command) bool) {
	return func(yield func(ID, discord.Command) bool) {
		for _, bot := range c.e.world.Bots(c.Guild.ID) {
			for _, command := range c.e.world.Offered(bot, c.Guild.ID) {
				if command.Type == kind && !yield(bot, command) {
					return
				}
			}
		}
	}
}

// MessageCommand chooses a command from a message's context menu.
func (u *User) MessageCommand(_ context.Context, m discord.Message, name string) (*Interaction, error) {
	now, ok := u.e.world.Find(m.ChannelID, m.ID)
	if !ok || now.VisibleTo != 0 && now.VisibleTo != u.ID {
		return nil, fault.New(fault.NotFound, u.Name+" sees no such message.")
	}
	now.GuildID, now.Member = 0, nil
	return u.menuCommand(m.ChannelID, discord.MessageCommand, name, m.ID, func(f *filler) bool {
		f.found.Messages = map[ID]discord.Message{m.ID: now}
		return true
	})
}

// UserCommand chooses a command from somebody's context menu, met in the channel.
func (u *User) UserCommand(_ context.Context, c *Channel, target ID, name string) (*Interaction, error) {
	return u.menuCommand(c.ID, discord.UserCommand, name, target, func(f *filler) bool { return f.person(target) })
}

func (u *User) menuCommand(channel ID, kind discord.CommandType, name string, target ID, resolve func(*filler) bool) (*Interaction, error) {
	c := &Channel{ID: channel, Guild: u.Guild, e: u.e}
	bot, command, err := u.find(c, kind, name)
	if err != nil {
		return nil, err
	}
	f := u.filler(bot, channel)
	if !resolve(f) {
		return nil, fault.New(fault.NotFound, "There is nobody with that id here.")
	}
	return u.do(world.Act{
		User: u.ID, Channel: channel, Application: bot, Type: discord.CommandInteraction,
		Data: discord.CommandData{
			ID: command.ID, Name: command.Name, Type: kind, TargetID: target,
			Resolved: f.resolved(), GuildID: command.GuildID,
		},
	})
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
	f := u.filler(now.Author.ID, now.ChannelID)
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

func invalid(message string) error { return fault.New(fault.Invalid, message) }
