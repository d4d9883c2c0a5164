package rest

import (
	"time"

	"busker/emulator/discord"
	"busker/emulator/world"
)

func (c *call) getGateway() (any, error) { return map[string]string{"url": c.gateway.URL()}, nil }

func (c *call) getGatewayBot() (any, error) {
	s := c.gateway.Starts(c.app.User.ID)
	return map[string]any{
		"url":    c.gateway.URL(),
		"shards": s.Shards,
		"session_start_limit": map[string]any{
			"total": s.Total, "remaining": s.Remaining,
			"reset_after": s.ResetAfter.Milliseconds(), "max_concurrency": s.MaxConcurrency,
		},
	}, nil
}

func (c *call) getRegions() (any, error) {
	return []map[string]any{{"id": "local", "name": "Local", "optimal": true, "deprecated": false, "custom": false}}, nil
}

func (c *call) getMe() (any, error) { return c.app.User, nil }

func (c *call) getApplication() (any, error) { return c.app.Application, nil }

func (c *call) getUser() (any, error) {
	id, err := c.id("user")
	if err != nil {
		return nil, err
	}
	u, ok := c.world.User(id)
	if !ok {
		return nil, discord.ErrUnknownUser
	}
	return u, nil
}

func (c *call) getMyGuilds() (any, error) {
	type partial struct {
		ID          discord.ID          `json:"id"`
		Name        string              `json:"name"`
		Icon        *string             `json:"icon"`
		Owner       bool                `json:"owner"`
		Permissions discord.Permissions `json:"permissions"`
		Features    []string            `json:"features"`
	}
	list := []partial{}
	for _, id := range c.world.Guilds(c.app.User.ID) {
		g, err := c.world.Guild(c.app.User.ID, id)
		if err != nil {
			continue // left in this moment
		}
		m, err := c.world.Member(c.app.User.ID, id, c.app.User.ID)
		if err != nil {
			continue
		}
		list = append(list, partial{ID: g.ID, Name: g.Name, Permissions: discord.BasePermissions(g, m), Features: g.Features})
	}
	return list, nil
}

func (c *call) getGuild() (any, error) {
	id, err := c.id("guild")
	if err != nil {
		return nil, err
	}
	return nilOr(c.world.Guild(c.app.User.ID, id))
}

func (c *call) getGuildChannels() (any, error) {
	id, err := c.id("guild")
	if err != nil {
		return nil, err
	}
	return nilOr(c.world.Channels(c.app.User.ID, id))
}

func (c *call) getRoles() (any, error) {
	id, err := c.id("guild")
	if err != nil {
		return nil, err
	}
	g, err := c.world.Guild(c.app.User.ID, id)
	return g.Roles, err
}

func (c *call) getMembers() (any, error) {
	id, err := c.id("guild")
	if err != nil {
		return nil, err
	}
	limit, err := c.number("limit", 1, 1, 1000)
	if err != nil {
		return nil, err
	}
	return nilOr(c.world.Members(c.app.User.ID, id, c.queryID("after"), limit))
}

func (c *call) getMember() (any, error) {
	guild, user, err := c.guildAndUser()
	if err != nil {
		return nil, err
	}
	return nilOr(c.world.Member(c.app.User.ID, guild, user))
}

func (c *call) getVoiceState() (any, error) {
	guild, user, err := c.guildAndUser()
	if err != nil {
		return nil, err
	}
	if _, err := c.world.Guild(c.app.User.ID, guild); err != nil {
		return nil, err
	}
	s, ok := c.world.VoiceState(guild, user)
	if !ok {
		return nil, discord.ErrUnknownVoiceState
	}
	return s, nil
}

// guildAndUser reads both ids; the user may be @me.
func (c *call) guildAndUser() (guild, user discord.ID, err error) {
	guild, err = c.id("guild")
	if err != nil {
		return 0, 0, err
	}
	if c.r.PathValue("user") == "@me" {
		return guild, c.app.User.ID, nil
	}
	user, err = c.id("user")
	return guild, user, err
}

// editVoiceState is how one becomes a speaker on a stage, asks to, or invites.
func (c *call) editVoiceState() (any, error) {
	guild, user, err := c.guildAndUser()
	if err != nil {
		return nil, err
	}
	var body struct {
		ChannelID discord.ID                `json:"channel_id"`
		Suppress  *bool                     `json:"suppress"`
		Request   discord.Field[*time.Time] `json:"request_to_speak_timestamp"`
	}
	if _, err := c.read(&body); err != nil {
		return nil, err
	}
	return nil, c.world.EditVoice(c.app.User.ID, guild, user, world.VoiceChange{
		Channel: body.ChannelID, Suppress: body.Suppress, Request: body.Request,
	})
}

// setVoiceStatus sets the line under a voice channel's name; null is none.
func (c *call) setVoiceStatus() (any, error) {
	id, err := c.id("channel")
	if err != nil {
		return nil, err
	}
	var body struct {
		Status string `json:"status"`
	}
	if _, err := c.read(&body); err != nil {
		return nil, err
	}
	return nil, c.world.SetVoiceStatus(c.app.User.ID, id, body.Status)
}

// nilOr turns a typed result into an answer.
func nilOr[T any](v T, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return v, nil
}
