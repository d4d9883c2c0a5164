package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/playlists"
	"busker/queue"
	"busker/session"
	"busker/settings"
	"busker/store"
	"busker/store/storetest"
)

// TestManyWriters has everything written at once, as several processes would.
func TestManyWriters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, engine string) {
		address := storetest.Address(t, engine)
		stores := []*store.Store{storetest.OpenAt(t, address, store.Options{}), storetest.OpenAt(t, address, store.Options{})}
		const writers, rounds, guilds = 8, 15, 12
		var working sync.WaitGroup
		for w := range writers {
			working.Go(func() {
				for round := range rounds {
					if err := writeSome(t.Context(), stores[w%2], w, round, guilds); err != nil {
						t.Errorf("writer %d: %v", w, err)
						return
					}
				}
			})
		}
		working.Wait()
		c := must[store.Counts](t)(stores[0].Count(t.Context()))
		same(t, "counts", c, store.Counts{
			Guilds: guilds, Users: writers, Playlists: 1, Entries: writers * rounds,
			Favourites: writers * rounds, Plays: writers * rounds, Audit: writers * rounds,
		})
	})
}

func writeSome(ctx context.Context, s *store.Store, w, round, guilds int) error {
	var changes []session.Change
	for g := range guilds { // in another order each time
		guild := snowflake.ID((g*(w+1)+round)%guilds + 1)
		changes = append(changes, session.Change{
			Guild: guild, Sound: &session.Sound{Volume: w}, Place: &session.Place{Channel: guild, At: noon},
			Queue: []queue.Change{{Seq: uint64(round + 1)}},
		})
	}
	user := snowflake.ID(w + 1000)
	_, shared := s.Playlists().Create(ctx, playlists.Playlist{Owner: playlists.Guild(cafe), Name: "shared"})
	if errors.Is(shared, playlists.ErrNameTaken) {
		shared = nil
	}
	_, appended := s.Playlists().Append(ctx, 1, playlists.Entry{Track: tune("x"), Added: noon, By: user})
	_, liked := s.Playlists().Like(ctx, user, tune(fmt.Sprint(round)), noon)
	_, chosen := s.Settings().ChangeUser(ctx, user, func(u *settings.User) error { u.Private = !u.Private; return nil })
	return errors.Join(
		saveTo(ctx, s, changes), shared, appended, liked, chosen,
		s.Playlists().Played(ctx, playlists.Play{Guild: 1, User: user, Track: tune("x"), At: noon}),
		s.Audit().Add(ctx, store.AuditEntry{Guild: 1, Actor: user, Command: "play", At: noon}),
		s.Sessions().Beat(ctx, fmt.Sprint(w%2), noon.Add(time.Duration(round)*time.Second)),
	)
}

// TestPostgresGoesAwayAndComesBack stops the server while others work.
func TestPostgresGoesAwayAndComesBack(t *testing.T) {
	server := storetest.OwnPostgres(t)
	s := storetest.OpenAt(t, server.Database(t), store.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	var working sync.WaitGroup
	var done, failed atomic.Int64
	for w := range 4 {
		working.Go(func() {
			for seq := uint64(1); ctx.Err() == nil; {
				err := saveTo(ctx, s, []session.Change{{Guild: snowflake.ID(w + 1), Queue: []queue.Change{{Seq: seq}}}})
				switch kind := fault.KindOf(err); {
				case err == nil:
					seq++
					done.Add(1)
				case kind == fault.Unavailable:
					failed.Add(1)
				case ctx.Err() == nil:
					t.Errorf("%v: %v", kind, err)
					return
				}
			}
		})
	}
	wait := func(n *atomic.Int64) {
		t.Helper()
		late := time.After(20 * time.Second)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for target := n.Load() + 8; n.Load() < target; {
			select {
			case <-tick.C:
			case <-late:
				t.Fatal("nothing happens")
			}
		}
	}
	for range 2 {
		wait(&done)
		no(t, server.Pause())
		wait(&failed)
		no(t, server.Start())
		wait(&done)
	}
	cancel()
	working.Wait()
	for w := range 4 {
		saved := must[session.Saved](t)(s.Sessions().Load(t.Context(), snowflake.ID(w+1)))
		for i, c := range saved.Log {
			if c.Seq != uint64(i+1) {
				t.Fatalf("change %d of guild %d is %d", i, w+1, c.Seq)
			}
		}
	}
}

// twins are a store of each engine to which the same happens.
type twins struct {
	stores []*store.Store
	queues map[snowflake.ID]*queue.Queue
	seq    int
}

func TestBothEnginesKeepTheSame(t *testing.T) {
	stores := []*store.Store{storetest.Open(t, "sqlite", store.Options{}), storetest.Open(t, "postgres", store.Options{})}
	empty := backup(t, stores[0])
	rapid.Check(t, func(rt *rapid.T) {
		for _, s := range stores {
			if _, err := s.Restore(t.Context(), strings.NewReader(string(empty)), store.RestoreOptions{Replace: true}); err != nil {
				rt.Fatal(err)
			}
		}
		m := &twins{stores: stores, queues: map[snowflake.ID]*queue.Queue{}}
		rt.Repeat(map[string]func(*rapid.T){
			"queue":   m.queue,
			"compact": m.compact, "place": m.place, "audit": m.audit, "card": m.card,
			"settings": m.settings, "favourites": m.favourites, "plays": m.plays, "erase": m.erase, "expire": m.expire,
		})
		m.check(rt)
	})
}

// each does something to both stores.
func (m *twins) each(t *rapid.T, do func(s *store.Store) error) {
	for _, s := range m.stores {
		if err := do(s); err != nil {
			t.Fatalf("%s: %v", s.Engine(), err)
		}
	}
}

var (
	someGuild = rapid.SampledFrom([]snowflake.ID{cafe, pub, 3})
	someUser  = rapid.SampledFrom([]snowflake.ID{ann, bob, 0})
	someText  = rapid.String()
)

func (m *twins) queue(t *rapid.T) {
	guild := someGuild.Draw(t, "guild")
	q := m.queues[guild]
	if q == nil {
		q = queue.New(queue.Options{})
		m.queues[guild] = q
	}
	for range rapid.IntRange(1, 4).Draw(t, "steps") {
		switch rapid.IntRange(0, 8).Draw(t, "step") {
		case 0, 1, 2:
			by := queue.UserID(someUser.Draw(t, "by"))
			_, _ = q.Add(queue.AddOptions{}, queue.Item{Track: tune(someText.Draw(t, "title")), Requester: by}, queue.Item{Track: tune("b"), Requester: by})
		case 3:
			q.Next()
		case 4:
			q.Shuffle(rapid.Uint64().Draw(t, "seed"))
		case 5:
			q.RemoveBy(queue.UserID(someUser.Draw(t, "by")))
		case 6:
			_, _ = q.Undo()
		case 7:
			q.SetFair(rapid.Bool().Draw(t, "fair"))
		case 8:
			q.Clear()
		}
	}
	change := session.Change{Guild: guild, Queue: q.Changes()}
	m.each(t, func(s *store.Store) error { return saveTo(context.Background(), s, []session.Change{change}) })
}

func (m *twins) compact(t *rapid.T) {
	guild := someGuild.Draw(t, "guild")
	if q := m.queues[guild]; q != nil {
		m.each(t, func(s *store.Store) error { return s.Sessions().Compact(context.Background(), guild, 0, q.State()) })
	}
}

func (m *twins) place(t *rapid.T) {
	change := session.Change{
		Guild: someGuild.Draw(t, "guild"), Sound: &session.Sound{Volume: rapid.IntRange(0, 200).Draw(t, "volume")},
		Place: &session.Place{Channel: someUser.Draw(t, "channel"), Process: someText.Draw(t, "process"), At: m.at()},
	}
	m.each(t, func(s *store.Store) error {
		return errors.Join(saveTo(context.Background(), s, []session.Change{change}),
			s.Sessions().Beat(context.Background(), change.Place.Process, change.Place.At.Add(time.Second)))
	})
}

// at is later each time.
func (m *twins) at() time.Time {
	m.seq++
	return noon.Add(time.Duration(m.seq) * time.Minute)
}

func (m *twins) audit(t *rapid.T) {
	e := store.AuditEntry{
		Guild: someGuild.Draw(t, "guild"), Actor: someUser.Draw(t, "actor"), At: m.at(),
		Face: someText.Draw(t, "face"), Command: someText.Draw(t, "command"), Detail: someText.Draw(t, "detail"),
	}
	m.each(t, func(s *store.Store) error { return s.Audit().Add(context.Background(), e) })
}

func (m *twins) card(t *rapid.T) {
	guild, card := someGuild.Draw(t, "guild"), store.Card{Channel: someUser.Draw(t, "channel"), Serial: rapid.Uint64().Draw(t, "serial")}
	m.each(t, func(s *store.Store) error { return s.Cards().SetCard(context.Background(), guild, card) })
}

func (m *twins) settings(t *rapid.T) {
	guild, user, language := someGuild.Draw(t, "guild"), someUser.Draw(t, "user"), someText.Draw(t, "language")
	m.each(t, func(s *store.Store) error {
		_, err1 := s.Settings().ChangeGuild(context.Background(), guild, func(g *settings.Guild) error { g.Language = language; return nil })
		_, err2 := s.Settings().ChangeUser(context.Background(), user, func(u *settings.User) error { u.Language = language; return nil })
		return errors.Join(err1, err2)
	})
}

func (m *twins) favourites(t *rapid.T) {
	user, song := someUser.Draw(t, "user"), tune(rapid.SampledFrom([]string{"a", "b", "ü"}).Draw(t, "song"))
	if rapid.Bool().Draw(t, "like") {
		at := m.at()
		m.each(t, func(s *store.Store) error {
			_, err := s.Playlists().Like(context.Background(), user, song, at)
			return err
		})
		return
	}
	m.each(t, func(s *store.Store) error {
		_, err := s.Playlists().Unlike(context.Background(), user, playlists.KeyOf(song))
		return err
	})
}

func (m *twins) plays(t *rapid.T) {
	p := playlists.Play{Guild: someGuild.Draw(t, "guild"), User: someUser.Draw(t, "user"), Track: tune(someText.Draw(t, "title")), At: m.at()}
	m.each(t, func(s *store.Store) error { return s.Playlists().Played(context.Background(), p, p) })
}

// erase is about users whose queues the model does not go on with.
func (m *twins) erase(t *rapid.T) {
	user := rapid.SampledFrom([]snowflake.ID{ann, bob}).Draw(t, "user")
	var all []store.ErasedPersonal
	m.each(t, func(s *store.Store) error {
		gone, err := s.Erase(context.Background(), user)
		all = append(all, gone)
		return err
	})
	if all[0] != all[1] {
		t.Fatalf("erased %+v and %+v", all[0], all[1])
	}
	clear(m.queues)
	for _, guild := range []snowflake.ID{cafe, pub, 3} {
		m.each(t, func(s *store.Store) error { return s.EraseGuild(context.Background(), guild) })
	}
}

func (m *twins) expire(t *rapid.T) {
	before := noon.Add(time.Duration(rapid.IntRange(0, m.seq).Draw(t, "before")) * time.Minute)
	m.each(t, func(s *store.Store) error { _, err := s.Playlists().Forget(context.Background(), before); return err })
}

// check compares the dumps, and the queues that come back with the real ones.
func (m *twins) check(t *rapid.T) {
	var dumps []string
	for _, s := range m.stores {
		var b strings.Builder
		if _, err := s.Backup(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
		dumps = append(dumps, dumpOf(t, b.String()))
	}
	if a, b := unnumbered(dumps[0]), unnumbered(dumps[1]); a != b {
		t.Fatalf("sqlite\n%s\npostgres\n%s", a, b)
	}
	for guild, q := range m.queues {
		want, _ := json.Marshal(q.State())
		for _, s := range m.stores {
			saved, err := s.Sessions().Load(context.Background(), guild)
			if err != nil {
				t.Fatal(err)
			}
			back, err := queue.Restore(saved.Queue, saved.Log, queue.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := json.Marshal(back.State()); string(got) != string(want) {
				t.Fatalf("%s: the queue is\n%s\nwant\n%s", s.Engine(), got, want)
			}
		}
	}
}

// TestWhoStandsStillHoldsNobodyUp has a process stop in the midst of saving a guild, which
// another process takes.
func TestWhoStandsStillHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	address := storetest.Address(t, "postgres")
	stopped, next := storetest.OpenAt(t, address, store.Options{}), storetest.OpenAt(t, address, store.Options{})
	if err := stopped.Sessions().Take(t.Context(), 1, 5); err != nil {
		t.Fatal(err)
	}
	tx, err := stopped.DB().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.ExecContext(t.Context(), `UPDATE session_token SET token = 6 WHERE guild = 1`); err != nil {
		t.Fatal(err)
	}
	if err := next.Sessions().Take(t.Context(), 1, 7); err != nil {
		t.Errorf("the next owner is told %v", err)
	}
	if err := tx.Commit(); err == nil {
		t.Error("what was begun before is kept")
	}
	if _, err := next.Backup(t.Context(), io.Discard); err != nil {
		t.Error(err)
	}
}
