package world

import (
	"slices"

	"busker/emulator/discord"
)

// Commands are an application's commands in a guild, or its global ones (guild 0).
func (w *World) Commands(application, guild ID) []discord.Command {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.apps[application]
	if a == nil {
		return nil
	}
	return slices.Clone(a.commands[guild])
}

// SetCommands replaces all commands of an application in a guild (0: global);
// one that had the same name and type keeps its id.
func (w *World) SetCommands(application, guild ID, all []discord.Command) ([]discord.Command, error) {
	if err := discord.CheckCommands(all); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	a, err := w.commandsOf(application, guild)
	if err != nil {
		return nil, err
	}
	next := make([]discord.Command, len(all))
	for i, c := range all {
		next[i] = w.register(a, guild, c)
	}
	a.commands[guild] = next
	w.emit(CommandsChanged{Application: application, Guild: guild})
	return slices.Clone(next), nil
}

func (w *World) commandsOf(application, guild ID) (*app, error) {
	a := w.apps[application]
	if a == nil {
		return nil, discord.ErrUnknownApplication
	}
	if guild != 0 && (w.guilds[guild] == nil || w.guilds[guild].members[a.User.ID] == nil) {
		return nil, discord.ErrMissingAccess
	}
	return a, nil
}

// register fills in what the server decides.
func (w *World) register(a *app, guild ID, c discord.Command) discord.Command {
	if c.Type == 0 {
		c.Type = discord.ChatCommand
	}
	c.ID = 0
	if i := slices.IndexFunc(a.commands[guild], c.Same); i >= 0 {
		c.ID = a.commands[guild][i].ID
	}
	if c.ID == 0 {
		c.ID = w.newID()
	}
	c.ApplicationID, c.GuildID, c.Version = a.Application.ID, guild, w.newID()
	return c
}

// AddCommand makes a command, or replaces the one of the same name and type;
// made tells which.
func (w *World) AddCommand(application, guild ID, c discord.Command) (out discord.Command, made bool, err error) {
	if err := discord.CheckCommand(c); err != nil {
		return c, false, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	a, err := w.commandsOf(application, guild)
	if err != nil {
		return c, false, err
	}
	c = w.register(a, guild, c)
	list := slices.Clone(a.commands[guild])
	i := slices.IndexFunc(list, c.Same)
	if i >= 0 {
		list[i] = c
	} else {
		list = append(list, c)
	}
	if err := discord.CheckCommands(list); err != nil {
		return c, false, err
	}
	a.commands[guild] = list
	w.emit(CommandsChanged{Application: application, Guild: guild})
	return c, i < 0, nil
}

// ChangeCommand lets change edit a command, and checks the outcome.
func (w *World) ChangeCommand(application, guild, id ID, change func(*discord.Command) error) (discord.Command, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, i, err := w.command(application, guild, id)
	if err != nil {
		return discord.Command{}, err
	}
	list := slices.Clone(a.commands[guild])
	c := list[i]
	if err := change(&c); err != nil {
		return c, err
	}
	c.ID, c.ApplicationID, c.GuildID, c.Version = id, application, guild, w.newID()
	list[i] = c
	if err := discord.CheckCommand(c); err != nil {
		return c, err
	}
	a.commands[guild] = list
	w.emit(CommandsChanged{Application: application, Guild: guild})
	return c, nil
}

// DeleteCommand removes a command.
func (w *World) DeleteCommand(application, guild, id ID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	a, i, err := w.command(application, guild, id)
	if err != nil {
		return err
	}
	a.commands[guild] = slices.Delete(slices.Clone(a.commands[guild]), i, i+1)
	w.emit(CommandsChanged{Application: application, Guild: guild})
	return nil
}

func (w *World) command(application, guild, id ID) (*app, int, error) {
	a, err := w.commandsOf(application, guild)
	if err != nil {
		return nil, 0, err
	}
	i := slices.IndexFunc(a.commands[guild], func(c discord.Command) bool { return c.ID == id })
	if i < 0 {
		return nil, 0, discord.ErrUnknownCommand
	}
	return a, i, nil
}

// Offered are the commands of one application a guild's people see: the guild's
// own and those global ones they do not hide.
func (w *World) Offered(application, guild ID) []discord.Command {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.apps[application]
	if a == nil {
		return nil
	}
	list := slices.Clone(a.commands[guild])
	for _, c := range a.commands[0] {
		if !slices.ContainsFunc(list, c.Same) {
			list = append(list, c)
		}
	}
	return list
}
