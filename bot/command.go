package bot

import (
	"context"

	"github.com/bwmarrin/discordgo"

	"busker/words"
)

// command is one thing people ask for by name: a slash command, one of its subcommands,
// or an entry in the menu of a message. name and about are the English ones; words has
// them in other languages, the name under "cmd:".
type command struct {
	name, about string
	topic       topic
	options     []*discordgo.ApplicationCommandOption
	subs        []*command // a command with these does nothing itself
	menu        bool       // in the menu of a message, where it has no options; else a slash command
	manage      bool       // Discord shows it only to who may manage the server, unless the server decides otherwise

	needs   needs
	right   right
	as      string // another slash command that does the same, whose roles it takes, too; "" = there is none
	private bool   // the answer is only for whoever asked
	run     func(ctx context.Context, c *call) (reply, error)
	// opens answers with a form instead of run, or where there is run too, when no option
	// was given. It has no more than a second.
	opens func(ctx context.Context, c *call) (form, error)
	// suggest offers values while an option is typed; nil = none does.
	suggest func(ctx context.Context, c *call, option, typed string) []choice
}

// topic is where /help lists a command.
type topic uint8

// The topics, in the order of /help.
const (
	topicMusic topic = iota
	topicQueue
	topicSound
	topicLibrary
	topicServer
	topicAbout
)

// choice is one value offered for an option: what people read, and what comes back.
type choice struct{ name, value string }

// longestChoice is the most characters of either.
const longestChoice = 100

func options(o ...*discordgo.ApplicationCommandOption) []*discordgo.ApplicationCommandOption {
	return o
}

func option(kind discordgo.ApplicationCommandOptionType, name, about string) *discordgo.ApplicationCommandOption {
	return &discordgo.ApplicationCommandOption{Type: kind, Name: name, Description: about}
}

func required(o *discordgo.ApplicationCommandOption) *discordgo.ApplicationCommandOption {
	o.Required = true
	return o
}

func text(name, about string) *discordgo.ApplicationCommandOption {
	const longest = 2000 // characters of a link
	o := option(discordgo.ApplicationCommandOptionString, name, about)
	o.MaxLength = longest
	return o
}

// suggested makes Discord ask what to offer while the option is typed.
func suggested(o *discordgo.ApplicationCommandOption) *discordgo.ApplicationCommandOption {
	o.Autocomplete = true
	return o
}

func integer(name, about string, least, most float64) *discordgo.ApplicationCommandOption {
	o := option(discordgo.ApplicationCommandOptionInteger, name, about)
	o.MinValue, o.MaxValue = &least, most
	return o
}

func yesNo(name, about string) *discordgo.ApplicationCommandOption {
	return option(discordgo.ApplicationCommandOptionBoolean, name, about)
}

func person(name, about string) *discordgo.ApplicationCommandOption {
	return option(discordgo.ApplicationCommandOptionUser, name, about)
}

func upload(name, about string) *discordgo.ApplicationCommandOption {
	return option(discordgo.ApplicationCommandOptionAttachment, name, about)
}

// oneOf is an option of a few fixed values; people read each under "val:" in words.
func oneOf(name, about string, values ...string) *discordgo.ApplicationCommandOption {
	o := option(discordgo.ApplicationCommandOptionString, name, about)
	for _, v := range values {
		o.Choices = append(o.Choices, &discordgo.ApplicationCommandOptionChoice{
			Name: v, Value: v, NameLocalizations: *localized("val:" + v),
		})
	}
	return o
}

// definition is the command as Discord takes it: for servers only.
func (c *command) definition() *discordgo.ApplicationCommand {
	guilds := []discordgo.InteractionContextType{discordgo.InteractionContextGuild}
	installs := []discordgo.ApplicationIntegrationType{discordgo.ApplicationIntegrationGuildInstall}
	d := &discordgo.ApplicationCommand{
		Type: discordgo.ChatApplicationCommand, Name: c.name, Contexts: &guilds, IntegrationTypes: &installs,
		NameLocalizations: localized("cmd:" + c.name),
	}
	if c.manage {
		needed := int64(discordgo.PermissionManageGuild)
		d.DefaultMemberPermissions = &needed
	}
	if c.menu {
		d.Type = discordgo.MessageApplicationCommand
		return d
	}
	d.Description, d.DescriptionLocalizations = c.about, localized(c.about)
	d.Options = optionsIn(c.options)
	for _, sub := range c.subs {
		d.Options = append(d.Options, sub.asOption())
	}
	return d
}

func (c *command) asOption() *discordgo.ApplicationCommandOption {
	o := option(discordgo.ApplicationCommandOptionSubCommand, c.name, c.about)
	o.NameLocalizations, o.DescriptionLocalizations = *localized("cmd:" + c.name), *localized(c.about)
	o.Options = optionsIn(c.options)
	return o
}

// optionsIn are options with their names in other languages.
func optionsIn(all []*discordgo.ApplicationCommandOption) []*discordgo.ApplicationCommandOption {
	named := make([]*discordgo.ApplicationCommandOption, 0, len(all))
	for _, o := range all {
		n := *o
		n.NameLocalizations, n.DescriptionLocalizations = *localized("opt:" + o.Name), *localized(o.Description)
		named = append(named, &n)
	}
	return named
}

// localized is a text in all languages but English, by Discord's locales.
func localized(key string) *map[discordgo.Locale]string {
	m := map[discordgo.Locale]string{}
	for locale, text := range words.Localizations(key) {
		m[discordgo.Locale(locale)] = text
	}
	return &m
}

// leaf returns the subcommand that was typed, with its options; c itself when it has none.
func (c *command) leaf(typed []*discordgo.ApplicationCommandInteractionDataOption) (*command, []*discordgo.ApplicationCommandInteractionDataOption) {
	if len(c.subs) == 0 {
		return c, typed
	}
	for _, o := range typed {
		for _, sub := range c.subs {
			if o != nil && o.Type == discordgo.ApplicationCommandOptionSubCommand && o.Name == sub.name {
				return sub, o.Options
			}
		}
	}
	return nil, nil
}
