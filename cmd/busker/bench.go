package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"busker/bench/engine"
	"busker/cmd/busker/internal/capacity"
)

type benchCommand struct {
	Kind    []string      `sep:"," placeholder:"NAME" help:"Measure only these kinds of streams. May be given several times. See --help."`
	Guilds  int           `placeholder:"N" help:"Do not look for the limit: have N guilds play, and say how that went."`
	Window  time.Duration `default:"2s" placeholder:"TIME" help:"How long each step is measured."`
	Music   string        `type:"existingfile" placeholder:"FILE" help:"Play this instead of the sample album."`
	Bitrate int           `placeholder:"KBPS" help:"In kbit/s; otherwise 96."`
	JSON    bool          `name:"json" help:"Print all figures as JSON, durations in nanoseconds."`

	Complexity int    `placeholder:"1-10" help:"How hard the encoders work; otherwise 5."`
	Backend    string `placeholder:"NAME" help:"Encoder; otherwise the best in this build."`
}

// Help is shown by --help.
func (c *benchCommand) Help() string {
	text := `Plays in more and more guilds until the first packet is missing: the whole engine, encryption
and network included, against sockets on this machine. It takes two or three minutes and wants
the machine for itself. Kinds of streams:
`
	for _, k := range engine.Kinds() {
		text += fmt.Sprintf("\n  %-12s %s", k.Name, k.About)
	}
	return text
}

// Validate is called by kong.
func (c *benchCommand) Validate() error {
	switch {
	case c.Guilds < 0:
		return errors.New("--guilds must be more than 0")
	case c.Window < 100*time.Millisecond:
		return errors.New("--window must be at least 100ms")
	case c.Complexity < 0 || c.Complexity > 10:
		return errors.New("--complexity must be between 1 and 10")
	}
	for _, name := range c.Kind {
		if _, ok := engine.Find(name); !ok {
			return fmt.Errorf("--kind %s: there is no such kind; see busker bench --help", name)
		}
	}
	return nil
}

// Run measures and prints a table.
func (c *benchCommand) Run(ctx context.Context) error {
	info, err := os.Stderr.Stat()
	return capacity.Run(ctx, capacity.Options{
		Kinds: c.Kind, Guilds: c.Guilds, Window: c.Window, Music: c.Music, Bitrate: c.Bitrate * 1000,
		Complexity: c.Complexity, Backend: c.Backend, JSON: c.JSON, Version: version,
		Out: os.Stdout, Progress: os.Stderr, Terminal: err == nil && info.Mode()&os.ModeCharDevice != 0,
	})
}
