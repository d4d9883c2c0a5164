package remote

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"busker/cluster"
	"busker/player"
)

const (
	// statusTimeout bounds a question whose context has no deadline.
	statusTimeout = 3 * time.Second
	// asked is how many shards are asked side by side: enough to hide their latency.
	asked = 16
	// askedAbout is how many guilds one question is about, so that the answer, in which a
	// queue is cut to EventItems, is not too long for the bus.
	askedAbout = 100
)

// Statuses returns how the players of guilds are, wherever they are. Guilds without a
// player are missing. Of several guilds the queues of those elsewhere are cut to EventItems.
// With an error, those that could be asked are there nevertheless. ctx without a deadline
// gets one of three seconds.
func (d *Doer) Statuses(ctx context.Context, guilds ...player.GuildID) (map[player.GuildID]player.Status, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, statusTimeout)
		defer cancel()
	}
	found := map[player.GuildID]player.Status{}
	for wait := firstPause; ; wait = min(2*wait, lastPause) {
		left, err := d.survey(ctx, guilds, found)
		var again unanswered
		if !errors.As(err, &again) {
			return found, err
		}
		guilds = left
		d.opts.Metrics.again.WithLabelValues(again.why).Inc()
		d.opts.Directory.Forget()
		if !pause(ctx, wait) {
			return found, givenUp(ctx, false, err)
		}
	}
}

// survey asks for all guilds once. It returns those that nobody could tell about, and why.
func (d *Doer) survey(ctx context.Context, guilds []player.GuildID, found map[player.GuildID]player.Status) (left []player.GuildID, err error) {
	shards := map[place][]player.GuildID{}
	for _, g := range guilds {
		if d.opts.Token(g) != 0 {
			if s, ok := d.opts.Local.Status(g); ok {
				found[g] = s
			}
			continue
		}
		at, missing := d.find(ctx, g)
		if missing != nil {
			left, err = append(left, g), missing
			continue
		}
		shards[at] = append(shards[at], g)
	}
	unknown, failed := d.askAll(ctx, shards, found)
	return slices.Concat(left, unknown), cmp.Or(err, failed)
}

// askAll asks the owners of shards side by side.
func (d *Doer) askAll(ctx context.Context, shards map[place][]player.GuildID, found map[player.GuildID]player.Status) (left []player.GuildID, err error) {
	var mu sync.Mutex // over found, left and err
	var asking sync.WaitGroup
	room := make(chan struct{}, asked)
	for at, all := range shards {
		for guilds := range slices.Chunk(all, askedAbout) {
			room <- struct{}{}
			asking.Go(func() {
				defer func() { <-room }()
				statuses, failed := d.question(ctx, at, guilds)
				mu.Lock()
				defer mu.Unlock()
				maps.Copy(found, statuses)
				if failed != nil {
					left, err = append(left, guilds...), failed
				}
			})
		}
	}
	asking.Wait()
	return left, err
}

// question asks the owner of a shard.
func (d *Doer) question(ctx context.Context, at place, guilds []player.GuildID) (map[player.GuildID]player.Status, error) {
	var a answers
	if err := d.ask(ctx, at, cluster.Message{Kind: kindStatus}, question{at.token, guilds}, &a); err != nil {
		return nil, err
	}
	if a.Moved {
		return nil, unanswered{"moved", player.ErrMoved}
	}
	found := make(map[player.GuildID]player.Status, len(a.Statuses))
	for g, w := range a.Statuses {
		s, err := w.status()
		if err != nil {
			return nil, err
		}
		found[g] = s
	}
	return found, nil
}
