package emulator

import (
	"context"
	"errors"
	"time"

	"busker/emulator/voiceserver"
	"busker/emulator/world"
)

// wireFaults are messages a client must not stumble over.
func wireFaults() []NamedFault {
	return []NamedFault{
		{
			Name: "babble", About: "unknown opcodes, in JSON and binary, some of 30 kB",
			Strike: func(ctx context.Context, t Target) error {
				if _, err := t.now(); err != nil {
					return err
				}
				t.voice().Babble(t.Guild.ID, t.Bot.ID)
				return t.ready(ctx, t.Voice)
			},
		},
		{
			Name: "sequence wraps", About: "the count of messages wraps while people come and go, then the connection is cut",
			Strike: func(ctx context.Context, t Target) error {
				return t.visitedThen(ctx, t.Guild.passersBy(2), func() error {
					t.voice().WrapSequence(t.Guild.ID, t.Bot.ID)
					third := t.Guild.passersBy(3)[2:]
					if err := t.visited(ctx, third, func() error { return nil }); err != nil {
						return err
					}
					return t.drop(ctx, 0)
				})
			},
		},
		{
			Name: "sender again", About: "the external sender is sent a second time",
			Strike: func(ctx context.Context, t Target) error {
				if err := t.voice().ResendSender(t.Guild.ID, t.Voice.ID); err != nil {
					return err
				}
				return t.ready(ctx, t.Voice)
			},
		},
		{
			Name: "fractional heartbeats", About: "Hello asks for an interval with a fraction of a millisecond, everywhere",
			Strike: func(ctx context.Context, t Target) error {
				t.voice().Inject(voiceserver.Heartbeats{Interval: 5*time.Second + time.Microsecond})
				return t.drop(ctx, 0)
			},
		},
		{
			Name: "late ready", About: "a new session waits a second for Ready",
			Strike: func(ctx context.Context, t Target) error {
				return t.while(func() error { return t.drop(ctx, 4006) }, voiceserver.DelayReady{By: time.Second})
			},
		},
	}
}

var errNoSocket = errors.New("the bot has no gateway socket")

// shardFaults strike the bot's main gateway sessions, those of its other guilds
// included.
func shardFaults() []NamedFault {
	shard := func(name, about string, strike func(b *Bot) bool) NamedFault {
		return NamedFault{Name: name, About: about, Strike: func(ctx context.Context, t Target) error {
			if _, err := t.now(); err != nil {
				return err
			}
			w := t.Bot.e.world
			sessions, arrivals := w.Sessions(t.Bot.ID), w.Arrivals(t.Bot.ID)
			if !strike(t.Bot) {
				return errNoSocket
			}
			_, err := world.Wait(ctx, w, func() (struct{}, bool) {
				return struct{}{}, w.Sessions(t.Bot.ID) == sessions && w.Arrivals(t.Bot.ID) >= arrivals+sessions
			})
			return firstOf(err, t.ready(ctx, t.Voice))
		}}
	}
	return []NamedFault{
		shard("shard reconnect", "op 7: the shards have to resume", (*Bot).Reconnect),
		shard("shard invalid, resumable", "op 9 with true", func(b *Bot) bool { return b.Invalidate(true) }),
		shard("shard cut", "the main gateway's connections end without a close frame", func(b *Bot) bool { return b.DropGateway(0) }),
		{
			Name: "shard identifies again", About: "op 9 with false: the sessions end, and their voice with them",
			Strike: func(ctx context.Context, t Target) error {
				before, err := t.now()
				if err != nil {
					return err
				}
				if !t.Bot.Invalidate(false) { //nolint:contextcheck // a fault is injected whatever becomes of us
					return errNoSocket
				}
				return t.again(ctx, before)
			},
		},
	}
}
