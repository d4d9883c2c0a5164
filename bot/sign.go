package bot

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/gateway"
	"busker/internal/snowflake"
	"busker/player"
)

// signMark begins every status the bot sets, and so tells it from what people wrote, also
// after a restart.
const signMark = "♪ "

// maxSign is the most characters of a voice channel's status.
const maxSign = 500

// sign keeps the status of the voice channel the bot is in: what plays, as long as it
// plays. What people have written there it leaves alone.
type sign struct {
	mailbox
	desk
	log *slog.Logger

	turn    chan struct{} // 1: somebody writes, and uses what follows
	channel snowflake.ID
	text    string    // what it has written there; "" = nothing
	closed  time.Time // until then nothing is written: the bot is about to leave

	asked snowflake.ID // channel of which Discord was asked for the status
	wrote time.Time
}

// signs are those there are.
type signs struct {
	mu sync.Mutex
	at map[snowflake.ID]*sign
}

func newSign(b *Bot, guild snowflake.ID) *sign {
	s := &sign{
		mailbox: newMailbox(), desk: b.newDesk(guild), log: b.log.With("guild", guild), turn: make(chan struct{}, 1),
	}
	b.signs.mu.Lock()
	defer b.signs.mu.Unlock()
	b.signs.at[guild] = s
	return s
}

func (s *sign) retire() {
	s.b.signs.mu.Lock()
	if s.b.signs.at[s.guild] == s {
		delete(s.b.signs.at, s.guild)
	}
	s.b.signs.mu.Unlock()
	s.mailbox.retire()
}

// run keeps the status until the bot is in no channel. At the end of ctx the status goes
// unless the music goes on in a moment.
func (s *sign) run(ctx, ending context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.wake:
		case <-timer.C:
		case <-ctx.Done():
			if !s.b.opts.Survives && !errors.Is(context.Cause(ctx), errHandedOver) {
				s.clear(ending)
			}
			return
		}
		s.take()
		again, inside := s.look(ctx)
		if !inside && s.retireIfQuiet() {
			return
		}
		timer.Reset(again)
	}
}

// look brings the status up to date, and returns when to do so again at the latest.
func (s *sign) look(ctx context.Context) (again time.Duration, inside bool) {
	if s.lost(ctx) {
		return lookAgain, false
	}
	status, ok := s.b.opts.Doer.Status(s.guild)
	if !ok || status.Channel == 0 {
		return lookAgain, ok && status.State == player.StateJoining
	}
	room, known := s.b.opts.Voice.ChannelInfo(status.Channel)
	chosen := s.b.settings.Guild(ctx, s.guild)
	done := s.begin(ctx)
	if done == nil {
		return lookAgain, true
	}
	defer done()
	s.enter(status.Channel)
	if !known || !room.MaySetStatus {
		return lookAgain, true
	}
	switch {
	case room.StatusKnown:
		s.asked = 0
	case s.asked != room.ID:
		s.asked = room.ID
		s.ask(ctx)
		return askedWait, true
	}
	if wait := s.b.opts.StatusEvery - time.Since(s.wrote); wait > 0 {
		return wait, true
	}
	want := ""
	if chosen.Status {
		want = s.b.ofGuild(s.guild, chosen).sign(status)
	}
	s.write(ctx, room, want)
	return lookAgain, true
}

// askedWait is how long Discord's answer to AskStatus may take, and the question.
const askedWait = 3 * time.Second

func (s *sign) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, askedWait)
	defer cancel()
	if err := s.b.opts.Voice.AskStatus(ctx, s.guild); err != nil {
		s.log.Debug("status of channels could not be asked for", "err", err)
	}
}

// enter notes where the bot is. What it wrote elsewhere went with it, or stays there.
func (s *sign) enter(channel snowflake.ID) {
	if s.channel != channel {
		s.channel, s.text, s.closed, s.wrote = channel, "", time.Time{}, time.Time{}
	}
}

// write sets the status unless it is what is wanted, or somebody else's.
func (s *sign) write(ctx context.Context, room gateway.Channel, want string) {
	foreign := room.Status != "" && !strings.HasPrefix(room.Status, signMark)
	there := room.Status
	if !room.StatusKnown {
		there = s.text
	}
	if time.Now().Before(s.closed) || foreign || want == there {
		return
	}
	if !s.b.notices.Allow() {
		return // at the next look, perhaps
	}
	s.wrote = time.Now()
	ctx, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	if err := s.put(ctx, room.ID, want); err != nil {
		s.log.Info("status of the voice channel could not be set", "channel", room.ID, "err", err)
		return
	}
	s.text = want
}

// begin waits for the turn to write, and returns what ends it; nil when ctx ended first.
func (s *sign) begin(ctx context.Context) (done func()) {
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }
	case <-ctx.Done():
		return nil
	}
}

func (s *sign) put(ctx context.Context, channel snowflake.ID, text string) error {
	return s.send(ctx, "PUT", discordgo.EndpointChannel(channel.String())+"/voice-status", map[string]any{"status": text})
}

// putTimeout is for one change of a status; a leave may have to wait for it.
const putTimeout = 5 * time.Second

// closedFor is how long a leave may take.
const closedFor = 10 * time.Second

// clear takes away what the sign has written, and nothing is written for a while. Any
// goroutine may call it.
func (s *sign) clear(ctx context.Context) {
	done := s.begin(ctx)
	if done == nil {
		return
	}
	defer done()
	s.closed = time.Now().Add(closedFor)
	room, known := s.b.opts.Voice.ChannelInfo(s.channel)
	if s.text == "" || !known || !room.MaySetStatus || room.StatusKnown && !strings.HasPrefix(room.Status, signMark) {
		return
	}
	if err := s.put(ctx, s.channel, ""); err != nil {
		s.log.Info("status of the voice channel could not be cleared", "channel", s.channel, "err", err)
		return
	}
	s.text = ""
}

// clearTimeout is how long a leave waits until the status is cleared: only who is in a
// channel may do that.
const clearTimeout = 2 * time.Second

// clearStatus takes the bot's status off the guild's voice channel, before it leaves.
func (b *Bot) clearStatus(ctx context.Context, guild snowflake.ID) {
	b.signs.mu.Lock()
	s := b.signs.at[guild]
	b.signs.mu.Unlock()
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, clearTimeout)
	defer cancel()
	s.clear(ctx)
}

// sign is what a voice channel's status says of a player, "" when nothing plays.
func (w tongue) sign(s player.Status) string {
	if s.ItemID == 0 {
		return ""
	}
	name := string(clean(s.Track.Title))
	if name == "" {
		name = string(clean(s.Track.URI))
	}
	if s.Track.Artist != "" {
		name = w.Say(textBy, name, string(clean(s.Track.Artist)))
	}
	if s.State == player.StatePaused {
		name = w.Say(textSignPaused, name)
	}
	return cut(signMark+name, maxSign)
}
