package bot

import (
	"maps"
	"math/rand/v2"
	"sync"

	"busker/internal/snowflake"
	"busker/settings"
)

// places remembers in which text channel each guild last asked for music: that is
// where its card goes.
type places struct {
	mu       sync.Mutex
	channels map[snowflake.ID]snowflake.ID
}

func (p *places) set(guild, channel snowflake.ID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.channels == nil {
		p.channels = map[snowflake.ID]snowflake.ID{}
	}
	p.channels[guild] = channel
}

func (p *places) forget(guilds func(snowflake.ID) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.channels, func(g, _ snowflake.ID) bool { return guilds(g) })
}

// setFirst is set for a guild of which no channel is known yet.
func (p *places) setFirst(guild, channel snowflake.ID) {
	if channel != 0 && p.of(guild) == 0 {
		p.set(guild, channel)
	}
}

// of returns the guild's channel, 0 when nobody has asked for music yet.
func (p *places) of(guild snowflake.ID) snowflake.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.channels[guild]
}

// placeFor is the text channel for all the bot says by itself: the one the server has
// chosen, or where somebody last asked for music; 0 = nobody has yet.
func (b *Bot) placeFor(guild snowflake.ID, chosen settings.Guild) snowflake.ID {
	if chosen.TextChannel != 0 {
		return chosen.TextChannel
	}
	return b.places.of(guild)
}

// serials tell each guild's card from all it had before, in this process or in earlier
// ones.
type serials struct {
	mu      sync.Mutex
	current map[snowflake.ID]string
}

// next returns the serial of a new card, which takes the place of the guild's last.
func (s *serials) next(guild snowflake.ID) string {
	serial := serialOf(rand.Uint64() >> 1) // as a database's integer holds it
	s.use(guild, serial)
	return serial
}

// use makes the guild's card in use the one of this serial.
func (s *serials) use(guild snowflake.ID, serial string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		s.current = map[snowflake.ID]string{}
	}
	s.current[guild] = serial
}

// inUse reports whether the guild's card in use is this one.
func (s *serials) inUse(guild snowflake.ID, serial string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return serial != "" && s.current[guild] == serial
}

func (s *serials) forget(guilds func(snowflake.ID) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.current, func(g snowflake.ID, _ string) bool { return guilds(g) })
}

// drop says that a card is no longer in use.
func (s *serials) drop(guild snowflake.ID, serial string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current[guild] == serial {
		delete(s.current, guild)
	}
}
