package world

import (
	"net/http"

	"busker/emulator/discord"
)

// SetVoiceStatus sets the line under a voice channel's name, "" for none. The
// actor needs SetVoiceChannelStatus, and ManageChannels too while they are not in
// the channel.
func (w *World) SetVoiceStatus(actor, channelID ID, status string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, p, err := w.channelFor(actor, channelID)
	if err != nil {
		return err
	}
	if c.Type != discord.VoiceChannel {
		return &discord.Error{Status: http.StatusBadRequest, Code: 50024, Message: "Cannot execute action on this channel type"}
	}
	need := discord.SetVoiceChannelStatus
	if c.guild.voice[actor].ChannelID != channelID {
		need |= discord.ManageChannels
	}
	if !p.Has(need) {
		return discord.ErrMissingPermissions
	}
	if err := discord.CheckVoiceStatus(status); err != nil {
		return err
	}
	w.setStatus(c, status)
	return nil
}

func (w *World) setStatus(c *channel, status string) {
	if c.status == status {
		return
	}
	c.status = status
	w.emit(VoiceStatusChanged{Guild: c.GuildID, Channel: c.ID, Status: status})
}

// VoiceStatus is the line under a voice channel's name.
func (w *World) VoiceStatus(channelID ID) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c := w.channels[channelID]; c != nil {
		return c.status
	}
	return ""
}

// VoiceStatuses are the status lines of the guild's channels the actor sees.
func (w *World) VoiceStatuses(actor, guild ID) map[ID]string {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, m, err := w.guildOf(actor, guild)
	if err != nil {
		return nil
	}
	list := map[ID]string{}
	for _, c := range g.channels {
		if c.status != "" && discord.ChannelPermissions(g.Guild, c.Channel, *m).Has(discord.ViewChannel) {
			list[c.ID] = c.status
		}
	}
	return list
}

// clearStatus ends the status of a channel whose last person left.
func (w *World) clearStatus(g *guild, left ID) {
	c := w.channels[left]
	if c == nil || c.status == "" {
		return
	}
	for _, s := range g.voice {
		if s.ChannelID == left {
			return
		}
	}
	w.setStatus(c, "")
}
