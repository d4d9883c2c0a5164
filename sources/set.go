package sources

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"busker/audio"
	"busker/internal/fault"
	"busker/track"
)

// maxQueryBytes is more than any link or path people send on purpose; Discord's
// command options hold 6000 characters.
const maxQueryBytes = 8192

// Set asks several sources in a fixed order. It is safe for concurrent use.
type Set struct {
	sources []Source
}

// NewSet returns a Set that asks the sources in the order given. Two sources of
// one name are a programming error and panic.
func NewSet(sources ...Source) *Set {
	seen := make(map[string]bool, len(sources))
	for _, s := range sources {
		if seen[s.Name()] {
			panic(fmt.Sprintf("sources: two sources are named %q", s.Name()))
		}
		seen[s.Name()] = true
	}
	return &Set{sources: sources}
}

// Resolve returns the answer of the first source that knows what q asks for. A
// source that does not find it passes the question on; any other error ends it.
func (s *Set) Resolve(ctx context.Context, q track.Query) (track.Result, error) {
	q.Text = strings.TrimSpace(q.Text)
	if err := check(q.Text); err != nil {
		return track.Result{}, err
	}
	var missing error
	for _, source := range s.sources {
		if !source.Accepts(q) {
			continue
		}
		result, err := source.Resolve(ctx, q)
		switch {
		case err == nil:
			return result, nil
		case fault.KindOf(err) != fault.NotFound:
			return track.Result{}, fmt.Errorf("resolve in %s: %w", source.Name(), err)
		case missing == nil:
			missing = fmt.Errorf("resolve in %s: %w", source.Name(), err)
		}
	}
	if missing == nil {
		missing = fault.Newf(fault.Invalid, "I do not know how to play “%s”.", brief(q.Text))
	}
	return track.Result{}, missing
}

// Open opens t at the given media time through the source that found it.
func (s *Set) Open(ctx context.Context, t track.Track, at time.Duration) (audio.Reader, error) {
	for _, source := range s.sources {
		if source.Name() != t.Source {
			continue
		}
		r, err := source.Open(ctx, t, at)
		if err != nil {
			return nil, fmt.Errorf("open in %s: %w", t.Source, err)
		}
		return r, nil
	}
	return nil, fault.Newf(fault.Unsupported, "Tracks from “%s” cannot be played here.", brief(t.Source))
}

func check(text string) error {
	switch {
	case text == "":
		return fault.New(fault.Invalid, "Say what to play: a link, or the name of a file.")
	case len(text) > maxQueryBytes || !utf8.ValidString(text):
		return fault.New(fault.Invalid, "That is not the name of anything I could play.")
	}
	return nil
}

// brief shortens what a listener wrote to what fits a sentence.
func brief(s string) string {
	const most = 80
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
