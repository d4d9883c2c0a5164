package player

import (
	"context"
	"fmt"

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
		handed chan session.Receipt // holds one
	}
	takeBack struct{}
	letGo    struct{}
)

// HandOver has another process go on with guilds, and returns when all that it must know
// is kept. From its beginning on all commands are refused with ErrMoved. The sound goes on,
// and so does the queue, until the Output is disconnected, as Discord does when the other
// process is heard, or until Release: then the player ends without a word to Discord.
// Meanwhile nothing of it is kept any more, it sends no events, neither falls asleep nor
// leaves. When it fails, or nobody takes the guilds, TakeBack undoes it. guilds must not
// wait; nil = all that have a player.
func (m *Manager) HandOver(ctx context.Context, guilds func(GuildID) bool) error {
	players := m.chosen(guilds)
	handed := make([]chan session.Receipt, len(players))
	for i, p := range players {
		handed[i] = make(chan session.Receipt, 1)
		p.inbox.post(handOver{handed[i]})
	}
	for i, p := range players {
		if err := p.awaitHandOver(ctx, handed[i]); err != nil {
			return fmt.Errorf("hand guild %d over: %w", p.guild, err)
		}
	}
	return nil
}

// awaitHandOver returns when what the player handed to its Memory last is durable.
func (p *player) awaitHandOver(ctx context.Context, handed chan session.Receipt) error {
	var last session.Receipt
	select {
	case last = <-handed:
	case <-p.done:
		return nil // what it was is kept, or was never to be
	case <-ctx.Done():
		return ctx.Err()
	}
	if last.Done() == nil {
		return nil
	}
	select {
	case <-last.Done():
		return last.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TakeBack makes the players normal again that were handed over and still play, and keeps
// all of their queues anew. Those that have ended meanwhile return by Revive. What another
// process has changed of the guilds since is lost. guilds is as for HandOver.
func (m *Manager) TakeBack(guilds func(GuildID) bool) {
	for _, p := range m.chosen(guilds) {
		p.inbox.post(takeBack{})
	}
}

// Release ends the players of guilds that are another process's, handed over or not: they
// fall silent, Discord is told nothing, and what is kept stays as it is. It does not wait
// for that. guilds is as for HandOver.
func (m *Manager) Release(guilds func(GuildID) bool) {
	for _, p := range m.chosen(guilds) {
		p.inbox.post(letGo{})
	}
}

// chosen returns the players of guilds.
func (m *Manager) chosen(guilds func(GuildID) bool) (players []*player) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for guild, p := range m.players {
		if guilds == nil || guilds(guild) {
			players = append(players, p)
		}
	}
	return players
}
