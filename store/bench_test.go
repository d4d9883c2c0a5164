package store_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"busker/internal/snowflake"
	"busker/queue"
	"busker/session"
	"busker/settings"
	"busker/store"
	"busker/store/storetest"
)

// each runs a benchmark with every engine; SQLite is on the real disk, with real syncs,
// Postgres as the tests start it, without.
func each(b *testing.B, run func(b *testing.B, s *store.Store)) {
	for _, engine := range storetest.Engines {
		b.Run(engine, func(b *testing.B) {
			address := filepath.Join(b.TempDir(), "busker.db")
			if engine == "postgres" {
				address = storetest.Address(b, engine)
			}
			run(b, storetest.OpenAt(b, address, store.Options{}))
		})
	}
}

// filled is a queue of n tracks, and the changes that made it.
func filled(b *testing.B, n int) *queue.Queue {
	q := queue.New(queue.Options{})
	items := make([]queue.Item, n)
	for i := range items {
		t := tune(fmt.Sprintf("Some artist of the nineties – A song with a name %d", i))
		t.Artist, t.Album, t.Format, t.Seekable = "Some artist of the nineties", "An album", "Ogg Opus", true
		items[i] = queue.Item{Track: t, Requester: queue.UserID(ann)}
	}
	must[int](b)(q.Add(queue.AddOptions{}, items...))
	return q
}

// BenchmarkSave is one change of a queue and one place, in one transaction.
func BenchmarkSave(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("queue=%d", n), func(b *testing.B) {
			each(b, func(b *testing.B, s *store.Store) {
				q := filled(b, n)
				no(b, saveTo(b.Context(), s, []session.Change{{Guild: cafe, Queue: q.Changes()}}))
				if s.Engine() == "sqlite" { // what the queue itself left in the write-ahead log
					_, err := s.DB().ExecContext(b.Context(), `PRAGMA wal_checkpoint(TRUNCATE)`)
					no(b, err)
				}
				for n := uint64(0); b.Loop(); n++ {
					q.SetLoop(queue.Loop(n % 3)) // costs nothing itself
					no(b, saveTo(b.Context(), s, []session.Change{{
						Guild: cafe, Token: 3, Queue: q.Changes(), Place: &session.Place{Channel: 5, Item: n, At: noon},
					}}))
				}
			})
		})
	}
}

// BenchmarkGroup is one change of each of 100 guilds, in one transaction.
func BenchmarkGroup(b *testing.B) {
	each(b, func(b *testing.B, s *store.Store) {
		for seq := uint64(1); b.Loop(); seq++ {
			changes := make([]session.Change, 100)
			for g := range changes {
				changes[g] = session.Change{
					Guild: snowflake.ID(g + 1), Token: 3, Place: &session.Place{Channel: 5, At: noon}, Queue: []queue.Change{{Seq: seq, Op: queue.OpLoop}},
				}
			}
			no(b, saveTo(b.Context(), s, changes))
		}
	})
}

// BenchmarkLong adds 10,000 tracks, replaces the log by a snapshot and loads all.
func BenchmarkLong(b *testing.B) {
	q := filled(b, 10_000)
	changes := q.Changes()
	guild := snowflake.ID(0)
	each(b, func(b *testing.B, s *store.Store) {
		b.Run("add", func(b *testing.B) {
			for b.Loop() {
				guild++
				no(b, saveTo(b.Context(), s, []session.Change{{Guild: guild, Queue: changes}}))
			}
		})
		b.Run("compact", func(b *testing.B) {
			for b.Loop() {
				q.Shuffle(uint64(guild))
				no(b, s.Sessions().Compact(b.Context(), guild, 0, q.State()))
			}
		})
		b.Run("load", func(b *testing.B) {
			for b.Loop() {
				must[session.Saved](b)(s.Sessions().Load(b.Context(), guild))
			}
		})
	})
}

// BenchmarkThousandGuilds keeps and loads 1000 guilds with settings, a sound, a place and
// 25 tracks each, and says how much room one takes.
func BenchmarkThousandGuilds(b *testing.B) {
	const guilds = 1000
	each(b, func(b *testing.B, s *store.Store) {
		empty := must[int64](b)(s.Size(b.Context()))
		b.Run("save", func(b *testing.B) {
			for b.Loop() {
				for g := range snowflake.ID(guilds) {
					q := filled(b, 25)
					no(b, saveTo(b.Context(), s, []session.Change{{
						Guild: g + 1, Sound: &session.Sound{Volume: 80}, Place: &session.Place{Channel: 5, Item: 1, At: noon}, Queue: q.Changes(),
					}}))
					_, err := s.Settings().ChangeGuild(b.Context(), g+1, func(g *settings.Guild) error { g.VoteSkip = 50; return nil })
					no(b, err)
				}
			}
			b.ReportMetric(float64(must[int64](b)(s.Size(b.Context()))-empty)/guilds, "B/guild")
		})
		b.Run("load", func(b *testing.B) {
			for b.Loop() {
				for _, g := range must[[]snowflake.ID](b)(s.Sessions().Unfinished(b.Context())) {
					must[session.Saved](b)(s.Sessions().Load(b.Context(), g))
				}
			}
		})
	})
}
