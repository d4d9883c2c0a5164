package emulator

import (
	"context"
	"errors"

	"busker/emulator/discord"
	"busker/emulator/world"
	"busker/internal/fault"
)

// ErrNoAnswer is what a person sees when the application does not acknowledge an
// interaction in time.
var ErrNoAnswer = fault.New(fault.Timeout, "The application did not respond.")

// ErrNoResponse is returned by waits for a response that will not come: the
// application opened a modal instead, or deleted it.
var ErrNoResponse = errors.New("the interaction has no response message")

// Interaction is a handle on something a person did and what came of it.
type Interaction struct {
	ID      ID
	user    *User
	channel ID
	app     ID
	on      ID // the message of a component
}

// Modal is a form on a person's screen.
type Modal struct {
	discord.Modal
	channel, app, on ID
}

// Acknowledged waits for the application's first answer and returns its type; it
// fails with ErrNoAnswer when none comes in time.
func (i *Interaction) Acknowledged(ctx context.Context) (discord.CallbackType, error) {
	w := i.user.e.world
	_, until, ok := w.Outcome(i.ID)
	if !ok {
		return 0, discord.ErrUnknownInteraction
	}
	ctx, cancel := context.WithDeadlineCause(ctx, until, ErrNoAnswer)
	defer cancel()
	return world.Wait(ctx, w, func() (discord.CallbackType, bool) {
		o, _, _ := w.Outcome(i.ID)
		return o.Ack, o.Ack != 0
	})
}

// Response waits until the original response is there and no longer "thinking",
// and returns it as it is then: the reply to a command, or for a button the
// message it belongs to. It fails like Acknowledged, or with ErrNoResponse.
func (i *Interaction) Response(ctx context.Context) (discord.Message, error) {
	return i.WaitResponse(ctx, nil)
}

// WaitResponse waits until the original response, arrived, satisfies match.
func (i *Interaction) WaitResponse(ctx context.Context, match func(discord.Message) bool) (discord.Message, error) {
	if _, err := i.Acknowledged(ctx); err != nil {
		return discord.Message{}, err
	}
	w := i.user.e.world
	o, _, _ := w.Outcome(i.ID)
	gone := o.Original == 0
	m, err := world.Wait(ctx, w, func() (m discord.Message, ok bool) {
		if !gone {
			m, ok = w.Find(i.channel, o.Original)
			gone = !ok
		}
		return m, gone || !m.Loading() && (match == nil || match(m))
	})
	if gone && err == nil {
		err = ErrNoResponse
	}
	return m, err
}

// Followup waits for the nth follow-up message, counted from 0.
func (i *Interaction) Followup(ctx context.Context, n int) (discord.Message, error) {
	w := i.user.e.world
	return world.Wait(ctx, w, func() (discord.Message, bool) {
		o, _, _ := w.Outcome(i.ID)
		if len(o.Followups) <= n {
			return discord.Message{}, false
		}
		return w.Find(i.channel, o.Followups[n])
	})
}

// Modal waits for the form the application opens in answer.
func (i *Interaction) Modal(ctx context.Context) (Modal, error) {
	if _, err := i.Acknowledged(ctx); err != nil {
		return Modal{}, err
	}
	o, _, _ := i.user.e.world.Outcome(i.ID)
	if o.Modal == nil {
		return Modal{}, fault.New(fault.NotFound, "The application did not open a form.")
	}
	return Modal{Modal: *o.Modal, channel: i.channel, app: i.app, on: i.on}, nil
}
