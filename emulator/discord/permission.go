package discord

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Permissions is a set of permission bits; in JSON a decimal string.
type Permissions uint64

// The permissions the emulator looks at.
const (
	Administrator          Permissions = 1 << 3
	ManageChannels         Permissions = 1 << 4
	ManageGuild            Permissions = 1 << 5
	AddReactions           Permissions = 1 << 6
	PrioritySpeaker        Permissions = 1 << 8
	Stream                 Permissions = 1 << 9
	ViewChannel            Permissions = 1 << 10
	SendMessages           Permissions = 1 << 11
	ManageMessages         Permissions = 1 << 13
	EmbedLinks             Permissions = 1 << 14
	AttachFiles            Permissions = 1 << 15
	ReadMessageHistory     Permissions = 1 << 16
	MentionEveryone        Permissions = 1 << 17
	UseExternalEmojis      Permissions = 1 << 18
	Connect                Permissions = 1 << 20
	Speak                  Permissions = 1 << 21
	MuteMembers            Permissions = 1 << 22
	DeafenMembers          Permissions = 1 << 23
	MoveMembers            Permissions = 1 << 24
	UseVAD                 Permissions = 1 << 25
	ChangeNickname         Permissions = 1 << 26
	ManageRoles            Permissions = 1 << 28
	UseApplicationCommands Permissions = 1 << 31
	RequestToSpeak         Permissions = 1 << 32
	SetVoiceChannelStatus  Permissions = 1 << 48

	// AllPermissions is what an owner or administrator has.
	AllPermissions Permissions = 1<<53 - 1

	// EveryonePermissions is what @everyone of a new guild has.
	EveryonePermissions = AddReactions | Stream | ViewChannel | SendMessages | EmbedLinks | AttachFiles |
		ReadMessageHistory | MentionEveryone | UseExternalEmojis | Connect | Speak | UseVAD | ChangeNickname |
		UseApplicationCommands | RequestToSpeak
)

// Has reports whether all bits of want are in p.
func (p Permissions) Has(want Permissions) bool { return p&want == want }

// MarshalJSON writes the decimal string.
func (p Permissions) MarshalJSON() ([]byte, error) {
	return []byte(`"` + strconv.FormatUint(uint64(p), 10) + `"`), nil
}

// UnmarshalJSON reads a decimal string or a number.
func (p *Permissions) UnmarshalJSON(b []byte) error {
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("permissions %s: %w", b, err)
	}
	v, err := strconv.ParseUint(n.String(), 10, 64)
	if err != nil {
		return fmt.Errorf("permissions %s: %w", b, err)
	}
	*p = Permissions(v)
	return nil
}

// OpenTo reports whether a command's default permissions let somebody use it: all
// of them are needed, none listed leaves administrators only.
func (c Command) OpenTo(may Permissions) bool {
	p := c.DefaultMemberPermissions
	return p == nil || may.Has(Administrator) || *p != 0 && may.Has(*p)
}

// BasePermissions are a member's permissions in the whole guild: those of
// @everyone and of all their roles.
func BasePermissions(g Guild, m Member) Permissions {
	if m.User != nil && m.User.ID == g.OwnerID {
		return AllPermissions
	}
	var p Permissions
	for _, r := range g.Roles {
		if r.ID == g.ID || contains(m.Roles, r.ID) {
			p |= r.Permissions
		}
	}
	if p.Has(Administrator) {
		return AllPermissions
	}
	return p
}

// ChannelPermissions are a member's permissions in one channel, in the documented
// order: base, @everyone's overwrite, the denies and then the allows of all
// roles, the member's own. Without ViewChannel nothing remains; without Connect
// nothing that needs a voice connection does.
func ChannelPermissions(g Guild, c Channel, m Member) Permissions {
	p := BasePermissions(g, m)
	if p.Has(Administrator) {
		return p
	}
	var deny, allow Permissions
	for _, o := range c.PermissionOverwrites {
		switch {
		case o.ID == g.ID:
			p = p&^o.Deny | o.Allow
		case o.Type == 0 && contains(m.Roles, o.ID):
			deny |= o.Deny
			allow |= o.Allow
		}
	}
	p = p&^deny | allow
	for _, o := range c.PermissionOverwrites {
		if o.Type == 1 && m.User != nil && o.ID == m.User.ID {
			p = p&^o.Deny | o.Allow
		}
	}
	switch {
	case !p.Has(ViewChannel):
		return 0
	case c.Type.Voice() && !p.Has(Connect):
		p &^= Speak | Stream | UseVAD | PrioritySpeaker | MuteMembers | DeafenMembers | MoveMembers | RequestToSpeak
	}
	return p
}

func contains(ids []ID, id ID) bool {
	for _, have := range ids {
		if have == id {
			return true
		}
	}
	return false
}
