package world

import (
	"cmp"
	"slices"

	"busker/emulator/discord"
)

// Guild returns a guild the actor is a member of.
func (w *World) Guild(actor, id ID) (discord.Guild, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, _, err := w.guildOf(actor, id)
	if err != nil {
		return discord.Guild{}, err
	}
	out := g.Guild
	out.ApproximateMemberCount = len(g.members)
	return out, nil
}

// guildOf returns the guild and the actor's membership. To a bot, a guild it is
// not in does not exist.
func (w *World) guildOf(actor, id ID) (*guild, *discord.Member, error) {
	g := w.guilds[id]
	if g == nil || g.members[actor] == nil {
		return nil, nil, discord.ErrUnknownGuild
	}
	return g, g.members[actor], nil
}

// FullGuild returns a guild as GUILD_CREATE shows it to a member: the channels
// they see, all members and all voice states.
func (w *World) FullGuild(actor, id ID) (discord.FullGuild, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, me, err := w.guildOf(actor, id)
	if err != nil {
		return discord.FullGuild{}, err
	}
	none := []any{}
	full := discord.FullGuild{
		Guild: g.Guild, JoinedAt: me.JoinedAt, MemberCount: len(g.members), Channels: g.visible(*me),
		Members: g.memberList(), VoiceStates: g.voiceStates(),
		Threads: none, Presences: none, StageInstances: none, GuildScheduledEvents: none, SoundboardSounds: none,
	}
	for i := range full.VoiceStates {
		full.VoiceStates[i].GuildID = 0
		full.VoiceStates[i].Member = nil
	}
	return full, nil
}

func (g *guild) visible(m discord.Member) []discord.Channel {
	list := []discord.Channel{}
	for _, c := range g.channels {
		// Discord sends voice channels one cannot see too, without telling more; here
		// they are left out like text channels.
		if discord.ChannelPermissions(g.Guild, c.Channel, m).Has(discord.ViewChannel) {
			list = append(list, c.Channel)
		}
	}
	return list
}

func (g *guild) memberList() []discord.Member {
	list := make([]discord.Member, 0, len(g.order))
	for _, id := range g.order {
		list = append(list, *g.members[id])
	}
	return list
}

func (g *guild) voiceStates() []discord.VoiceState {
	list := make([]discord.VoiceState, 0, len(g.voice))
	for _, s := range g.voice {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b discord.VoiceState) int { return cmp.Compare(a.UserID, b.UserID) })
	return list
}

// Channels are the guild's channels the actor sees.
func (w *World) Channels(actor, guild ID) ([]discord.Channel, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, me, err := w.guildOf(actor, guild)
	if err != nil {
		return nil, err
	}
	return g.visible(*me), nil
}

// Members are the guild's members with an id above after, at most limit.
func (w *World) Members(actor, guild, after ID, limit int) ([]discord.Member, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, _, err := w.guildOf(actor, guild)
	if err != nil {
		return nil, err
	}
	list := g.memberList()
	slices.SortFunc(list, func(a, b discord.Member) int { return cmp.Compare(a.User.ID, b.User.ID) })
	list = slices.DeleteFunc(list, func(m discord.Member) bool { return m.User.ID <= after })
	return list[:min(limit, len(list))], nil
}

// Member is one member of the guild.
func (w *World) Member(actor, guild, user ID) (discord.Member, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, _, err := w.guildOf(actor, guild)
	if err != nil {
		return discord.Member{}, err
	}
	m := g.members[user]
	if m == nil {
		return discord.Member{}, discord.ErrUnknownMember
	}
	return *m, nil
}

// VoiceStates are the voice states of everybody in the guild's voice channels.
func (w *World) VoiceStates(guild ID) []discord.VoiceState {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guilds[guild]
	if g == nil {
		return nil
	}
	return g.voiceStates()
}

// VoiceState is a user's voice state in the guild; ok is false while they are in
// no channel.
func (w *World) VoiceState(guild, user ID) (s discord.VoiceState, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.guilds[guild]; g != nil {
		s, ok = g.voice[user]
	}
	return s, ok
}

// Channel returns a channel the actor sees.
func (w *World) Channel(actor, id ID) (discord.Channel, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, _, err := w.channelFor(actor, id)
	if err != nil {
		return discord.Channel{}, err
	}
	return c.Channel, nil
}

// Permissions are the actor's permissions in a channel, 0 where they see nothing.
func (w *World) Permissions(actor, channel ID) discord.Permissions {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channels[channel]
	if c == nil || c.guild.members[actor] == nil {
		return 0
	}
	return discord.ChannelPermissions(c.guild.Guild, c.Channel, *c.guild.members[actor])
}

// channelFor returns a channel and what the actor may do there. Outside the
// guild, or without ViewChannel, it is Missing Access.
func (w *World) channelFor(actor, id ID) (*channel, discord.Permissions, error) {
	c := w.channels[id]
	if c == nil {
		return nil, 0, discord.ErrUnknownChannel
	}
	m := c.guild.members[actor]
	if m == nil {
		return nil, 0, discord.ErrMissingAccess
	}
	p := discord.ChannelPermissions(c.guild.Guild, c.Channel, *m)
	if !p.Has(discord.ViewChannel) {
		return nil, 0, discord.ErrMissingAccess
	}
	return c, p, nil
}

// Member, found without an actor, for the objects that carry one.
func (g *guild) member(user ID) *discord.Member {
	m := g.members[user]
	if m == nil {
		return nil
	}
	clone := *m
	return &clone
}

// Bots are the applications whose bots are members of the guild.
func (w *World) Bots(guild ID) []ID {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guilds[guild]
	if g == nil {
		return nil
	}
	var list []ID
	for _, id := range g.order {
		if w.apps[id] != nil {
			list = append(list, id)
		}
	}
	return list
}
