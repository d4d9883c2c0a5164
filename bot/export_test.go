package bot

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/internal/snowflake"
	"busker/player"
	"busker/playlists"
	"busker/playlists/exchange"
	"busker/settings"
	"busker/track"
	"busker/words"
)

// Opened to tests of single functions.
var (
	Escape        = escape
	Clock         = clock
	NoAddress     = withoutAddress
	RestCode      = restCode
	LocalClaims   = newLocalClaims
	Definitions   = definitions
	PageOf        = func(s player.Status, page int) string { return english().queuePage(s, page).text }
	CardOf        = func(s player.Status) string { return english().playing(s, "serial", hushNot).key }
	OverOf        = func(s player.Status) string { return english().over(s).key }
	PictureOf     = func(t track.Track) *track.Artwork { return picture(t) }
	MaxTitle      = maxTitle
	RememberedMax = remembered
)

// ParseSeek opens the parser of times.
func ParseSeek(s string) (time.Duration, bool, error) { return parseSeek(s) }

// CustomID writes a custom id.
func CustomID(action, serial string, item uint64, argument string) string {
	return customID{action, serial, item, argument}.String()
}

// ParseCustomID opens the parser of custom ids.
func ParseCustomID(s string) (action, serial string, item uint64, argument string, ok bool) {
	c, ok := parseCustomID(s)
	return c.action, c.serial, c.item, c.argument, ok
}

// SuggestEffects opens what /effects offers.
func SuggestEffects(s player.Status, typed string) []*discordgo.ApplicationCommandOptionChoice {
	return choices(english().effectChoices(s, typed))
}

// EffectChoices are the values offered.
func EffectChoices(s player.Status, typed string) (values []string) {
	for _, c := range english().effectChoices(s, typed) {
		values = append(values, c.value)
	}
	return values
}

// Turns opens turns.
type Turns struct{ turns }

// Take opens take.
func (t *Turns) Take(ctx context.Context, guild snowflake.ID) (func(), error) {
	return t.take(ctx, guild)
}

// Guilds is how many guilds are remembered.
func (t *Turns) Guilds() int { return len(t.guilds) }

// Feature is something people use.
type Feature struct {
	Name string // as docs/features.md has it
	Told string // what the file of a test that types it must have; a press is found by what its label says
}

// Features are all commands, entries of menus, buttons and forms.
func Features() (all []Feature) {
	for _, c := range commands() {
		switch {
		case c.menu:
			all = append(all, Feature{c.name + " (menu)", `"` + c.name + `"`})
		case len(c.subs) > 0:
			for _, sub := range c.subs {
				all = append(all, Feature{"/" + c.name + " " + sub.name, `"` + c.name + " " + sub.name + `"`})
			}
		default:
			all = append(all, Feature{"/" + c.name, `"` + c.name + `"`})
		}
	}
	for action := range presses() {
		all = append(all, Feature{action + " (press)", ""})
	}
	for action := range submits() {
		all = append(all, Feature{action + " (form)", ""})
	}
	return all
}

// Reference opens the references of playlists.
func Reference(l playlists.Playlist) string { return reference(l) }

// PlayReference opens those of plays.
func PlayReference(p playlists.Play) string { return refPlay + playID(p) }

// Drafts opens drafts.
type Drafts struct{ drafts }

// NewDrafts returns none.
func NewDrafts() *Drafts { return &Drafts{} }

// Keep opens keep.
func (d *Drafts) Keep(user snowflake.ID, found track.Result) string {
	return d.keep(user, found, track.Query{Text: "again"})
}

// Find opens find.
func (d *Drafts) Find(user snowflake.ID, token string) (found track.Result, again track.Query, err error) {
	return d.find(user, token)
}

// ListArgument opens what buttons of playlists carry.
func ListArgument(list int64, page int) string { return fmt.Sprintf("%d.%d", list, page) }

// QueriesIn opens what is found in a message.
func QueriesIn(m *discordgo.Message) (texts []string) {
	for _, q := range queriesIn(m) {
		texts = append(texts, q.Text)
	}
	return texts
}

// Settings opens what the bot remembers of settings.
func (b *Bot) Settings() *settings.Cache { return b.settings }

// LookingUp is a bot that looks up entries of playlists where both are from.
func LookingUp(from interface {
	Resolver
	Library
},
) *Bot {
	return &Bot{opts: Options{Resolver: from, Library: from, ResolveTimeout: time.Second}}
}

// LookUp opens lookUp.
func (b *Bot) LookUp(ctx context.Context, e exchange.Entry) (track.Track, bool) {
	return b.lookUp(ctx, e)
}

// PressesWithoutRoles are the buttons, menus and forms that ask for the roles of no slash
// command before they run.
func PressesWithoutRoles() (all []string) {
	for _, table := range []map[string]handler{presses(), submits()} {
		for action, h := range table {
			if h.as == "" && h.right != rightServer {
				all = append(all, action)
			}
		}
	}
	return all
}

// HelpPages are the pages of /help that who manages a server reads in a language.
func HelpPages(language string, chosen settings.Guild) (texts []string) {
	c := &call{guild: 1, user: 2, permissions: discordgo.PermissionManageGuild, chosen: chosen, w: tongue{words.For(language)}}
	for _, ch := range chapters {
		texts = append(texts, c.helpPage(ch).text)
	}
	return texts
}

// RoleRules opens what the page of commands' roles says.
func RoleRules(g settings.Guild) string { return english().roleRules(g) }

// SettingsPages are all pages of /settings, and of the roles of a command, in a language.
func SettingsPages(language string, g settings.Guild) (all []discordgo.MessageComponent) {
	w := tongue{words.For(language)}
	c := &call{mine: w, w: w, chosen: g}
	for _, p := range append(settingsPages(), rolesOf("play")) {
		all = append(all, discordgo.Container{Components: c.settingsPage(p).parts})
	}
	return all
}

// Fitting opens fitting.
func Fitting(name string, data []byte) (sent string, size int, err error) {
	file, err := fitting(attachment{name: name, data: data})
	return file.name, len(file.data), err
}

// Presses and Submits are the actions of all buttons and menus, and of all forms.
func Presses() []string { return slices.Sorted(maps.Keys(presses())) }

// Submits is explained above.
func Submits() []string { return slices.Sorted(maps.Keys(submits())) }
