package gateway

import (
	"busker/internal/fault"
	"busker/internal/snowflake"
)

// MayReturn says why the bot must not go to a voice channel it was in before, nil when it
// may. After a start Discord tells of one guild after the other, and until it has the
// fault is Unavailable; of a channel that is gone it tells nothing.
func (g *Gateway) MayReturn(guild, channel snowflake.ID) error {
	if !g.Online(guild) {
		return fault.New(fault.Unavailable, "I am not connected to Discord yet. Try again in a moment.")
	}
	if _, known := g.ChannelInfo(channel); !known {
		return fault.New(fault.NotFound, "The voice channel I was in is gone, or I may not see it.")
	}
	access := g.VoiceAccess(channel)
	var missing fault.Terms
	for _, name := range access.Missing {
		missing = append(missing, fault.Term(name))
	}
	switch {
	case len(missing) > 0:
		return fault.Newf(fault.Denied, "I may not go back to <#%s>: I lack %s.", channel, missing)
	case access.Full:
		return fault.Newf(fault.Denied, "<#%s> is full now.", channel)
	}
	return nil
}
