package emulator

import (
	"net"

	"busker/emulator/rest"
	"busker/emulator/world"
)

// What others do to a bot's voice, and what a test may break. Each returns whether
// there was something to do it to.

// When is the moment the old voice socket is closed relative to the two events of
// a move. All three happen at Discord.
type When int

// The moments.
const (
	BeforeEvents When = iota
	BetweenEvents
	AfterEvents
)

// MoveOptions of MoveBot. The zero value closes the socket first, with 4014.
type MoveOptions struct {
	Close int // voice close code; default 4014, also seen: 4022
	When  When
}

// MoveBot drags the bot into another voice channel, as somebody with the
// permission to move members does.
func (g *Guild) MoveBot(b *Bot, to *Channel, opts ...MoveOptions) bool {
	s, ok := g.e.world.VoiceState(g.ID, b.ID)
	if !ok {
		return false
	}
	change, _, err := g.e.world.PlaceVoice(world.VoiceJoin{
		User: b.ID, Guild: g.ID, Channel: to.ID, SessionID: s.SessionID,
		SelfMute: s.SelfMute, SelfDeaf: s.SelfDeaf, Dragged: true,
	})
	if err != nil {
		return false
	}
	g.e.relocate(change, g.e.voice.Endpoint(), opts)
	return true
}

// relocate tells a bot its new place and closes its old socket. Nothing but the
// drop ends the old session, so it can come before, between or after.
func (e *Emulator) relocate(state world.VoiceMoved, endpoint string, opts []MoveOptions) {
	var o MoveOptions
	if len(opts) > 0 {
		o = opts[0]
	}
	if o.Close == 0 {
		o.Close = closeDisconnected
	}
	old, connected := e.voice.Connected(state.State.GuildID, state.State.UserID)
	drop := func(now When) {
		if now == o.When && connected {
			e.voice.DropSession(old.Token, o.Close) // not the new one, if that is there already
		}
	}
	drop(BeforeEvents)
	server := e.assign(state.State, endpoint)
	if state.From != state.State.ChannelID {
		e.world.Emit(state)
	}
	drop(BetweenEvents)
	e.world.Emit(server)
	drop(AfterEvents)
}

// DisconnectBot throws the bot out of its voice channel.
func (g *Guild) DisconnectBot(b *Bot) bool { return g.e.outOfVoice(g.ID, b.ID) }

// ChangeRegion gives the bot another voice server under another name, without
// moving it: only the server event comes, and the old socket is closed.
func (g *Guild) ChangeRegion(b *Bot, opts ...MoveOptions) bool {
	s, ok := g.e.world.VoiceState(g.ID, b.ID)
	if !ok {
		return false
	}
	_, port, err := net.SplitHostPort(g.e.voice.Endpoint())
	if err != nil {
		return false
	}
	// The same server by its other name: listeners stay where they are.
	g.e.relocate(world.VoiceMoved{State: s, From: s.ChannelID}, net.JoinHostPort("localhost", port), opts)
	return true
}

// LoseVoiceServer tells the bot a null endpoint and closes its voice socket; the
// bot must wait. RestoreVoiceServer assigns a server again.
func (g *Guild) LoseVoiceServer(b *Bot) bool {
	s, ok := g.e.world.VoiceState(g.ID, b.ID)
	if !ok {
		return false
	}
	g.e.world.Emit(world.VoiceServerAssigned{User: b.ID, Guild: g.ID, Token: "gone"})
	g.e.voice.Drop(s.GuildID, b.ID, closeDisconnected)
	return true
}

// RestoreVoiceServer ends LoseVoiceServer.
func (g *Guild) RestoreVoiceServer(b *Bot) bool {
	s, ok := g.e.world.VoiceState(g.ID, b.ID)
	if !ok {
		return false
	}
	g.e.world.Emit(g.e.assign(s, g.e.voice.Endpoint()))
	return true
}

// Reconnect asks the bot's gateway sockets to reconnect and resume (op 7).
func (b *Bot) Reconnect() bool { return b.e.gateway.Reconnect(b.ID) > 0 }

// Invalidate sends op 9; not resumable, the sessions end, and their voice too.
func (b *Bot) Invalidate(resumable bool) bool { return b.e.gateway.Invalidate(b.ID, resumable) > 0 }

// DropGateway closes the bot's gateway sockets with a code, or without a close
// frame for 0; the sessions can be resumed.
func (b *Bot) DropGateway(code int) bool { return b.e.gateway.Drop(b.ID, code) > 0 }

// HoldACKs leaves the bot's heartbeats unanswered until called with false.
func (b *Bot) HoldACKs(hold bool) { b.e.gateway.HoldACKs(b.ID, hold) }

// RequestHeartbeat asks the bot's gateway sockets for a heartbeat now (op 1).
func (b *Bot) RequestHeartbeat() bool { return b.e.gateway.RequestHeartbeat(b.ID) > 0 }

// RESTStats are the requests so far and those that broke a limit, by route.
func (e *Emulator) RESTStats() rest.Stats { return e.rest.Stats() }

// FailREST makes coming requests fail.
func (e *Emulator) FailREST(f rest.Fault) { e.rest.Fail(f) }
