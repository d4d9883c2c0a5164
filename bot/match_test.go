package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"busker/bot"
	"busker/internal/fault"
	"busker/playlists/exchange"
	"busker/track"
)

// cabinet is a Resolver and a Library of a few files, and guesses what a path it does not
// have may mean.
type cabinet []track.Track

func (c cabinet) Resolve(_ context.Context, q track.Query) (track.Result, error) {
	for _, t := range c {
		if t.URI == q.Text {
			return track.Result{Tracks: []track.Track{t}}, nil
		}
	}
	if strings.Contains(q.Text, "guess") {
		return track.Result{Tracks: c[:1]}, nil
	}
	return track.Result{}, fault.New(fault.NotFound, "There is no such file.")
}

// Search finds what has any of the words.
func (c cabinet) Search(_ context.Context, text string, _ int) (hits []track.Hit, err error) {
	for _, t := range c {
		for word := range strings.FieldsSeq(strings.ToLower(text)) {
			if strings.Contains(strings.ToLower(t.Artist+" "+t.Title), word) {
				hits = append(hits, track.Hit{Ref: t.URI, Title: t.Title, Track: t})
				break
			}
		}
	}
	return hits, nil
}

func TestEntriesAreFoundAndNothingElse(t *testing.T) {
	const minute = time.Minute
	c := cabinet{
		{URI: "queen/opera/bohemian.mp3", Title: "Bohemian Rhapsody (Remastered 2011)", Artist: "Queen", Length: 6 * minute},
		{URI: "abba/money money.flac", Title: "Money, Money, Money", Artist: "ABBA", Length: 3 * minute},
		{URI: "one.ogg", Title: "Déjà Vu", Artist: "Beyoncé"},
		{URI: "https://example.org/live", Title: "Radio", Live: true},
	}
	b := bot.LookingUp(c)
	for _, tt := range []struct {
		name  string
		entry exchange.Entry
		want  string // URI; "" = not found
	}{
		{"by its path", exchange.Entry{Text: "abba/money money.flac"}, "abba/money money.flac"},
		{"by the end of a Windows path", exchange.Entry{Text: `D:\Music\queen\opera\bohemian.mp3`}, "queen/opera/bohemian.mp3"},
		{"by an escaped path", exchange.Entry{Text: "./abba/money%20money.flac"}, "abba/money money.flac"},
		{"by the end of a path of Unix", exchange.Entry{Text: "/home/x/one.ogg"}, "one.ogg"},
		{"by its link", exchange.Entry{Text: "https://example.org/live"}, "https://example.org/live"},
		{"by a file's name in the library", exchange.Entry{Text: "/x/Money, Money, Money.mp3"}, "abba/money money.flac"},
		{"by title and artist", exchange.Entry{Text: "x", Title: "bohemian rhapsody - Live Aid", Artist: "QUEEN"}, "queen/opera/bohemian.mp3"},
		{"without accents", exchange.Entry{Text: "x", Title: "deja vu", Artist: "Beyonce"}, "one.ogg"},
		{"one artist of several", exchange.Entry{Text: "x", Title: "Déjà Vu (feat. Jay-Z)", Artist: "Beyoncé, JAY-Z"}, "one.ogg"},
		{"artist and title in one", exchange.Entry{Text: "ABBA Money Money Money", Title: "ABBA Money Money Money"}, "abba/money money.flac"},
		{"about as long", exchange.Entry{Text: "x", Title: "Bohemian Rhapsody", Artist: "Queen", Length: 6*minute + 10*time.Second}, "queen/opera/bohemian.mp3"},

		{"in the library before a link to a service", exchange.Entry{Text: "https://example.org/live", Title: "Déjà Vu", Artist: "Beyoncé"}, "one.ogg"},

		{"another length", exchange.Entry{Text: "x", Title: "Bohemian Rhapsody", Artist: "Queen", Length: 3 * minute}, ""},
		{"by somebody else", exchange.Entry{Text: "x", Title: "Bohemian Rhapsody", Artist: "Panic! At The Disco"}, ""},
		{"only a word in common", exchange.Entry{Text: "x", Title: "Money", Artist: "ABBA"}, ""},
		{"what a source only guessed", exchange.Entry{Text: "/x/guess.mp3"}, ""},
		{"a dead link", exchange.Entry{Text: "https://example.org/gone"}, ""},
		{"nothing", exchange.Entry{Text: "zzz", Title: "zzz"}, ""},
		{"only signs", exchange.Entry{Text: "...", Title: "..."}, ""},
	} {
		got, ok := b.LookUp(t.Context(), tt.entry)
		if got.URI != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %q, %v; want %q", tt.name, got.URI, ok, tt.want)
		}
	}
}
