package playlists

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"busker/internal/snowflake"
	"busker/track"
)

// Memory is a Store that forgets everything when the process ends: for tests, and for
// a bot that keeps nothing.
type Memory struct {
	limits Limits

	mu     sync.Mutex
	lastID int64
	lists  map[int64]*Contents
	liked  map[snowflake.ID][]Entry // oldest first
	plays  []Play                   // oldest first
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty Store.
func NewMemory(l Limits) *Memory {
	return &Memory{limits: l, lists: map[int64]*Contents{}, liked: map[snowflake.ID][]Entry{}}
}

// Lists implements Store.
func (m *Memory) Lists(_ context.Context, o Owner) ([]Playlist, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []Playlist
	for _, l := range m.lists {
		if l.Owner == o {
			found = append(found, l.Playlist)
		}
	}
	slices.SortFunc(found, byName)
	return found, nil
}

func byName(a, b Playlist) int { return strings.Compare(NameKey(a.Name), NameKey(b.Name)) }

// List implements Store.
func (m *Memory) List(_ context.Context, id int64) (Playlist, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, err := m.at(id, 0)
	if err != nil {
		return Playlist{}, err
	}
	return l.Playlist, nil
}

// Create implements Store.
func (m *Memory) Create(_ context.Context, p Playlist, entries ...Entry) (Playlist, error) {
	name, err := Name(p.Name)
	if err != nil {
		return Playlist{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	owned, err := m.owned(p.Owner, 0, name)
	if err != nil {
		return Playlist{}, err
	}
	if err := cmp.Or(m.limits.CheckLists(owned+1), m.limits.CheckEntries(len(entries))); err != nil {
		return Playlist{}, err
	}
	m.lastID++
	l := &Contents{Playlist: Playlist{ID: m.lastID, Owner: p.Owner, Maker: p.Maker, Name: name}}
	m.lists[l.ID] = l
	return l.set(entries), nil
}

// owned counts an owner's lists, and refuses a name that one of them other than self has.
func (m *Memory) owned(o Owner, self int64, name string) (int, error) {
	n := 0
	for _, l := range m.lists {
		if l.Owner != o {
			continue
		}
		if n++; l.ID != self && NameKey(l.Name) == NameKey(name) {
			return 0, ErrNameTaken
		}
	}
	return n, nil
}

// Rename implements Store.
func (m *Memory) Rename(_ context.Context, id int64, name string) (Playlist, error) {
	name, err := Name(name)
	if err != nil {
		return Playlist{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	l, err := m.at(id, 0)
	if err != nil {
		return Playlist{}, err
	}
	if _, err := m.owned(l.Owner, id, name); err != nil {
		return Playlist{}, err
	}
	l.Name = name
	return l.set(l.Entries), nil
}

// Delete implements Store.
func (m *Memory) Delete(_ context.Context, id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, err := m.at(id, 0)
	delete(m.lists, id)
	return err
}

// Entries implements Store.
func (m *Memory) Entries(_ context.Context, id int64, from, limit int) ([]Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, err := m.at(id, 0)
	if err != nil {
		return nil, err
	}
	return slices.Clone(page(l.Entries, from, cmp.Or(limit, len(l.Entries)))), nil
}

// Append implements Store.
func (m *Memory) Append(_ context.Context, id int64, entries ...Entry) (Playlist, error) {
	return m.change(id, 0, func(old []Entry) []Entry { return slices.Concat(old, entries) })
}

// Replace implements Store.
func (m *Memory) Replace(_ context.Context, id, version int64, entries []Entry) (Playlist, error) {
	return m.change(id, version, func([]Entry) []Entry { return entries })
}

// RemoveAt implements Store.
func (m *Memory) RemoveAt(_ context.Context, id, version int64, at ...int) (Playlist, error) {
	return m.change(id, version, func(old []Entry) []Entry {
		var kept []Entry
		for i, e := range old {
			if !slices.Contains(at, i) {
				kept = append(kept, e)
			}
		}
		return kept
	})
}

func (m *Memory) change(id, version int64, to func([]Entry) []Entry) (Playlist, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, err := m.at(id, version)
	if err != nil {
		return Playlist{}, err
	}
	entries := to(l.Entries)
	if err := m.limits.CheckEntries(len(entries)); err != nil {
		return Playlist{}, err
	}
	return l.set(entries), nil
}

func (m *Memory) at(id, version int64) (*Contents, error) {
	l := m.lists[id]
	switch {
	case l == nil:
		return nil, ErrNotFound
	case version != 0 && version != l.Version:
		return nil, ErrChanged
	}
	return l, nil
}

// set makes the next version of a list with these entries.
func (c *Contents) set(entries []Entry) Playlist {
	c.Entries = nil
	c.Length = 0
	for _, e := range entries {
		e.Track, e.Added = bare(e.Track), stamp(e.Added)
		c.Entries = append(c.Entries, e)
		c.Length += e.Track.Length
	}
	c.Tracks, c.Updated = len(entries), stamp(time.Now())
	c.Version++
	return c.Playlist
}

// Like implements Store.
func (m *Memory) Like(_ context.Context, user snowflake.ID, t track.Track, at time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	liked := m.liked[user]
	if slices.ContainsFunc(liked, is(KeyOf(t))) {
		return false, nil
	}
	if err := m.limits.CheckFavourites(len(liked) + 1); err != nil {
		return false, err
	}
	m.liked[user] = append(liked, Entry{Track: bare(t), Added: stamp(at), By: user})
	return true, nil
}

// Unlike implements Store.
func (m *Memory) Unlike(_ context.Context, user snowflake.ID, k Key) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.liked[user])
	m.liked[user] = slices.DeleteFunc(m.liked[user], is(k))
	return len(m.liked[user]) < before, nil
}

func is(k Key) func(Entry) bool { return func(e Entry) bool { return KeyOf(e.Track) == k } }

// Liked implements Store.
func (m *Memory) Liked(_ context.Context, user snowflake.ID, from, limit int) ([]Entry, int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	newest := slices.Clone(m.liked[user])
	slices.Reverse(newest)
	return slices.Clone(page(newest, from, cmp.Or(limit, DefaultPage))), len(newest), nil
}

func page[T any](all []T, from, limit int) []T {
	from = min(max(from, 0), len(all))
	return all[from:min(from+max(limit, 0), len(all))]
}

// bare is t as it is kept: a picture is found again when it is played.
func bare(t track.Track) track.Track {
	t.Artwork = nil
	return t
}

func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
