package demo

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/goccy/go-yaml"

	"busker/cmd/busker/internal/layers"
	"busker/emulator"
	"busker/emulator/gateway"
	"busker/internal/snowflake"
)

// Outside is a street whose bot is somebody else: one `busker run`, or several.
type Outside struct {
	Options
	File string // configuration file to write for it; it goes when the street closes
}

// outsideShards is enough that several processes have some.
const outsideShards = 4

// outsideLimits let all of these shards connect at once.
var outsideLimits = gateway.Limits{MaxConcurrency: outsideShards, Shards: outsideShards}

// RunOutside serves the street until ctx ends, without a bot of its own.
func RunOutside(ctx context.Context, o Outside) error {
	songs, err := openMusic(o.Music)
	if err != nil {
		return err
	}
	defer func() { _ = songs.close() }()
	listener, err := openListener(ctx, o.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	s, err := newStreet(emulator.Options{Gateway: outsideLimits}) //nolint:contextcheck // it binds ports and waits for nothing
	if err != nil {
		return err
	}
	if err := o.write(s, songs.dir); err != nil {
		return err
	}
	defer func() { _ = os.Remove(o.File) }()
	log := o.Telemetry.Logger().With("part", "demo")
	p := newPage(s, strangers{}, songs.songs, log)
	return layers.Run(ctx, log, append(s.layers(p, listener),
		layers.Layer{Name: "welcome", Run: func(ctx context.Context) error {
			say(o.Out, "\n  The bot is whoever runs with %s, in as many processes as you like:\n\n    busker run --config %s\n", o.File, o.File)
			o.open(listener.Addr())
			<-ctx.Done()
			return nil
		}, Share: time.Second},
	)...)
}

// strangers run the bot's side of calls: nothing is known of it here.
type strangers struct{}

// PrivacyCode implements calls.
func (strangers) PrivacyCode(snowflake.ID) (code string, encrypted bool) { return "", false }

// write makes the file. Only its owner may read it: it holds the token, and a token
// should look like one even where it opens nothing.
func (o Outside) write(s *street, music string) error {
	raw, err := yaml.Marshal(yaml.MapSlice{
		{Key: "discord", Value: yaml.MapSlice{
			{Key: "token", Value: s.bot.Token},
			{Key: "api", Value: s.emulator.URL()},
			{Key: "ca", Value: s.emulator.CAFile()},
		}},
		{Key: "music", Value: yaml.MapSlice{{Key: "dir", Value: music}}},
	})
	if err != nil {
		return err
	}
	f, err := os.OpenFile(o.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make the bot's configuration: %w", err)
	}
	if _, err = f.Write(raw); err == nil {
		err = f.Close()
	}
	if err != nil {
		return fmt.Errorf("write the bot's configuration: %w", err)
	}
	return nil
}
