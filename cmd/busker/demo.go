package main

import (
	"context"
	"errors"
	"os"
	"time"

	"busker/cmd/busker/internal/config"
	"busker/cmd/busker/internal/demo"
	"busker/internal/telemetry"
)

type demoCommand struct {
	Music  string `type:"existingdir" placeholder:"DIR" help:"Play from this folder instead of the sample album."`
	Listen string `default:"127.0.0.1:8474" placeholder:"ADDR" help:"Address of the page, on this machine only. If the port is taken, a free one is used."`
	Store  string `type:"path" env:"BUSKER_DEMO_STORE" placeholder:"FILE" help:"Keep settings, playlists and the queue in this file, for the next time. Otherwise they go with the demo."`
	NoOpen bool   `help:"Do not open the page in a browser."`

	WithoutBot string `type:"path" placeholder:"FILE" help:"Have no bot in it, and write to FILE the configuration with which busker run is that bot, in one process or in many."`

	Headless bool    `help:"No page: play something, listen in the terminal and print what was heard."`
	Play     string  `placeholder:"FILE_OR_URL" help:"What --headless plays: a file, a link, or words of a file's name in the music folder."`
	Seconds  float64 `default:"20" placeholder:"N" help:"How much --headless listens to, in seconds of music."`
	Record   string  `type:"path" placeholder:"FILE" help:"Where --headless writes what it heard: Ogg/Opus, or WAV if the name ends in .wav."`

	LogLevel string        `default:"warn" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"Lowest level to log: debug, info, warn or error."`
	Tuning   config.Tuning `embed:""`
}

// Help is shown by --help.
func (c *demoCommand) Help() string {
	return `A local Discord and the bot in one process, on this machine only. The page shows a text
channel to type commands in, the bot's answers, and a voice channel to listen to. Without a browser:

  busker demo --headless --play song.mp3 --seconds 20 --record heard.ogg`
}

// Validate is called by kong.
func (c *demoCommand) Validate() error {
	switch {
	case c.WithoutBot != "" && (c.Headless || c.Store != ""):
		return errors.New("--headless and --store need the bot that --without-bot leaves out")
	case c.Headless && c.Play == "":
		return errors.New("--headless needs --play FILE_OR_URL")
	case !c.Headless && (c.Play != "" || c.Record != ""):
		return errors.New("--play and --record go with --headless; on the page, type /play")
	case c.Seconds <= 0:
		return errors.New("--seconds must be more than 0")
	}
	return nil
}

// Run shows the demo until the process is asked to stop, or plays and returns.
func (c *demoCommand) Run(ctx context.Context) error {
	tel, err := telemetry.New(telemetry.Options{Level: c.LogLevel, Output: os.Stderr})
	if err != nil {
		return usageError{err}
	}
	o := demo.Options{
		Music: c.Music, Listen: c.Listen, Store: c.Store, Open: !c.NoOpen, Tuning: c.Tuning, Out: os.Stdout, Telemetry: tel,
	}
	if c.WithoutBot != "" {
		return demo.RunOutside(ctx, demo.Outside{Options: o, File: c.WithoutBot})
	}
	if !c.Headless {
		return demo.Run(ctx, o)
	}
	info, err := os.Stdout.Stat()
	return demo.Headless(ctx, demo.Session{
		Options: o, Play: c.Play, Length: time.Duration(c.Seconds * float64(time.Second)), Record: c.Record,
		Terminal: err == nil && info.Mode()&os.ModeCharDevice != 0,
	})
}
