package main

import (
	"context"
	"errors"

	"github.com/alecthomas/kong"
)

type runCommand struct{ configured }

// BeforeResolve is kong's hook.
func (c *runCommand) BeforeResolve(ctx *kong.Context) error { return c.load(ctx) }

// errNoToken is two sentences: what is missing and what to do.
var errNoToken = errors.New("there is no bot token. " +
	"Create a bot at https://discord.com/developers/applications, put its token into the environment variable DISCORD_TOKEN, " +
	"and start again (or try \"busker demo\", which needs none)")

// Run plays until the process is asked to stop.
func (c *runCommand) Run(ctx context.Context) error {
	if c.Settings.Discord.Token == "" {
		return usageError{errNoToken}
	}
	return nil
}
