package app_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
	"busker/session"
	"busker/store"
	"busker/track"
)

// muted is an Output that takes nothing, so that only commands cost time.
type muted struct{}

func (muted) Join(context.Context, snowflake.ID) error { return nil }
func (muted) Await(ctx context.Context) (int, error)   { <-ctx.Done(); return 0, ctx.Err() }
func (muted) Send(p *audio.Packet) error               { p.Release(); return nil }
func (muted) Flush() int                               { return 0 }
func (muted) Sent() uint64                             { return 0 }
func (muted) Leave(context.Context) error              { return nil }
func (muted) Abandon()                                 {}
func (muted) Health() player.Health                    { return player.Health{} }
func (muted) ReadBlock(*audio.Block) error             { return nil }
func (muted) Close() error                             { return nil }
func (muted) Open(context.Context, track.Track, time.Duration, player.How) (audio.Reader, error) {
	return muted{}, nil
}

// BenchmarkDoWithAFullQueue gives each command to a guild with 10,000 tracks whose queue is
// kept in a SQLite file, and reports the slowest answer but one in twenty: with the change
// on the disk (durable), and without a store, as people would hear it if nothing were kept
// (bare).
func BenchmarkDoWithAFullQueue(b *testing.B) {
	tracks := make([]track.Track, queue.DefaultMaxItems)
	for i := range tracks {
		tracks[i] = track.Track{
			Source: "file", URI: fmt.Sprintf("Some artist/An album/%d.opus", i), Title: fmt.Sprintf("A song with a name %d", i),
			Artist: "Some artist", Length: 3 * time.Minute, Format: "Ogg Opus", Seekable: true,
		}
	}
	for _, c := range []struct {
		name     string
		do, undo player.Command
	}{
		{"add", player.Add{Tracks: tracks[:1], Requester: 5, PerUser: 20_000}, player.Undo{}},
		{"add next", player.Add{Tracks: tracks[:1], Where: queue.Where{Place: queue.Next}}, player.Undo{}},
		{"move", player.Move{From: 9000, To: 3}, player.Undo{}},
		{"remove", player.Remove{Index: 5000}, player.Undo{}},
		{"range", player.RemoveRange{From: 2000, To: 6000}, player.Undo{}},
		{"by", player.RemoveBy{Users: []queue.UserID{1, 2}}, player.Undo{}},
		{"except", player.RemoveExcept{Users: []queue.UserID{1, 2}}, player.Undo{}},
		{"clear", player.Clear{}, player.Undo{}},
		{"shuffle", player.Shuffle{}, player.Undo{}},
		{"fair", player.Fair{On: true}, player.Undo{}},
		{"loop", player.Loop{Mode: queue.All}, player.Undo{}},
		{"skip 100", player.Skip{Count: 100}, player.Undo{}},
		{"volume", player.Volume{Percent: 90}, player.Volume{Percent: 100}},
	} {
		for _, kept := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/%s", c.name, map[bool]string{false: "bare", true: "durable"}[kept]), func(b *testing.B) {
				m := fullPlayers(b, tracks, kept)
				var did, undid []time.Duration
				for b.Loop() {
					did = append(did, answer(b, m, c.do))
					undid = append(undid, answer(b, m, c.undo))
				}
				b.ReportMetric(p95(did), "p95-ms")
				b.ReportMetric(p95(undid), "undo-p95-ms")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// answer times one command given after a pause, as people do.
func answer(b *testing.B, m *player.Manager, c player.Command) time.Duration {
	<-time.After(2 * session.DefaultEvery)
	start := time.Now()
	if _, err := m.Do(b.Context(), 1, c); err != nil {
		b.Fatalf("%#v: %v", c, err)
	}
	return time.Since(start)
}

// fullPlayers run until the benchmark ends.
func fullPlayers(b *testing.B, tracks []track.Track, kept bool) *player.Manager {
	ctx, cancel := context.WithCancel(b.Context())
	var running, keeping sync.WaitGroup
	keep, stopKeeping := context.WithCancel(context.WithoutCancel(ctx))
	o := player.Options{Opener: muted{}, Connect: func(player.GuildID) player.Output { return muted{} }, MaxQueue: 2 * len(tracks)}
	var s *store.Store
	if kept {
		var err error
		if s, err = store.Open(ctx, filepath.Join(b.TempDir(), "busker.db"), store.Options{}); err != nil {
			b.Fatal(err)
		}
		k, err := session.New(session.Options{Store: s.Sessions()})
		if err != nil {
			b.Fatal(err)
		}
		keeping.Go(func() { _ = k.Run(keep) })
		o.Memory = k
	}
	m, err := player.NewManager(o)
	if err != nil {
		b.Fatal(err)
	}
	running.Go(func() { _ = m.Run(ctx) })
	b.Cleanup(func() {
		cancel()
		running.Wait()
		stopKeeping()
		keeping.Wait()
		if s != nil {
			if err := s.Close(); err != nil {
				b.Error(err)
			}
		}
	})
	for i := range 4 {
		part := len(tracks) / 4
		if _, err := m.Do(ctx, 1, player.Play{Tracks: tracks[i*part : (i+1)*part], Requester: queue.UserID(i + 1), Channel: 5}); err != nil {
			b.Fatal(err)
		}
	}
	return m
}

// p95 returns the slowest but one in twenty, in milliseconds.
func p95(took []time.Duration) float64 {
	slices.Sort(took)
	return float64(took[len(took)*95/100].Microseconds()) / 1000
}
