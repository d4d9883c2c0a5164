package bot

import (
	"context"
	"errors"
	"sync"
	"time"

	"busker/cluster"
	"busker/internal/snowflake"
)

// errNotOurs says that something was not done because the guild is another process's, or
// because nobody can say whose it is.
var errNotOurs = errors.New("the guild is not this process's")

// errHandedOver is why the keepers of a guild end that went to another process.
var errHandedOver = errors.New("the guild went to another process")

// ownTimeout is for finding out whose a guild is.
const ownTimeout = 2 * time.Second

// mayAct reports whether something may be done in a guild now, as errNotOurs. lost is
// whether it is known to be another process's.
func (b *Bot) mayAct(ctx context.Context, guild snowflake.ID) (lost bool, err error) {
	if b.opts.Owns == nil {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, ownTimeout)
	defer cancel()
	if err := b.opts.Owns(ctx, guild); err != nil {
		return errors.Is(err, cluster.ErrLost), errors.Join(errNotOurs, err)
	}
	return false, nil
}

// handover is guilds that came to this process or went from it.
type handover struct {
	serves func(guild snowflake.ID) bool
	gained []snowflake.ID // that have a card; nil: they went
}

// handovers wait for Run. Adding never waits.
type handovers struct {
	mu   sync.Mutex
	list []handover
	wake chan struct{} // 1: there are some
}

func (h *handovers) add(one handover) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, one)
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

func (h *handovers) take() []handover {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := h.list
	h.list = nil
	return all
}

// Gained tells the bot that guilds are this process's from now on: it takes over the cards
// that another process left there. It returns when it knows where they are, or the store
// did not say so within two seconds; the players should return after that.
func (b *Bot) Gained(ctx context.Context, serves func(guild snowflake.ID) bool) {
	one := handover{serves: serves, gained: []snowflake.ID{}}
	b.settings.ForgetGuilds(serves)
	for _, former := range b.adopt(ctx, serves) {
		if former.Message != 0 {
			one.gained = append(one.gained, former.Guild)
		}
	}
	b.handed.add(one)
}

// Lost tells the bot that guilds are another process's: whatever it does there by itself
// ends without another word. It never waits.
func (b *Bot) Lost(serves func(guild snowflake.ID) bool) {
	b.settings.ForgetGuilds(serves)
	b.cards.forget(serves)
	b.places.forget(serves)
	b.serials.forget(serves)
	b.handed.add(handover{serves: serves})
}

// apply has the keepers of guilds that went end, and those of guilds that came begin. One
// that was there before its guild came knows nothing of the card there.
func (h handover) apply(all crews) {
	for _, c := range []*crew{all.cards, all.stewards, all.signs} {
		c.release(h.serves)
	}
	for _, guild := range h.gained {
		all.cards.post(guild, notes{})
	}
}
