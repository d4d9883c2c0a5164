package sources_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"busker/sources"
	"busker/track"
)

// catalogue is a shelf that can be searched and has pictures.
type catalogue struct {
	shelf
	hits []track.Hit
}

func (c catalogue) Search(_ context.Context, _ string, limit int) ([]track.Hit, error) {
	return c.hits[:min(limit, len(c.hits))], c.err
}

func (c catalogue) Artwork(_ context.Context, t track.Track) (*track.Artwork, error) {
	return &track.Artwork{MIME: c.name, Bytes: []byte(t.URI)}, c.err
}

func hit(source, title string, score float64) track.Hit {
	return track.Hit{Source: source, Title: title, Score: score}
}

func TestSearchMergesWhatSourcesFind(t *testing.T) {
	one := catalogue{shelf{name: "one"}, []track.Hit{hit("one", "a", 0.9), hit("one", "b", 0.5)}}
	two := catalogue{shelf{name: "two"}, []track.Hit{hit("two", "c", 0.9), hit("two", "d", 0.6)}}
	away := catalogue{shelf{name: "away", err: errors.New("no answer")}, nil}
	for _, tt := range []struct {
		name    string
		sources []sources.Source
		text    string
		limit   int
		want    string
		failed  bool
	}{
		{"the best first, the first source among equals", []sources.Source{one, two}, "x", 9, "acdb", false},
		{"the order of the sources counts", []sources.Source{two, one}, "x", 9, "cadb", false},
		{"no more than asked for", []sources.Source{one, two}, "x", 2, "ac", false},
		{"who cannot search is not asked", []sources.Source{shelf{name: "deaf"}, two}, "x", 9, "cd", false},
		{"one that fails is left out", []sources.Source{away, two}, "x", 9, "cd", false},
		{"all fail", []sources.Source{away}, "x", 9, "", true},
		{"nothing asked", []sources.Source{one}, " ", 9, "", false},
		{"a novel", []sources.Source{one}, strings.Repeat("a", 9000), 9, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			hits, err := sources.NewSet(tt.sources...).Search(t.Context(), tt.text, tt.limit)
			got := ""
			for _, h := range hits {
				got += h.Title
			}
			if got != tt.want || (err != nil) != tt.failed {
				t.Errorf("%q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestArtworkComesFromTheSourceOfTheTrack(t *testing.T) {
	set := sources.NewSet(catalogue{shelf: shelf{name: "one"}}, catalogue{shelf: shelf{name: "two"}}, shelf{name: "deaf"})
	art, err := set.Artwork(t.Context(), track.Track{Source: "two", URI: "x"})
	if err != nil || art == nil || art.MIME != "two" || string(art.Bytes) != "x" {
		t.Errorf("%+v, %v", art, err)
	}
	have := &track.Artwork{}
	if art, err := set.Artwork(t.Context(), track.Track{Source: "two", Artwork: have}); art != have || err != nil {
		t.Error("one that is there was fetched again")
	}
	for _, source := range []string{"deaf", "gone"} {
		if art, err := set.Artwork(t.Context(), track.Track{Source: source}); art != nil || err != nil {
			t.Errorf("%s: %+v, %v", source, art, err)
		}
	}
}
