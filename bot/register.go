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
		have, err = b.registered(ctx, app)
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

// registered asks for the commands there are, in all languages.
func (b *Bot) registered(ctx context.Context, app string) (have []*discordgo.ApplicationCommand, err error) {
	url := discordgo.EndpointApplicationGlobalCommands(app)
	body, err := ownLimits(b.opts.REST).RequestWithBucketID("GET", url+"?with_localizations=true", nil, url, once(ctx)...)
	if err != nil {
		return nil, err
	}
	return have, json.Unmarshal(body, &have)
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

// definitions are the commands as Discord takes them.
func definitions() []*discordgo.ApplicationCommand {
	list := commands()
	all := make([]*discordgo.ApplicationCommand, len(list))
	for i, c := range list {
		all[i] = c.definition()
	}
	return all
}

// fingerprint writes down what matters of commands, so that what Discord returns,
// with its ids and defaults, can be compared with what we would send.
func fingerprint(all []*discordgo.ApplicationCommand) []byte {
	type entry struct {
		Type     discordgo.ApplicationCommandType
		Texts    texts
		Options  []optionPrint
		Contexts []discordgo.InteractionContextType
		Needs    int64
	}
	entries := make([]entry, 0, len(all))
	for _, c := range all {
		e := entry{Type: c.Type, Options: printsOf(c.Options)}
		e.Texts = texts{c.Name, c.Description, languagesOf(c.NameLocalizations), languagesOf(c.DescriptionLocalizations)}
		if c.Contexts != nil {
			e.Contexts = *c.Contexts
		}
		if c.DefaultMemberPermissions != nil {
			e.Needs = *c.DefaultMemberPermissions
		}
		entries = append(entries, e)
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].Texts.Name < entries[j].Texts.Name })
	print, err := json.Marshal(entries)
	if err != nil { // plain values always marshal
		panic(err)
	}
	return print
}

// texts are a name and a description in all languages.
type texts struct {
	Name, About             string
	NameInOther, AboutOther map[discordgo.Locale]string `json:",omitempty"`
}

func languagesOf(m *map[discordgo.Locale]string) map[discordgo.Locale]string {
	if m == nil {
		return nil
	}
	return *m
}

// optionPrint is what matters of an option.
type optionPrint struct {
	Type      discordgo.ApplicationCommandOptionType
	Texts     texts
	Required  bool
	Choices   []texts
	Min       float64
	HasMin    bool
	Max       float64
	MaxLength int
	Suggests  bool
	Options   []optionPrint
}

func printsOf(all []*discordgo.ApplicationCommandOption) []optionPrint {
	prints := make([]optionPrint, 0, len(all))
	for _, o := range all {
		p := optionPrint{
			Type: o.Type, Texts: texts{o.Name, o.Description, o.NameLocalizations, o.DescriptionLocalizations},
			Required: o.Required, Max: o.MaxValue, MaxLength: o.MaxLength, Suggests: o.Autocomplete, Options: printsOf(o.Options),
		}
		if o.MinValue != nil {
			p.Min, p.HasMin = *o.MinValue, true
		}
		for _, ch := range o.Choices {
			p.Choices = append(p.Choices, texts{ch.Name, fmt.Sprint(ch.Value), ch.NameLocalizations, nil})
		}
		prints = append(prints, p)
	}
	return prints
}
