package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"

	"github.com/alecthomas/kong"

	"busker/cmd/busker/internal/app"
	"busker/cmd/busker/internal/config"
	"busker/internal/telemetry"
)

type runCommand struct{ configured }

// BeforeResolve is kong's hook.
func (c *runCommand) BeforeResolve(ctx *kong.Context) error { return c.load(ctx) }

// Help is shown by --help.
func (c *runCommand) Help() string {
	return `Every setting can be a flag, a variable of the environment or a line of a YAML file,
in that order of precedence. "busker config example" prints such a file; "busker config print"
shows what is in effect. Ctrl-C or SIGTERM stops within a few seconds, nineteen at most; a second one at once.
Where other processes take the shards over, that comes first and may take --cluster-drain-timeout more.`
}

// errNoToken is two sentences: what is missing and what to do.
var errNoToken = usageError{errors.New("there is no bot token. " +
	"Create a bot at https://discord.com/developers/applications, put its token into the environment variable DISCORD_TOKEN " +
	`and start again (or try "busker demo", which needs none)`)}

// errNoNode is what the role node says until there is one.
var errNoNode = usageError{errors.New("the role node is not there yet: this version does not serve Lavalink's protocol. " +
	"The roles all and gateway play music by themselves")}

// Run plays until the process is asked to stop.
func (c *runCommand) Run(ctx context.Context) error {
	s := c.Settings
	if err := s.CheckRole(); err != nil {
		return usageError{err}
	}
	switch {
	case s.Role == config.RoleNode:
		return errNoNode
	case s.Role.Serves() && s.Discord.Token == "":
		return errNoToken
	}
	tel, err := telemetry.New(telemetry.Options{
		Level: s.Log.Level, Format: s.Log.Format, Output: os.Stderr, Listen: s.Metrics.Listen,
	})
	if err != nil {
		return usageError{err}
	}
	where, err := discord(s.Discord)
	if err != nil {
		return usageError{err}
	}
	kept, err := openStore(ctx, s.Store, tel)
	if err != nil {
		return err
	}
	defer kept.Close() //nolint:errcheck // all that was answered is on the disk
	others, err := openCluster(ctx, &s, tel)
	if err != nil {
		return err
	}
	defer others.close()
	if !s.Role.Serves() {
		return attend(ctx, &s, others, kept, tel)
	}
	a, err := app.New(app.Options{
		Cluster:      others.agreed(),
		RunCluster:   others.run,
		Process:      s.Cluster.Name,
		Role:         string(s.Role),
		LeaseTTL:     s.Cluster.LeaseTTL,
		DrainTimeout: s.Cluster.DrainTimeout,

		Token:     s.Discord.Token.Reveal(),
		Shards:    s.Discord.Shards,
		MusicDir:  s.Music.Dir.First(),
		MoreMusic: s.Music.Dir.Others(),
		Tuning:    s.Tuning,
		Cache:     s.Cache,
		Store:     kept,
		Version:   version,
		Discord:   where,
		Telemetry: tel,
	})
	if err != nil {
		return err
	}
	return a.Run(ctx)
}

// discord returns the Discord to serve: the real one unless the settings name another.
func discord(c config.Discord) (where app.Discord, err error) {
	if c.API != "" {
		if where.API, err = url.Parse(c.API); err != nil {
			return where, fmt.Errorf("address of Discord: %w", err)
		}
		where.Uploads = c.API + "/attachments/" // on this machine, like the rest of it
	}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return where, fmt.Errorf("read authority of voice servers: %w", err)
		}
		where.Voice = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
		if !where.Voice.RootCAs.AppendCertsFromPEM(pem) {
			return where, fmt.Errorf("%s holds no certificate", c.CA)
		}
	}
	return where, nil
}
