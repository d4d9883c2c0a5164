package exchange_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"busker/playlists/exchange"
)

// words are what titles, artists and paths are made of: also all that a format gives
// a meaning of its own.
var words = rapid.SampledFrom([]string{
	"Song", "Änn", "日本", "♪", "100%", "%20", "a,b", `"quoted"`, "it's", "=1+1", "#1", "a:b", "[x]", "&amp;", "<b>", "x;y", "'", "'-", "-", "+", "é|é", "\\", "?q", "../x", "E=mc2",
})

var line = rapid.Custom(func(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(words, 0, 3).Draw(t, "words"), " ")
})

var location = rapid.Custom(func(t *rapid.T) string {
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return "https://example.org/" + strings.ReplaceAll(line.Draw(t, "path"), " ", "%20")
	case 1:
		return "/music/" + line.Draw(t, "path") + ".mp3"
	case 2:
		return "albums/" + line.Draw(t, "path") + ".flac"
	}
	return ""
})

// entries that a program could have: who has an artist has a title, too.
var entries = rapid.Custom(func(t *rapid.T) exchange.Entry {
	e := exchange.Entry{Text: location.Draw(t, "text"), Title: line.Draw(t, "title")}
	if e.Title != "" {
		e.Artist, e.Album = line.Draw(t, "artist"), line.Draw(t, "album")
	}
	if e.Text == "" && e.Title == "" {
		e.Text = "albums/x.mp3"
	}
	if e.Text == "" {
		e.Text = strings.TrimPrefix(e.Artist+" - "+e.Title, " - ")
	}
	e.Length = time.Duration(rapid.IntRange(0, 5_000_000).Draw(t, "ms")) * time.Millisecond
	return e
})

// kept is what of an entry a format has a place for.
var kept = map[exchange.Format]func(*exchange.Entry){
	exchange.M3U:  func(*exchange.Entry) {},
	exchange.XSPF: func(*exchange.Entry) {},
	exchange.CSV:  func(*exchange.Entry) {},
	exchange.PLS: func(e *exchange.Entry) { // one title for both, apart at the first dash
		whole := strings.TrimPrefix(e.Artist+" - "+e.Title, " - ")
		artist, title, ok := strings.Cut(whole, " - ")
		if !ok || artist == "" {
			artist, title = "", whole
		}
		e.Artist, e.Title, e.Album = artist, title, ""
	},
	exchange.Text: func(e *exchange.Entry) { *e = exchange.Entry{Text: e.Text} },
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for _, f := range exchange.Formats() {
		t.Run(string(f), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { roundTrip(t, f) })
		})
	}
}

func roundTrip(t *rapid.T, f exchange.Format) {
	want := exchange.List{Entries: rapid.SliceOfN(entries, 1, 5).Draw(t, "entries")}
	if f != exchange.Text && f != exchange.CSV {
		want.Title = line.Draw(t, "list title")
	}
	var b bytes.Buffer
	if err := exchange.Write(&b, f, want); err != nil {
		t.Fatal(err)
	}
	file := b.String()
	got, err := exchange.Read("list."+string(f), &b, 0)
	if err != nil {
		t.Fatalf("%v\n%s", err, file)
	}
	for i := range want.Entries {
		kept[f](&want.Entries[i])
	}
	if f == exchange.Text {
		for i := range got.Entries {
			kept[f](&got.Entries[i])
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("\n got %+v\nwant %+v\n%s", got, want, file)
	}
}
