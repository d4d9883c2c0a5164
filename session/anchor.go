package session

import (
	"context"
	"maps"
	"time"

	"busker/internal/snowflake"
)

// drift is how far a position may be from where its anchor says before there is another.
const drift = 500 * time.Millisecond

// anchor is the Place last kept of a guild whose position goes on, and the way to ask
// where it is.
type anchor struct {
	token uint64
	place Place
	now   func() (position time.Duration, speed float64) // nil = it need not be asked
}

// at is where the anchor says the position is at a time: by the clock on the wall, as
// whoever loads it will reckon, so that another one is written when that clock is set.
func (a anchor) at(t time.Time) time.Duration {
	return a.place.Position + time.Duration(float64(t.Round(0).Sub(a.place.At.Round(0)))*a.place.Speed)
}

// follow notes the place of a guild. The caller holds the lock.
func (k *Keeper) follow(guild snowflake.ID, token uint64, p Place, now func() (time.Duration, float64)) {
	if now == nil && p.Speed == 0 {
		delete(k.moving, guild)
		return
	}
	k.moving[guild] = anchor{token, p, now}
}

// beat mends the anchors that do not hold, and then says that the process is alive, for
// that makes all anchors reach until now. Without a guild that plays nobody needs to know.
func (k *Keeper) beat(ctx, life context.Context) {
	k.mu.Lock()
	moving := maps.Clone(k.moving)
	k.mu.Unlock()
	if len(moving) == 0 {
		return
	}
	at := time.Now()
	for guild, a := range moving {
		k.mend(guild, a)
	}
	k.write(ctx, life)
	if ctx.Err() != nil {
		return
	}
	ctx, cancel := context.WithTimeout(life, k.opts.Timeout)
	defer cancel()
	if err := k.opts.Store.Beat(ctx, k.opts.Process, at); err != nil {
		k.failed("the heartbeat could not be saved", err)
		return
	}
	k.opts.Metrics.beats.Inc()
}

// mend writes another anchor for a guild when a does not hold and is still the newest.
func (k *Keeper) mend(guild snowflake.ID, a anchor) {
	if a.now == nil {
		return
	}
	now := time.Now()
	position, speed := a.now()
	if (position-a.at(now)).Abs() <= drift && speed == a.place.Speed {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if newest, ok := k.moving[guild]; !ok || !newest.place.At.Equal(a.place.At) {
		return
	}
	a.place.Position, a.place.Speed, a.place.At = position, speed, now
	k.moving[guild] = a
	place := a.place
	k.add(Change{Guild: guild, Token: a.token, Place: &place})
	k.opts.Metrics.anchors.Inc()
}
