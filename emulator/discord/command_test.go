package discord_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"busker/emulator/discord"
)

func TestCheckCommands(t *testing.T) {
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf(`{"name":"c%d","description":"d"}`, i)
	}
	option := func(o string) string { return `[{"name":"play","description":"d","options":[` + o + `]}]` }
	for _, tt := range []struct{ name, body, want string }{
		{"plain", `[{"name":"play","description":"d"}]`, ""},
		{"unicode", `[{"name":"música","description":"d"}]`, ""},
		{"capital", `[{"name":"Play","description":"d"}]`, "0.name: Command name is invalid (APPLICATION_COMMAND_INVALID_NAME)"},
		{"space", `[{"name":"play it","description":"d"}]`, "0.name"},
		{"no name", `[{"description":"d"}]`, "0.name: This field is required"},
		{"long name", `[{"name":"` + strings.Repeat("x", 33) + `","description":"d"}]`, "0.name: Must be between 1 and 32 in length."},
		{"no description", `[{"name":"play"}]`, "0.description: This field is required"},
		{"long description", `[{"name":"play","description":"` + strings.Repeat("x", 101) + `"}]`, "0.description: Must be between 1 and 100 in length."},
		{"twice", `[{"name":"a","description":"d"},{"name":"a","description":"d"}]`, "1.name: Application command names must be unique"},
		{"menu of the same name", `[{"name":"a","description":"d"},{"type":3,"name":"a"}]`, ""},
		{"menu with a description", `[{"type":3,"name":"Add to queue","description":"x"}]`, "0.description"},
		{"hundred and one", `[` + strings.Join(many, ",") + `]`, "Maximum number of application commands reached"},
		{"localised", `[{"name":"play","description":"d","name_localizations":{"de":"spielen","es-419":"reproducir"},"description_localizations":{"ja":"再生します"}}]`, ""},
		{"unknown locale", `[{"name":"play","description":"d","name_localizations":{"en":"play"}}]`, "0.name_localizations.en: Value \"en\" is not a valid enum value. (ENUM_TYPE_COERCE)"},
		{"unknown locale of a description", `[{"name":"play","description":"d","description_localizations":{"de-DE":"Spielt"}}]`, "0.description_localizations.de-DE"},
		{"localised capital", `[{"name":"play","description":"d","name_localizations":{"de":"Spielen"}}]`, "0.name_localizations.de: Command name is invalid"},
		{"localised space", `[{"name":"play","description":"d","name_localizations":{"fr":"jouer ceci"}}]`, "0.name_localizations.fr"},
		{"long localised description", `[{"name":"play","description":"d","description_localizations":{"fr":"` + strings.Repeat("é", 101) + `"}}]`, "0.description_localizations.fr: Must be between 1 and 100 in length."},
		{"localised twice", `[{"name":"a","description":"d","name_localizations":{"de":"x"}},{"name":"b","description":"d","name_localizations":{"de":"x"}}]`, "1.name_localizations.de: Application command names must be unique"},
		{"the same in two languages", `[{"name":"a","description":"d","name_localizations":{"de":"x"}},{"name":"b","description":"d","name_localizations":{"fr":"x"}}]`, ""},
		{"option localised twice", option(`{"type":3,"name":"a","description":"d","name_localizations":{"de":"x"}},{"type":3,"name":"b","description":"d","name_localizations":{"de":"x"}}`), "0.options.1.name_localizations.de: Option name must be unique"},
		{"choice with an unknown locale", option(`{"type":3,"name":"a","description":"d","choices":[{"name":"n","value":"v","name_localizations":{"xx":"n"}}]}`), "0.options.0.choices.0.name_localizations.xx"},
		{"localised menu", `[{"type":3,"name":"Add to queue","name_localizations":{"de":"Zur Warteschlange"}}]`, ""},
		{"menu localised too long", `[{"type":2,"name":"Block","name_localizations":{"de":"` + strings.Repeat("x", 33) + `"}}]`, "0.name_localizations.de"},
		{"menu with options", `[{"type":2,"name":"Block","options":[{"type":3,"name":"a","description":"d"}]}]`, "0.options"},
		{"fifteen menus", menuList(15), ""},
		{"sixteen menus", menuList(16), "Maximum number of application commands reached"},
		{"file types", option(`{"type":11,"name":"f","description":"d","file_types":["audio",".m3u"]}`), ""},
		{"file types of a MIME type", option(`{"type":11,"name":"f","description":"d","file_types":["audio/ogg"]}`), "0.options.0.file_types.0"},
		{"file types of a text", option(`{"type":3,"name":"f","description":"d","file_types":["audio"]}`), "0.options.0.file_types"},
		{"option", option(`{"type":3,"name":"q","description":"d","required":true}`), ""},
		{"option type", option(`{"type":12,"name":"q","description":"d"}`), "0.options.0.type"},
		{"option without description", option(`{"type":3,"name":"q"}`), "0.options.0.description"},
		{"option twice", option(`{"type":3,"name":"q","description":"d"},{"type":4,"name":"q","description":"d"}`), "0.options.1.name: Option name must be unique"},
		{"required last", option(`{"type":3,"name":"a","description":"d"},{"type":3,"name":"b","description":"d","required":true}`), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"},
		{"sub-command", option(`{"type":1,"name":"add","description":"d","options":[{"type":3,"name":"q","description":"d"}]}`), ""},
		{"sub-command beside an option", option(`{"type":1,"name":"add","description":"d"},{"type":3,"name":"q","description":"d"}`), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"},
		{"sub-command in a sub-command", option(`{"type":1,"name":"a","description":"d","options":[{"type":2,"name":"b","description":"d"}]}`), "0.options.0.options.0.type"},
		{"choices", option(`{"type":4,"name":"n","description":"d","choices":[{"name":"one","value":1}]}`), ""},
		{"choices of the wrong type", option(`{"type":4,"name":"n","description":"d","choices":[{"name":"one","value":"1"}]}`), "0.options.0.choices.0.value"},
		{"choices with autocomplete", option(`{"type":3,"name":"n","description":"d","autocomplete":true,"choices":[{"name":"one","value":"1"}]}`), "autocomplete"},
		{"too many choices", option(`{"type":3,"name":"n","description":"d","choices":[` + choices(26) + `]}`), "Must be between 0 and 25 in length."},
		{"min above max", option(`{"type":4,"name":"n","description":"d","min_value":5,"max_value":4}`), "min_value"},
		{"too large", `[{"name":"a","description":"d","options":[` + largeOptions(4) + `]}]`, "0: Command exceeds maximum size (8000)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var list []discord.Command
			if err := json.Unmarshal([]byte(tt.body), &list); err != nil {
				t.Fatal(err)
			}
			err := discord.CheckCommands(list)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func menuList(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"type":3,"name":"Menu %d"}`, i)
	}
	return "[" + strings.Join(list, ",") + "]"
}

func TestLocalized(t *testing.T) {
	for _, tt := range []struct{ locale, have, want string }{
		{"de", "de", "local"},
		{"de", "fr", "text"},
		{"en-US", "en-GB", "local"},
		{"en-GB", "en-US", "local"},
		{"es-419", "es-ES", "local"},
		{"es-ES", "es-419", "text"},
		{"", "", "text"},
	} {
		if got := discord.Localized("text", map[string]string{tt.have: "local"}, tt.locale); got != tt.want {
			t.Errorf("%s of %s: %s", tt.locale, tt.have, got)
		}
	}
}

func choices(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"name":"n%d","value":"%s"}`, i, strings.Repeat("v", 90))
	}
	return strings.Join(list, ",")
}

func largeOptions(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf(`{"type":3,"name":"o%d","description":"d","choices":[%s]}`, i, choices(25))
	}
	return strings.Join(list, ",")
}

func TestCheckCallback(t *testing.T) {
	read := func(text string) (d discord.CallbackData) {
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, tt := range []struct {
		name, body string
		kind       discord.CallbackType
		on         bool
		want       string
	}{
		{"message", `{"content":"x"}`, 4, false, ""},
		{"bad message", `{"components":[{"type":2}]}`, 4, false, "data.components.0.type"},
		{"update without a message", `{"content":"x"}`, 7, false, "type: "},
		{"update", `{"content":"x"}`, 7, true, ""},
		{"no such type", `{}`, 3, false, "type: Value must be one of"},
		{"suggestions", `{"choices":[{"name":"a","value":"a"}]}`, 8, false, ""},
		{"too many suggestions", `{"choices":[` + choices(26) + `]}`, 8, false, "data.choices"},
		{"form", `{"custom_id":"f","title":"F","components":[{"type":1,"components":[{"type":4,"style":1,"label":"l","custom_id":"x"}]}]}`, 9, false, ""},
		{"form with a label", `{"custom_id":"f","title":"F","components":[{"type":18,"label":"l","component":{"type":4,"style":1,"custom_id":"x"}}]}`, 9, false, ""},
		{"form with a button", `{"custom_id":"f","title":"F","components":[{"type":1,"components":[` + button + `]}]}`, 9, false, "data.components.0.components.0.type"},
		{"form without title", `{"custom_id":"f","components":[{"type":10,"content":"x"}]}`, 9, false, "data.title"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := discord.CheckCallback(tt.kind, read(tt.body), tt.on)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzCommand(f *testing.F) {
	f.Add(`{"name":"play","description":"d","options":[{"type":1,"options":[{"type":3,"choices":[{"name":"a","value":1.5}]}]}]}`)
	f.Add(`{"name":"é","name_localizations":{"de":"x"},"options":[{"type":11,"min_value":1}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var c discord.Command
		if json.Unmarshal([]byte(text), &c) != nil || discord.CheckCommand(c) != nil {
			return
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var back discord.Command
		if err := json.Unmarshal(again, &back); err != nil || discord.CheckCommand(back) != nil {
			t.Errorf("%s became %s: %v", text, again, err)
		}
	})
}
