package sources_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/sources"
	"busker/track"
)

// shelf is a source that knows the titles it holds.
type shelf struct {
	name   string
	accept bool
	err    error
	titles map[string]bool
}

func (s shelf) Name() string { return s.name }

func (s shelf) Accepts(track.Query) bool { return s.accept }

func (s shelf) Resolve(_ context.Context, q track.Query) (track.Result, error) {
	if s.err != nil {
		return track.Result{}, s.err
	}
	if !s.titles[q.Text] {
		return track.Result{}, fault.New(fault.NotFound, "Not on shelf "+s.name+".")
	}
	return track.Result{Tracks: []track.Track{{Source: s.name, Title: q.Text}}}, nil
}

func (s shelf) Open(context.Context, track.Track, time.Duration) (audio.Reader, error) {
	return nil, errors.New("shelf " + s.name + " is locked")
}

func TestResolveAsksInOrder(t *testing.T) {
	one := shelf{name: "one", accept: true, titles: map[string]bool{"a": true}}
	two := shelf{name: "two", accept: true, titles: map[string]bool{"a": true, "b": true}}
	broken := shelf{name: "broken", accept: true, err: fault.New(fault.Denied, "No.")}
	deaf := shelf{name: "deaf", titles: map[string]bool{"a": true}}
	for _, tt := range []struct {
		name    string
		sources []sources.Source
		query   string
		from    string
		kind    fault.Kind
		message string
	}{
		{name: "first wins", sources: []sources.Source{one, two}, query: "a", from: "one"},
		{name: "spaces do not count", sources: []sources.Source{one}, query: " a\n", from: "one"},
		{name: "not found passes on", sources: []sources.Source{one, two}, query: "b", from: "two"},
		{name: "who does not accept is not asked", sources: []sources.Source{deaf, two}, query: "a", from: "two"},
		{name: "the first to miss speaks", sources: []sources.Source{one, two}, query: "c", kind: fault.NotFound, message: "Not on shelf one."},
		{name: "another fault ends it", sources: []sources.Source{broken, two}, query: "b", kind: fault.Denied, message: "No."},
		{name: "nobody accepts", sources: []sources.Source{deaf}, query: "a", kind: fault.Invalid, message: "I do not know how to play “a”."},
		{name: "nothing asked", sources: []sources.Source{one}, query: " ", kind: fault.Invalid, message: "Say what to play: a link, or the name of a file."},
		{name: "not text", sources: []sources.Source{one}, query: "\xff", kind: fault.Invalid, message: "That is not the name of anything I could play."},
		{name: "a novel", sources: []sources.Source{one}, query: strings.Repeat("a", 9000), kind: fault.Invalid, message: "That is not the name of anything I could play."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := sources.NewSet(tt.sources...).Resolve(t.Context(), track.Query{Text: tt.query})
			if tt.from != "" {
				if err != nil || r.Tracks[0].Source != tt.from {
					t.Fatalf("%+v, %v", r, err)
				}
				return
			}
			if m, _ := fault.Message(err); fault.KindOf(err) != tt.kind || m != tt.message {
				t.Errorf("%v %q, want %v %q", fault.KindOf(err), m, tt.kind, tt.message)
			}
		})
	}
}

func TestOpenGoesToTheSourceOfTheTrack(t *testing.T) {
	set := sources.NewSet(shelf{name: "one"}, shelf{name: "two"})
	_, err := set.Open(t.Context(), track.Track{Source: "two"}, 0)
	if err == nil || !strings.Contains(err.Error(), "shelf two is locked") {
		t.Errorf("two: %v", err)
	}
	_, err = set.Open(t.Context(), track.Track{Source: "three"}, 0)
	if fault.KindOf(err) != fault.Unsupported {
		t.Errorf("three: %v", err)
	}
}

func TestTwoSourcesOfOneNamePanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the second source would never be opened")
		}
	}()
	sources.NewSet(shelf{name: "one"}, shelf{name: "one"})
}
