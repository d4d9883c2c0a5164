package world

import (
	"errors"

	"busker/emulator/discord"
)

// What keeps somebody out of a voice channel. Discord answers op 4 with silence
// in all three cases.
var (
	ErrNotVoice    = errors.New("not a voice channel of that guild")
	ErrMayNotJoin  = errors.New("no permission to connect")
	ErrChannelFull = errors.New("the channel is full")
)

// VoiceJoin is a wish to be in a channel (0: in none) as op 4 states it.
type VoiceJoin struct {
	User, Guild, Channel ID
	SessionID            string
	SelfMute, SelfDeaf   bool
	Dragged              bool // by somebody who may: limit and permissions do not count
}

// PlaceVoice carries out the wish without telling anybody, and returns the change
// to Emit. moved is whether the channel or the session is another than before.
func (w *World) PlaceVoice(j VoiceJoin) (c VoiceMoved, moved bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, m, err := w.guildOf(j.User, j.Guild)
	if err != nil {
		return c, false, err
	}
	before, in := g.voice[j.User]
	if j.Channel == 0 {
		if !in {
			return c, false, ErrNotVoice
		}
		return w.leaveVoice(g, before), true, nil
	}
	to := w.channels[j.Channel]
	if to == nil || to.guild != g || !to.Type.Voice() {
		return c, false, ErrNotVoice
	}
	if before.ChannelID != j.Channel && !j.Dragged {
		if err := g.mayJoin(to, *m); err != nil {
			return c, false, err
		}
	}
	state := discord.VoiceState{
		GuildID: g.ID, ChannelID: j.Channel, UserID: j.User, Member: g.member(j.User), SessionID: j.SessionID,
		SelfMute: j.SelfMute, SelfDeaf: j.SelfDeaf, Mute: before.Mute, Deaf: before.Deaf,
		Suppress: to.suppresses(*m),
	}
	if !to.stays(before, j) {
		state.RequestToSpeakTimestamp = nil
	} else {
		state.Suppress, state.RequestToSpeakTimestamp = before.Suppress, before.RequestToSpeakTimestamp
	}
	w.putVoice(g, state)
	if before.ChannelID != 0 && before.ChannelID != j.Channel {
		w.clearStatus(g, before.ChannelID)
	}
	moved = before.ChannelID != j.Channel || before.SessionID != j.SessionID
	return VoiceMoved{State: state, From: before.ChannelID}, moved, nil
}

// mayJoin: whoever may move members may also enter a full channel.
func (g *guild) mayJoin(c *channel, m discord.Member) error {
	p := discord.ChannelPermissions(g.Guild, c.Channel, m)
	if !p.Has(discord.ViewChannel | discord.Connect) {
		return ErrMayNotJoin
	}
	if c.UserLimit == nil || *c.UserLimit == 0 || p.Has(discord.MoveMembers) {
		return nil
	}
	people := 0
	for _, s := range g.voice {
		if s.ChannelID == c.ID {
			people++
		}
	}
	if people >= *c.UserLimit {
		return ErrChannelFull
	}
	return nil
}

// suppresses: on a stage one enters the audience, moderators excepted; in a voice
// channel one is suppressed without Speak.
func (c *channel) suppresses(m discord.Member) bool {
	p := discord.ChannelPermissions(c.guild.Guild, c.Channel, m)
	if c.Type == discord.StageChannel {
		return !p.Has(discord.MuteMembers)
	}
	return !p.Has(discord.Speak)
}

// IsStage reports whether a channel is a stage.
func (w *World) IsStage(channel ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channels[channel]
	return c != nil && c.Type == discord.StageChannel
}

// stays reports whether a join is none: only a flag or the session is another. A
// stage's speaker stays one then.
func (c *channel) stays(before discord.VoiceState, j VoiceJoin) bool {
	return c.Type == discord.StageChannel && before.ChannelID == j.Channel && before.SessionID == j.SessionID
}

// putVoice stores a voice state and tells who lets its user be heard.
func (w *World) putVoice(g *guild, s discord.VoiceState) {
	g.voice[s.UserID] = s
	if w.opts.OnSilence != nil {
		w.opts.OnSilence(g.ID, s.UserID, s.Mute || s.Suppress)
	}
}

func (w *World) leaveVoice(g *guild, before discord.VoiceState) VoiceMoved {
	delete(g.voice, before.UserID)
	if w.opts.OnSilence != nil {
		w.opts.OnSilence(g.ID, before.UserID, false)
	}
	w.clearStatus(g, before.ChannelID)
	after := before
	after.ChannelID = 0
	return VoiceMoved{State: after, From: before.ChannelID}
}

// ChangeVoice lets change set a user's flags (server mute, suppress) and tells
// everybody; it reports whether they are in voice.
func (w *World) ChangeVoice(guild, user ID, change func(*discord.VoiceState)) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guilds[guild]
	if g == nil {
		return false
	}
	state, ok := g.voice[user]
	if !ok {
		return false
	}
	change(&state)
	w.putVoice(g, state)
	w.emit(VoiceMoved{State: state, From: state.ChannelID})
	return true
}

// VoiceOfSession returns the voice states that belong to a gateway session.
func (w *World) VoiceOfSession(user ID, session string) []discord.VoiceState {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []discord.VoiceState
	for _, g := range w.guilds {
		if s, ok := g.voice[user]; ok && s.SessionID == session {
			list = append(list, s)
		}
	}
	return list
}
