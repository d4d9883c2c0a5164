package world

import (
	"net/http"
	"time"

	"busker/emulator/discord"
)

// VoiceChange is what a PATCH of a voice state asks for.
type VoiceChange struct {
	Channel  ID    // 0: wherever the user is
	Suppress *bool // false makes a speaker
	// Request is when the user asked to speak; set and zero takes the request back.
	Request discord.Field[*time.Time]
}

// EditVoice changes a voice state on a stage: the actor's own, or somebody else's.
// One may always suppress oneself or take a request back; RequestToSpeak is needed
// to ask, MuteMembers for everything else.
func (w *World) EditVoice(actor, guild, user ID, change VoiceChange) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, _, err := w.guildOf(actor, guild)
	if err != nil {
		return err
	}
	state, ok := g.voice[user]
	if !ok || change.Channel != 0 && state.ChannelID != change.Channel {
		return discord.ErrUnknownVoiceState
	}
	c, p, err := w.channelFor(actor, state.ChannelID)
	if err != nil {
		return err
	}
	if c.Type != discord.StageChannel {
		return &discord.Error{Status: http.StatusBadRequest, Code: 50024, Message: "Cannot execute action on this channel type"}
	}
	next, err := w.voiceEdit(state, change, actor == user, p)
	if err != nil {
		return err
	}
	w.putVoice(g, next)
	w.emit(VoiceMoved{State: next, From: next.ChannelID})
	return nil
}

// voiceEdit is the state after the change, if the permissions allow it.
func (w *World) voiceEdit(s discord.VoiceState, change VoiceChange, own bool, p discord.Permissions) (discord.VoiceState, error) {
	if r := change.Request; r.Set {
		if !own || r.Value != nil && !p.Has(discord.RequestToSpeak) {
			return s, discord.ErrMissingPermissions
		}
		s.RequestToSpeakTimestamp = r.Value
	}
	if change.Suppress == nil {
		return s, nil
	}
	if !p.Has(discord.MuteMembers) && (!own || !*change.Suppress) {
		return s, discord.ErrMissingPermissions
	}
	s.Suppress = *change.Suppress
	s.RequestToSpeakTimestamp = nil
	if !s.Suppress && !own && w.apps[s.UserID] == nil { // an invitation, which a bot needs not accept
		now := time.Now().UTC()
		s.RequestToSpeakTimestamp = &now
	}
	return s, nil
}
