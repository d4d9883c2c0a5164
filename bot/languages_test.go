package bot_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"
	"github.com/goccy/go-yaml"

	"busker/bot"
)

// locales are those commands are told to Discord in, beside English.
var locales = []discordgo.Locale{
	discordgo.German, discordgo.SpanishES, discordgo.SpanishLATAM, discordgo.French, discordgo.PortugueseBR, discordgo.Japanese,
}

// commandName is what Discord permits as a name (Discord's documentation, Application
// Command Naming); lower case where there is one.
var commandName = regexp.MustCompile(`^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]{1,32}$`)

// Limits of a description or a choice, and of a command with all that is in it, of which
// Discord counts the longest language each (Discord's documentation, Application Commands).
const (
	longestText    = 100
	longestCommand = 8000
)

// speller checks what Discord is told of commands, and remembers the keys.
type speller struct {
	*testing.T
	used map[string]bool
}

func TestCommandsAreNamedInEveryLanguage(t *testing.T) {
	s := &speller{t, map[string]bool{}}
	names := map[discordgo.ApplicationCommandType]names{}
	for _, c := range bot.Definitions() {
		if names[c.Type] == nil {
			names[c.Type] = newNames()
		}
		size := 0
		if c.Type == discordgo.ChatApplicationCommand {
			size += s.name("cmd:", c.Name, *c.NameLocalizations, names[c.Type])
			size += s.text(c.Description, *c.DescriptionLocalizations)
		} else {
			s.used["cmd:"+c.Name] = true
			size += s.text(c.Name, *c.NameLocalizations)
		}
		size += s.options(c.Options)
		if size > longestCommand {
			t.Errorf("/%s has %d characters; Discord takes %d", c.Name, size, longestCommand)
		}
	}
	for key := range catalogueNames(t) {
		if !s.used[key] {
			t.Errorf("words/texts: nothing is called %q", key)
		}
	}
}

func (s *speller) options(all []*discordgo.ApplicationCommandOption) (size int) {
	names := newNames()
	for _, o := range all {
		class := "opt:"
		if o.Type == discordgo.ApplicationCommandOptionSubCommand || o.Type == discordgo.ApplicationCommandOptionSubCommandGroup {
			class = "cmd:"
		}
		size += s.name(class, o.Name, o.NameLocalizations, names)
		size += s.text(o.Description, o.DescriptionLocalizations)
		for _, c := range o.Choices {
			s.used["val:"+c.Name] = true
			size += s.text(c.Name, c.NameLocalizations) + len(fmt.Sprint(c.Value))
		}
		size += s.options(o.Options)
	}
	return size
}

// names are those taken among siblings, by language.
type names map[discordgo.Locale]map[string]bool

func newNames() names {
	n := names{"": {}}
	for _, l := range locales {
		n[l] = map[string]bool{}
	}
	return n
}

func (s *speller) name(class, name string, local map[discordgo.Locale]string, taken names) int {
	s.Helper()
	s.used[class+name] = true
	for _, l := range append([]discordgo.Locale{""}, locales...) {
		said := local[l]
		if l == "" {
			said = name
		}
		if !commandName.MatchString(said) || said != strings.ToLower(said) {
			s.Errorf("%s%s: Discord does not take %q as its name in %q", class, name, said, l)
		}
		if taken[l][said] {
			s.Errorf("%s%s: %q is a name twice in %q", class, name, said, l)
		}
		taken[l][said] = true
	}
	return longest(name, local)
}

func (s *speller) text(text string, local map[discordgo.Locale]string) int {
	s.Helper()
	for _, l := range locales {
		if local[l] == "" {
			s.Errorf("%q is not in %s", text, l)
		}
	}
	n := longest(text, local)
	if n > longestText {
		s.Errorf("%q has %d characters in some language; Discord takes %d", text, n, longestText)
	}
	return n
}

func longest(text string, local map[discordgo.Locale]string) int {
	n := utf8.RuneCountInString(text)
	for _, said := range local {
		n = max(n, utf8.RuneCountInString(said))
	}
	return n
}

// catalogueNames are the keys of names in the catalogue.
func catalogueNames(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../words/texts/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no catalogue: %v", err)
	}
	keys := map[string]bool{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var entries map[string]any
		if err := yaml.Unmarshal(content, &entries); err != nil {
			t.Fatal(err)
		}
		for key := range entries {
			if class, _, ok := strings.Cut(key, ":"); ok && (class == "cmd" || class == "opt" || class == "val") {
				keys[key] = true
			}
		}
	}
	return keys
}
