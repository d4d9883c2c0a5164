package gateway

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"

	"github.com/bwmarrin/discordgo"

	"busker/gateway/conn"
	"busker/internal/fault"
	"busker/internal/snowflake"
)

// intents are what playing music needs: guilds with their channels and roles, and
// who is in which voice channel. Neither is privileged, and nor are messages without
// their content.
const intents = discordgo.IntentGuilds | discordgo.IntentGuildVoiceStates

func (o *Options) intents() discordgo.Intent {
	if o.OnMessage == nil {
		return intents
	}
	return intents | discordgo.IntentGuildMessages
}

// shard is one part of the bot's guilds, and its session with Discord.
type shard struct {
	g         *Gateway
	id, total int
	log       *slog.Logger
	conn      *conn.Conn

	mu        sync.Mutex
	sessionID string   // of the present session, "" before the first
	former    []string // the sessions before, the newest last
	wasReady  bool
}

// shardOptions say which shard it is, and how it connects.
type shardOptions struct {
	id, total  int
	url        string                      // where new sessions begin
	session    conn.Session                // to resume; zero identifies
	permit     func(context.Context) error // before each identify
	mayConnect func(context.Context) error // before each connection; nil permits
}

// newShard prepares a shard; run connects it. How its session ends with run's context,
// stop says, which Options.EndSessions says before.
func newShard(g *Gateway, o shardOptions) (*shard, error) {
	s := &shard{g: g, id: o.id, total: o.total, log: g.log.With("shard", o.id), sessionID: o.session.ID}
	c, err := conn.New(conn.Options{
		Token: "Bot " + g.opts.Token, URL: o.url, Shard: o.id, Shards: o.total, Intents: int(g.opts.intents()),
		Session: o.session, Permit: o.permit, MayConnect: o.mayConnect, MaySend: s.maySend,
		OnEvent: s.onEvent, OnUp: func(bool) { s.onUp() },
		TLS: g.opts.TLS, Timeout: g.opts.OpenTimeout, ReconnectWait: g.opts.ReconnectWait, InvalidWait: g.opts.ResumeWait,
		Compression: g.opts.Compression, Logger: g.log, Metrics: g.metrics.conn,
	})
	if err != nil {
		return nil, err
	}
	s.conn = c
	s.stop(g.opts.EndSessions)
	return s, nil
}

// run connects, and connects again, until ctx ends or Discord refuses for good.
func (s *shard) run(ctx context.Context) error { return s.conn.Run(ctx) }

// stop says whether the session ends with run's context, or can be resumed.
func (s *shard) stop(ending bool) { s.conn.End(ending) }

// session is what another process needs to resume.
func (s *shard) session() conn.Session { return s.conn.Session() }

func (s *shard) onUp() {
	s.mu.Lock()
	first := !s.wasReady
	s.wasReady = true
	s.mu.Unlock()
	if first {
		s.g.shardReady()
	}
}

// serves reports whether guild is one of this shard's.
func (s *shard) serves(guild snowflake.ID) bool { return shardNumber(guild, s.total) == s.id }

func (s *shard) online() bool { return s.conn.Up() }

// send sends a command once the shard is connected and the connection's limit allows.
func (s *shard) send(ctx context.Context, op int, d any) error {
	err := s.conn.Send(ctx, op, d)
	switch {
	case errors.Is(err, conn.ErrDown):
		return fault.Wrap(fault.Unavailable, "Discord cannot be reached at the moment.", err)
	case errors.Is(err, conn.ErrBusy):
		return fault.Wrap(fault.Busy, "Too many voice channels are being joined at the moment. Try again in a minute.", err)
	}
	return err
}

// maySend sees a command when it goes out.
func (s *shard) maySend(_ context.Context, _ int, d any) error {
	if wish, ok := d.(voiceWish); ok {
		s.g.cache.want(wish.Guild, wish.Channel != 0)
	}
	return nil
}

// formerSessions is how many sessions of a shard are remembered: Discord tells of the
// end of a voice state within minutes, and sessions are lost seldom.
const formerSessions = 16

// renew notes the id of a session that begins.
func (s *shard) renew(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessionID != "" {
		s.former = append(s.former, s.sessionID)
		s.former = s.former[max(0, len(s.former)-formerSessions):]
	}
	s.sessionID = id
}

// presentSession returns the id of the session there is, "" before the first.
func (s *shard) presentSession() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessionID
}

// isFormer reports whether id is that of a session we lost.
func (s *shard) isFormer(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return id != s.sessionID && slices.Contains(s.former, id)
}
