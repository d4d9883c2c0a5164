package emulator

import (
	"context"
	"fmt"

	"busker/emulator/voiceserver"
)

// closeFaults close the voice socket of a bot that plays.
func closeFaults() []NamedFault {
	return []NamedFault{
		closed("voice cut", "the voice connection ends without a close frame", 0, false),
		closed("voice close 1001", "the voice server goes away", 1001, false),
		closed("voice close 4000", "an unknown error", 4000, false),
		closed("voice close 4006", "the session is no longer valid", 4006, false),
		closed("voice close 4009", "the session timed out", 4009, false),
		closed("voice close 4015", "the voice server crashed", 4015, false),
		closed("voice close 4014", "disconnected, and no event says why", 4014, true),
		closed("voice close 4021", "rate limited: whoever comes back does it much later", 4021, true),
		closed("voice close 4022", "the call was terminated", 4022, true),
		{Name: "voice kicked", About: "thrown out of the channel", Final: true, Strike: kicked},
		{Name: "voice zombie", About: "heartbeats are not acknowledged until the bot connects again", Strike: zombie},
		{Name: "voice resume refused", About: "the connection is cut and every resume answered with 4006", Strike: refused},
		{Name: "voice resume with replay", About: "the connection is cut, and the group changes before the resume", Strike: replayed},
	}
}

func kicked(ctx context.Context, t Target) error {
	if !t.Guild.DisconnectBot(t.Bot) {
		return errNotThere
	}
	return t.gone(ctx)
}

// zombie: the bot may only come back to a server that answers.
func zombie(ctx context.Context, t Target) error {
	before, err := t.now()
	if err != nil {
		return err
	}
	err = t.while(func() error {
		return t.voice().Wait(ctx, func() bool {
			p, ok := t.voice().Presence(t.Guild.ID, t.Bot.ID)
			return !ok || p.Token != before.Token || p.Sockets > before.Sockets
		})
	}, voiceserver.HoldACKs{})
	return firstOf(err, t.again(ctx, before))
}

func refused(ctx context.Context, t Target) error {
	return t.while(func() error { return t.drop(ctx, 0) }, voiceserver.RefuseResume{})
}

func replayed(ctx context.Context, t Target) error {
	before, err := t.now()
	if err != nil {
		return err
	}
	people := t.Guild.passersBy(2)
	t.voice().DropSession(before.Token, 0)
	for _, u := range people {
		if err := t.visit(u); err != nil {
			return err
		}
	}
	err = t.again(ctx, before)
	leave(people)
	return firstOf(err, t.ready(ctx, t.Voice))
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
	list := make([]NamedFault, 0, len(voiceserver.Steps()))
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
