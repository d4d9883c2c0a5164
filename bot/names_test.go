package bot_test

import (
	"testing"

	"busker/bot"
)

// TestNamesAreUniqueInEveryLanguage asks what Discord asks of names in other languages: it
// takes no commands at all when two of them have one.
func TestNamesAreUniqueInEveryLanguage(t *testing.T) {
	taken := map[string]string{}
	for _, c := range bot.Definitions() {
		for locale, name := range *c.NameLocalizations {
			key := string(locale) + " " + name
			if other := taken[key]; other != "" {
				t.Errorf("%s and %s are both %q", c.Name, other, key)
			}
			taken[key] = c.Name
		}
	}
	if len(taken) == 0 {
		t.Error("no command has a name in another language")
	}
}
