package player

import (
	"context"
	"fmt"
	"slices"
	"time"

	"busker/internal/fault"
	"busker/session"
)

// ErrMoved refuses commands of guilds that another process plays for, or is about to: who
// gave one finds out which that is, and gives it there.
var ErrMoved = fault.New(fault.Unavailable, "I am moving to another machine this moment. Try it again in a few seconds.")

// custody says whose a player's guild is.
type custody uint8

const (
	ours   custody = iota
	parted         // commands are refused; when the journey that is under way has ended it is lent
	lent           // another process goes on with it; until its sound begins, ours goes on
	gone           // the player ends, without a word to anybody
)

// What a Manager has a player do about its custody, by its inbox.
type (
	// handOver: answered once what is kept is handed to the Memory.
	handOver struct {
		handed chan handed // holds one
	}
	takeBack struct{}
	letGo    struct{}
	comeHome struct{} // the guild came back from who had it: what is kept counts
)

// handed is what became of a handOver.
type handed struct {
	last session.Receipt // of what is kept; zero = of nothing
	err  error           // why the player stays
}

// HandOver has another process go on with guilds, and returns when all that it must know
// is kept. From its beginning on all commands are refused with ErrMoved, also those of
// guilds that have no player: for a minute, or until TakeBack, Release or Revive. The sound goes on,
// and so does the queue, until the Output is disconnected, as Discord does when the other
// process is heard, or until Release: then the player ends without a word to Discord.
// Meanwhile nothing of it is kept any more, it sends no events, neither falls asleep nor
// leaves. When it fails, as it does where what the Memory has of a guild could not be loaded
// yet, or nobody takes the guilds, TakeBack undoes it. guilds must not wait; nil = all that
// have a player.
func (m *Manager) HandOver(ctx context.Context, guilds func(GuildID) bool) error {
	players := m.turn(guilds, true)
	answers := make([]chan handed, len(players))
	for i, p := range players {
		answers[i] = make(chan handed, 1)
		p.inbox.post(handOver{answers[i]})
	}
	for i, p := range players {
		if err := p.awaitHandOver(ctx, answers[i]); err != nil {
			return fmt.Errorf("hand guild %d over: %w", p.guild, err)
		}
	}
	return nil
}

// awaitHandOver returns when what the player handed to its Memory last is durable.
func (p *player) awaitHandOver(ctx context.Context, answer <-chan handed) error {
	var is handed
	select {
	case is = <-answer:
	case <-p.done:
		return nil // what it was is kept, or was never to be
	case <-ctx.Done():
		return ctx.Err()
	}
	if is.err != nil || is.last.Done() == nil {
		return is.err
	}
	select {
	case <-is.last.Done():
		return is.last.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TakeBack makes the players normal again that were handed over and still play, and keeps
// all of their queues anew. Those that have ended meanwhile return by Revive. What another
// process has changed of the guilds since is lost. guilds is as for HandOver.
func (m *Manager) TakeBack(guilds func(GuildID) bool) {
	for _, p := range m.turn(guilds, false) {
		p.inbox.post(takeBack{})
	}
}

// Release ends the players of guilds that are another process's, handed over or not: they
// fall silent, Discord is told nothing, and what is kept stays as it is. It does not wait
// for that. guilds is as for HandOver.
func (m *Manager) Release(guilds func(GuildID) bool) {
	for _, p := range m.turn(guilds, false) {
		p.inbox.post(letGo{})
	}
}

// turn is where guilds turned to at a time: away from this process, or not.
type turn struct {
	guilds func(GuildID) bool // nil = all
	away   bool
	at     time.Time
}

// turnLife is for how long a turn counts: whoever hands guilds over has given them away or
// taken them back long before.
const turnLife = time.Minute

// turn notes where guilds turn and returns their players. Whoever has none gets none
// between the two.
func (m *Manager) turn(guilds func(GuildID) bool, away bool) (players []*player) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turns = slices.DeleteFunc(m.turns, func(t turn) bool { return time.Since(t.at) > turnLife })
	m.turns = append(m.turns, turn{guilds, away, time.Now()})
	for guild, p := range m.players {
		if guilds == nil || guilds(guild) {
			players = append(players, p)
		}
	}
	return players
}

// isAway reports whether a guild was handed over a moment ago; the caller holds the lock.
func (m *Manager) isAway(guild GuildID) bool {
	for _, t := range slices.Backward(m.turns) {
		if time.Since(t.at) <= turnLife && (t.guilds == nil || t.guilds(guild)) {
			return t.away
		}
	}
	return false
}
