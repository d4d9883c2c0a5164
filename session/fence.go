package session

import (
	"context"
	"errors"

	"busker/internal/snowflake"
)

// ErrFenced says that a newer owner of the guild is known: what an older one wants kept is
// refused.
var ErrFenced = errors.New("a newer owner of the guild is known")

// Receipt tells what has become of a Change that was handed over. The zero Receipt is of
// nothing, and never done.
type Receipt struct {
	batch *batch
	claim claim
}

// claim is what somebody wants a guild's changes kept by.
type claim struct {
	guild snowflake.ID
	token uint64
}

// Done is closed once the Change is durable or refused, and never if the Keeper ends before.
func (r Receipt) Done() <-chan struct{} {
	if r.batch == nil {
		return nil
	}
	return r.batch.saved
}

// Err returns, once Done is closed, ErrFenced when the Change was refused, and nil when it
// is durable.
func (r Receipt) Err() error {
	if r.batch != nil && r.batch.fenced[r.claim] {
		return ErrFenced
	}
	return nil
}

// token asks what a guild's changes are to be stamped with now.
func (k *Keeper) token(guild snowflake.ID) uint64 {
	if k.opts.Token == nil {
		return 0
	}
	return k.opts.Token(guild)
}

// take makes this process the newest owner of a guild.
func (k *Keeper) take(ctx context.Context, guild snowflake.ID) error {
	token := k.token(guild)
	if token == 0 {
		return nil
	}
	return k.opts.Store.Take(ctx, guild, token)
}

// refuse notes that nothing of b that belongs to a claim will be kept.
func (k *Keeper) refuse(b *batch, c claim) {
	if b.fenced[c] {
		return
	}
	b.fenced[c] = true
	if s, ok := b.states[c.guild]; ok && s.token == c.token {
		delete(b.states, c.guild)
	}
	k.lose(c)
}

// lose tells that a claim is history.
func (k *Keeper) lose(c claim) {
	k.mu.Lock()
	if a, ok := k.moving[c.guild]; ok && a.token == c.token {
		delete(k.moving, c.guild)
	}
	k.mu.Unlock()
	k.opts.Metrics.fenced.Inc()
	k.opts.Logger.Warn("changes are dropped: another process has the guild", "guild", c.guild, "grant", c.token)
	k.opts.OnFenced(c.guild)
}

// Drop forgets where a guild is: its position no longer goes on for this process.
func (k *Keeper) Drop(guild snowflake.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.moving, guild)
}
