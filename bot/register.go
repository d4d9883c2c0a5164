package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sort"

	"github.com/bwmarrin/discordgo"
)

// RegisterCommands makes Discord offer the bot's commands in every server, unless
// it already offers exactly them.
func (b *Bot) RegisterCommands(ctx context.Context) error {
	app, err := b.application(ctx)
	if err != nil {
		return fmt.Errorf("register commands: %w", err)
	}
	var have []*discordgo.ApplicationCommand
	err = retry(ctx, func() (err error) {
		have, err = ownLimits(b.opts.REST).ApplicationCommands(app, "", once(ctx)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("read registered commands: %w", err)
	}
	want := definitions()
	if bytes.Equal(fingerprint(have), fingerprint(want)) {
		b.log.Debug("commands are registered already")
		return nil
	}
	err = retry(ctx, func() error {
		_, err := ownLimits(b.opts.REST).ApplicationCommandBulkOverwrite(app, "", want, once(ctx)...)
		return err
	})
	if err != nil {
		return fmt.Errorf("register commands: %w", err)
	}
	b.log.Info("commands registered", "commands", len(want))
	return nil
}

// application asks Discord which application the token belongs to.
func (b *Bot) application(ctx context.Context) (string, error) {
	var app struct {
		ID string `json:"id"`
	}
	err := retry(ctx, func() error {
		const route = "/oauth2/applications/@me"
		url := discordgo.EndpointAPI + route[1:]
		body, err := ownLimits(b.opts.REST).RequestWithBucketID("GET", url, nil, url, once(ctx)...)
		if err != nil {
			return err
		}
		return json.Unmarshal(body, &app)
	})
	if err == nil && app.ID == "" {
		err = fmt.Errorf("discord named no application")
	}
	return app.ID, err
}

// definitions are the commands as Discord takes them: for servers only.
func definitions() []*discordgo.ApplicationCommand {
	guilds := []discordgo.InteractionContextType{discordgo.InteractionContextGuild}
	installs := []discordgo.ApplicationIntegrationType{discordgo.ApplicationIntegrationGuildInstall}
	all := make([]*discordgo.ApplicationCommand, len(commands))
	for i, c := range commands {
		all[i] = &discordgo.ApplicationCommand{
			Type: discordgo.ChatApplicationCommand, Name: c.name, Description: c.about, Options: c.options,
			Contexts: &guilds, IntegrationTypes: &installs,
		}
	}
	return all
}

// fingerprint writes down what matters of commands, so that what Discord returns,
// with its ids and defaults, can be compared with what we would send.
func fingerprint(all []*discordgo.ApplicationCommand) []byte {
	type option struct {
		Type        discordgo.ApplicationCommandOptionType
		Name, About string
		Required    bool
		Choices     []string
		Min         float64
		HasMin      bool
		Max         float64
		MaxLength   int
		Suggests    bool
	}
	type entry struct {
		Name, About string
		Options     []option
		Contexts    []discordgo.InteractionContextType
	}
	entries := make([]entry, 0, len(all))
	for _, c := range all {
		e := entry{Name: c.Name, About: c.Description}
		if c.Contexts != nil {
			e.Contexts = *c.Contexts
		}
		for _, o := range c.Options {
			as := option{
				Type: o.Type, Name: o.Name, About: o.Description, Required: o.Required,
				Max: o.MaxValue, MaxLength: o.MaxLength, Suggests: o.Autocomplete,
			}
			if o.MinValue != nil {
				as.Min, as.HasMin = *o.MinValue, true
			}
			for _, ch := range o.Choices {
				as.Choices = append(as.Choices, fmt.Sprint(ch.Name, "=", ch.Value))
			}
			e.Options = append(e.Options, as)
		}
		entries = append(entries, e)
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Name < entries[j].Name })
	print, err := json.Marshal(entries)
	if err != nil { // plain values always marshal
		panic(err)
	}
	return print
}
