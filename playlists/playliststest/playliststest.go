// Package playliststest proves a playlists.Store: the same suite runs against the one
// in memory and against those in databases.
package playliststest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/playlists"
	"busker/track"
)

// Open returns an empty Store with these limits. The test that is given closes it.
type Open func(t *testing.T, l playlists.Limits) playlists.Store

// Run proves the Stores that open makes.
func Run(t *testing.T, open Open) {
	for _, tt := range []struct {
		name string
		test func(*testing.T, playlists.Store)
	}{
		{"lists", testLists},
		{"names", testNames},
		{"entries", testEntries},
		{"versions", testVersions},
		{"missing", testMissing},
		{"limits", testLimits},
		{"favourites", testFavourites},
		{"history", testHistory},
		{"stats", testStats},
		{"forget", testForget},
		{"export and erase", testErase},
		{"what comes in comes out", testFaithful},
		{"many at once", testConcurrent},
		{"a long list", testLong},
		{"model", testModel},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open(t, limits)) })
	}
}

// limits are small, so that reaching them is quick; testLong needs the room for entries.
var limits = playlists.Limits{Lists: 5, Entries: 3000, Favourites: 6}

// People and servers of the tests, as large as real ids.
const (
	ann   snowflake.ID = 81384788765712384
	bob   snowflake.ID = 1420070400000000001
	cafe  snowflake.ID = 613425648685547541
	disco snowflake.ID = 1<<63 - 1
)

// start is an instant with a fraction that a Store keeps.
var start = time.Date(2026, 3, 1, 20, 15, 30, 125e6, time.UTC)

// song is a track with everything a Store keeps.
func song(n int) track.Track {
	return track.Track{
		Source: "file", URI: fmt.Sprintf("albums/%d – “ü”.opus", n),
		Title: fmt.Sprintf("Song %d ♪ 日本", n), Artist: "Ann's O'Band", Album: `100% "quoted"`,
		Length: time.Duration(n)*time.Minute + 123*time.Millisecond,
		Format: "Ogg Opus", Seekable: true, Page: "https://example.org/?a=1&b=2",
		Loudness: track.Loudness{LUFS: -13.25, Peak: 0.875, Known: true},
		Version:  "v1", Cacheable: true,
	}
}

func entries(by snowflake.ID, numbers ...int) []playlists.Entry {
	list := make([]playlists.Entry, 0, len(numbers))
	for _, n := range numbers {
		list = append(list, playlists.Entry{Track: song(n), Added: start.Add(time.Duration(n) * time.Second), By: by})
	}
	return list
}

func create(t *testing.T, s playlists.Lister, o playlists.Owner, name string, with ...playlists.Entry) playlists.Playlist {
	t.Helper()
	maker := o.ID
	if o.Guild {
		maker = ann
	}
	p, err := s.Create(t.Context(), playlists.Playlist{Owner: o, Maker: maker, Name: name}, with...)
	if err != nil {
		t.Fatalf("create %q: %v", name, err)
	}
	return p
}

// holds fails unless the list's entries are those, and its counts agree.
func holds(t *testing.T, s playlists.Lister, id int64, want []playlists.Entry) {
	t.Helper()
	got, err := s.Entries(t.Context(), id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "entries", got, want)
	p, err := s.List(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var length time.Duration
	for _, e := range want {
		length += e.Track.Length
	}
	if p.Tracks != len(want) || p.Length != length {
		t.Errorf("the list says %d tracks, %v; want %d, %v", p.Tracks, p.Length, len(want), length)
	}
}

func same[T any](t *testing.T, what string, got, want []T) {
	t.Helper()
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %s", what, difference(got, want))
	}
}

func difference[T any](got, want []T) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d, want %d\n got %+v\nwant %+v", len(got), len(want), got, want)
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			return fmt.Sprintf("number %d\n got %+v\nwant %+v", i, got[i], want[i])
		}
	}
	return "none"
}

func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

func kind(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("%s: %v, want a fault of kind %v", what, err, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func get[T any](t *testing.T) func(v T, err error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		must(t, err)
		return v
	}
}
