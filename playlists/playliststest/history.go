package playliststest

import (
	"testing"
	"time"

	"busker/internal/snowflake"
	"busker/playlists"
	"busker/track"
)

func testFavourites(t *testing.T, s playlists.Store) {
	ctx := t.Context()
	for i, n := range []int{1, 2, 3} {
		if added := get[bool](t)(s.Like(ctx, ann, song(n), start.Add(time.Duration(-i)*time.Hour))); !added {
			t.Errorf("song %d is no news", n)
		}
	}
	get[bool](t)(s.Like(ctx, bob, song(2), start))
	again := song(1)
	again.Title = "another title"
	if added := get[bool](t)(s.Like(ctx, ann, again, start)); added {
		t.Error("the same track was added twice")
	}
	other := song(1)
	other.Source = "web"
	get[bool](t)(s.Like(ctx, ann, other, start))

	liked := func(from, limit int) ([]track.Track, int) {
		t.Helper()
		found, total, err := s.Liked(ctx, ann, from, limit)
		must(t, err)
		tracks := make([]track.Track, 0, len(found))
		for _, e := range found {
			tracks = append(tracks, e.Track)
		}
		return tracks, total
	}
	for _, tt := range []struct {
		from, limit int
		want        []track.Track
	}{
		{0, 0, []track.Track{other, song(3), song(2), song(1)}},
		{0, 2, []track.Track{other, song(3)}},
		{3, 2, []track.Track{song(1)}},
		{4, 2, nil},
	} {
		got, total := liked(tt.from, tt.limit)
		same(t, "favourites", got, tt.want)
		if total != 4 {
			t.Errorf("%d favourites, want 4", total)
		}
	}
	if removed := get[bool](t)(s.Unlike(ctx, ann, playlists.KeyOf(song(2)))); !removed {
		t.Error("song 2 was no favourite")
	}
	if removed := get[bool](t)(s.Unlike(ctx, ann, playlists.KeyOf(song(2)))); removed {
		t.Error("song 2 was removed twice")
	}
	got, total := liked(0, 0)
	same(t, "favourites", got, []track.Track{other, song(3), song(1)})
	if total != 3 {
		t.Errorf("%d favourites, want 3", total)
	}
	if _, total, err := s.Liked(ctx, bob, 0, 0); err != nil || total != 1 {
		t.Errorf("bob has %d favourites, %v; want 1", total, err)
	}
}

func play(guild, user snowflake.ID, n int, after time.Duration) playlists.Play {
	return playlists.Play{
		Guild: guild, User: user, Track: song(n), At: start.Add(after),
		Heard: time.Duration(n) * time.Minute,
	}
}

// record plays some music and returns it newest first, with the ids it got.
func record(t *testing.T, s playlists.Historian) []playlists.Play {
	t.Helper()
	must(t, s.Played(t.Context(), play(cafe, ann, 1, 0)))
	must(t, s.Played(t.Context(),
		play(cafe, bob, 2, time.Hour),
		play(disco, ann, 1, 2*time.Hour),
		play(cafe, ann, 2, 3*time.Hour),
		play(cafe, 0, 3, 4*time.Hour),
		play(cafe, ann, 1, 5*time.Hour),
	))
	must(t, s.Played(t.Context()))
	return get[[]playlists.Play](t)(s.Recent(t.Context(), playlists.Plays{}))
}

func numbers(plays []playlists.Play) []int {
	n := make([]int, 0, len(plays))
	for _, p := range plays {
		n = append(n, int(p.Heard/time.Minute))
	}
	return n
}

func testHistory(t *testing.T, s playlists.Store) {
	all := record(t, s)
	if len(all) != 6 {
		t.Fatalf("%d plays", len(all))
	}
	first := all[5]
	want := play(cafe, ann, 1, 0)
	want.ID = first.ID
	same(t, "play", []playlists.Play{first}, []playlists.Play{want})
	for i, p := range all[1:] {
		if p.ID >= all[i].ID {
			t.Errorf("play %d comes after %d", p.ID, all[i].ID)
		}
	}
	for _, tt := range []struct {
		name string
		part playlists.Plays
		want []int
	}{
		{"everywhere", playlists.Plays{}, []int{1, 3, 2, 1, 2, 1}},
		{"a server", playlists.Plays{Guild: cafe}, []int{1, 3, 2, 2, 1}},
		{"a person", playlists.Plays{User: ann}, []int{1, 2, 1, 1}},
		{"both", playlists.Plays{User: ann, Guild: disco}, []int{1}},
		{"page", playlists.Plays{Guild: cafe, Limit: 2}, []int{1, 3}},
		{"next page", playlists.Plays{Guild: cafe, Limit: 2, Before: all[1].ID}, []int{2, 2}},
		{"since", playlists.Plays{Guild: cafe, Since: start.Add(3 * time.Hour)}, []int{1, 3, 2}},
		{"nothing", playlists.Plays{Guild: disco, User: bob}, nil},
	} {
		same(t, tt.name, numbers(get[[]playlists.Play](t)(s.Recent(t.Context(), tt.part))), tt.want)
	}
}

func testStats(t *testing.T, s playlists.Store) {
	record(t, s)
	renamed := play(cafe, bob, 2, 6*time.Hour)
	renamed.Track.Title = "a better title"
	must(t, s.Played(t.Context(), renamed))

	got := get[playlists.Stats](t)(s.Stats(t.Context(), playlists.Plays{Guild: cafe}))
	if got.Plays != 6 || got.Heard != 11*time.Minute {
		t.Errorf("%d plays, %v; want 6, 11m", got.Plays, got.Heard)
	}
	same(t, "tracks", got.Tracks, []playlists.TrackCount{
		{Track: renamed.Track, Plays: 3, Heard: 6 * time.Minute},
		{Track: song(1), Plays: 2, Heard: 2 * time.Minute},
		{Track: song(3), Plays: 1, Heard: 3 * time.Minute},
	})
	same(t, "requesters", got.Requesters, []playlists.UserCount{
		{User: ann, Plays: 3, Heard: 4 * time.Minute},
		{User: bob, Plays: 2, Heard: 4 * time.Minute},
	})

	top := get[playlists.Stats](t)(s.Stats(t.Context(), playlists.Plays{Guild: cafe, Limit: 1, Since: start.Add(2 * time.Hour)}))
	if top.Plays != 4 || len(top.Tracks) != 1 || len(top.Requesters) != 1 || top.Requesters[0].User != ann {
		t.Errorf("since an hour, the first: %+v", top)
	}
	mine := get[playlists.Stats](t)(s.Stats(t.Context(), playlists.Plays{User: ann}))
	if mine.Plays != 4 || mine.Heard != 5*time.Minute {
		t.Errorf("ann: %d plays, %v", mine.Plays, mine.Heard)
	}
	none := get[playlists.Stats](t)(s.Stats(t.Context(), playlists.Plays{User: cafe}))
	if none.Plays != 0 || none.Heard != 0 || len(none.Tracks) != 0 || len(none.Requesters) != 0 {
		t.Errorf("nobody: %+v", none)
	}
}

func testForget(t *testing.T, s playlists.Store) {
	record(t, s)
	if n := get[int](t)(s.Forget(t.Context(), start.Add(2*time.Hour))); n != 2 {
		t.Errorf("%d plays forgotten, want 2", n)
	}
	left := get[[]playlists.Play](t)(s.Recent(t.Context(), playlists.Plays{}))
	same(t, "left", numbers(left), []int{1, 3, 2, 1})
}

func testErase(t *testing.T, s playlists.Store) {
	ctx := t.Context()
	mine := create(t, s, playlists.User(ann), "mine", entries(ann, 1, 2)...)
	ofBob := create(t, s, playlists.User(bob), "of bob", entries(bob, 5)...)
	shared := create(t, s, playlists.Guild(cafe), "shared", append(entries(ann, 3), entries(bob, 4)...)...)
	get[bool](t)(s.Like(ctx, ann, song(1), start))
	get[bool](t)(s.Like(ctx, bob, song(1), start))
	record(t, s)

	p := get[playlists.Personal](t)(s.Export(ctx, ann))
	same(t, "exported lists", p.Lists, []playlists.Contents{{Playlist: mine, Entries: entries(ann, 1, 2)}})
	same(t, "exported favourites", p.Favourites, []playlists.Entry{{Track: song(1), Added: start, By: ann}})
	same(t, "exported plays", numbers(p.Plays), []int{1, 2, 1, 1})
	same(t, "exported additions", p.Added, []playlists.Addition{{List: shared.ID, Entry: entries(ann, 3)[0]}})
	same(t, "exported lists made", p.Made, []playlists.Playlist{shared})

	gone := get[playlists.Erased](t)(s.Erase(ctx, ann))
	if want := (playlists.Erased{Lists: 1, Favourites: 1, Plays: 4, Entries: 1}); gone != want {
		t.Errorf("erased %+v, want %+v", gone, want)
	}
	left := get[playlists.Personal](t)(s.Export(ctx, ann))
	if len(left.Lists)+len(left.Favourites)+len(left.Plays)+len(left.Made)+len(left.Added) != 0 {
		t.Errorf("left: %+v", left)
	}
	_, err := s.List(ctx, mine.ID)
	is(t, "the erased list", err, playlists.ErrNotFound)
	holds(t, s, shared.ID, append(entries(0, 3), entries(bob, 4)...))
	holds(t, s, ofBob.ID, entries(bob, 5))
	if l := get[playlists.Playlist](t)(s.List(ctx, shared.ID)); l.Maker != 0 || l.Version != shared.Version {
		t.Errorf("the shared list: %+v", l)
	}
	stats := get[playlists.Stats](t)(s.Stats(ctx, playlists.Plays{Guild: cafe}))
	if stats.Plays != 5 || len(stats.Requesters) != 1 {
		t.Errorf("the server's numbers: %+v", stats)
	}
	if again := get[playlists.Erased](t)(s.Erase(ctx, ann)); again != (playlists.Erased{}) {
		t.Errorf("erased again: %+v", again)
	}
}
