package emulator

import (
	"context"
	"fmt"
	"time"

	"busker/emulator/voiceserver"
)

// placeFaults take the bot to other channels and servers.
func placeFaults() []NamedFault {
	var list []NamedFault
	for when, word := range []string{"before", "between", "after"} {
		o := MoveOptions{When: When(when)}
		if when == 1 {
			o.Close = 4022
		}
		list = append(list, NamedFault{
			Name: "moved, closed " + word, About: "dragged to the other channel and back; the socket is closed " + word + " the events",
			Strike: func(ctx context.Context, t Target) error { return t.move(ctx, o) },
		}, NamedFault{
			Name: "region, closed " + word, About: "another voice server under another name; the socket is closed " + word + " the event",
			Strike: func(ctx context.Context, t Target) error {
				before, err := t.now()
				if err != nil {
					return err
				}
				t.Guild.ChangeRegion(t.Bot, o)
				return t.again(ctx, before)
			},
		})
	}
	return append(list, NamedFault{
		Name: "null endpoint", About: "the voice server is gone for a second, then there is another",
		Strike: func(ctx context.Context, t Target) error {
			before, err := t.now()
			if err != nil {
				return err
			}
			t.Guild.LoseVoiceServer(t.Bot)
			if err := pause(ctx, time.Second); err != nil {
				return err
			}
			t.Guild.RestoreVoiceServer(t.Bot)
			return t.again(ctx, before)
		},
	})
}

// move drags the bot to the other channel, waits until it is there, and back.
func (t Target) move(ctx context.Context, o MoveOptions) error {
	if _, err := t.now(); err != nil {
		return err
	}
	for _, to := range []*Channel{t.Other, t.Voice} {
		if !t.Guild.MoveBot(t.Bot, to, o) {
			return fmt.Errorf("the bot can not be moved to %s", to.Name)
		}
		if err := t.ready(ctx, to); err != nil {
			return err
		}
	}
	return nil
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pathFaults are those of UDP.
func pathFaults() []NamedFault {
	return []NamedFault{
		{
			Name: "lost discoveries", About: "a new session's first two IP discoveries are lost",
			Strike: func(ctx context.Context, t Target) error {
				return t.while(func() error { return t.drop(ctx, 4006) }, voiceserver.DropDiscovery{Count: 2})
			},
		},
		{
			Name: "lossy path", About: "every fifth packet to the server is lost, for two seconds",
			Strike: func(ctx context.Context, t Target) error {
				return t.while(func() error { return pause(ctx, 2*time.Second) },
					voiceserver.LoseUDP{Lost: func(n int) bool { return n%5 == 4 }})
			},
		},
		{
			Name: "dead path", About: "UDP is lost both ways while the websocket lives, until the bot connects anew, or 30 s",
			Strike: func(ctx context.Context, t Target) error {
				before, err := t.now()
				if err != nil {
					return err
				}
				t.voice().KillPath(t.Guild.ID, t.Bot.ID)
				defer t.voice().HealIn(t.Guild.ID)
				given, cancel := context.WithTimeout(ctx, 30*time.Second)
				defer cancel()
				if t.again(given, before) != nil {
					t.voice().HealIn(t.Guild.ID) // it did not notice
				}
				return t.ready(ctx, t.Voice)
			},
		},
	}
}
