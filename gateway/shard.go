package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/cluster"
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

// shard is one part of the bot's guilds, and its session with Discord: what the Fleet
// runs. It keeps its guilds and its session in the cluster, for the next owner.
type shard struct {
	g         *Gateway
	h         *Holding
	id, total int
	plan      plan
	log       *slog.Logger
	state     state // what the last owner left

	made chan struct{} // closed once conn is there
	conn *conn.Conn

	guilds atomic.Pointer[cache] // the gateway's; one of its own while the shard waits beside another set
	late   []late                // what it is told while it waits; guarded by the gateway's turn

	due     chan struct{} // the state is to be kept at once
	keeping gate          // one keeps the state at a time
	kept    state         // as it was last
	stored  int           // guilds that are kept, whether or not the state tells so far
	rewrote time.Time     // when all guilds were
	anew    atomic.Bool   // all is to be kept, whatever was
	wipe    atomic.Bool   // a new session began

	doubted atomic.Int32 // how often it connected while nobody knew whose the shard is

	mu        sync.Mutex
	sessionID string                // of the present session, "" before the first
	former    []string              // the sessions before, the newest last
	awaited   map[snowflake.ID]bool // guilds of a new session that are to come
	missing   map[snowflake.ID]bool // of these, all that have not come, however long it is; nil = nobody has listed any
	since     time.Time             // when it began
	ending    bool                  // the session ends with Run, whatever the options say
	sealed    bool
}

// state is what the next owner of a shard needs besides its guilds.
type state struct {
	Session     conn.Session `json:"session"`
	Self        snowflake.ID `json:"self"`
	Application snowflake.ID `json:"application"`
	Guilds      int          `json:"guilds"` // how many were kept
}

// keepEvery is how often a shard's state is kept, when there is something new.
const keepEvery = time.Second

// keptFor is how long the guilds of a shard that nobody owns are kept: longer than any
// session lives. They are written anew long before.
const (
	keptFor      = 24 * time.Hour
	rewriteEvery = time.Hour
)

// arrivalTime is how long a new session waits for the guilds Discord has listed, before
// it counts as up without them: some may be in an outage.
const arrivalTime = 5 * time.Second

// restorePatience is how long a shard waits for its guilds. Without them it begins anew,
// as it has to when the session has died meanwhile.
const restorePatience = 30 * time.Second

// newShard prepares a shard for the Fleet to run.
func (g *Gateway) newShard(h *Holding) Runner {
	id, total := h.Shard()
	s := &shard{
		g: g, h: h, id: id, total: total, plan: *g.planned.Load(), log: g.log.With("shard", id), made: make(chan struct{}),
		keeping: newGate(), due: make(chan struct{}, 1),
	}
	if json.Unmarshal(h.State(), &s.state) != nil {
		s.state = state{}
	}
	s.sessionID = s.state.Session.ID
	s.guilds.Store(g.cache)
	if !h.Active() {
		s.guilds.Store(newCache())
	}
	return s
}

// cache is where the shard's guilds are.
func (s *shard) cache() *cache { return s.guilds.Load() }

// Run connects, and connects again, until ctx ends or Discord refuses for good.
func (s *shard) Run(ctx context.Context) error {
	if err := s.restore(ctx); err != nil {
		return nil //nolint:nilerr // ctx ended
	}
	c, err := conn.New(conn.Options{
		Token: "Bot " + s.g.opts.Token, URL: s.plan.url, Shard: s.id, Shards: s.total, Intents: int(s.g.opts.intents()),
		Session: s.state.Session, MayConnect: s.mayConnect, MaySend: s.maySend,
		Permit:  func(ctx context.Context) error { return s.plan.permits.wait(ctx, s.id) },
		OnEvent: s.onEvent, OnUp: s.onUp,
		TLS: s.g.opts.TLS, Timeout: s.g.opts.OpenTimeout, ReconnectWait: s.g.opts.ReconnectWait, InvalidWait: s.g.opts.ResumeWait,
		Compression: s.g.opts.Compression, Logger: s.g.log, Metrics: s.g.metrics.conn,
	})
	if err != nil {
		return err
	}
	s.conn = c
	close(s.made)
	return s.connected(ctx)
}

// connected runs the connection, and keeps what it brings.
func (s *shard) connected(ctx context.Context) error {
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		s.farewell(context.Cause(ctx))
		cancel()
	})()
	var keeping sync.WaitGroup
	keeping.Go(func() { s.keepOn(running) })
	err := s.conn.Run(running)
	cancel()
	keeping.Wait()
	switch {
	case ctx.Err() != nil:
		s.discard(ctx)
		return nil
	case errors.Is(err, cluster.ErrLost): // the fleet knows, and ends ctx
		<-ctx.Done()
		return nil
	}
	return err
}

// farewell decides how to close: a session that another process goes on with must not end.
func (s *shard) farewell(why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	given := errors.Is(why, errHandedOver) || errors.Is(why, cluster.ErrLost)
	s.conn.End(s.ending || s.g.opts.EndSessions && !given)
}

// End has the session end with Run.
func (s *shard) End() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ending = true
}

// discard drops what was kept of a session that ends with its set of shards: nobody goes
// on with it.
func (s *shard) discard(ctx context.Context) {
	s.mu.Lock()
	ending := s.ending
	s.mu.Unlock()
	if !ending {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepEvery)
	defer cancel()
	if err := s.g.opts.Cluster.Cache.Drop(ctx, s.table(), s.h.Lease().Token); err != nil {
		s.log.Debug("the guilds of a shard that ended are kept until they expire", "err", err)
	}
}

// restore takes the guilds the last owner left. Without them a resumed session would know
// none of its guilds, so that a new one has to begin.
func (s *shard) restore(ctx context.Context) error {
	if s.state.Session.ID == "" {
		return ctx.Err()
	}
	pace := conn.Backoff{First: 100 * time.Millisecond}
	for began := time.Now(); ; {
		entries, err := s.g.opts.Cluster.Cache.Table(ctx, s.table())
		if err == nil {
			s.adopt(entries)
			return ctx.Err()
		}
		s.log.Warn("the guilds of a shard cannot be read", "err", err)
		if time.Since(began) > restorePatience {
			s.state.Session = conn.Session{}
			return ctx.Err()
		}
		if err := pace.Wait(ctx); err != nil {
			return err
		}
	}
}

func (s *shard) adopt(entries map[string][]byte) {
	damaged := s.cache().restore(entries)
	if missing := max(0, s.state.Guilds-len(entries)) + damaged; missing > 0 {
		s.log.Warn("guilds of a shard are not known: a new session begins", "missing", missing)
		s.state.Session = conn.Session{}
		return
	}
	s.cache().dropOthers(s.serves, entries)
	s.missing = map[snowflake.ID]bool{}
	s.g.meet(s.state.Self, s.state.Application)
	s.Rewrite() // under our token
}

// table is where the shard's guilds are kept.
func (s *shard) table() string { return fmt.Sprintf("guilds/%d/%d", s.total, s.id) }

// mayConnect is asked before every connection. When nobody knows whether the shard is
// still ours, it is resumed after a while all the same, less and less often: if
// another process has it, that one resumes it back, and nothing is lost.
func (s *shard) mayConnect(ctx context.Context) error {
	patience := conn.Backoff{First: connectPatience}
	for range s.doubted.Load() {
		patience.Next()
	}
	until := time.Now().Add(patience.Next())
	for {
		err := s.h.Validate(ctx)
		switch {
		case err == nil:
			s.doubted.Store(0)
			return nil
		case !errors.Is(err, cluster.ErrUnreachable):
			return err
		case time.Now().After(until):
			s.doubted.Add(1)
			return nil
		}
		if err := pause(ctx, connectPatience/40); err != nil {
			return err
		}
	}
}

// maySend sees a command when it goes out. One that nobody can judge goes out: Discord
// judges it.
func (s *shard) maySend(ctx context.Context, _ int, d any) error {
	if err := s.h.Validate(ctx); err != nil && !errors.Is(err, cluster.ErrUnreachable) {
		return err
	}
	if wish, ok := d.(voiceWish); ok {
		if by := s.g.fleet.Of(wish.Guild); by != nil && by != s.h && by.Runner() != nil {
			return errOtherSet
		}
		s.cache().want(wish.Guild, wish.Channel != 0)
	}
	return nil
}

// errOtherSet says that a guild went over to a shard of another set meanwhile, by whose
// session the bot is to be in voice.
var errOtherSet = errors.New("another shard serves the guild by now")

func (s *shard) onUp(resumed bool) {
	s.h.Connected()
	if resumed {
		s.log.Info("session resumed")
		s.h.Up()
		return
	}
	s.h.Fresh()
	s.arrived()
}

// arrived tells that the shard is up when all the guilds of its session are there, or
// had the time to be.
func (s *shard) arrived() {
	s.mu.Lock()
	is := !s.since.IsZero() && (len(s.awaited) == 0 || time.Since(s.since) >= arrivalTime)
	if is {
		s.since, s.awaited = time.Time{}, nil
	}
	s.mu.Unlock()
	if is {
		s.h.Up()
		select {
		case s.due <- struct{}{}:
		default:
		}
	}
}

// arrives notes that a guild is there.
func (s *shard) arrives(guild snowflake.ID) {
	s.mu.Lock()
	_, awaited := s.awaited[guild]
	delete(s.awaited, guild)
	delete(s.missing, guild)
	s.mu.Unlock()
	if awaited {
		s.arrived()
	}
}

// serves reports whether guild is one of this shard's.
func (s *shard) serves(guild snowflake.ID) bool { return shardNumber(guild, s.total) == s.id }

func (s *shard) online() bool {
	select {
	case <-s.made:
		return s.conn.Up()
	default:
		return false
	}
}

// send sends a command once the shard is connected and the connection's limit allows.
func (s *shard) send(ctx context.Context, op int, d any) error {
	select {
	case <-s.made:
	case <-ctx.Done():
		return fault.Wrap(fault.Unavailable, "Discord cannot be reached at the moment.", ctx.Err())
	}
	err := s.conn.Send(ctx, op, d)
	switch {
	case errors.Is(err, conn.ErrDown):
		return fault.Wrap(fault.Unavailable, "Discord cannot be reached at the moment.", err)
	case errors.Is(err, conn.ErrBusy):
		return fault.Wrap(fault.Busy, "Too many voice channels are being joined at the moment. Try again in a minute.", err)
	}
	return err
}

// formerSessions is how many sessions of a shard are remembered: Discord tells of the
// end of a voice state within minutes, and sessions are lost seldom.
const formerSessions = 16

// renew notes the id of a session that begins, and the guilds it will bring.
func (s *shard) renew(id string, guilds map[snowflake.ID]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessionID != "" {
		s.addFormer(s.sessionID)
	}
	s.sessionID, s.awaited, s.missing, s.since = id, guilds, maps.Clone(guilds), time.Now()
	s.wipe.Store(true)
}

func (s *shard) addFormer(id string) {
	if slices.Contains(s.former, id) {
		return
	}
	s.former = append(s.former, id)
	s.former = s.former[max(0, len(s.former)-formerSessions):]
}

// Former tells of a session of another shard by which the bot may still be in voice.
func (s *shard) Former(kept []byte) {
	var of state
	if json.Unmarshal(kept, &of) != nil || of.Session.ID == "" {
		return
	}
	s.ended(of.Session.ID)
}

// ended notes a session by which the bot may still be in voice.
func (s *shard) ended(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addFormer(session)
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
