package gateway

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"busker/emulator/discord"
)

// Intents the gateway knows.
const (
	intentGuilds         = 1 << 0
	intentMembers        = 1 << 1
	intentVoiceStates    = 1 << 7
	intentPresences      = 1 << 8
	intentMessages       = 1 << 9
	intentMessageContent = 1 << 15

	allIntents        = 1<<17 - 1 | 1<<20 | 1<<21 | 1<<24 | 1<<25
	privilegedIntents = intentMembers | intentPresences | intentMessageContent
)

type identify struct {
	Token      string         `json:"token"`
	Properties map[string]any `json:"properties"`
	Compress   bool           `json:"compress"`
	Shard      *[2]int        `json:"shard"`
	Intents    *int           `json:"intents"`
}

// identify is op 2: a new session, or a refusal.
func (c *conn) identify(ctx context.Context, d json.RawMessage) error {
	if c.session() != nil {
		return refused(closeAlready, "Already authenticated")
	}
	var in identify
	if err := json.Unmarshal(d, &in); err != nil || in.Properties == nil {
		return refused(closeDecode, "Error while decoding payload")
	}
	app, ok := c.server.world.AppByToken(strings.TrimPrefix(in.Token, "Bot "))
	if !ok {
		return refused(closeAuthentication, "Authentication failed.")
	}
	shard := [2]int{0, 1}
	if in.Shard != nil {
		shard = *in.Shard
	}
	switch {
	case shard[1] < 1 || shard[0] < 0 || shard[0] >= shard[1]:
		return refused(closeInvalidShard, "Invalid shard.")
	case shard[1] < c.server.opts.Limits.MinShards:
		return refused(closeShardingNeeded, "Sharding is required.")
	case in.Intents == nil || *in.Intents&^allIntents != 0:
		return refused(closeInvalidIntents, "Invalid intent(s).")
	case *in.Intents&privilegedIntents != 0 && !app.Privileged:
		return refused(closeDisallowed, "Disallowed intent(s).")
	}
	if !c.server.mayStart(app.User.ID, shard[0], time.Now()) {
		c.server.counts.refused.Add(1)
		return c.send(ctx, frame{Op: opInvalidSession, D: false})
	}
	c.compress.Store(in.Compress && !c.stream())
	one := newSession(c.server, app, shard, *in.Intents)
	one.attach(c)
	c.server.counts.identifies.Add(1)
	c.server.mu.Lock()
	c.server.sessions[one.id] = one
	c.server.mu.Unlock()
	c.now.Store(one)
	c.server.log.Info("identified", "bot", app.User.Username, "shard", shard[0])
	if err := c.ready(ctx, one); err != nil {
		return err
	}
	one.count(true)
	c.pumps.Go(func() { c.pump(ctx, one) })
	return nil
}

// ready tells a new session who it is and which guilds are its own, first as
// unavailable, then each whole. All of it counts as told before the first word is
// sent: a socket lost in the middle misses nothing that a resume does not bring.
func (c *conn) ready(ctx context.Context, one *session) error {
	first, err := c.firstDispatches(one)
	if err != nil {
		return err
	}
	for _, data := range first {
		if err := c.write(ctx, data); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) firstDispatches(one *session) ([][]byte, error) {
	type unavailable struct {
		ID          discord.ID `json:"id"`
		Unavailable bool       `json:"unavailable"`
	}
	guilds := []unavailable{}
	for _, id := range c.server.world.Guilds(one.app.User.ID) {
		if one.serves(id) {
			guilds = append(guilds, unavailable{id, true})
		}
	}
	ready, err := one.number("READY", map[string]any{
		"v": 10, "user": one.app.User, "guilds": guilds, "session_id": one.id, "session_type": "normal",
		"resume_gateway_url": c.server.URL(), "shard": one.shard, "relationships": []any{}, "private_channels": []any{},
		"user_settings": map[string]any{}, "guild_join_requests": []any{}, "geo_ordered_rtc_regions": []string{"local"},
		"application": map[string]any{"id": one.app.Application.ID, "flags": one.app.Application.Flags},
		"_trace":      []string{"[\"busker-emulator\",{\"micros\":0}]"},
	})
	all := [][]byte{ready}
	if err != nil || one.intents&intentGuilds == 0 {
		return all, err
	}
	for _, g := range guilds {
		full, err := c.server.world.FullGuild(one.app.User.ID, g.ID)
		if err != nil {
			continue // the bot was thrown out in this moment
		}
		data, err := one.number("GUILD_CREATE", full)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// resume is op 6: the missed dispatches again, then RESUMED, or op 9.
func (c *conn) resume(ctx context.Context, d json.RawMessage) error {
	if c.session() != nil {
		return refused(closeAlready, "Already authenticated")
	}
	var in struct {
		Token     string `json:"token"`
		SessionID string `json:"session_id"`
		Seq       *int   `json:"seq"`
	}
	if err := json.Unmarshal(d, &in); err != nil || in.Seq == nil {
		return refused(closeDecode, "Error while decoding payload")
	}
	app, ok := c.server.world.AppByToken(strings.TrimPrefix(in.Token, "Bot "))
	if !ok {
		return refused(closeAuthentication, "Authentication failed.")
	}
	c.server.mu.Lock()
	one := c.server.sessions[in.SessionID]
	c.server.mu.Unlock()
	if one == nil || one.app.User.ID != app.User.ID {
		return c.send(ctx, frame{Op: opInvalidSession, D: false})
	}
	if one.attach(c) {
		c.server.counts.takenOver.Add(1)
	}
	c.now.Store(one)
	missed, err := one.since(*in.Seq)
	if err != nil {
		return err
	}
	if missed == nil {
		c.now.Store(nil)
		c.server.end(one)
		return c.send(ctx, frame{Op: opInvalidSession, D: false})
	}
	for _, data := range missed {
		if err := c.write(ctx, data); err != nil {
			return err
		}
	}
	if err := one.catchUp(ctx, c); err != nil {
		return err
	}
	c.server.counts.resumes.Add(1) // before the client can say so
	if err := one.dispatch(ctx, c, "RESUMED", map[string]any{"_trace": []string{}}); err != nil {
		return err
	}
	one.count(true)
	c.server.log.Info("resumed", "bot", app.User.Username, "shard", one.shard[0], "replayed", len(missed))
	c.pumps.Go(func() { c.pump(ctx, one) })
	return nil
}

// pump tells the session what happens until the socket ends.
func (c *conn) pump(ctx context.Context, one *session) {
	for {
		change, err := one.watcher.Next(ctx)
		if err != nil {
			return
		}
		if err := one.tell(ctx, c, change); err != nil {
			c.cancel()
			return
		}
	}
}
