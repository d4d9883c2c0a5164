package bot

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"busker/gateway"
	"busker/internal/snowflake"
	"busker/session"
)

// adoptTimeout is for reading where the cards of the process before are.
const adoptTimeout = 2 * time.Second

// adopt reads which cards another process left in guilds. Without them the music plays all
// the same.
func (b *Bot) adopt(ctx context.Context, serves func(guild snowflake.ID) bool) []session.Card {
	timed, cancel := context.WithTimeout(ctx, adoptTimeout)
	defer cancel()
	kept, err := b.opts.Cards.Cards(timed)
	if err != nil {
		if ctx.Err() == nil { // else the guilds are another's already
			b.log.Warn("the cards of the process before cannot be read", "err", err)
		}
		return nil
	}
	kept = slices.DeleteFunc(kept, func(k session.Card) bool { return !serves(k.Guild) })
	b.cards.mu.Lock()
	defer b.cards.mu.Unlock()
	for _, k := range kept {
		b.cards.former[k.Guild] = k
		b.places.setFirst(k.Guild, k.Channel)
	}
	return kept
}

// cardSet is which cards there are.
type cardSet struct {
	mu     sync.Mutex
	at     map[snowflake.ID]*card
	former map[snowflake.ID]session.Card // of the process before, until they are taken over
}

func newCardSet() cardSet {
	return cardSet{at: map[snowflake.ID]*card{}, former: map[snowflake.ID]session.Card{}}
}

// takeFormer returns the card of the process before, once.
func (s *cardSet) takeFormer(guild snowflake.ID) session.Card {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.former[guild]
	delete(s.former, guild)
	return k
}

// forget drops former cards of guilds, and what was counted for cards there.
func (s *cardSet) forget(guilds func(snowflake.ID) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.former, func(g snowflake.ID, _ session.Card) bool { return guilds(g) })
	maps.DeleteFunc(s.at, func(g snowflake.ID, _ *card) bool { return guilds(g) })
}

func (s *cardSet) set(c *card) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at[c.guild] = c
}

// drop reports whether c was the guild's card.
func (s *cardSet) drop(c *card) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.at[c.guild] == c
	if was {
		delete(s.at, c.guild)
	}
	return was
}

func (s *cardSet) of(guild snowflake.ID) *card {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at[guild]
}

// MessagePosted tells the bot that a message was posted. It never waits.
func (b *Bot) MessagePosted(m gateway.Message) {
	if c := b.cards.of(m.Guild); c != nil {
		c.chat.posted(m)
	}
}

// maxBelow is how many messages may lie below a card before it moves down.
const maxBelow = 5

// chat counts the messages below a card.
type chat struct {
	mu      sync.Mutex
	channel snowflake.ID
	card    snowflake.ID
	below   int
	recent  []gateway.Message // the last of the guild, at most maxBelow + 1
	wake    func()            // called when they have become too many; it must not wait
}

// follow begins to count anew, below another message: some may have come before Discord
// told where that one is.
func (c *chat) follow(channel, card string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.channel, c.card, c.below = parseID(channel), parseID(card), 0
	for _, m := range c.recent {
		c.count(m)
	}
}

func (c *chat) posted(m gateway.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recent = append(c.recent, m)
	c.recent = c.recent[max(0, len(c.recent)-maxBelow-1):]
	c.count(m)
}

// count counts a message that lies below the card; the caller holds the lock.
func (c *chat) count(m gateway.Message) {
	if m.Channel != c.channel || m.ID <= c.card || c.card == 0 {
		return
	}
	if c.below++; c.below == maxBelow+1 {
		c.wake()
	}
}

func (c *chat) ranAway() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.below > maxBelow
}

// serialNumber is a card's serial as a store keeps it, and serialOf the reverse.
func serialNumber(serial string) uint64 {
	n, err := strconv.ParseUint(serial, 36, 64)
	if err != nil { // ours always are numbers
		return 0
	}
	return n
}

func serialOf(n uint64) string { return strconv.FormatUint(n, 36) }
