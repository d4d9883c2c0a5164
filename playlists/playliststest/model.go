package playliststest

import (
	"context"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"busker/internal/snowflake"
	"busker/playlists"
)

// owners gives each check of the model people of its own in the same Store.
var owners atomic.Uint64

// testModel changes playlists at random, in the Store and in a slice beside it.
func testModel(t *testing.T, s playlists.Store) {
	rapid.Check(t, func(t *rapid.T) {
		owner := playlists.User(snowflake.ID(1<<40 + owners.Add(1)))
		p, err := s.Create(context.Background(), playlists.Playlist{Owner: owner, Name: "model"})
		if err != nil {
			t.Fatal(err)
		}
		m := model{store: s, id: p.ID, version: p.Version}
		t.Repeat(map[string]func(*rapid.T){
			"append":  m.append,
			"replace": m.replace,
			"remove":  m.remove,
			"":        m.check,
		})
	})
}

type model struct {
	store   playlists.Store
	id      int64
	version int64
	want    []int
}

var few = rapid.SliceOfN(rapid.IntRange(1, 50), 0, 5)

func (m *model) append(t *rapid.T) {
	add := few.Draw(t, "numbers")
	p, err := m.store.Append(context.Background(), m.id, entries(ann, add...)...)
	m.want = append(m.want, add...)
	m.changed(t, p, err)
}

func (m *model) replace(t *rapid.T) {
	with := few.Draw(t, "numbers")
	p, err := m.store.Replace(context.Background(), m.id, m.version, entries(ann, with...))
	m.want = append([]int(nil), with...)
	m.changed(t, p, err)
}

func (m *model) remove(t *rapid.T) {
	at := rapid.SliceOfN(rapid.IntRange(0, len(m.want)), 0, 4).Draw(t, "positions")
	p, err := m.store.RemoveAt(context.Background(), m.id, m.version, at...)
	out := map[int]bool{}
	for _, i := range at {
		out[i] = true
	}
	var kept []int
	for i, n := range m.want {
		if !out[i] {
			kept = append(kept, n)
		}
	}
	m.want = kept
	m.changed(t, p, err)
}

func (m *model) changed(t *rapid.T, p playlists.Playlist, err error) {
	if err != nil {
		t.Fatal(err)
	}
	if p.Version < m.version || p.Tracks != len(m.want) {
		t.Fatalf("%+v after version %d, want %d tracks", p, m.version, len(m.want))
	}
	m.version = p.Version
}

func (m *model) check(t *rapid.T) {
	got, err := m.store.Entries(context.Background(), m.id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := entries(ann, m.want...); len(got) != len(want) || len(got) > 0 && difference(got, want) != "none" {
		t.Fatalf("entries: %s", difference(got, want))
	}
}
