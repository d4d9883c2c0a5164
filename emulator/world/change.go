package world

import "busker/emulator/discord"

// Change is something that happened. The closed set is below.
type Change interface{ change() }

type (
	// GuildJoined : a bot or person is now a member of the guild.
	GuildJoined struct {
		Guild  ID
		Member discord.Member
	}
	// GuildLeft : a member was removed.
	GuildLeft struct {
		Guild ID
		User  discord.User
	}
	// ChannelMade : a channel exists.
	ChannelMade struct{ Channel discord.Channel }
	// ChannelChanged : its settings or permissions are new.
	ChannelChanged struct{ Channel discord.Channel }
	// ChannelDeleted : it is gone with its messages.
	ChannelDeleted struct{ Channel discord.Channel }
	// RoleMade : a role exists.
	RoleMade struct {
		Guild ID
		Role  discord.Role
	}
	// RoleChanged : its name or permissions are new.
	RoleChanged struct {
		Guild ID
		Role  discord.Role
	}
	// RoleDeleted : nobody has it any more.
	RoleDeleted struct{ Guild, Role ID }
	// MemberChanged : a member's roles are new.
	MemberChanged struct {
		Guild  ID
		Member discord.Member
	}
	// GuildChanged : its name or locale is new.
	GuildChanged struct{ Guild discord.Guild }
	// GuildAvailable : an outage of the guild ended or, with false, began.
	GuildAvailable struct {
		Guild     ID
		Available bool
	}
	// VoiceStatusChanged : a voice channel's status is new; "" is none.
	VoiceStatusChanged struct {
		Guild, Channel ID
		Status         string
	}
	// ChannelInfoListed : the answer to one session's request for channel info.
	ChannelInfoListed struct {
		Session string
		Guild   ID
		Status  map[ID]string // by channel
	}
	// MessageCreated : a message, also an ephemeral one (see VisibleTo).
	MessageCreated struct{ Message discord.Message }
	// MessageEdited : the message as it is now; a deferred reply that arrives is an edit.
	MessageEdited struct{ Message discord.Message }
	// MessageDeleted : the message as it last was.
	MessageDeleted struct{ Message discord.Message }
	// VoiceMoved : a user's voice state is new; From is the channel before, 0 for none.
	VoiceMoved struct {
		State discord.VoiceState
		From  ID
	}
	// VoiceServerAssigned : the bot User is told a voice server; Endpoint "" is null.
	VoiceServerAssigned struct {
		User, Guild     ID
		Token, Endpoint string
	}
	// CommandsChanged : the application's commands in Guild (0: global) are new.
	CommandsChanged struct{ Application, Guild ID }
	// InteractionMade : a person did something an application must answer.
	InteractionMade struct {
		Interaction discord.Interaction
		User        ID
	}
	// InteractionAcknowledged : the application's first answer.
	InteractionAcknowledged struct {
		Interaction, User ID
		Type              discord.CallbackType
	}
	// MembersListed : the answer to one session's request for members.
	MembersListed struct {
		Session, Nonce string
		Guild          ID
		Members        []discord.Member
	}
	// PresenceChanged : the bot has Sessions gateway sessions that are connected and ready.
	PresenceChanged struct {
		User     ID
		Sessions int
	}
)

func (GuildJoined) change()             {}
func (GuildLeft) change()               {}
func (ChannelMade) change()             {}
func (ChannelChanged) change()          {}
func (ChannelDeleted) change()          {}
func (RoleMade) change()                {}
func (RoleChanged) change()             {}
func (RoleDeleted) change()             {}
func (MemberChanged) change()           {}
func (GuildChanged) change()            {}
func (GuildAvailable) change()          {}
func (VoiceStatusChanged) change()      {}
func (ChannelInfoListed) change()       {}
func (MessageCreated) change()          {}
func (MessageEdited) change()           {}
func (MessageDeleted) change()          {}
func (VoiceMoved) change()              {}
func (VoiceServerAssigned) change()     {}
func (CommandsChanged) change()         {}
func (InteractionMade) change()         {}
func (InteractionAcknowledged) change() {}
func (MembersListed) change()           {}
func (PresenceChanged) change()         {}

// Emit tells the watchers of a change that the caller made or pretends.
func (w *World) Emit(c Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.emit(c)
}

func (w *World) emit(c Change) {
	for watcher := range w.watchers {
		watcher.put(c)
	}
	close(w.changed)
	w.changed = make(chan struct{})
}
