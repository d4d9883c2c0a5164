package rest

import (
	"encoding/json"
	"maps"

	"busker/emulator/discord"
)

// scope reads whose commands, and of which guild (0: global), a route is about.
func (c *call) scope() (app, guild discord.ID, err error) {
	app, err = c.id("application")
	if err != nil {
		return 0, 0, err
	}
	if app != c.app.Application.ID {
		return 0, 0, discord.ErrNotYourApplication
	}
	if c.r.PathValue("guild") == "" {
		return app, 0, nil
	}
	guild, err = c.id("guild")
	if err != nil {
		return 0, 0, err
	}
	if _, err := c.world.Guild(c.app.User.ID, guild); err != nil {
		return 0, 0, discord.ErrMissingAccess
	}
	return app, guild, nil
}

func (c *call) getCommands() (any, error) {
	app, guild, err := c.scope()
	if err != nil {
		return nil, err
	}
	return append([]discord.Command{}, c.world.Commands(app, guild)...), nil
}

func (c *call) setCommands() (any, error) {
	app, guild, err := c.scope()
	if err != nil {
		return nil, err
	}
	var list []discord.Command
	if _, err := c.read(&list); err != nil {
		return nil, err
	}
	return nilOr(c.world.SetCommands(app, guild, list))
}

func (c *call) addCommand() (any, error) {
	app, guild, err := c.scope()
	if err != nil {
		return nil, err
	}
	var in discord.Command
	if _, err := c.read(&in); err != nil {
		return nil, err
	}
	out, made, err := c.world.AddCommand(app, guild, in)
	if err != nil {
		return nil, err
	}
	if made {
		return created{out}, nil
	}
	return out, nil
}

func (c *call) getCommand() (any, error) {
	app, guild, err := c.scope()
	if err != nil {
		return nil, err
	}
	id, err := c.id("command")
	if err != nil {
		return nil, err
	}
	for _, in := range c.world.Commands(app, guild) {
		if in.ID == id {
			return in, nil
		}
	}
	return nil, discord.ErrUnknownCommand
}

func (c *call) editCommand() (any, error) {
	app, guild, err := c.scope()
	if err != nil {
		return nil, err
	}
	id, err := c.id("command")
	if err != nil {
		return nil, err
	}
	patch := map[string]json.RawMessage{}
	if _, err := c.read(&patch); err != nil {
		return nil, err
	}
	return nilOr(c.world.ChangeCommand(app, guild, id, func(in *discord.Command) error { return overlay(in, patch) }))
}

// overlay replaces the fields of a command that the patch names.
func overlay(in *discord.Command, patch map[string]json.RawMessage) error {
	old, err := json.Marshal(in)
	if err != nil {
		return err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(old, &fields); err != nil {
		return err
	}
	maps.Copy(fields, patch)
	merged, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	*in = discord.Command{}
	return decode(merged, in)
}

func (c *call) deleteCommand() (any, error) {
	app, guild, err := c.scope()
	if err != nil {
		return nil, err
	}
	id, err := c.id("command")
	if err != nil {
		return nil, err
	}
	return nil, c.world.DeleteCommand(app, guild, id)
}
