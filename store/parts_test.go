package store_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/playlists"
	"busker/queue"
	"busker/session"
	"busker/settings"
	"busker/store"
	"busker/store/storetest"
	"busker/track"
)

const (
	ann  snowflake.ID = 81384788765712384
	bob  snowflake.ID = 1420070400000000001
	cafe snowflake.ID = 613425648685547541
	pub  snowflake.ID = 1<<63 + 12
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// saveTo saves changes that nobody may refuse.
func saveTo(ctx context.Context, s *store.Store, changes []session.Change) error {
	fenced, err := s.Sessions().Save(ctx, changes)
	if len(fenced) > 0 {
		err = errors.Join(err, session.ErrFenced)
	}
	return err
}

func no(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n  got %+v\n want %+v", what, got, want)
	}
}

func TestSettings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		s, ctx := storetest.Open(t, engine, store.Options{}).Settings(), t.Context()
		same(t, "at first", must[settings.Guild](t)(s.Guild(ctx, cafe)), settings.Default())
		same(t, "a person at first", must[settings.User](t)(s.User(ctx, ann)), settings.User{})

		change := func(g *settings.Guild) error {
			g.Language, g.Status = "de", false
			g.DJRoles = append(g.DJRoles, pub)
			g.CommandRoles = map[string][]snowflake.ID{"play": {1, 2}}
			return nil
		}
		changed := must[settings.Guild](t)(s.ChangeGuild(ctx, cafe, change))
		got := must[settings.Guild](t)(s.Guild(ctx, cafe))
		same(t, "changed", got, changed)
		if got.Language != "de" || got.Status || !got.PauseAlone || got.DJRoles[0] != pub {
			t.Errorf("kept %+v", got)
		}
		mine := errors.New("mine")
		if _, err := s.ChangeGuild(ctx, cafe, func(g *settings.Guild) error { g.Language = "fr"; return mine }); err != mine { //nolint:errorlint // as it is
			t.Errorf("the error of a change came back as %v", err)
		}
		if _, err := s.ChangeGuild(ctx, cafe, func(g *settings.Guild) error { g.VoteSkip = 200; return nil }); fault.KindOf(err) != fault.Invalid {
			t.Errorf("nonsense gave %v", err)
		}
		same(t, "after refused changes", must[settings.Guild](t)(s.Guild(ctx, cafe)), changed)

		want := settings.User{Language: "ja", Private: true}
		must[settings.User](t)(s.ChangeUser(ctx, ann, func(u *settings.User) error { *u = want; return nil }))
		same(t, "a person", must[settings.User](t)(s.User(ctx, ann)), want)
		if _, err := s.ChangeUser(ctx, ann, func(u *settings.User) error { u.Language = ""; return mine }); err != mine { //nolint:errorlint // as it is
			t.Errorf("the error of a change came back as %v", err)
		}
		same(t, "a person after a refused change", must[settings.User](t)(s.User(ctx, ann)), want)
	})
}

func TestNoChangeOfSettingsIsLost(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, store.Options{}).Settings()
		const people, changes = 5, 8
		var working sync.WaitGroup
		for range people {
			working.Go(func() {
				for range changes {
					if _, err := s.ChangeGuild(t.Context(), cafe, func(g *settings.Guild) error { g.VoteSkip++; return nil }); err != nil {
						t.Error(err)
					}
				}
			})
		}
		working.Wait()
		if got := must[settings.Guild](t)(s.Guild(t.Context(), cafe)); got.VoteSkip != people*changes {
			t.Errorf("%d of %d changes were kept", got.VoteSkip, people*changes)
		}
	})
}

func TestCards(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		c, ctx := storetest.Open(t, engine, store.Options{}).Cards(), t.Context()
		want := store.Card{Channel: pub, Message: 1<<64 - 1, Serial: 3}
		no(t, c.SetCard(ctx, cafe, store.Card{Channel: 1}))
		no(t, c.SetCard(ctx, cafe, want))
		no(t, c.SetCard(ctx, pub, store.Card{Channel: 2}))
		same(t, "card", must[store.Card](t)(c.Card(ctx, cafe)), want)
		same(t, "all cards", must[map[snowflake.ID]store.Card](t)(c.All(ctx)), map[snowflake.ID]store.Card{cafe: want, pub: {Channel: 2}})
		no(t, c.SetCard(ctx, cafe, store.Card{}))
		same(t, "no card", must[store.Card](t)(c.Card(ctx, cafe)), store.Card{})
	})
}

func TestAudit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		a, ctx := storetest.Open(t, engine, store.Options{}).Audit(), t.Context()
		entry := func(actor snowflake.ID, command string, after time.Duration) store.AuditEntry {
			return store.AuditEntry{Guild: cafe, Actor: actor, Face: "button", Command: command, Detail: "ü\x00\xff'", Result: "denied", At: noon.Add(after)}
		}
		no(t, a.Add(ctx))
		no(t, a.Add(ctx, entry(ann, "skip", 0), entry(bob, "play", time.Hour)))
		no(t, a.Add(ctx, entry(ann, "play", 2*time.Hour), store.AuditEntry{Guild: pub, Command: "stop", At: noon}))
		all := must[[]store.AuditEntry](t)(a.List(ctx, store.AuditQuery{Guild: cafe}))
		if len(all) != 3 {
			t.Fatalf("%d entries", len(all))
		}
		want := entry(ann, "play", 2*time.Hour)
		want.ID, want.Detail = all[0].ID, "ü\uFFFD'"
		same(t, "entry", all[0], want)
		for _, tt := range []struct {
			name string
			q    store.AuditQuery
			want []int // indexes of all
		}{
			{"somebody", store.AuditQuery{Guild: cafe, Actor: ann}, []int{0, 2}},
			{"command", store.AuditQuery{Guild: cafe, Command: "play"}, []int{0, 1}},
			{"since", store.AuditQuery{Guild: cafe, Since: noon.Add(time.Hour)}, []int{0, 1}},
			{"page", store.AuditQuery{Guild: cafe, Limit: 1}, []int{0}},
			{"next page", store.AuditQuery{Guild: cafe, Limit: 1, Before: all[0].ID}, []int{1}},
			{"all", store.AuditQuery{Guild: cafe, Actor: bob, Command: "play", Since: noon, Before: all[0].ID}, []int{1}},
			{"none", store.AuditQuery{Guild: cafe, Actor: bob, Command: "skip"}, nil},
		} {
			var want []store.AuditEntry
			for _, i := range tt.want {
				want = append(want, all[i])
			}
			same(t, tt.name, must[[]store.AuditEntry](t)(a.List(ctx, tt.q)), want)
		}
	})
}

// tune is a track of the tests.
func tune(title string) track.Track {
	return track.Track{Source: "file", URI: title + ".opus", Title: title, Length: 3 * time.Minute}
}

// jam returns a queue that people filled, and all that happened to it.
func jam(t testing.TB) *queue.Queue {
	q := queue.New(queue.Options{})
	q.SetFair(true)
	add := func(by snowflake.ID, titles ...string) {
		for _, title := range titles {
			must[int](t)(q.Add(queue.AddOptions{}, queue.Item{Track: tune(title), Requester: queue.UserID(by)}))
		}
	}
	add(ann, "one", "two", "three")
	add(bob, "four", "five")
	q.Next()
	q.Next()
	add(bob, "six")
	q.Shuffle(7)
	return q
}

func TestErasingAPersonLeavesQueuesAsTheyAre(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		s, ctx := storetest.Open(t, engine, store.Options{}), t.Context()
		q := jam(t)
		no(t, saveTo(ctx, s, []session.Change{{Guild: cafe, Queue: q.Changes()}}))
		q.RemoveBy(queue.UserID(bob))
		no(t, saveTo(ctx, s, []session.Change{{Guild: cafe, Queue: q.Changes()}}))

		gone := must[store.ErasedPersonal](t)(s.Erase(ctx, bob))
		if gone.Queued != 3 {
			t.Errorf("erased %+v", gone)
		}
		saved := must[session.Saved](t)(s.Sessions().Load(ctx, cafe))
		back := must[*queue.Queue](t)(queue.Restore(saved.Queue, saved.Log, queue.Options{}))
		want := slices.Clone(q.List())
		same(t, "the queue", back.List(), want)
		for _, it := range append(back.History(), back.List()...) {
			if it.Requester == queue.UserID(bob) {
				t.Errorf("%s is still bob's", it.Track.Title)
			}
		}
		if dump := lines(t, s); contains(dump, bob.String()) {
			t.Errorf("bob is still named:\n%s", dump)
		}
		if !contains(lines(t, s), ann.String()) {
			t.Error("ann is not named any more")
		}
	})
}

// furnish puts something of ann's, and something that names her, everywhere.
func furnish(t testing.TB, s *store.Store) {
	ctx := t.Context()
	q := jam(t)
	no(t, saveTo(ctx, s, []session.Change{{
		Guild: cafe, Sound: &session.Sound{Volume: 80}, Queue: q.Changes(),
		Place: &session.Place{Channel: 7, Item: 1, Position: time.Second, Speed: 1, At: noon, Process: "a"},
	}}))
	no(t, s.Sessions().Compact(ctx, cafe, 0, q.State()))
	q.SetFair(false)
	no(t, saveTo(ctx, s, []session.Change{{Guild: cafe, Queue: q.Changes()}}))
	no(t, s.Sessions().Beat(ctx, "a", noon.Add(time.Minute)))
	no(t, s.Cards().SetCard(ctx, cafe, store.Card{Channel: 7, Message: 8, Serial: 9}))
	must[settings.User](t)(s.Settings().ChangeUser(ctx, ann, func(u *settings.User) error { u.Language = "fr"; return nil }))
	must[settings.User](t)(s.Settings().ChangeUser(ctx, bob, func(u *settings.User) error { u.Private = true; return nil }))
	must[settings.Guild](t)(s.Settings().ChangeGuild(ctx, cafe, func(g *settings.Guild) error { g.BlockedUsers = []snowflake.ID{bob}; return nil }))
	p := s.Playlists()
	for _, owner := range []playlists.Owner{playlists.User(ann), playlists.User(bob), playlists.Guild(cafe)} {
		must[playlists.Playlist](t)(p.Create(ctx, playlists.Playlist{Owner: owner, Maker: ann, Name: "Été “42”"},
			playlists.Entry{Track: tune("one"), Added: noon, By: ann}, playlists.Entry{Track: tune("two"), Added: noon, By: bob}))
	}
	must[bool](t)(p.Like(ctx, ann, tune("one"), noon))
	must[bool](t)(p.Like(ctx, bob, tune("one"), noon))
	no(t, p.Played(ctx, playlists.Play{Guild: cafe, User: ann, Track: tune("one"), At: noon}, playlists.Play{Guild: pub, User: bob, Track: tune("two"), At: noon}))
	no(t, s.Audit().Add(ctx, store.AuditEntry{Guild: cafe, Actor: ann, Command: "play", Detail: "\u2028 “x” <&>", At: noon},
		store.AuditEntry{Guild: pub, Actor: bob, Command: "block", Detail: "blocked " + ann.String(), At: noon}))
	no(t, s.Departed(ctx, pub, noon))
}

func TestAPersonSeesAndErasesEverything(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		s, ctx := storetest.Open(t, engine, store.Options{}), t.Context()
		furnish(t, s)
		p := must[store.Personal](t)(s.Export(ctx, ann))
		if len(p.Lists) != 1 || len(p.Made) != 2 || len(p.Added) != 2 || len(p.Favourites) != 1 || len(p.Plays) != 1 ||
			len(p.Queued) != 3 || len(p.Audit) != 1 || p.Settings.Language != "fr" || len(p.Blocked) != 0 {
			t.Errorf("exported %+v", p)
		}
		if b := must[store.Personal](t)(s.Export(ctx, bob)).Blocked; !slices.Equal(b, []snowflake.ID{cafe}) {
			t.Errorf("bob is blocked in %v", b)
		}
		before := must[store.Counts](t)(s.Count(ctx))
		gone := must[store.ErasedPersonal](t)(s.Erase(ctx, ann))
		want := store.ErasedPersonal{Erased: playlists.Erased{Lists: 1, Favourites: 1, Plays: 1, Entries: 2}, Queued: 3, Audit: 2, Settings: true}
		same(t, "erased", gone, want)
		if dump := lines(t, s); contains(dump, ann.String()) {
			t.Errorf("ann is still named:\n%s", dump)
		}
		after := must[store.Counts](t)(s.Count(ctx))
		before.Users, before.Playlists, before.Entries, before.Favourites = before.Users-1, before.Playlists-1, before.Entries-2, before.Favourites-1
		same(t, "what is left", after, before)
		same(t, "erased again", must[store.ErasedPersonal](t)(s.Erase(ctx, ann)), store.ErasedPersonal{})
	})
}

func TestAGuildIsErased(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		s, ctx := storetest.Open(t, engine, store.Options{KeepDeparted: 24 * time.Hour}), t.Context()
		furnish(t, s)
		no(t, s.Departed(ctx, cafe, noon))
		no(t, s.Departed(ctx, cafe, noon.Add(20*time.Hour))) // the first time counts
		no(t, s.Expire(ctx, noon.Add(23*time.Hour)))
		if !contains(lines(t, s), cafe.String()) {
			t.Fatal("erased too early")
		}
		no(t, s.Returned(ctx, pub, 5))
		no(t, s.Expire(ctx, noon.Add(25*time.Hour)))
		if dump := lines(t, s); contains(dump, cafe.String()) {
			t.Errorf("the guild is still there:\n%s", dump)
		}
		left := must[store.Counts](t)(s.Count(ctx))
		same(t, "what is left", left, store.Counts{Users: 2, Playlists: 2, Entries: 4, Favourites: 2, Plays: 1, Audit: 1})
	})
}

func TestRetention(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		s := storetest.Open(t, engine, store.Options{KeepHistory: 48 * time.Hour, KeepAudit: 24 * time.Hour})
		ctx := t.Context()
		const many = 2500 // more than two batches
		plays := slices.Repeat([]playlists.Play{{Guild: cafe, Track: tune("x"), At: noon}}, many)
		entries := slices.Repeat([]store.AuditEntry{{Guild: cafe, Command: "x", At: noon}}, many)
		no(t, s.Playlists().Played(ctx, append(plays, playlists.Play{Guild: cafe, At: noon.Add(time.Hour)})...))
		no(t, s.Audit().Add(ctx, append(entries, store.AuditEntry{Guild: cafe, At: noon.Add(25 * time.Hour)})...))
		counts := func(now time.Duration, wantPlays, wantAudit int) {
			t.Helper()
			no(t, s.Expire(ctx, noon.Add(now)))
			if c := must[store.Counts](t)(s.Count(ctx)); c.Plays != wantPlays || c.Audit != wantAudit {
				t.Errorf("after %v: %d plays, %d audit; want %d, %d", now, c.Plays, c.Audit, wantPlays, wantAudit)
			}
		}
		counts(24*time.Hour, many+1, many+1)
		counts(25*time.Hour, many+1, 1)
		counts(48*time.Hour+time.Minute, 1, 1)
		counts(100*time.Hour, 0, 0)
		if size := must[int64](t)(s.Size(ctx)); size <= 0 {
			t.Errorf("size %d", size)
		}
	})
}
