package app

import (
	"context"
	"errors"
	"fmt"

	"busker/bot"
	"busker/gateway"
	"busker/internal/snowflake"
	"busker/player"
	"busker/voice"
	"busker/voice/signal"
)

// voiceState hands our own voice states to the voice connections.
func (a *App) voiceState(s gateway.VoiceState) {
	switch {
	case !s.Self:
	case s.Lost && s.Stands:
		a.hub.HandleRenewed(s.Guild)
	case s.Lost:
		a.hub.HandleLost(s.Guild)
	default:
		a.hub.HandleState(voice.StateUpdate{Guild: s.Guild, Channel: s.Channel, User: s.User, SessionID: s.SessionID})
	}
}

// guildChanged tells of what the gateway knows of a guild.
func (a *App) guildChanged(guild snowflake.ID) {
	a.bot.GuildChanged(guild)
	a.players.OutputChanged(guild, player.OutputEvent{Kind: player.OutputAltered})
}

func (a *App) voiceServer(s gateway.VoiceServer) {
	a.hub.HandleServer(voice.ServerUpdate{Guild: s.Guild, Token: s.Token, Endpoint: s.Endpoint})
}

// outputEvents translates what the voice connections tell for the players.
var outputEvents = map[voice.EventKind]player.OutputEventKind{
	voice.Connected:    player.OutputConnected,
	voice.Moved:        player.OutputMoved,
	voice.Interrupted:  player.OutputInterrupted,
	voice.Disconnected: player.OutputDisconnected,
}

func (a *App) voiceEvent(e voice.Event) {
	if kind, ok := outputEvents[e.Kind]; ok {
		a.players.OutputChanged(e.Guild, player.OutputEvent{Kind: kind, Channel: e.Channel, Err: e.Err})
	}
}

// output is a voice connection as a player sees it.
type output struct{ *voice.Conn }

// Health implements player.Output.
func (o output) Health() player.Health {
	s := o.Status()
	h := player.Health{
		Connected: s.State == voice.Ready, Encrypted: s.Encrypted, Epoch: s.Epoch, Members: s.Members,
		LastReconnect: s.LastReconnect, Cause: cause(s.LastCause), Resumes: s.Resumes, Rejoins: s.Rejoins,
		Late: s.Late, LatenessP50: s.Lateness.P50, LatenessP99: s.Lateness.P99, Ping: s.Ping,
	}
	if s.State == voice.Recovering {
		h.Cause = cause(s.LastErr)
	}
	return h
}

// cause names the kind of trouble a voice connection had, and the error.
func cause(err error) string {
	var closed *signal.Closed
	kind := "connection"
	switch {
	case err == nil:
		return ""
	case errors.As(err, &closed):
		kind = "closed"
	case errors.Is(err, signal.ErrZombie):
		kind = "silent"
	case errors.Is(err, signal.ErrEncryption):
		kind = "encryption"
	}
	return fmt.Sprintf("%s: %v", kind, err)
}

// calls are the voice calls as the bot sees them.
type calls struct{ *voice.Hub }

// Privacy implements bot.Privacy.
func (c calls) Privacy(guild snowflake.ID) (bot.CallPrivacy, error) {
	p, err := c.Conn(guild).Privacy()
	return bot.CallPrivacy{Encrypted: p.Encrypted, Code: p.Code, Members: p.Members}, err
}

// PairwiseCode implements bot.Privacy.
func (c calls) PairwiseCode(ctx context.Context, guild, user snowflake.ID) (string, error) {
	return c.Conn(guild).PairwiseCode(ctx, user)
}

// PrivacyCode returns the voice privacy code of the guild's call as Discord's clients
// show it, and whether what is sent there is encrypted end to end.
func (a *App) PrivacyCode(guild snowflake.ID) (code string, encrypted bool) {
	s := a.hub.Conn(guild).Status()
	return bot.FormatCode(s.PrivacyCode), s.Encrypted
}
