package settings

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"busker/internal/snowflake"
)

// Store keeps settings. All methods may be called concurrently; an error that is not
// that of the change is a fault.Unavailable.
type Store interface {
	// Guild returns what the guild has chosen, Default where it has chosen nothing.
	Guild(ctx context.Context, guild snowflake.ID) (Guild, error)
	// ChangeGuild has change alter the guild's settings and keeps them, in one
	// transaction: no change is lost to another. It returns what is kept now. An error of
	// change, or of Check after it, is returned as it is, and nothing is kept.
	ChangeGuild(ctx context.Context, guild snowflake.ID, change func(*Guild) error) (Guild, error)
	// User and ChangeUser are the same for a person.
	User(ctx context.Context, user snowflake.ID) (User, error)
	ChangeUser(ctx context.Context, user snowflake.ID, change func(*User) error) (User, error)
}

// Cache answers from memory what it has read or changed once, for commands have to know
// who may what before they can answer. It is safe for concurrent use.
type Cache struct {
	store Store
	log   *slog.Logger

	mu     sync.Mutex
	guilds map[snowflake.ID]Guild
	users  map[snowflake.ID]User
}

// maxCached is how many guilds, and how many people, a Cache knows at a time. A Guild
// takes about 300 bytes.
const maxCached = 20_000

// NewCache returns a Cache in front of store; a nil log discards.
func NewCache(store Store, log *slog.Logger) *Cache {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Cache{store: store, log: log, guilds: map[snowflake.ID]Guild{}, users: map[snowflake.ID]User{}}
}

// Guild returns the guild's settings. Those of a guild that cannot be read are Default:
// music must go on without its store.
func (c *Cache) Guild(ctx context.Context, guild snowflake.ID) Guild {
	return recall(ctx, c, c.guilds, guild, Default(), func(ctx context.Context) (Guild, error) { return c.store.Guild(ctx, guild) })
}

// readTimeout is for one read: a store that does not answer must not keep anybody.
const readTimeout = 2 * time.Second

// Known returns the guild's settings as far as they are in memory. It never waits.
func (c *Cache) Known(guild snowflake.ID) (Guild, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g, ok := c.guilds[guild]
	return g, ok
}

// User returns a person's settings, those of nobody in particular when they cannot be read.
func (c *Cache) User(ctx context.Context, user snowflake.ID) User {
	return recall(ctx, c, c.users, user, User{}, func(ctx context.Context) (User, error) { return c.store.User(ctx, user) })
}

// ChangeGuild changes the guild's settings in the store and here.
func (c *Cache) ChangeGuild(ctx context.Context, guild snowflake.ID, change func(*Guild) error) (Guild, error) {
	g, err := c.store.ChangeGuild(ctx, guild, change)
	if err != nil {
		return Guild{}, err
	}
	remember(c, c.guilds, guild, g)
	return g, nil
}

// ChangeUser changes a person's settings in the store and here.
func (c *Cache) ChangeUser(ctx context.Context, user snowflake.ID, change func(*User) error) (User, error) {
	u, err := c.store.ChangeUser(ctx, user, change)
	if err != nil {
		return User{}, err
	}
	remember(c, c.users, user, u)
	return u, nil
}

// Forget drops what is remembered of a guild or a person, who are read anew then.
func (c *Cache) Forget(id snowflake.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.guilds, id)
	delete(c.users, id)
}

// ForgetGuilds drops what is remembered of guilds: another process may have changed it.
func (c *Cache) ForgetGuilds(which func(snowflake.ID) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.DeleteFunc(c.guilds, func(g snowflake.ID, _ Guild) bool { return which(g) })
}

func recall[V any](
	ctx context.Context, c *Cache, known map[snowflake.ID]V, id snowflake.ID, unknown V, read func(context.Context) (V, error),
) V {
	c.mu.Lock()
	v, ok := known[id]
	c.mu.Unlock()
	if ok {
		return v
	}
	timed, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	v, err := read(timed)
	if err != nil {
		if ctx.Err() == nil { // else nobody wants to know any more
			c.log.Warn("settings cannot be read", "id", id, "err", err)
		}
		return unknown
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if newer, ok := known[id]; ok { // somebody changed them meanwhile
		return newer
	}
	keep(known, id, v)
	return v
}

func remember[V any](c *Cache, known map[snowflake.ID]V, id snowflake.ID, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	keep(known, id, v)
}

// keep makes room first where there is none: whoever goes is read again when needed.
func keep[V any](known map[snowflake.ID]V, id snowflake.ID, v V) {
	if len(known) >= maxCached {
		for other := range known {
			delete(known, other)
			break
		}
	}
	known[id] = v
}
