package app

import (
	"context"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/bot"
	"busker/cmd/busker/internal/chores"
	"busker/internal/snowflake"
	"busker/player"
	"busker/playlists"
	"busker/session"
	"busker/sources/web"
	"busker/store"
)

// keep gives the bot what outlives the process. Without a store it keeps that itself, as
// long as the process lives.
func (a *App) keep(o *bot.Options) {
	kept := a.opts.Store
	if kept == nil {
		return
	}
	o.Settings, o.Playlists, o.Cards = kept.Settings(), kept.Playlists(), cards{kept.Cards()}
	o.Audit, o.Records = readableAudit{kept.Audit(), a.audit}, records{kept, a.audit}
	o.KeepHistory, o.KeepAudit = kept.Keeps()
	o.Survives = true
}

// runStore deletes what has become too old, writes the audit, and follows the guilds that
// come and go.
func (a *App) runStore(ctx context.Context) error {
	if a.opts.Store == nil {
		<-ctx.Done()
		return nil
	}
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return a.retain(ctx) })
	work.Go(func() error { return a.audit.Run(ctx) })
	work.Go(func() error { return a.members.Run(ctx) })
	return work.Wait()
}

// retain deletes what has become too old, unless another process does.
func (a *App) retain(ctx context.Context) error {
	if a.opts.alone {
		return a.opts.Store.Run(ctx)
	}
	return chores.Run(ctx, chores.Retention, chores.Options{
		Cluster: a.cluster, Owner: a.opts.Process, Logger: a.part("store"),
	}, a.opts.Store.Run)
}

// recorder is where players tell who gave them commands.
func (a *App) recorder() player.Audit {
	if a.audit == nil {
		return nil
	}
	return a.audit
}

// guildHeard takes note of a guild the bot is in, or no longer.
func (a *App) guildHeard(guild snowflake.ID, in bool) {
	if a.members != nil {
		a.members.heard(guild, in)
	}
}

// cards is where the store keeps cards.
type cards struct{ kept store.Cards }

// Cards implements bot.CardStore.
func (c cards) Cards(ctx context.Context) (all []session.Card, err error) {
	kept, err := c.kept.All(ctx)
	for guild, card := range kept {
		all = append(all, session.Card{Guild: guild, Channel: card.Channel, Message: card.Message, Serial: card.Serial})
	}
	return all, err
}

// KeepCard implements bot.CardStore.
func (c cards) KeepCard(ctx context.Context, card session.Card) error {
	return c.kept.SetCard(ctx, card.Guild, store.Card{Channel: card.Channel, Message: card.Message, Serial: card.Serial})
}

// DropCard implements bot.CardStore.
func (c cards) DropCard(ctx context.Context, guild snowflake.ID) error {
	return c.kept.SetCard(ctx, guild, store.Card{})
}

// records are all that the store has of a person.
type records struct {
	kept  *store.Store
	audit *audit
}

// ExportUser implements bot.Records.
func (r records) ExportUser(ctx context.Context, user snowflake.ID) (any, error) {
	return r.kept.Export(ctx, user)
}

// EraseUser implements bot.Records.
func (r records) EraseUser(ctx context.Context, user snowflake.ID) (playlists.Erased, error) {
	r.audit.settle(ctx) // what they did this moment is on its way there
	gone, err := r.kept.Erase(ctx, user)
	return gone.Erased, err
}

// files fetches what people upload or link to, with the rules of the source that would
// play it.
type files struct {
	links   *web.Source
	uploads *web.Source // nil = links
	prefix  string      // of uploads
}

// Fetch implements bot.Files.
func (f files) Fetch(ctx context.Context, link string) (io.ReadCloser, error) {
	if f.uploads != nil && strings.HasPrefix(link, f.prefix) {
		return f.uploads.Fetch(ctx, link)
	}
	return f.links.Fetch(ctx, link)
}

// Facts implements bot.Facts.
func (a *App) Facts() bot.FactSheet {
	guilds := a.gateway.Guilds()
	s := bot.FactSheet{Version: a.opts.Version, Started: a.started, Guilds: len(guilds)}
	for _, guild := range guilds {
		if _, plays := a.players.Status(guild); plays {
			s.Playing = append(s.Playing, guild)
		}
	}
	if l := a.Library(); l != nil {
		p := l.Progress()
		s.Library = bot.LibraryFacts{Tracks: l.Counts().Tracks, Files: p.Files, Scanning: p.Busy()}
	}
	return s
}

// members follows the guilds the bot is in, for what is kept of one it has left is
// deleted after a while.
type members struct {
	kept *store.Store
	log  func(msg string, args ...any)
	wake chan struct{} // holds one: there is news

	mu   sync.Mutex
	news map[snowflake.ID]bool // whether the bot is in a guild
}

func newMembers(kept *store.Store, log func(msg string, args ...any)) *members {
	return &members{kept: kept, log: log, wake: make(chan struct{}, 1), news: map[snowflake.ID]bool{}}
}

// heard takes note of a guild. It never waits.
func (m *members) heard(guild snowflake.ID, in bool) {
	m.mu.Lock()
	m.news[guild] = in
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// Run writes the news down until ctx ends. What cannot be written is tried again.
func (m *members) Run(ctx context.Context) error {
	again := time.NewTicker(time.Minute)
	defer again.Stop()
	for {
		select {
		case <-m.wake:
		case <-again.C:
		case <-ctx.Done():
			return nil
		}
		if err := m.write(ctx); err != nil && ctx.Err() == nil {
			m.log("the store does not hear of guilds that come and go", "err", err)
		}
	}
}

func (m *members) write(ctx context.Context) error {
	m.mu.Lock()
	news := m.news
	m.news = map[snowflake.ID]bool{}
	m.mu.Unlock()
	var here []snowflake.ID
	for guild, in := range news {
		if in {
			here = append(here, guild)
			continue
		}
		if err := m.kept.Departed(ctx, guild, time.Now()); err != nil {
			m.restore(news)
			return err
		}
	}
	if err := m.kept.Returned(ctx, here...); err != nil {
		m.restore(news)
		return err
	}
	return nil
}

// restore takes back what could not be written, as far as there is nothing newer.
func (m *members) restore(news map[snowflake.ID]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for guild, in := range news {
		if _, newer := m.news[guild]; !newer {
			m.news[guild] = in
		}
	}
}
