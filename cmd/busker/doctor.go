package main

import (
	"context"
	"errors"
	"os"

	"github.com/alecthomas/kong"

	"busker/cmd/busker/internal/doctor"
)

// doctorCommand looks at all the bot needs.
type doctorCommand struct {
	configured
	JSON bool `name:"json" help:"Print findings for programs."`
}

// BeforeResolve is kong's hook.
func (c *doctorCommand) BeforeResolve(ctx *kong.Context) error { return c.load(ctx) }

// Help is shown by --help.
func (c *doctorCommand) Help() string {
	return `Looks at the bot's account, Discord, Redis, the store and this machine, with the settings "busker run" would
have, and says what is wrong and what to do about it. It begins no session and changes nothing. The bot
may be running. Exit codes: 0 no problem, 1 a problem, 2 wrong usage.`
}

// errSick ends the command after the findings were printed.
var errSick = errors.New("there is a problem")

// Run examines and prints.
func (c *doctorCommand) Run(ctx context.Context) error {
	found := doctor.Examine(ctx, doctor.Options{Config: &c.Settings})
	write := doctor.Print
	if c.JSON {
		write = doctor.PrintJSON
	}
	if err := write(os.Stdout, found); err != nil {
		return err
	}
	if doctor.Sick(found) {
		return errSick
	}
	return nil
}
