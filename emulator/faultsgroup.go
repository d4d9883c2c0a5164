package emulator

import (
	"context"
	"time"

	"busker/emulator/voiceserver"
)

// groupFaults disturb the key agreement while passers-by come and go.
func groupFaults() []NamedFault {
	return []NamedFault{
		passing("late execute", "op 22 comes a second late, after the proposals of the next epoch",
			voiceserver.DelayExecute{By: time.Second}),
		passing("lost execute", "an op 22 never comes; the next change of the group heals it", voiceserver.LoseExecute{Count: 1}),
		passing("early execute", "op 22 comes before op 23", voiceserver.EarlyExecute{Count: 2}),
		passing("two transitions", "two are in flight before the first is executed", voiceserver.HoldExecute{Count: 2}),
		passing("two transitions, reversed", "two are in flight and the newer one is executed first",
			voiceserver.HoldExecute{Count: 2, Reverse: true}),
		passing("transition 0", "a change of the group has transition id 0", voiceserver.NextTransition{ID: 0}),
		passing("transition 65535", "transition ids wrap", voiceserver.NextTransition{ID: 65535}),
		passing("late proposals", "op 27 comes a second after ops 11 and 13", voiceserver.DelayProposals{By: time.Second}),
		passing("connect after add", "the bot hears of a member only after his Add", voiceserver.ConnectAfterAdd{Count: 1}),
		passing("corrupt commit", "the commit the bot gets is damaged", voiceserver.CorruptDAVE{Op: 29}),
		race("race won", "the bot's commits win", func(t Target, _ *User) ID { return t.Bot.ID }),
		race("race lost", "somebody else's commits win", func(_ Target, u *User) ID { return u.ID }),
		{
			Name: "corrupt welcome", About: "the Welcome the bot gets is damaged",
			Strike: func(ctx context.Context, t Target) error {
				people := t.Guild.passersBy(1)
				return t.visitedThen(ctx, people, func() error {
					return t.while(func() error { return t.drop(ctx, 4006) },
						voiceserver.CommitWinner{User: people[0].ID}, voiceserver.CorruptDAVE{Op: 30, User: t.Bot.ID})
				})
			},
		},
		{
			Name: "late sender", About: "a new session gets the external sender a second late",
			Strike: func(ctx context.Context, t Target) error {
				return t.while(func() error { return t.drop(ctx, 4006) }, voiceserver.DelaySender{By: time.Second})
			},
		},
		{
			Name: "add and revoke", About: "a user comes and goes before anybody could commit",
			Strike: func(ctx context.Context, t Target) error { return t.strangers(ctx, 1) },
		},
		{
			Name: "mass add and revoke", About: "seventy users come and go at once: messages of 30 kB",
			Strike: func(ctx context.Context, t Target) error { return t.strangers(ctx, 70) },
		},
		{
			Name: "mass join", About: "twenty people join within a second, and leave together",
			Strike: massJoin,
		},
		{
			Name: "emptied and refilled", About: "everybody leaves, and after a second some come back",
			Strike: emptyAndRefill,
		},
	}
}

// visitedThen is visited, and waits for the group without the visitors.
func (t Target) visitedThen(ctx context.Context, people []*User, do func() error) error {
	if _, err := t.now(); err != nil {
		return err
	}
	return firstOf(t.visited(ctx, people, do), t.ready(ctx, t.Voice))
}

// passing lets three people come one after the other, and go, under faults that
// begin with the second.
func passing(name, about string, faults ...voiceserver.Fault) NamedFault {
	return NamedFault{Name: name, About: about, Strike: func(ctx context.Context, t Target) error {
		people := t.Guild.passersBy(3)
		return t.visitedThen(ctx, people[:1], func() error {
			return t.while(func() error {
				defer people[1].LeaveVoice()
				if err := t.visit(people[1]); err != nil {
					return err
				}
				if err := t.joined(ctx, people[1]); err != nil {
					return err
				}
				return t.visited(ctx, people[2:], func() error { return nil })
			}, faults...)
		})
	}}
}

// joined waits until somebody is in the group, whatever transitions do.
func (t Target) joined(ctx context.Context, u *User) error {
	return t.voice().Wait(ctx, func() bool {
		state, ok := t.voice().Encryption(t.Guild.ID, t.Voice.ID)
		return !ok || state.Version == 0 || state.Has(u.ID)
	})
}

func race(name, about string, winner func(t Target, u *User) ID) NamedFault {
	return NamedFault{Name: name, About: about, Strike: func(ctx context.Context, t Target) error {
		people := t.Guild.passersBy(3)
		return t.visitedThen(ctx, people[:1], func() error {
			return t.while(func() error { return t.visited(ctx, people[1:], func() error { return nil }) },
				voiceserver.CommitWinner{User: winner(t, people[0])})
		})
	}}
}

// strangers lets n users come and go in one moment.
func (t Target) strangers(ctx context.Context, n int) error {
	if _, err := t.now(); err != nil {
		return err
	}
	ids := make([]ID, n)
	for i := range ids {
		ids[i] = ID(1000 + i) // of nobody
	}
	if err := t.voice().AddAndRevoke(t.Guild.ID, t.Voice.ID, ids...); err != nil {
		return err
	}
	return t.ready(ctx, t.Voice)
}

func massJoin(ctx context.Context, t Target) error {
	const many = 20
	people := t.Guild.passersBy(many)
	defer leave(people)
	for _, u := range people {
		if err := t.visit(u); err != nil {
			return err
		}
		if err := pause(ctx, time.Second/many); err != nil {
			return err
		}
	}
	if err := t.ready(ctx, t.Voice); err != nil {
		return err
	}
	leave(people)
	return t.ready(ctx, t.Voice)
}

func emptyAndRefill(ctx context.Context, t Target) error {
	if _, err := t.now(); err != nil {
		return err
	}
	people := t.Guild.passersBy(3)
	return t.visitedThen(ctx, people, func() error {
		leave(people)
		if err := t.ready(ctx, t.Voice); err != nil {
			return err
		}
		if err := pause(ctx, time.Second); err != nil {
			return err
		}
		return t.visited(ctx, people[:1], func() error { return nil })
	})
}
