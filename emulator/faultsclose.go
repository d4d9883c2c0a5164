package emulator

import (
	"context"
	"fmt"

	"busker/emulator/voiceserver"
)

// closeFaults close the voice socket of a bot that plays.
func closeFaults() []NamedFault {
	list := []NamedFault{
		closed("voice cut", "the voice connection ends without a close frame", 0, false),
		closed("voice close 4014", "disconnected, and no event says why", 4014, true),
		closed("voice close 4021", "rate limited: whoever comes back does it much later", 4021, true),
		closed("voice close 4022", "the call was terminated", 4022, true),
		{
			Name: "voice kicked", About: "thrown out of the channel", Final: true,
			Strike: func(ctx context.Context, t Target) error {
				if !t.Guild.DisconnectBot(t.Bot) {
					return errNotThere
				}
				return t.gone(ctx)
			},
		},
		{
			Name: "voice resume refused", About: "the connection is cut and every resume answered with 4006",
			Strike: func(ctx context.Context, t Target) error {
				return t.while(func() error { return t.drop(ctx, 0) }, voiceserver.RefuseResume{})
			},
		},
		{
			Name: "voice resume with replay", About: "the connection is cut, and the group changes before the resume",
			Strike: func(ctx context.Context, t Target) error {
				people := t.Guild.passersBy(2)
				before, err := t.now()
				if err != nil {
					return err
				}
				t.voice().DropSession(before.Token, 0)
				for _, u := range people {
					if err := t.visit(u); err != nil {
						return err
					}
				}
				err = t.again(ctx, before)
				for _, u := range people {
					u.LeaveVoice()
				}
				return firstOf(err, t.ready(ctx, t.Voice))
			},
		},
		{
			Name: "voice zombie", About: "heartbeats are not acknowledged until the bot connects again",
			Strike: func(ctx context.Context, t Target) error {
				before, err := t.now()
				if err != nil {
					return err
				}
				// The bot may only come back to a server that answers.
				t.voice().InjectIn(t.Guild.ID, voiceserver.HoldACKs{})
				defer t.voice().HealIn(t.Guild.ID)
				err = t.voice().Wait(ctx, func() bool {
					p, ok := t.voice().Presence(t.Guild.ID, t.Bot.ID)
					return !ok || p.Token != before.Token || p.Sockets > before.Sockets
				})
				t.voice().HealIn(t.Guild.ID)
				return firstOf(err, t.again(ctx, before))
			},
		},
	}
	for _, code := range []int{1001, 4000, 4006, 4009, 4015} {
		list = append(list, closed(fmt.Sprintf("voice close %d", code), "the voice server closes with this code", code, false))
	}
	return list
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func closed(name, about string, code int, final bool) NamedFault {
	return NamedFault{Name: name, About: about, Final: final, Strike: func(ctx context.Context, t Target) error {
		if !final {
			return t.drop(ctx, code)
		}
		if _, err := t.now(); err != nil {
			return err
		}
		t.voice().Drop(t.Guild.ID, t.Bot.ID, code)
		return t.gone(ctx)
	}}
}

// drop closes the bot's voice socket and waits until it is back.
func (t Target) drop(ctx context.Context, code int) error {
	before, err := t.now()
	if err != nil {
		return err
	}
	t.voice().DropSession(before.Token, code)
	return t.again(ctx, before)
}

// stepFaults close the socket at the steps of a handshake and of a change of the group.
func stepFaults() []NamedFault {
	var list []NamedFault
	codes := []int{0, 4006, 4015}
	for i, step := range voiceserver.Steps() {
		switch step {
		case voiceserver.StepConnect, voiceserver.StepHello, voiceserver.StepHeartbeat, voiceserver.StepPrepare, voiceserver.StepEpoch:
			continue // of no guild yet, minutes apart, or only told to who is alone
		}
		code := codes[i%len(codes)]
		list = append(list, NamedFault{
			Name:  fmt.Sprintf("voice close %d at %s", code, step),
			About: "the bot connects anew and the group changes; at this step the socket is closed, with 0 without a frame",
			Strike: func(ctx context.Context, t Target) error {
				return t.struckAt(ctx, step, code)
			},
		})
	}
	return list
}

// struckAt makes everything happen that leads to any step.
func (t Target) struckAt(ctx context.Context, step voiceserver.Step, code int) error {
	people := t.Guild.passersBy(2)
	faults := []voiceserver.Fault{voiceserver.CloseAt{Step: step, Code: code}}
	first := 4006 // a new session
	switch step {
	case voiceserver.StepResume, voiceserver.StepResumed:
		first = 0
	case voiceserver.StepAnnounce:
		faults = append(faults, voiceserver.CommitWinner{User: t.Bot.ID})
	case voiceserver.StepWelcome:
		faults = append(faults, voiceserver.CommitWinner{User: people[0].ID})
	}
	err := t.visited(ctx, people[:1], func() error {
		return t.while(func() error {
			if err := t.drop(ctx, first); err != nil {
				return err
			}
			return t.visited(ctx, people[1:], func() error { return nil })
		}, faults...)
	})
	return firstOf(err, t.ready(ctx, t.Voice))
}
