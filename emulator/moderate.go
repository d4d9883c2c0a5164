package emulator

import (
	"context"
	"time"

	"busker/emulator/discord"
	"busker/emulator/world"
)

// What moderators do to channels and to the voice of others.

// SetBitrate changes the voice channel's bitrate, in bits per second.
func (c *Channel) SetBitrate(bits int) error {
	return c.e.world.ChangeChannel(c.ID, func(in *discord.Channel) { in.Bitrate = &bits })
}

// SetUserLimit changes how many people the voice channel holds; 0 is no limit.
func (c *Channel) SetUserLimit(people int) error {
	return c.e.world.ChangeChannel(c.ID, func(in *discord.Channel) { in.UserLimit = &people })
}

// Status is the line under the voice channel's name; "" while there is none.
func (c *Channel) Status() string { return c.e.world.VoiceStatus(c.ID) }

// SetStatus writes the line under a voice channel's name as this person, "" for none.
func (u *User) SetStatus(c *Channel, status string) error {
	return u.e.world.SetVoiceStatus(u.ID, c.ID, status)
}

// WaitStatus waits until the line under the voice channel's name satisfies match.
func (c *Channel) WaitStatus(ctx context.Context, match func(string) bool) (string, error) {
	return world.Wait(ctx, c.e.world, func() (string, bool) { s := c.Status(); return s, match(s) })
}

// Mute mutes the bot by the server, or ends that: nobody hears it meanwhile. It
// reports whether the bot is in voice, as the others here do.
func (g *Guild) Mute(b *Bot, mute bool) bool {
	return g.e.world.ChangeVoice(g.ID, b.ID, func(s *discord.VoiceState) { s.Mute = mute })
}

// Deafen deafens the bot by the server, or ends that.
func (g *Guild) Deafen(b *Bot, deaf bool) bool {
	return g.e.world.ChangeVoice(g.ID, b.ID, func(s *discord.VoiceState) { s.Deaf = deaf })
}

// InviteToSpeak is a moderator's invitation on a stage, which makes a bot a
// speaker at once.
func (g *Guild) InviteToSpeak(b *Bot) bool { return g.suppress(b, false) }

// MoveToAudience is a moderator's end of a bot's speaking on a stage.
func (g *Guild) MoveToAudience(b *Bot) bool { return g.suppress(b, true) }

func (g *Guild) suppress(b *Bot, suppress bool) bool {
	return g.e.world.ChangeVoice(g.ID, b.ID, func(s *discord.VoiceState) {
		s.Suppress, s.RequestToSpeakTimestamp = suppress, nil
	})
}

// WaitRequest waits until the bot asks to speak on a stage, and returns when it did.
func (b *Bot) WaitRequest(ctx context.Context, g *Guild) (time.Time, error) {
	return world.Wait(ctx, b.e.world, func() (time.Time, bool) {
		s, _ := b.e.world.VoiceState(g.ID, b.ID)
		if s.RequestToSpeakTimestamp == nil {
			return time.Time{}, false
		}
		return *s.RequestToSpeakTimestamp, true
	})
}

// Heard reports whether the bot is in voice and neither muted nor suppressed.
func (b *Bot) Heard(g *Guild) bool {
	s, in := b.e.world.VoiceState(g.ID, b.ID)
	return in && !s.Mute && !s.Suppress
}
