package sources

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"busker/internal/fault"
	"busker/track"
)

// Search asks all sources that can search at the same time, and returns the best of what
// they found: at most limit hits, the best first. A source that fails is left out; its error is
// returned only if none had an answer. ctx bounds how long the slowest may take.
func (s *Set) Search(ctx context.Context, text string, limit int) ([]track.Hit, error) {
	text = strings.TrimSpace(text)
	if limit <= 0 || text == "" || len(text) > maxQueryBytes {
		return nil, nil
	}
	var (
		asked sync.WaitGroup
		mu    sync.Mutex
		hits  []track.Hit
		errs  []error
	)
	for _, source := range s.sources {
		searcher, ok := source.(Searcher)
		if !ok {
			continue
		}
		asked.Go(func() {
			found, err := searcher.Search(ctx, text, limit)
			mu.Lock()
			defer mu.Unlock()
			hits = append(hits, found...)
			if err != nil {
				errs = append(errs, fmt.Errorf("search in %s: %w", source.Name(), err))
			}
		})
	}
	asked.Wait()
	if len(hits) == 0 {
		return nil, errors.Join(errs...)
	}
	slices.SortStableFunc(hits, func(a, b track.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(s.rank(a), s.rank(b)))
	})
	return hits[:min(limit, len(hits))], nil
}

// rank is the place of a hit's source.
func (s *Set) rank(h track.Hit) int {
	return slices.IndexFunc(s.sources, func(source Source) bool { return source.Name() == h.Source })
}

// Artwork returns the picture of a track that came without one, nil if there is none.
func (s *Set) Artwork(ctx context.Context, t track.Track) (*track.Artwork, error) {
	if t.Artwork != nil {
		return t.Artwork, nil
	}
	for _, source := range s.sources {
		illustrator, ok := source.(Illustrator)
		if !ok || source.Name() != t.Source {
			continue
		}
		art, err := illustrator.Artwork(ctx, t)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return nil, fmt.Errorf("artwork in %s: %w", t.Source, err)
		}
		return art, nil
	}
	return nil, nil
}
