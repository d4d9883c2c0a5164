package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"busker/internal/snowflake"
)

// connectPatience is how long a shard waits for the cluster before it connects on its
// own judgement the first time.
const connectPatience = 10 * time.Second

// keepOn keeps what is new, about once a second, until ctx ends.
func (s *shard) keepOn(ctx context.Context) {
	tick := time.NewTicker(keepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-s.due:
		}
		s.arrived()
		attempt, cancel := context.WithTimeout(ctx, keepEvery)
		if err := s.keep(attempt); err != nil && ctx.Err() == nil {
			s.log.Debug("state of the shard is kept later", "err", err)
		}
		cancel()
	}
}

// keep writes the guilds that changed and then the session with the number of its last
// event: what happened after that event Discord sends again, so that both together
// are never older than they say.
func (s *shard) keep(ctx context.Context) error {
	if err := s.keeping.enter(ctx); err != nil {
		return err
	}
	defer s.keeping.leave()
	if s.anew.Swap(false) {
		s.kept, s.rewrote = state{}, time.Time{}
	}
	now := state{Session: s.conn.Session(), Self: s.g.UserID(), Application: s.g.ApplicationID()}
	guilds, token := s.cache(), s.h.Lease().Token
	if s.wipe.Swap(false) { // what was kept is of another session
		if err := s.g.opts.Cluster.Cache.Drop(ctx, s.table(), token); err != nil {
			s.wipe.Store(true)
			return err
		}
		s.rewrote, s.stored = time.Time{}, 0
	}
	if time.Since(s.rewrote) > rewriteEvery {
		guilds.touchAll(s.serves)
		s.rewrote = time.Now()
	}
	if changed := guilds.changes(s.keeps); len(changed) > 0 {
		if err := s.g.opts.Cluster.Cache.Put(ctx, s.table(), token, changed, keptFor); err != nil {
			guilds.touch(changed)
			return fmt.Errorf("keep %d guilds: %w", len(changed), err)
		}
		s.stored = guilds.count(s.serves)
	}
	now.Guilds = s.stored
	if now == s.kept && s.h.noted() {
		return nil
	}
	value, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if err := s.h.Keep(ctx, value); err != nil {
		return err
	}
	s.kept = now
	return nil
}

// keeps reports whether it is this shard that keeps a guild: while two sets are connected,
// one of each knows it.
func (s *shard) keeps(guild snowflake.ID) bool {
	return s.serves(guild) && (!s.h.Active() || !s.g.fleet.resharding() || s.g.fleet.Of(guild) == s.h)
}

// Rewrite has everything kept anew.
func (s *shard) Rewrite() { s.anew.Store(true) }

// Seal holds events back and keeps all that came before.
func (s *shard) Seal(ctx context.Context) error {
	select {
	case <-s.made:
	default:
		return nil // it never ran, and what was kept holds
	}
	s.mu.Lock()
	held := s.sealed
	s.sealed = true
	s.mu.Unlock()
	if !held {
		if err := s.conn.Hold(ctx); err != nil {
			s.mu.Lock()
			s.sealed = false
			s.mu.Unlock()
			return err
		}
	}
	return s.keep(ctx)
}

// Unseal lets events come again.
func (s *shard) Unseal() {
	s.mu.Lock()
	held := s.sealed
	s.sealed = false
	s.mu.Unlock()
	if held {
		s.conn.Release()
	}
}

// Begin has the shard serve its guilds: what it has collected replaces what the former
// set knew, and what is kept. Between the two no event is handled.
func (s *shard) Begin(now func()) {
	s.g.turn.Lock()
	defer s.g.turn.Unlock()
	collected := s.cache()
	s.guilds.Store(s.g.cache)
	now()
	if collected == s.g.cache {
		return
	}
	for _, guild := range s.g.cache.unlisted(s.serves, s.lists(collected)) {
		s.forget(guild)
	}
	self, present := s.g.UserID(), s.presentSession()
	for _, guild := range s.g.cache.merge(collected) {
		switch by := s.g.cache.ownSession(guild, self); {
		case by == present && by != "" || !s.g.cache.isWanted(guild):
		case by == "":
			s.tellLost(guild)
		default: // the former set's, which ends once we are in by ours
			s.ended(by)
			s.tell(VoiceState{Guild: guild, User: self, Self: true, Lost: true, Stands: true})
		}
		s.changed(guild)
		s.tellGuild(guild, true)
	}
	s.wipe.Store(true)
	s.tellLate()
}

// lists tells which guilds the bot is in as far as a shard has collected them: all where it
// has not begun to.
func (s *shard) lists(collected *cache) func(snowflake.ID) bool {
	return func(guild snowflake.ID) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.missing == nil || s.missing[guild] || collected.has(guild)
	}
}

// InVoice counts the guilds in whose voice the bot is or wants to be.
func (s *shard) InVoice() (guilds, bySession int) {
	return s.g.cache.inVoice(s.serves, s.g.UserID(), s.presentSession())
}
