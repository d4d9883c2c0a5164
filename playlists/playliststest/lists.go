package playliststest

import (
	"strings"
	"sync"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/playlists"
)

func testLists(t *testing.T, s playlists.Store) {
	ctx := t.Context()
	before := time.Now().Add(-time.Second)
	one := create(t, s, playlists.User(ann), "road trip")
	create(t, s, playlists.User(ann), "Émile")
	create(t, s, playlists.User(ann), "Zoo")
	create(t, s, playlists.User(ann), "Abba")
	create(t, s, playlists.User(bob), "of bob")
	create(t, s, playlists.Guild(ann), "a server with the same id")

	if one.ID == 0 || one.Version == 0 || one.Tracks != 0 || one.Maker != ann || one.Owner != playlists.User(ann) {
		t.Errorf("created %+v", one)
	}
	if one.Updated.Before(before) || one.Updated.After(time.Now().Add(time.Second)) || one.Updated.Location() != time.UTC {
		t.Errorf("updated at %v", one.Updated)
	}
	same(t, "lists", names(t, s, playlists.User(ann)), []string{"Abba", "road trip", "Zoo", "Émile"})
	same(t, "lists of a server", names(t, s, playlists.Guild(ann)), []string{"a server with the same id"})
	same(t, "lists of nobody", names(t, s, playlists.Guild(disco)), nil)

	listed := get[[]playlists.Playlist](t)(s.Lists(ctx, playlists.User(ann)))
	same(t, "listed", []playlists.Playlist{listed[1]}, []playlists.Playlist{one})
	same(t, "list", []playlists.Playlist{get[playlists.Playlist](t)(s.List(ctx, one.ID))}, []playlists.Playlist{one})

	must(t, s.Delete(ctx, one.ID))
	same(t, "lists after one is deleted", names(t, s, playlists.User(ann)), []string{"Abba", "Zoo", "Émile"})
	if again := create(t, s, playlists.User(ann), "road trip"); again.ID == one.ID {
		t.Errorf("the id %d is used again", one.ID)
	}
}

func names(t *testing.T, s playlists.Lister, o playlists.Owner) []string {
	t.Helper()
	lists := get[[]playlists.Playlist](t)(s.Lists(t.Context(), o))
	all := make([]string, 0, len(lists))
	for _, p := range lists {
		all = append(all, p.Name)
	}
	return all
}

func testNames(t *testing.T, s playlists.Store) {
	ctx := t.Context()
	p := create(t, s, playlists.User(ann), "  Straße \n 7\u202e ")
	if p.Name != "Straße 7" {
		t.Errorf("the name is kept as %q", p.Name)
	}
	for _, name := range []string{"straße 7", "STRASSE 7", "Straße ７"} {
		_, err := s.Create(ctx, playlists.Playlist{Owner: playlists.User(ann), Name: name})
		is(t, "create "+name, err, playlists.ErrNameTaken)
	}
	for _, name := range []string{"", " \t", "\u200b", strings.Repeat("x", playlists.MaxName+1), "\xff"} {
		_, err := s.Create(ctx, playlists.Playlist{Owner: playlists.User(ann), Name: name})
		kind(t, "create "+name, err, fault.Invalid)
		_, err = s.Rename(ctx, p.ID, name)
		kind(t, "rename to "+name, err, fault.Invalid)
	}
	create(t, s, playlists.User(bob), "Straße 7")
	other := create(t, s, playlists.User(ann), "other")
	_, err := s.Rename(ctx, other.ID, "strasse 7")
	is(t, "rename", err, playlists.ErrNameTaken)

	renamed := get[playlists.Playlist](t)(s.Rename(ctx, p.ID, " STRASSE 7"))
	if renamed.Name != "STRASSE 7" || renamed.Version <= p.Version || renamed.ID != p.ID || renamed.Maker != ann {
		t.Errorf("renamed %+v to %+v", p, renamed)
	}
	same(t, "lists", names(t, s, playlists.User(ann)), []string{"other", "STRASSE 7"})
}

func testEntries(t *testing.T, s playlists.Store) {
	ctx := t.Context()
	p := create(t, s, playlists.Guild(cafe), "list", entries(ann, 1, 2)...)
	holds(t, s, p.ID, entries(ann, 1, 2))
	empty := create(t, s, playlists.Guild(cafe), "empty")
	holds(t, s, empty.ID, nil)

	changed := get[playlists.Playlist](t)(s.Append(ctx, p.ID, entries(ann, 3, 1, 4)...))
	if changed.Tracks != 5 || changed.Version <= p.Version {
		t.Errorf("appended: %+v", changed)
	}
	holds(t, s, p.ID, entries(ann, 1, 2, 3, 1, 4))
	get[playlists.Playlist](t)(s.Append(ctx, p.ID))
	holds(t, s, p.ID, entries(ann, 1, 2, 3, 1, 4))

	for _, tt := range []struct {
		from, limit int
		want        []playlists.Entry
	}{
		{0, 2, entries(ann, 1, 2)},
		{2, 2, entries(ann, 3, 1)},
		{4, 10, entries(ann, 4)},
		{3, 0, entries(ann, 1, 4)},
		{5, 2, nil},
		{99, 0, nil},
	} {
		same(t, "page", get[[]playlists.Entry](t)(s.Entries(ctx, p.ID, tt.from, tt.limit)), tt.want)
	}

	get[playlists.Playlist](t)(s.RemoveAt(ctx, p.ID, 0, 3, 0, 3, 77, -1))
	holds(t, s, p.ID, entries(ann, 2, 3, 4))
	get[playlists.Playlist](t)(s.Append(ctx, p.ID, entries(ann, 5)...))
	holds(t, s, p.ID, entries(ann, 2, 3, 4, 5))
	get[playlists.Playlist](t)(s.Replace(ctx, p.ID, 0, entries(bob, 4, 2)))
	holds(t, s, p.ID, entries(bob, 4, 2))
	get[playlists.Playlist](t)(s.Replace(ctx, p.ID, 0, nil))
	holds(t, s, p.ID, nil)
	holds(t, s, empty.ID, nil)
}

func testVersions(t *testing.T, s playlists.Store) {
	ctx := t.Context()
	seen := create(t, s, playlists.User(ann), "list", entries(ann, 1, 2, 3)...)
	changed := get[playlists.Playlist](t)(s.RemoveAt(ctx, seen.ID, seen.Version, 0))

	_, err := s.Replace(ctx, seen.ID, seen.Version, entries(ann, 9))
	is(t, "replace what was seen before", err, playlists.ErrChanged)
	_, err = s.RemoveAt(ctx, seen.ID, seen.Version, 0)
	is(t, "remove from what was seen before", err, playlists.ErrChanged)
	holds(t, s, seen.ID, entries(ann, 2, 3))

	get[playlists.Playlist](t)(s.Replace(ctx, seen.ID, changed.Version, entries(ann, 7)))
	holds(t, s, seen.ID, entries(ann, 7))
}

func testMissing(t *testing.T, s playlists.Store) {
	ctx := t.Context()
	gone := create(t, s, playlists.User(ann), "gone", entries(ann, 1)...)
	must(t, s.Delete(ctx, gone.ID))
	for _, id := range []int64{gone.ID, gone.ID + 1000, 0, -1} {
		for what, call := range map[string]func() error{
			"list":    func() error { _, err := s.List(ctx, id); return err },
			"rename":  func() error { _, err := s.Rename(ctx, id, "x"); return err },
			"delete":  func() error { return s.Delete(ctx, id) },
			"entries": func() error { _, err := s.Entries(ctx, id, 0, 0); return err },
			"append":  func() error { _, err := s.Append(ctx, id, entries(ann, 1)...); return err },
			"replace": func() error { _, err := s.Replace(ctx, id, gone.Version, nil); return err },
			"remove":  func() error { _, err := s.RemoveAt(ctx, id, 0, 0); return err },
		} {
			is(t, what, call(), playlists.ErrNotFound)
		}
	}
}

func testLimits(t *testing.T, s playlists.Store) {
	ctx := t.Context()
	var last playlists.Playlist
	for i := range limits.Lists {
		last = create(t, s, playlists.User(ann), strings.Repeat("l", i+1))
	}
	_, err := s.Create(ctx, playlists.Playlist{Owner: playlists.User(ann), Name: "one more"})
	kind(t, "one list too many", err, fault.TooLarge)
	create(t, s, playlists.Guild(ann), "of a server")

	full := many(limits.Entries)
	get[playlists.Playlist](t)(s.Replace(ctx, last.ID, 0, full))
	_, err = s.Append(ctx, last.ID, entries(ann, 1)...)
	kind(t, "one entry too many", err, fault.TooLarge)
	_, err = s.Replace(ctx, last.ID, 0, append(full, entries(ann, 1)...))
	kind(t, "replaced by too many", err, fault.TooLarge)
	holds(t, s, last.ID, full)
	must(t, s.Delete(ctx, last.ID))
	_, err = s.Create(ctx, playlists.Playlist{Owner: playlists.User(ann), Name: "big"}, append(full, entries(ann, 1)...)...)
	kind(t, "created with too many", err, fault.TooLarge)
	if n := len(names(t, s, playlists.User(ann))); n != limits.Lists-1 {
		t.Errorf("%d lists are left", n)
	}

	for i := range limits.Favourites {
		get[bool](t)(s.Like(ctx, bob, song(i), start))
	}
	_, err = s.Like(ctx, bob, song(99), start)
	kind(t, "one favourite too many", err, fault.TooLarge)
	if added := get[bool](t)(s.Like(ctx, bob, song(0), start)); added {
		t.Error("what is a favourite already was added again")
	}
}

func many(n int) []playlists.Entry {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return entries(ann, numbers...)
}

func testLong(t *testing.T, s playlists.Store) {
	ctx := t.Context()
	p := create(t, s, playlists.User(ann), "long", many(2000)...)
	get[playlists.Playlist](t)(s.Append(ctx, p.ID, entries(ann, 7)...))
	var odd []int
	for i := 1; i < 2000; i += 2 {
		odd = append(odd, i)
	}
	get[playlists.Playlist](t)(s.RemoveAt(ctx, p.ID, 0, odd...))
	var want []playlists.Entry
	for i := 0; i < 2000; i += 2 {
		want = append(want, entries(ann, i)...)
	}
	holds(t, s, p.ID, append(want, entries(ann, 7)...))
}

// testConcurrent adds to one list from many sides: nothing is lost, nothing twice.
func testConcurrent(t *testing.T, s playlists.Store) {
	ctx := t.Context()
	p := create(t, s, playlists.Guild(cafe), "party")
	const people, each = 8, 10
	var all sync.WaitGroup
	for range people {
		all.Go(func() {
			for range each {
				if _, err := s.Append(ctx, p.ID, entries(ann, 1, 2)...); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	want := make([]playlists.Entry, 0, 2*people*each)
	for range people * each {
		want = append(want, entries(ann, 1, 2)...)
	}
	holds(t, s, p.ID, want)
}

func testFaithful(t *testing.T, s playlists.Store) {
	odd := playlists.Entry{Track: song(1), Added: start.In(time.FixedZone("", 3600)).Add(1234 * time.Microsecond)}
	odd.Track.Title = "tab\t, new\nline, '; DROP TABLE plays; --, \x00\u0001, 𝄞"
	odd.Track.Live, odd.Track.Length, odd.Track.URI = true, 0, "https://example.org/"+strings.Repeat("é", 2000)
	p := create(t, s, playlists.User(disco), "odd", odd, playlists.Entry{})
	want := odd
	want.Added = odd.Added.UTC().Truncate(time.Millisecond)
	got := get[[]playlists.Entry](t)(s.Entries(t.Context(), p.ID, 0, 1))
	same(t, "entry", got, []playlists.Entry{want})

	get[bool](t)(s.Like(t.Context(), disco, odd.Track, odd.Added))
	if added := get[bool](t)(s.Like(t.Context(), disco, odd.Track, start)); added {
		t.Error("the same long address was added twice")
	}
	liked, _, err := s.Liked(t.Context(), disco, 0, 0)
	must(t, err)
	want.By = disco
	same(t, "favourite", liked, []playlists.Entry{want})
	must(t, s.Played(t.Context(), playlists.Play{Guild: cafe, Track: odd.Track, At: odd.Added}))
	plays := get[[]playlists.Play](t)(s.Recent(t.Context(), playlists.Plays{}))
	same(t, "play", []playlists.Play{{ID: plays[0].ID, Guild: cafe, Track: want.Track, At: want.Added}}, plays)
}
