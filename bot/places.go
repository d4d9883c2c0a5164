package bot

import (
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
