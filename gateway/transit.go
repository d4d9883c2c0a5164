package gateway

import (
	"maps"
	"slices"

	"busker/internal/snowflake"
)

// How guilds come into a cache and leave it without an event: with their shard, from
// another process or another set of shards.

// changes returns what became of the guilds of a shard since it was last asked, for
// others to restore; nil for those that are gone.
func (c *cache) changes(serves func(snowflake.ID) bool) map[string][]byte {
	c.mu.RLock()
	which := slices.Collect(maps.Keys(c.touched))
	c.mu.RUnlock()
	which = slices.DeleteFunc(which, func(of snowflake.ID) bool { return !serves(of) }) // which may take another lock
	c.mu.Lock()
	for _, of := range which {
		delete(c.touched, of)
	}
	c.mu.Unlock()
	c.mu.RLock()
	defer c.mu.RUnlock()
	entries := make(map[string][]byte, len(which))
	for _, of := range which {
		entries[of.String()] = nil
		if g := c.guilds[of]; g != nil {
			entries[of.String()] = g.encode(c.wanted[of])
		}
	}
	return entries
}

// touch has changes return entries again: they could not be kept.
func (c *cache) touch(entries map[string][]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key := range entries {
		c.touched[id(key)] = true
	}
}

// touchAll has changes return all guilds of a shard.
func (c *cache) touchAll(serves func(snowflake.ID) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for of := range c.guilds {
		if serves(of) {
			c.touched[of] = true
		}
	}
}

// restore takes what changes returned elsewhere, and tells how many entries were
// damaged.
func (c *cache) restore(entries map[string][]byte) (damaged int) {
	for key, entry := range entries {
		g, wanted, err := decodeGuild(entry)
		if err != nil || id(key) == 0 {
			damaged++
			continue
		}
		c.set(id(key), g, wanted)
	}
	return damaged
}

// dropOthers forgets the guilds of a shard that are not among entries: this process knew
// them when it had the shard before, and the bot has been removed from them since.
func (c *cache) dropOthers(serves func(snowflake.ID) bool, entries map[string][]byte) {
	c.drop(func(of snowflake.ID) bool {
		_, is := entries[of.String()]
		return serves(of) && !is
	})
}

// set puts a whole guild in place.
func (c *cache) set(of snowflake.ID, g *guild, wanted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forget(of)
	delete(c.touched, of)
	c.guilds[of] = g
	for ch := range g.channels {
		c.home[ch] = of
	}
	if wanted {
		c.wanted[of] = true
	} else {
		delete(c.wanted, of)
	}
}

// count returns how many guilds of a shard there are.
func (c *cache) count(serves func(snowflake.ID) bool) (n int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for of := range c.guilds {
		if serves(of) {
			n++
		}
	}
	return n
}

// drop forgets the guilds of a shard that another process serves now.
func (c *cache) drop(serves func(snowflake.ID) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, of := range slices.Collect(maps.Keys(c.guilds)) {
		if serves(of) {
			c.forget(of)
			delete(c.wanted, of)
			delete(c.touched, of)
		}
	}
}

// has reports whether a guild is known.
func (c *cache) has(of snowflake.ID) bool {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.guilds[of] != nil
}

// unlisted returns the guilds of a shard that are on no list: the bot left them, and only
// another shard was told.
func (c *cache) unlisted(serves, lists func(snowflake.ID) bool) (gone []snowflake.ID) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for of := range c.guilds {
		if serves(of) && !lists(of) {
			gone = append(gone, of)
		}
	}
	return gone
}

// merge moves the guilds of from into c, which keeps what it knows of the bot's wishes
// and of lines nobody has told from. It returns which they are.
func (c *cache) merge(from *cache) (moved []snowflake.ID) {
	from.mu.Lock()
	guilds := from.guilds
	from.guilds, from.home = map[snowflake.ID]*guild{}, map[snowflake.ID]snowflake.ID{}
	from.mu.Unlock()
	for of, g := range guilds {
		c.mu.RLock()
		wanted, before := c.wanted[of], c.guilds[of]
		if before != nil && g.status == nil {
			g.status = maps.Clone(before.status)
		}
		c.mu.RUnlock()
		c.set(of, g, wanted || from.isWanted(of))
		moved = append(moved, of)
	}
	return moved
}

// inVoice counts the guilds of a shard in whose voice the bot is or wants to be, and
// those where it, self, is by a session.
func (c *cache) inVoice(serves func(snowflake.ID) bool, self snowflake.ID, session string) (guilds, bySession int) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for of := range c.wanted {
		if serves(of) {
			guilds++
		}
	}
	for of, g := range c.guilds {
		if g.session == session && session != "" && g.voice[self].channel != 0 && serves(of) {
			bySession++
		}
	}
	return guilds, bySession
}
