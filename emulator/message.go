package emulator

import (
	"context"

	"busker/emulator/discord"
	"busker/emulator/world"
)

// Messages are the channel's public messages, oldest first.
func (c *Channel) Messages() []discord.Message { return c.e.world.Seen(0, c.ID) }

// WaitMessage waits until a public message of the channel, old or new, satisfies
// match (nil: any message) and returns it as it was then.
func (c *Channel) WaitMessage(ctx context.Context, match func(discord.Message) bool) (discord.Message, error) {
	return c.e.waitMessage(ctx, c.ID, 0, match)
}

// Messages are the messages of the channel this person sees, oldest first: the
// public ones and the ephemeral ones meant for them.
func (u *User) Messages(c *Channel) []discord.Message { return u.e.world.Seen(u.ID, c.ID) }

// WaitMessage is Channel.WaitMessage over the messages this person sees.
func (u *User) WaitMessage(ctx context.Context, c *Channel, match func(discord.Message) bool) (discord.Message, error) {
	return u.e.waitMessage(ctx, c.ID, u.ID, match)
}

// Say posts a message as this person.
func (u *User) Say(c *Channel, content string) (discord.Message, error) {
	return u.e.world.CreateMessage(u.ID, c.ID, discord.MessageBody{Content: discord.Field[string]{Set: true, Value: content}})
}

func (e *Emulator) waitMessage(ctx context.Context, channel, viewer ID, match func(discord.Message) bool) (discord.Message, error) {
	return world.Wait(ctx, e.world, func() (discord.Message, bool) {
		for _, m := range e.world.Seen(viewer, channel) {
			if match == nil || match(m) {
				return m, true
			}
		}
		return discord.Message{}, false
	})
}

// Commands are the slash commands the bot offers in a guild: the guild's own and
// the global ones.
func (b *Bot) Commands(g *Guild) []discord.Command { return b.e.world.Offered(b.ID, g.ID) }

// WaitCommands waits until the bot offers at least n commands in the guild.
func (b *Bot) WaitCommands(ctx context.Context, g *Guild, n int) error {
	_, err := world.Wait(ctx, b.e.world, func() (int, bool) {
		have := len(b.Commands(g))
		return have, have >= n
	})
	return err
}

// WaitReady waits until a gateway session of the bot is connected and was told
// READY or, after DropGateway and its like, RESUMED.
func (b *Bot) WaitReady(ctx context.Context) error { return b.WaitSessions(ctx, 1) }

// WaitSessions is WaitReady for exactly n sessions, one per shard. A session that
// waits for its resume does not count.
func (b *Bot) WaitSessions(ctx context.Context, n int) error {
	_, err := world.Wait(ctx, b.e.world, func() (int, bool) {
		have := b.e.world.Sessions(b.ID)
		return have, have == n || n == 1 && have > 0
	})
	return err
}
