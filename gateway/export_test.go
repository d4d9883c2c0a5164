package gateway

import (
	"context"
	"log/slog"
	"reflect"
	"time"

	"busker/cluster"
	"busker/gateway/conn"
	"busker/internal/snowflake"
)

// Identifies opens the pace of identifies to a test.
func Identifies(concurrency int, every time.Duration) (wait func(context.Context, int) error) {
	p := &permits{cluster: cluster.Local(), concurrency: concurrency, every: every, log: slog.New(slog.DiscardHandler)}
	p.ask = func(context.Context) (budget, error) { return budget{}, nil }
	return p.wait
}

// ReadInteraction opens the reader of interactions.
var ReadInteraction = readInteraction

// ReadMessage opens the reader of messages.
var ReadMessage = readMessage

// Budget is what Discord says of a day's sessions.
type Budget = budget

// Permits opens the permits of a process to a test.
func Permits(c *cluster.Cluster, concurrency int, every time.Duration, ask func(context.Context) (Budget, error)) (wait func(context.Context, int) error) {
	p := &permits{cluster: c, concurrency: concurrency, every: every, ask: ask, log: slog.New(slog.DiscardHandler)}
	return p.wait
}

// PermitsKnowing opens the permits of a process that was told a budget when it began.
func PermitsKnowing(told Budget, c *cluster.Cluster, ask func(context.Context) (Budget, error)) (wait func(context.Context, int) error) {
	p := &permits{cluster: c, concurrency: 1, every: time.Second, ask: ask, log: slog.New(slog.DiscardHandler), newest: told}
	return p.wait
}

// Known is a cache of guilds.
type Known struct{ c *cache }

// Fill makes a cache of many guilds, as large ones are.
func Fill(guilds int) Known {
	c := newCache()
	for i := range guilds {
		of := snowflake.ID(i+1) << 22
		g := &guild{
			here: i%7 != 0, owner: of + 1, locale: "en-GB", session: "5eb63bbbe01eeed093cb22bb8f5acdc3",
			roles: map[snowflake.ID]int64{}, channels: map[snowflake.ID]*channel{}, voice: map[snowflake.ID]seat{},
			own: []snowflake.ID{of + 2, of + 3},
		}
		for r := range 30 {
			g.roles[of+snowflake.ID(r)] = int64(r) << 30
		}
		for n := range 20 {
			g.channels[of+100+snowflake.ID(n)] = &channel{
				name: "Voice channel", kind: 2, bitrate: 64000, userLimit: n,
				overwrites: []overwrite{{of, false, 1, 2}, {of + 9, true, 1 << 40, 3}},
			}
			g.voice[of+200+snowflake.ID(n)] = seat{channel: of + 100, bot: n%2 == 0, deaf: n%3 == 0, silenced: n%5 == 0, asked: n%7 == 0}
		}
		if i%3 == 0 {
			g.status = map[snowflake.ID]string{of + 100: "a line"}
		}
		c.set(of, g, i%2 == 0)
	}
	c.touchAll(func(snowflake.ID) bool { return true })
	return Known{c}
}

// Nothing is an empty cache.
func Nothing() Known { return Known{newCache()} }

// Changes returns what others need to know it all.
func (k Known) Changes() map[string][]byte {
	return k.c.changes(func(snowflake.ID) bool { return true })
}

// Restore takes what Changes returned, and tells how much was damaged.
func (k Known) Restore(entries map[string][]byte) int { return k.c.restore(entries) }

// DropOthers forgets what is not among entries.
func (k Known) DropOthers(entries map[string][]byte) {
	k.c.dropOthers(func(snowflake.ID) bool { return true }, entries)
}

// Same reports whether two caches know the same.
func (k Known) Same(as Known) bool {
	return reflect.DeepEqual(k.c.guilds, as.c.guilds) && reflect.DeepEqual(k.c.home, as.c.home) && reflect.DeepEqual(k.c.wanted, as.c.wanted)
}

// Recode reads an entry, writes it and reads it again.
func Recode(entry []byte) (read, again any, err error) {
	g, wanted, err := decodeGuild(entry)
	if err != nil {
		return nil, nil, err
	}
	same, still, err := decodeGuild(g.encode(wanted))
	type both struct {
		*guild
		bool
	}
	return both{g, wanted}, both{same, still}, err
}

// Inherit has a shard take what an owner left behind that had a session, and returns the
// one with which it connects.
func Inherit(ctx context.Context, c *cluster.Cluster) (conn.Session, error) {
	g := &Gateway{opts: Options{Cluster: c}, cache: newCache(), log: slog.New(slog.DiscardHandler)}
	s := &shard{g: g, total: 1, log: g.log, state: state{Session: conn.Session{ID: "s1"}, Guilds: 1}}
	s.guilds.Store(g.cache)
	err := s.restore(ctx)
	return s.state.Session, err
}

// Waiting is a shard that waits beside another set; told hears what people say.
func Waiting(told func(Message)) (message func(raw string), begin func()) {
	g := &Gateway{opts: Options{OnMessage: told, Cluster: cluster.Local()}, cache: newCache(), log: slog.New(slog.DiscardHandler)}
	s := &shard{g: g, h: &Holding{}, total: 1, log: g.log}
	s.guilds.Store(newCache())
	return func(raw string) { s.onMessage([]byte(raw)) }, func() { s.Begin(func() { s.h.active.Store(true) }) }
}
