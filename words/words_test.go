package words_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/words"
)

func TestEveryLocaleOfDiscordFindsItsLanguage(t *testing.T) {
	for locale, tag := range map[string]string{
		"": "en", "en-US": "en", "en-GB": "en", "de": "de", "es-ES": "es", "es-419": "es",
		"fr": "fr", "pt-BR": "pt-BR", "ja": "ja", "ko": "en", "zh-CN": "en", "de-AT": "de",
		"pt-PT": "pt-BR", "pt": "pt-BR", "DE": "de", "fr_CA": "fr", "nonsense": "en", "-": "en",
	} {
		if got := words.For(locale).Tag(); got != tag {
			t.Errorf("%q: %s, want %s", locale, got, tag)
		}
	}
	for _, l := range words.Languages() {
		if words.For(l.Tag).Tag() != l.Tag || l.Name == "" {
			t.Errorf("%+v does not find itself", l)
		}
	}
}

func TestNumbersChooseTheFormAndAreWrittenAsTheLanguageDoes(t *testing.T) {
	for _, tt := range []struct {
		tag  string
		n    any
		want string
	}{
		{"en", 0, "0 tracks"},
		{"en", 1, "1 track"},
		{"en", -1, "-1 track"},
		{"en", 999, "999 tracks"},
		{"en", uint16(1000), "1,000 tracks"},
		{"en", int64(-1234567), "-1,234,567 tracks"},
		{"de", 10_000, "10.000 Titel"},
		{"es", 1, "1 canción"},
		{"es", 1234, "1234 canciones"},
		{"es", 12345, "12.345 canciones"},
		{"es", 2_000_000, "2.000.000 de canciones"},
		{"fr", 0, "0 morceau"},
		{"fr", 1_000_000, "1\u202f000\u202f000 de morceaux"},
		{"pt-BR", 0, "0 faixa"},
		{"pt-BR", 2, "2 faixas"},
		{"ja", 1, "1曲"},
		{"ja", 12_345, "12,345曲"},
	} {
		if got := words.For(tt.tag).Say("%d tracks", tt.n); got != tt.want {
			t.Errorf("%s: %v: %q, want %q", tt.tag, tt.n, got, tt.want)
		}
	}
}

// surly cannot be written.
type surly struct{}

func (surly) String() string { panic("no") }

func TestSayNeverFails(t *testing.T) {
	for _, tt := range []struct {
		key  string
		args []any
		want string
	}{
		{"plain", nil, "plain"},
		{"100 %", nil, "100 %"},
		{"100 %% of it", nil, "100 % of it"},
		{"100 % of %s", []any{"it"}, "100 % of it"},
		{"Loud: %d %%.", []any{50}, "Loud: 50 %."},
		{"<#%s> and `%s`", []any{"123456789", "1:02:03"}, "<#123456789> and `1:02:03`"},
		{"%[2]s %[1]s", []any{"a", "b"}, "b a"},
		{"%[2]s %s", []any{"a", "b", "c"}, "b c"},
		{"%s is 100%d sure", []any{"%s"}, "%s is 100? sure"},
		{"%d and %s", []any{"x", 12345}, "x and 12345"},
		{"%d left", nil, "? left"},
		{"%d", []any{nil}, "<nil>"},
		{"%d", []any{time.Second}, "1000000000"},
		{"%s", []any{surly{}}, "?"},
		{"%.1f MB, %05.2f", []any{1.25, 3.14159}, "1.2 MB, 03.14"},
		{"%q", []any{"a"}, `"a"`},
		{"%02d:%02d", []any{1, 2}, "01:02"},
		{"%[x]s %[0]d %[9]s", []any{"a"}, "%[x]s %[0]d ?"},
		{"%", nil, "%"},
		{"%[", nil, "%["},
		{"too many", []any{1}, "too many"},
		{"Next##page", nil, "Next"},
		{"## Heading", nil, "## Heading"},
		{"cmd:nothing", nil, "nothing"},
	} {
		for _, l := range words.Languages() {
			if l.Tag == "de" || l.Tag == "es" || l.Tag == "fr" || l.Tag == "pt-BR" {
				continue // they write fractions with a comma
			}
			if got := words.For(l.Tag).Say(tt.key, tt.args...); got != tt.want {
				t.Errorf("%s: %q %v: %q, want %q", l.Tag, tt.key, tt.args, got, tt.want)
			}
		}
	}
	if got := words.For("de").Say("%.1f", 1.5); got != "1.5" {
		t.Errorf("a text nobody translated comes as %q, want it in English", got)
	}
}

func TestFaultsAreSaidInTheLanguage(t *testing.T) {
	german := words.For("de")
	for _, tt := range []struct {
		err  error
		want string
		ok   bool
	}{
		{io.EOF, "", false},
		{fault.New(fault.Internal, ""), "", false},
		{fmt.Errorf("add: %w", fault.Newf(fault.TooLarge, "%d tracks", 5)), "5 Titel", true},
		{fault.Wrapf(fault.TooLarge, io.EOF, "%d tracks", 5), "5 Titel", true},
		{fault.Newf(fault.TooLarge, "Nobody translated %d.", 5000), "Nobody translated 5000.", true},
		{&fault.Fault{Message: "Made by hand."}, "Made by hand.", true},
	} {
		got, ok := german.Fault(tt.err)
		if got != tt.want || ok != tt.ok {
			t.Errorf("%v: %q %v, want %q %v", tt.err, got, ok, tt.want, tt.ok)
		}
	}
	if got, _ := german.Fault(errors.Join(io.EOF, fault.New(fault.Busy, "%d tracks"))); got != "? tracks" {
		t.Errorf("a fault without its argument: %q", got)
	}
}

func TestListsOfTermsAreJoinedInTheLanguage(t *testing.T) {
	terms := fault.Terms{"Connect", "Speak"}
	for tag, want := range map[string]string{"en": "Added Connect, Speak.", "ja": "接続、発言を追加しました。"} {
		if got := words.For(tag).Say("Added %s.", terms); got != want {
			t.Errorf("%s: %q, want %q", tag, got, want)
		}
	}
}

func TestCommandsAreNamedAsPeopleSeeThem(t *testing.T) {
	const key = "Nothing is playing. Start with `/play`."
	for tag, want := range map[string]string{
		"en": key,
		"de": "Gerade läuft nichts. Fang mit `/abspielen` an.",
		"ja": "何も再生していません。`/再生`で始めましょう。",
	} {
		if got := words.For(tag).Say(key); got != want {
			t.Errorf("%s: %q, want %q", tag, got, want)
		}
	}
	for text, want := range map[string]string{
		"/queue":                   "/warteschlange",
		"a /queue, b":              "a /warteschlange, b",
		"`/queue skip` `/queue x`": "`/warteschlange überspringen` `/warteschlange x`",
		"/queue skip":              "/warteschlange skip",
		"https://a.example/play":   "https://a.example/play",
		"/nosuch and/or":           "/nosuch and/or",
		"/":                        "/",
	} {
		if got := words.LocalCommands(text, "de"); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestSpacesThatMustNotEndALineAreUnbreakable(t *testing.T) {
	for tag, want := range map[string]string{"fr": "Volume\u00a0: 50\u00a0%.", "de": "Lautstärke: 50\u00a0%.", "en": "Volume: 50 %."} {
		if got := words.For(tag).Say("Volume: %d %%.", 50); got != want {
			t.Errorf("%s: %q, want %q", tag, got, want)
		}
	}
}

func TestLocalizationsHaveEveryLocaleButEnglish(t *testing.T) {
	got := words.Localizations("%d tracks##none")
	if got != nil {
		t.Errorf("an unknown text has localizations: %v", got)
	}
	got = words.Localizations(", ")
	for _, locale := range []string{"de", "es-ES", "es-419", "fr", "pt-BR", "ja"} {
		if got[locale] == "" {
			t.Errorf("%s is missing in %v", locale, got)
		}
	}
	if len(got) != 6 {
		t.Errorf("%d locales: %v", len(got), got)
	}
}

func BenchmarkSay(b *testing.B) {
	w := words.For("fr")
	b.ReportAllocs()
	for b.Loop() {
		_ = w.Say("%d tracks", 12345)
	}
}

func BenchmarkLoad(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := words.Load(); err != nil {
			b.Fatal(err)
		}
	}
}
