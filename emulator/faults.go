package emulator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"busker/emulator/listen"
	"busker/emulator/voiceserver"
)

// Target is what a fault strikes: a bot in a voice channel of a guild, and another
// voice channel it can be moved to.
type Target struct {
	Bot   *Bot
	Guild *Guild
	Voice *Channel
	Other *Channel
}

// NamedFault is something that goes wrong at Discord, ready to be tried on a bot
// that plays.
type NamedFault struct {
	Name  string // unique, lower case
	About string // one sentence
	// Final is that the bot does right to be out of voice afterwards.
	Final bool
	// Strike lets it happen to the bot and returns when it is over: unless the fault is
	// Final, the bot is then in its channel again and nothing keeps it from being heard.
	// It fails when ctx ends before. Strikes on one guild must not overlap.
	Strike func(ctx context.Context, t Target) error
}

// Faults returns the catalogue, in no order of importance.
func Faults() []NamedFault {
	return slices.Concat(closeFaults(), stepFaults(), placeFaults(), pathFaults(), groupFaults(), wireFaults(), shardFaults())
}

// FaultNamed finds a fault of the catalogue.
func FaultNamed(name string) (NamedFault, bool) {
	all := Faults()
	i := slices.IndexFunc(all, func(f NamedFault) bool { return f.Name == name })
	if i < 0 {
		return NamedFault{}, false
	}
	return all[i], true
}

// errNotThere: a strike needs the bot in its channel.
var errNotThere = errors.New("the bot is not in its voice channel")

func (t Target) voice() *voiceserver.Server { return t.Bot.e.voice }

// now returns the bot's voice session, which must be in its channel.
func (t Target) now() (voiceserver.Presence, error) {
	p, ok := t.voice().Presence(t.Guild.ID, t.Bot.ID)
	if !ok || p.Channel != t.Voice.ID {
		return p, errNotThere
	}
	return p, nil
}

// ready waits until the bot can be heard in a channel.
func (t Target) ready(ctx context.Context, in *Channel) error {
	err := t.voice().Wait(ctx, func() bool {
		p, ok := t.voice().Presence(t.Guild.ID, t.Bot.ID)
		return ok && p.Channel == in.ID && p.Ready()
	})
	if err != nil {
		p, ok := t.voice().Presence(t.Guild.ID, t.Bot.ID)
		state, _ := t.voice().Encryption(t.Guild.ID, in.ID)
		return fmt.Errorf("the bot is not back in %s (session %v: %+v, call %+v): %w", in.Name, ok, p, state, err)
	}
	return nil
}

// again waits until the bot has another socket than before, and can be heard.
func (t Target) again(ctx context.Context, before voiceserver.Presence) error {
	err := t.voice().Wait(ctx, func() bool {
		p, ok := t.voice().Presence(t.Guild.ID, t.Bot.ID)
		return ok && (p.Token != before.Token || p.Sockets > before.Sockets)
	})
	if err != nil {
		return fmt.Errorf("the bot does not connect again: %w", err)
	}
	return t.ready(ctx, t.Voice)
}

// gone waits until the bot has no session.
func (t Target) gone(ctx context.Context) error {
	return t.voice().Wait(ctx, func() bool {
		_, ok := t.voice().Presence(t.Guild.ID, t.Bot.ID)
		return !ok
	})
}

// while does something under faults in the guild, which end with it.
func (t Target) while(do func() error, faults ...voiceserver.Fault) error {
	for _, f := range faults {
		t.voice().InjectIn(t.Guild.ID, f)
	}
	defer t.voice().HealIn(t.Guild.ID)
	return do()
}

// crowd are people who pass by because a fault needs them, by guild.
type crowd struct {
	mu     sync.Mutex
	people map[ID][]*User
}

// passersBy returns the same n people of a guild every time.
func (g *Guild) passersBy(n int) []*User {
	c := &g.e.crowd
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.people == nil {
		c.people = make(map[ID][]*User)
	}
	for len(c.people[g.ID]) < n {
		c.people[g.ID] = append(c.people[g.ID], g.AddUser(fmt.Sprintf("passer-by %d", len(c.people[g.ID])+1)))
	}
	return slices.Clone(c.people[g.ID][:n])
}

// visit lets a passer-by into the channel, who hears but remembers nothing.
func (t Target) visit(u *User) error {
	_, err := u.JoinVoice(t.Voice, listen.Options{CountOnly: true, Keep: -1})
	return err
}

// visited lets people into the channel one after the other, waits for the group each
// time, does something, and lets them go again.
func (t Target) visited(ctx context.Context, people []*User, do func() error) error {
	defer leave(people)
	for _, u := range people {
		if err := t.visit(u); err != nil {
			return err
		}
		if err := t.ready(ctx, t.Voice); err != nil {
			return err
		}
	}
	return do()
}

func leave(people []*User) {
	for _, u := range people {
		u.LeaveVoice()
	}
}
