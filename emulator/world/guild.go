package world

import (
	"slices"
	"time"

	"busker/emulator/discord"
)

type guild struct {
	discord.Guild
	members  map[ID]*discord.Member
	order    []ID // of members, by joining
	channels []*channel
	voice    map[ID]discord.VoiceState
}

type channel struct {
	discord.Channel
	guild    *guild
	status   string             // of a voice channel
	messages []*discord.Message // by id
}

// AddGuild makes a guild owned by a new person nobody plays.
func (w *World) AddGuild(name string) discord.Guild {
	owner := w.AddUser("owner")
	w.mu.Lock()
	defer w.mu.Unlock()
	id := w.newGuildID()
	g := &guild{members: map[ID]*discord.Member{}, voice: map[ID]discord.VoiceState{}, Guild: discord.Guild{
		ID: id, Name: name, OwnerID: owner.ID, AFKTimeout: 300, PreferredLocale: "en-US", MaxMembers: 500000,
		MaxVideoChannelUsers: 25, Features: []string{}, Emojis: []discord.Emoji{}, Stickers: []any{},
		Roles: []discord.Role{{ID: id, Name: "@everyone", Permissions: discord.EveryonePermissions}},
	}}
	w.guilds[id] = g
	w.join(g, owner)
	return g.Guild
}

// AddUser makes a person.
func (w *World) AddUser(name string) discord.User {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := discord.User{ID: w.newID(), Username: name, Discriminator: "0", GlobalName: &name}
	w.users[u.ID] = u
	return u
}

// AddMember makes a user a member of a guild.
func (w *World) AddMember(guild ID, user discord.User, roles ...ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.guilds[guild]; g != nil && g.members[user.ID] == nil {
		w.join(g, user, roles...)
	}
}

// AddBot makes a bot a member of a guild, with a role of its own that has the
// permissions of its invitation.
func (w *World) AddBot(guild ID, bot App, permissions discord.Permissions) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guilds[guild]
	if g == nil || g.members[bot.User.ID] != nil {
		return
	}
	role := discord.Role{
		ID: w.newID(), Name: bot.User.Username, Position: len(g.Roles), Managed: true,
		Permissions: permissions, Tags: &discord.RoleTags{BotID: bot.User.ID},
	}
	g.Roles = append(slices.Clip(g.Roles), role)
	w.emit(RoleMade{Guild: guild, Role: role})
	w.join(g, bot.User, role.ID)
}

func (w *World) join(g *guild, user discord.User, roles ...ID) {
	m := &discord.Member{User: &user, Roles: append([]ID{}, roles...), JoinedAt: time.Now().UTC()}
	g.members[user.ID] = m
	g.order = append(g.order, user.ID)
	w.emit(GuildJoined{Guild: g.ID, Member: *m})
}

// RemoveMember takes a user out of a guild and its voice.
func (w *World) RemoveMember(guild, user ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guilds[guild]
	if g == nil || g.members[user] == nil {
		return
	}
	if before, ok := g.voice[user]; ok {
		w.emit(w.leaveVoice(g, before))
	}
	m := g.members[user]
	delete(g.members, user)
	g.order = slices.DeleteFunc(g.order, func(id ID) bool { return id == user })
	w.emit(GuildLeft{Guild: guild, User: *m.User})
	if a := w.apps[user]; a != nil {
		delete(a.commands, guild)
		w.dropManaged(g, user)
	}
}

// dropManaged removes the role a bot brought along.
func (w *World) dropManaged(g *guild, bot ID) {
	for _, r := range slices.Clone(g.Roles) {
		if r.Tags != nil && r.Tags.BotID == bot {
			w.deleteRole(g, r.ID)
		}
	}
}

// DeleteGuild deletes a guild: its bots are told as if they were removed.
func (w *World) DeleteGuild(id ID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guilds[id]
	if g == nil {
		return discord.ErrUnknownGuild
	}
	for _, c := range g.channels {
		for _, m := range c.messages {
			w.dropFiles(m.Attachments, nil)
		}
		delete(w.channels, c.ID)
	}
	for _, s := range g.voiceStates() {
		w.leaveVoice(g, s)
	}
	delete(w.guilds, id)
	for _, user := range g.order {
		if a := w.apps[user]; a != nil {
			delete(a.commands, id)
			w.emit(GuildLeft{Guild: id, User: a.User})
		}
	}
	return nil
}

// GuildOutage makes a guild unavailable to its bots, or available again; nothing
// in it changes meanwhile.
func (w *World) GuildOutage(id ID, down bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.guilds[id] == nil {
		return discord.ErrUnknownGuild
	}
	w.emit(GuildAvailable{Guild: id, Available: !down})
	return nil
}

// AddRole makes a role with the permissions and gives it to the users.
func (w *World) AddRole(guild ID, name string, permissions discord.Permissions, to ...ID) (discord.Role, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guilds[guild]
	if g == nil {
		return discord.Role{}, discord.ErrUnknownGuild
	}
	r := discord.Role{ID: w.newID(), Name: name, Position: len(g.Roles), Permissions: permissions}
	g.Roles = append(slices.Clip(g.Roles), r)
	var changed []discord.Member
	for _, id := range to {
		if m := g.members[id]; m != nil {
			m.Roles = append(slices.Clip(m.Roles), r.ID)
			w.refreshVoice(g, m)
			changed = append(changed, *m)
		}
	}
	w.emit(RoleMade{Guild: guild, Role: r})
	for _, m := range changed {
		w.emit(MemberChanged{Guild: guild, Member: m})
	}
	return r, nil
}

// AddChannel makes a channel; ID and Position are filled in.
func (w *World) AddChannel(guild ID, c discord.Channel) (discord.Channel, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guilds[guild]
	if g == nil {
		return c, discord.ErrUnknownGuild
	}
	c.ID, c.GuildID, c.Position = w.newID(), guild, len(g.channels)
	if c.PermissionOverwrites == nil {
		c.PermissionOverwrites = []discord.Overwrite{}
	}
	ch := &channel{Channel: c, guild: g}
	g.channels = append(g.channels, ch)
	w.channels[c.ID] = ch
	w.emit(ChannelMade{Channel: c})
	return c, nil
}

// ChangeChannel lets change set the channel's name, limits or overwrites. A slice
// in it must be replaced, not written into.
func (w *World) ChangeChannel(id ID, change func(*discord.Channel)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channels[id]
	if c == nil {
		return discord.ErrUnknownChannel
	}
	change(&c.Channel)
	w.emit(ChannelChanged{Channel: c.Channel})
	return nil
}

// DeleteChannel removes a channel; who was in its voice is out.
func (w *World) DeleteChannel(id ID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channels[id]
	if c == nil {
		return discord.ErrUnknownChannel
	}
	for _, state := range c.guild.voiceStates() {
		if state.ChannelID == id {
			w.emit(w.leaveVoice(c.guild, state))
		}
	}
	for _, m := range c.messages {
		w.dropFiles(m.Attachments, nil)
	}
	delete(w.channels, id)
	c.guild.channels = slices.DeleteFunc(c.guild.channels, func(in *channel) bool { return in == c })
	w.emit(ChannelDeleted{Channel: c.Channel})
	return nil
}
