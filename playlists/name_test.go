package playlists_test

import (
	"strings"
	"testing"

	"busker/internal/fault"
	"busker/playlists"
)

func TestName(t *testing.T) {
	for in, want := range map[string]string{
		"Road trip":                   "Road trip",
		"  Road \t\n trip ":           "Road trip",
		"e\u0301te\u0301":             "été",
		"a\u202eb\u200b\x00c":         "abc",
		"👩\u200d🚀 in space":           "👩\u200d🚀 in space",
		strings.Repeat("語", 64):       strings.Repeat("語", 64),
		strings.Repeat("x", 64) + " ": strings.Repeat("x", 64),
	} {
		if got, err := playlists.Name(in); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "  ", "\u200b", "\u200d", "\u202e\u202c", "a\xff", strings.Repeat("語", 65)} {
		if got, err := playlists.Name(in); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q became %q, %v", in, got, err)
		}
	}
}

func TestNameKey(t *testing.T) {
	for _, same := range [][]string{
		{"Straße", "STRASSE", "strasse"},
		{"Été", "ÉTÉ"},
		{"ＡＢＣ１", "abc1"},
		{"ﾛｯｸ", "ロック"},
	} {
		for _, s := range same {
			if playlists.NameKey(s) != playlists.NameKey(same[0]) {
				t.Errorf("%q is not %q", s, same[0])
			}
		}
	}
	if playlists.NameKey("rock") == playlists.NameKey("rocks") {
		t.Error("two names are one")
	}
}

func TestLimits(t *testing.T) {
	var l playlists.Limits
	for what, err := range map[string]error{
		"lists":      l.CheckLists(playlists.DefaultMaxLists),
		"entries":    l.CheckEntries(playlists.DefaultMaxEntries),
		"favourites": l.CheckFavourites(playlists.DefaultMaxFavourites),
	} {
		if err != nil {
			t.Errorf("%s at the limit: %v", what, err)
		}
	}
	err := playlists.Limits{Entries: 3}.CheckEntries(4)
	if m, _ := fault.Message(err); m != "A playlist holds at most 3 tracks." || fault.KindOf(err) != fault.TooLarge {
		t.Errorf("over the limit: %v", err)
	}
}
