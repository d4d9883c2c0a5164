package names_test

import (
	"slices"
	"strings"
	"testing"

	"busker/sources/names"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"":                   "",
		"  AC/DC -- Back!  ": "ac dc back",
		"Don't Stop":         "dont stop",
		"Don’t":              "dont",
		"Björk Jóga":         "bjork joga",
		"Straße":             "strasse",
		"STRASSE":            "strasse",
		"ＡＢＣ　１２":             "abc 12",
		"ﾊﾞｽ":                "ばす",
		"バス":                 "ばす",
		"ハス":                 "はす",
		"夜に駆ける":              "夜に駆ける",
		"한국":                 "한국",
		"Ærø Þór Œuvre":      "aero thor oeuvre",
		"Łódź İzmir ısı":     "lodz izmir isi",
		"Τέλος":              "τελοσ",
		"Щелкунчик":          "щелкунчик",
		"किताब":              "किताब",
		"a\xffb":             "a b",
		"👍":                  "",
		"ﬁn":                 "fin",
	} {
		if got := names.Fold(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"Björk", "ﾊﾞｽ", "a b", "ß’s", "ﷺ", "İ", "\u0345", "ㅏ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := names.Fold(s)
		if twice := names.Fold(once); twice != once {
			t.Errorf("%q becomes %q and then %q", s, once, twice)
		}
		if strings.Join(strings.Fields(once), " ") != once {
			t.Errorf("%q has spaces to spare", once)
		}
		if names.Natural(s, s) != 0 || names.Natural(s, "x") != -names.Natural("x", s) && (names.Natural(s, "x") < 0) == (names.Natural("x", s) < 0) {
			t.Errorf("%q has no place in the order", s)
		}
	})
}

func TestNatural(t *testing.T) {
	want := []string{"1 First", "2 second", "010 Tenth", "11", "a", "Á1", "a2", "a10", "B"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, names.Natural)
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestKindsOfFiles(t *testing.T) {
	for name, want := range map[string]string{
		"a.mp3": "music", "dir/a.FLAC": "music", "noext": "music", "a.strange": "music", ".hidden.mp3": "", "cover.JPG": "",
		"list.m3u8": "list", "dir/List.XSPF": "list", "a.pls": "list", "x.cue": "",
	} {
		got := ""
		if names.Music(name) {
			got = "music"
		}
		if names.Playlist(name) {
			got += "list"
		}
		if got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if s := names.Stem("a/b.c/Song.x.mp3"); s != "Song.x" {
		t.Error(s)
	}
}
