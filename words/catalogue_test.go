package words_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"busker/words"
)

// entries are the texts of the catalogue: key → tag → form → text. A text without
// plural forms has only other.
type entries map[string]map[string]map[string]string

func readCatalogue(t *testing.T) (all entries, files map[string]string) {
	t.Helper()
	if err := words.Load(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob("texts/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	all, files = entries{}, map[string]string{}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var raw map[string]map[string]any
		if err := yaml.Unmarshal(content, &raw); err != nil {
			t.Fatal(err)
		}
		for key, languages := range raw {
			files[key] = filepath.Base(name)
			all[key] = map[string]map[string]string{}
			for tag, value := range languages {
				all[key][tag] = forms(value)
			}
		}
	}
	return all, files
}

func forms(value any) map[string]string {
	if s, ok := value.(string); ok {
		return map[string]string{"other": s}
	}
	f := map[string]string{}
	for name, text := range value.(map[string]any) {
		f[name] = text.(string)
	}
	return f
}

func TestEveryTextIsInTheCatalogueAndNoneIsUnused(t *testing.T) {
	if raceEnabled {
		t.Skip("reading the whole source takes the race detector a minute; make test runs this without it")
	}
	said := readSource(t)
	for _, p := range said.problems {
		t.Error(p)
	}
	all, files := readCatalogue(t)
	for _, key := range slices.Sorted(maps.Keys(said.keys)) {
		if all[key] == nil {
			t.Errorf("%s: %q is not in words/texts", said.keys[key], key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if class, _, ok := strings.Cut(key, ":"); ok && (class == "cmd" || class == "opt" || class == "val") {
			continue // the bot's tests know its commands
		}
		if _, ok := said.keys[key]; !ok && key != ", " {
			t.Errorf("%s: nobody says %q", files[key], key)
		}
	}
	for key, limit := range said.limits {
		checkLength(t, key, limit, all[key])
	}
}

func checkLength(t *testing.T, key string, limit int, languages map[string]map[string]string) {
	t.Helper()
	if n := utf8.RuneCountInString(words.Bare(key)); n > limit {
		t.Errorf("%q has %d characters; %d are allowed", key, n, limit)
	}
	for tag, forms := range languages {
		for _, text := range forms {
			if n := utf8.RuneCountInString(text); n > limit {
				t.Errorf("%s: %q has %d characters; %d are allowed", tag, text, n, limit)
			}
		}
	}
}

func TestEveryTextIsInEveryLanguage(t *testing.T) {
	all, files := readCatalogue(t)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if err := complete(key, all[key]); err != nil {
			t.Errorf("%s: %q: %v", files[key], key, err)
		}
	}
}

// complete checks one text in all its languages.
func complete(key string, languages map[string]map[string]string) error {
	var problems []string
	counted := false
	for _, forms := range languages {
		counted = counted || len(forms) > 1
	}
	for _, l := range words.Languages() {
		forms, ok := languages[l.Tag]
		switch {
		case l.Tag == "en" && !ok && !counted:
			forms = map[string]string{"other": words.Bare(key)}
		case !ok:
			problems = append(problems, l.Tag+" is missing")
			continue
		}
		want := []string{"other"}
		if counted {
			_, want = words.PluralOf(l.Tag, 1)
		}
		if have := slices.Sorted(maps.Keys(forms)); !slices.Equal(have, slices.Sorted(slices.Values(want))) {
			problems = append(problems, fmt.Sprintf("%s has the forms %v, its grammar %v", l.Tag, have, want))
		}
		for form, text := range forms {
			if err := agrees(key, form, text); err != "" {
				problems = append(problems, fmt.Sprintf("%s, %q: %s", l.Tag, text, err))
			}
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s", strings.Join(problems, "; "))
	}
	return nil
}

var (
	spaceBefore = regexp.MustCompile(`^\s*`)
	spaceBehind = regexp.MustCompile(`\s*$`)
	kept        = regexp.MustCompile("<[#@:][^>]*>|`/[a-z]+[^`]*`|\\*\\*|`|(?m:^-# )|\n")
	mention     = regexp.MustCompile(`<[#@]!?&?%(\[\d+\])?d>`)
)

// agrees says what of the English a translation must keep and does not. The form
// for one may leave the number out.
func agrees(key, form, text string) string {
	english := words.Bare(key)
	want, strayKey := words.Verbs(english)
	have, stray := words.Verbs(text)
	if form == "one" {
		for arg, verb := range want {
			if _, ok := have[arg]; !ok && strings.HasSuffix(verb, "d") {
				delete(want, arg)
			}
		}
	}
	switch {
	case strings.TrimSpace(text) == "":
		return "it is empty"
	case stray || strayKey:
		return "a % of its own is written %%"
	case mention.MatchString(text):
		return "an id is %s, or it is written with thousands set apart"
	case !maps.Equal(want, have):
		return fmt.Sprintf("its verbs are %v, not %v", have, want)
	case spaceBefore.FindString(english) != spaceBefore.FindString(text), spaceBehind.FindString(english) != spaceBehind.FindString(text):
		if key != ", " {
			return "it begins or ends with other white space"
		}
	}
	if a, b := marks(english), marks(text); !slices.Equal(a, b) {
		return fmt.Sprintf("its marks are %q, not %q", b, a)
	}
	return ""
}

// marks are what Discord reads in a text, in any order.
func marks(s string) []string {
	found := kept.FindAllString(regexp.MustCompile(`%\[\d+\]`).ReplaceAllString(s, "%"), -1)
	slices.Sort(found)
	return found
}

func TestTheChecksBite(t *testing.T) {
	for _, tt := range []struct{ key, form, text string }{
		{"%s", "other", "%d"},
		{"%s %d", "other", "%d %s"},
		{"%s", "other", "nothing"},
		{"a", "other", "%s"},
		{"50 %%", "other", "50 %"},
		{"**a**", "other", "a"},
		{"`/play` it", "other", "`/abspielen`"},
		{"<#%s>", "other", "<%s>"},
		{"-# a", "other", "a"},
		{"a\nb", "other", "a b"},
		{"a", "other", " "},
		{" a", "other", "a"},
		{"<@%d>", "other", "<@%d>"},
	} {
		if agrees(tt.key, tt.form, tt.text) == "" {
			t.Errorf("%q passes for %q", tt.text, tt.key)
		}
	}
	for _, tt := range []struct{ key, form, text string }{
		{"%s %d", "other", "%[2]d %[1]s"},
		{"%d tracks", "one", "a track"},
		{"**a** `b`", "other", "`b` **a**"},
	} {
		if err := agrees(tt.key, tt.form, tt.text); err != "" {
			t.Errorf("%q does not pass for %q: %s", tt.text, tt.key, err)
		}
	}
}

// The tables of golang.org/x/text are of an older CLDR, which had no form for
// whole millions.
func TestPluralsAreThoseOfCLDR(t *testing.T) {
	names := map[plural.Form]string{plural.One: "one", plural.Other: "other"}
	for _, l := range words.Languages() {
		tag := language.MustParse(l.Tag)
		for n := range 2000 {
			got, _ := words.PluralOf(l.Tag, uint64(n))
			want := names[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)]
			if got != want {
				t.Errorf("%s: %d is %s, want %s", l.Tag, n, got, want)
			}
		}
	}
}
