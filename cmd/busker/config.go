package main

import (
	"os"

	"github.com/alecthomas/kong"

	"busker/cmd/busker/internal/config"
)

// configCommand groups the commands about the configuration.
type configCommand struct {
	Print   configPrintCommand   `cmd:"" help:"Print the settings in effect and where each came from; secrets stay hidden."`
	Example configExampleCommand `cmd:"" help:"Print a commented configuration file with every default."`
}

// configured is embedded by the commands that read the whole configuration.
type configured struct {
	ConfigFile string        `name:"config" short:"c" placeholder:"FILE" help:"Configuration file; busker.yaml in this folder is read when it is there."`
	Settings   config.Config `embed:""`

	origins config.Origins
}

// load makes the file supply what flags and environment leave open. Kong calls it,
// through BeforeResolve, once it knows which command was asked for.
func (c *configured) load(ctx *kong.Context) error {
	file, err := openConfig(ctx)
	if err != nil {
		return err
	}
	c.origins = file.Origins()
	return nil
}

// openConfig finds the configuration file and makes it a source of ctx's flags.
func openConfig(ctx *kong.Context) (*config.File, error) {
	name := os.Getenv(config.EnvPrefix + "_CONFIG")
	for _, p := range ctx.Path {
		if p.Flag != nil && p.Flag.Name == "config" {
			name, _ = ctx.FlagValue(p.Flag).(string)
		}
	}
	known, err := config.Names()
	if err != nil {
		return nil, err
	}
	file, err := config.Open(name, known)
	if err != nil {
		return nil, err
	}
	ctx.AddResolver(file)
	return file, nil
}

type configPrintCommand struct{ configured }

// BeforeResolve is kong's hook.
func (c *configPrintCommand) BeforeResolve(ctx *kong.Context) error { return c.load(ctx) }

// Run prints the effective configuration.
func (c *configPrintCommand) Run() error {
	return config.Print(os.Stdout, &c.Settings, c.origins)
}

type configExampleCommand struct{}

// Run prints the commented example.
func (c *configExampleCommand) Run() error { return config.Example(os.Stdout) }
