package playlists

import (
	"cmp"
	"context"
	"slices"
	"time"

	"busker/internal/snowflake"
)

// Played implements Store.
func (m *Memory) Played(_ context.Context, plays ...Play) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range plays {
		m.lastID++
		p.ID, p.Track, p.At = m.lastID, bare(p.Track), stamp(p.At)
		m.plays = append(m.plays, p)
	}
	return nil
}

// Recent implements Store.
func (m *Memory) Recent(_ context.Context, p Plays) ([]Play, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []Play
	for _, play := range slices.Backward(m.plays) {
		if p.has(play) && (p.Before == 0 || play.ID < p.Before) && len(found) < p.Most() {
			found = append(found, play)
		}
	}
	return found, nil
}

func (p Plays) has(play Play) bool {
	return (p.Guild == 0 || p.Guild == play.Guild) &&
		(p.User == 0 || p.User == play.User) &&
		!play.At.Before(stamp(p.Since))
}

// Stats implements Store.
func (m *Memory) Stats(_ context.Context, p Plays) (Stats, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var s Stats
	tracks, users := map[Key]*TrackCount{}, map[snowflake.ID]*UserCount{}
	for _, play := range m.plays {
		if !p.has(play) {
			continue
		}
		s.Plays++
		s.Heard += play.Heard
		t := entry(tracks, KeyOf(play.Track))
		t.Track, t.Plays, t.Heard = play.Track, t.Plays+1, t.Heard+play.Heard
		if play.User != 0 {
			u := entry(users, play.User)
			u.User, u.Plays, u.Heard = play.User, u.Plays+1, u.Heard+play.Heard
		}
	}
	s.Tracks = most(tracks, p.Most(), func(a, b TrackCount) int {
		return cmp.Or(b.Plays-a.Plays, cmp.Compare(b.Heard, a.Heard), cmp.Compare(a.Track.URI, b.Track.URI))
	})
	s.Requesters = most(users, p.Most(), func(a, b UserCount) int {
		return cmp.Or(b.Plays-a.Plays, cmp.Compare(b.Heard, a.Heard), cmp.Compare(a.User, b.User))
	})
	return s, nil
}

func entry[K comparable, V any](m map[K]*V, k K) *V {
	if m[k] == nil {
		m[k] = new(V)
	}
	return m[k]
}

func most[K comparable, V any](counts map[K]*V, limit int, before func(a, b V) int) []V {
	all := make([]V, 0, len(counts))
	for _, c := range counts {
		all = append(all, *c)
	}
	slices.SortFunc(all, before)
	return page(all, 0, limit)
}

// Forget implements Store.
func (m *Memory) Forget(_ context.Context, before time.Time) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	had := len(m.plays)
	m.plays = slices.DeleteFunc(m.plays, func(p Play) bool { return p.At.Before(stamp(before)) })
	return had - len(m.plays), nil
}

// Export implements Store.
func (m *Memory) Export(_ context.Context, user snowflake.ID) (Personal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var p Personal
	for _, l := range m.sorted() {
		if l.Owner == User(user) {
			p.Lists = append(p.Lists, Contents{Playlist: l.Playlist, Entries: slices.Clone(l.Entries)})
			continue
		}
		if l.Maker == user {
			p.Made = append(p.Made, l.Playlist)
		}
		for _, e := range l.Entries {
			if e.By == user {
				p.Added = append(p.Added, Addition{List: l.ID, Entry: e})
			}
		}
	}
	p.Favourites = slices.Clone(m.liked[user])
	slices.Reverse(p.Favourites)
	for _, play := range slices.Backward(m.plays) {
		if play.User == user {
			p.Plays = append(p.Plays, play)
		}
	}
	return p, nil
}

// sorted returns all lists, oldest first.
func (m *Memory) sorted() []*Contents {
	all := make([]*Contents, 0, len(m.lists))
	for _, l := range m.lists {
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b *Contents) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Erase implements Store.
func (m *Memory) Erase(_ context.Context, user snowflake.ID) (Erased, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	gone := Erased{Favourites: len(m.liked[user])}
	delete(m.liked, user)
	for id, l := range m.lists {
		if l.Owner == User(user) {
			delete(m.lists, id)
			gone.Lists++
			continue
		}
		gone.Entries += l.unname(user)
	}
	for i := range m.plays {
		if m.plays[i].User == user {
			m.plays[i].User = 0
			gone.Plays++
		}
	}
	return gone, nil
}

// unname takes a person's id off a list of a server. It is no change that anybody sees.
func (c *Contents) unname(user snowflake.ID) (entries int) {
	if c.Maker == user {
		c.Maker = 0
	}
	for i := range c.Entries {
		if c.Entries[i].By == user {
			c.Entries[i].By = 0
			entries++
		}
	}
	return entries
}
