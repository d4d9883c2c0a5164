package bot

import (
	"context"
	"log/slog"
	"time"

	"busker/gateway"
	"busker/internal/snowflake"
	"busker/player"
	"busker/settings"
)

// steward looks after the bot's place in a guild's voice channel: music waits while nobody
// hears it and goes on when somebody does, the bot leaves when that takes too long, and on
// a stage it comes to speak. It looks at how things are, not at what happened, so that
// nothing it missed can lead it astray.
type steward struct {
	mailbox
	desk
	log *slog.Logger

	alone time.Time // since when nobody listens; zero = somebody does
	held  uint64    // item it has had wait for listeners
	stage onStage
}

func newSteward(b *Bot, guild snowflake.ID) *steward {
	return &steward{mailbox: newMailbox(), desk: b.newDesk(guild), log: b.log.With("guild", guild)}
}

// lookAgain is when a steward looks again although nothing happened: what failed may work
// by then.
const lookAgain = 15 * time.Second

// run looks whenever something happens until the bot is in no channel.
func (s *steward) run(ctx, _ context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-s.wake:
		case <-timer.C:
		case <-ctx.Done():
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

// look sets right what is not as it should be, and returns when to look again at the
// latest. inside is false when there is nothing to look after.
func (s *steward) look(ctx context.Context) (again time.Duration, inside bool) {
	if s.lost(ctx) {
		return lookAgain, false
	}
	status, ok := s.b.opts.Doer.Status(s.guild)
	if !ok || status.Channel == 0 && status.State != player.StateJoining {
		return lookAgain, false
	}
	room, known := s.b.opts.Voice.ChannelInfo(status.Channel)
	if status.Channel == 0 || !known {
		return lookAgain, true
	}
	chosen := s.b.settings.Guild(ctx, s.guild)
	alone := len(room.Listeners) == 0
	s.hold(ctx, status, room.Silenced, alone && chosen.PauseAlone)
	s.speakUp(ctx, chosen, room)
	return s.wait(ctx, status, chosen, alone), true
}

// hold has the track wait or go on. Somebody who has it go on although nobody listens has
// their way until that changes.
func (s *steward) hold(ctx context.Context, status player.Status, silenced, alone bool) {
	on := silenced || alone
	overruled := on && !silenced && !status.Held && s.held != 0 && s.held == status.ItemID
	if !on {
		s.held = 0
	}
	if on == status.Held || status.ItemID == 0 || overruled {
		return
	}
	if err := s.do(ctx, player.Hold{On: on}); err != nil {
		s.log.Info("music could not be held, or not go on", "hold", on, "err", err)
		return
	}
	if on {
		s.held = status.ItemID
	}
}

// wait leaves the channel when nobody has listened for as long as the server wants to
// wait, and returns when that will be.
func (s *steward) wait(ctx context.Context, status player.Status, chosen settings.Guild, alone bool) time.Duration {
	patience := s.b.patience(chosen)
	switch {
	case !alone || status.Stay || patience < 0:
		s.alone = time.Time{}
		return lookAgain
	case s.alone.IsZero():
		s.alone = time.Now()
	}
	if left := patience - time.Since(s.alone); left > 0 {
		return min(left, lookAgain)
	}
	s.b.clearStatus(ctx, s.guild)
	if err := s.do(ctx, player.Leave{Alone: true}); err != nil {
		s.log.Info("a channel where nobody listens could not be left", "channel", status.Channel, "err", err)
	}
	return lookAgain
}

// do carries out a command of the bot's own, where the guild is this process's.
func (s *steward) do(ctx context.Context, cmd player.Command) error {
	if _, err := s.b.mayAct(ctx, s.guild); err != nil {
		return err
	}
	_, err := s.b.opts.Doer.Do(ctx, s.guild, cmd)
	return err
}

// patience is how long the bot stays where nobody listens; negative = for ever.
func (b *Bot) patience(chosen settings.Guild) time.Duration {
	if chosen.AutoLeave > 0 {
		return chosen.AutoLeave
	}
	return b.opts.AutoLeave
}

// AutoLeave is how long the guild wants an idle player to stay in its channel, 0 when it
// has not said, or it is not known yet. It never waits.
func (b *Bot) AutoLeave(guild snowflake.ID) time.Duration {
	chosen, _ := b.settings.Known(guild)
	return chosen.AutoLeave
}

// hush is why nothing is heard although nobody paused.
type hush uint8

const (
	hushNot hush = iota
	hushAlone
	hushAudience // of a stage
	hushMuted    // by the server
)

// hushOf says why a player's track is held.
func (b *Bot) hushOf(s player.Status) hush {
	if !s.Held {
		return hushNot
	}
	room, _ := b.opts.Voice.ChannelInfo(s.Channel)
	return hushIn(room)
}

func hushIn(room gateway.Channel) hush {
	switch {
	case room.Silenced && room.Stage:
		return hushAudience
	case room.Silenced:
		return hushMuted
	}
	return hushAlone
}
