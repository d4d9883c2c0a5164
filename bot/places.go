package bot

import (
	"math/rand/v2"
	"strconv"
	"sync"

	"busker/internal/snowflake"
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

// of returns the guild's channel, 0 when nobody has asked for music yet.
func (p *places) of(guild snowflake.ID) snowflake.ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.channels[guild]
}

// serials tell each guild's card from all it had before, in this process or in earlier
// ones: those start to count the items of their queues anew.
type serials struct {
	mu      sync.Mutex
	current map[snowflake.ID]string
}

// next returns the serial of a new card, which takes the place of the guild's last.
func (s *serials) next(guild snowflake.ID) string {
	serial := strconv.FormatUint(rand.Uint64(), 36)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		s.current = map[snowflake.ID]string{}
	}
	s.current[guild] = serial
	return serial
}

// inUse reports whether the guild's card in use is this one.
func (s *serials) inUse(guild snowflake.ID, serial string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return serial != "" && s.current[guild] == serial
}

// drop says that a card is no longer in use.
func (s *serials) drop(guild snowflake.ID, serial string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current[guild] == serial {
		delete(s.current, guild)
	}
}
