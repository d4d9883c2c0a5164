package emulator

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"time"

	"busker/emulator/discord"
	"busker/emulator/listen"
	"busker/emulator/voiceserver"
	"busker/emulator/world"
	"busker/internal/fault"
)

// Listener hears what a person in a voice channel hears.
type Listener = listen.Listener

// ear is where a person listens.
type ear struct{ guild, channel ID }

// JoinVoice puts the person in the voice channel, or moves them there; what is
// said there reaches the listener. It fails when Discord would not let them in.
func (u *User) JoinVoice(c *Channel, opts ...listen.Options) (*Listener, error) {
	change, _, err := u.e.world.PlaceVoice(world.VoiceJoin{
		User: u.ID, Guild: u.Guild.ID, Channel: c.ID, SessionID: strings.ToLower(rand.Text()),
	})
	if err != nil {
		return nil, fault.Wrap(fault.Denied, fmt.Sprintf("%s cannot join %s: %v.", u.Name, c.Name, err), err)
	}
	u.e.stopListening(u.ID)
	var o listen.Options
	if len(opts) > 0 {
		o = opts[0]
	}
	l := u.e.voice.AddListener(u.Guild.ID, c.ID, u.ID, o)
	u.e.mu.Lock()
	u.e.ears[u.ID] = ear{u.Guild.ID, c.ID}
	u.e.mu.Unlock()
	u.e.world.Emit(change)
	return l, nil
}

// WithoutDAVE gives the person a client that knows no end-to-end encryption, from the
// next JoinVoice on, where the voice server's policy is Optional.
func (u *User) WithoutDAVE() { u.e.voice.WithoutDAVE(u.ID) }

// isStage reports whether a channel is a stage, which DAVE leaves out.
func (e *Emulator) isStage(_, channel ID) bool { return e.world.IsStage(channel) }

// LeaveVoice takes the person out of voice; the listener stays readable.
func (u *User) LeaveVoice() {
	change, _, err := u.e.world.PlaceVoice(world.VoiceJoin{User: u.ID, Guild: u.Guild.ID})
	if err != nil {
		return // in no channel
	}
	u.e.stopListening(u.ID)
	u.e.world.Emit(change)
}

func (e *Emulator) stopListening(user ID) {
	e.mu.Lock()
	at, ok := e.ears[user]
	delete(e.ears, user)
	e.mu.Unlock()
	if ok {
		e.voice.RemoveListener(at.guild, at.channel, user)
	}
}

// VoiceChannel is the id of the voice channel the bot is in, 0 for none.
func (b *Bot) VoiceChannel(g *Guild) ID {
	s, _ := b.e.world.VoiceState(g.ID, b.ID)
	return s.ChannelID
}

// WaitVoice waits until the bot is in the channel; nil waits until it is in none.
func (b *Bot) WaitVoice(ctx context.Context, g *Guild, in *Channel) error {
	var want ID
	if in != nil {
		want = in.ID
	}
	_, err := world.Wait(ctx, b.e.world, func() (ID, bool) { at := b.VoiceChannel(g); return at, at == want })
	return err
}

// VoiceScript says how the two voice events of a join come to the bot. The zero
// value is Discord's usual way: the state, then the server, at once.
type VoiceScript struct {
	ServerFirst   bool
	WithoutState  bool          // only the server event comes
	WithoutServer bool          // only the state event comes
	NullFirst     bool          // a null endpoint comes before the real one
	Delay         time.Duration // before each event
}

// SetVoiceScript changes the way from now on.
func (e *Emulator) SetVoiceScript(s VoiceScript) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.script = s
}

// onVoice is op 4. What Discord answers with silence is answered with silence.
func (e *Emulator) onVoice(j world.VoiceJoin) {
	before, in := e.world.VoiceState(j.Guild, j.User)
	change, moved, err := e.world.PlaceVoice(j)
	if err != nil {
		e.log.Info("voice state update ignored", "user", j.User, "channel", j.Channel, "reason", err)
		return
	}
	if j.Channel == 0 {
		e.voice.Leave(j.Guild, j.User)
		e.world.Emit(change)
		return
	}
	if in && !moved && (before.SelfMute != j.SelfMute || before.SelfDeaf != j.SelfDeaf) {
		e.world.Emit(change) // only muted: the voice connection stays as it is
		return
	}
	if in && moved {
		e.voice.Drop(j.Guild, j.User, closeDisconnected)
	}
	e.mu.Lock()
	script := e.script
	e.mu.Unlock()
	e.play(script.Delay, script.events(change, e.assign(change.State, e.voice.Endpoint())))
}

// closeDisconnected is the voice close code of a move or kick.
const closeDisconnected = 4014

// assign prepares the voice server for the state's user and returns what the bot
// is to be told.
func (e *Emulator) assign(s discord.VoiceState, endpoint string) world.VoiceServerAssigned {
	token := strings.ToLower(rand.Text())
	e.voice.Expect(voiceserver.Session{
		Guild: s.GuildID, Channel: s.ChannelID, User: s.UserID, SessionID: s.SessionID, Token: token,
	})
	return world.VoiceServerAssigned{User: s.UserID, Guild: s.GuildID, Token: token, Endpoint: endpoint}
}

// events are the events of a join in their order.
func (s VoiceScript) events(state world.VoiceMoved, server world.VoiceServerAssigned) []Change {
	var servers []Change
	if s.NullFirst {
		null := server
		null.Endpoint = ""
		servers = append(servers, null)
	}
	servers = append(servers, server)
	switch {
	case s.WithoutState:
		return servers
	case s.WithoutServer:
		return []Change{state}
	case s.ServerFirst:
		return append(servers, state)
	}
	return append([]Change{state}, servers...)
}

// task is a list of events to come, each after a delay.
type task struct {
	delay  time.Duration
	events []Change
}

// maxLater is how many delayed tasks may wait for Run to take them.
const maxLater = 1024

func (e *Emulator) play(delay time.Duration, events []Change) {
	if delay > 0 {
		e.later <- task{delay, events}
		return
	}
	for _, c := range events {
		e.world.Emit(c)
	}
}

// runLater plays delayed tasks side by side until ctx ends.
func (e *Emulator) runLater(ctx context.Context) error {
	var tasks sync.WaitGroup
	defer tasks.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case t := <-e.later:
			tasks.Go(func() { e.playSlowly(ctx, t) })
		}
	}
}

func (e *Emulator) playSlowly(ctx context.Context, t task) {
	timer := time.NewTimer(t.delay)
	defer timer.Stop()
	for _, c := range t.events {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			e.world.Emit(c)
			timer.Reset(t.delay)
		}
	}
}

// onSessionEnd takes the voice of an ended gateway session away.
func (e *Emulator) onSessionEnd(bot ID, session string) {
	for _, s := range e.world.VoiceOfSession(bot, session) {
		e.outOfVoice(s.GuildID, bot)
	}
}

func (e *Emulator) outOfVoice(guild, user ID) bool {
	change, _, err := e.world.PlaceVoice(world.VoiceJoin{User: user, Guild: guild})
	if err != nil {
		return false
	}
	e.voice.Leave(guild, user)
	e.stopListening(user)
	e.world.Emit(change)
	return true
}
