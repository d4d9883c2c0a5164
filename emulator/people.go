package emulator

import (
	"fmt"

	"busker/emulator/discord"
)

// Role is a role of one guild.
type Role struct {
	ID    ID
	Name  string
	Guild *Guild
}

// AddRole makes a role with permissions beside those of @everyone; User.Give
// hands it out.
func (g *Guild) AddRole(name string, p discord.Permissions) *Role {
	r, err := g.e.world.AddRole(g.ID, name, p)
	if err != nil {
		panic(err) // the guild is of another emulator, or deleted
	}
	return &Role{ID: r.ID, Name: name, Guild: g}
}

// Allow replaces the role's permissions.
func (r *Role) Allow(p discord.Permissions) error {
	return r.Guild.e.world.ChangeRole(r.Guild.ID, r.ID, func(in *discord.Role) { in.Permissions = p })
}

// Delete removes the role from the guild and from everybody who has it.
func (r *Role) Delete() error { return r.Guild.e.world.DeleteRole(r.Guild.ID, r.ID) }

// Give gives the person the roles.
func (u *User) Give(roles ...*Role) error { return u.roles(true, roles) }

// Take takes the roles from the person.
func (u *User) Take(roles ...*Role) error { return u.roles(false, roles) }

func (u *User) roles(have bool, roles []*Role) error {
	for _, r := range roles {
		if err := u.e.world.GiveRole(u.Guild.ID, u.ID, r.ID, have); err != nil {
			return fmt.Errorf("role %s of %s: %w", r.Name, u.Name, err)
		}
	}
	return nil
}

// Moderate makes the person a moderator: they may move, mute and deafen members,
// delete messages and manage the guild.
func (u *User) Moderate() error {
	return u.Grant(discord.ManageGuild | discord.ManageChannels | discord.ManageMessages | discord.MoveMembers |
		discord.MuteMembers | discord.DeafenMembers)
}

// Grant gives a bot permissions in a guild, by a role it is assigned.
func (b *Bot) Grant(g *Guild, p discord.Permissions) error {
	_, err := b.e.world.AddRole(g.ID, b.Name+"'s role", p, b.ID)
	return err
}

// SetLocale chooses the person's language, a key such as "de" or "pt-BR".
func (u *User) SetLocale(locale string) error { return u.e.world.SetLocale(u.ID, locale) }

// Locale is the person's language.
func (u *User) Locale() string { return u.e.world.Locale(u.ID) }

// SetLocale chooses the guild's preferred language.
func (g *Guild) SetLocale(locale string) error {
	if !discord.KnownLocale(locale) {
		return fmt.Errorf("%q is no locale of Discord", locale)
	}
	return g.e.world.ChangeGuild(g.ID, func(in *discord.Guild) { in.PreferredLocale = locale })
}

// Delete deletes the guild: its bots are told they are out, everybody's voice ends.
func (g *Guild) Delete() error {
	inside := g.e.world.VoiceStates(g.ID)
	err := g.e.world.DeleteGuild(g.ID)
	for _, s := range inside {
		g.e.voice.Leave(g.ID, s.UserID)
		g.e.stopListening(s.UserID)
	}
	return err
}

// Outage makes the guild unavailable, as Discord's own outages do, or with false
// available again.
func (g *Guild) Outage(down bool) error { return g.e.world.GuildOutage(g.ID, down) }

// DeleteMessage deletes a message as this person: their own, or with the
// permission to manage messages anybody's.
func (u *User) DeleteMessage(m discord.Message) error {
	return u.e.world.DeleteMessage(u.ID, m.ChannelID, m.ID)
}

// Chatter lets n messages of several people pass, which bury what was last said.
func (c *Channel) Chatter(n int) error {
	const voices = 5 // enough to look like a crowd
	people := c.Guild.passersBy(voices)
	for i := range n {
		if _, err := people[i%voices].Say(c, fmt.Sprintf("message %d", i+1)); err != nil {
			return err
		}
	}
	return nil
}

// Download is the content of an attachment, as anybody with its address gets it.
func (e *Emulator) Download(a discord.Attachment) ([]byte, error) {
	f, ok := e.world.File(a.ID)
	if !ok {
		return nil, discord.ErrNotFound
	}
	return f.Data, nil
}
