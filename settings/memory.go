package settings

import (
	"context"
	"sync"

	"busker/internal/snowflake"
)

// Memory is a Store that keeps settings as long as the process lives. The zero Memory
// is empty and ready; it is safe for concurrent use.
type Memory struct {
	mu     sync.Mutex
	guilds map[snowflake.ID]Guild
	users  map[snowflake.ID]User
}

// Guild implements Store.
func (m *Memory) Guild(_ context.Context, guild snowflake.ID) (Guild, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.guild(guild), nil
}

func (m *Memory) guild(id snowflake.ID) Guild {
	if g, ok := m.guilds[id]; ok {
		return g.Clone()
	}
	return Default()
}

// ChangeGuild implements Store.
func (m *Memory) ChangeGuild(_ context.Context, guild snowflake.ID, change func(*Guild) error) (Guild, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	g := m.guild(guild)
	if err := change(&g); err != nil {
		return Guild{}, err
	}
	if err := g.Check(); err != nil {
		return Guild{}, err
	}
	if m.guilds == nil {
		m.guilds = map[snowflake.ID]Guild{}
	}
	m.guilds[guild] = g
	return g.Clone(), nil
}

// User implements Store.
func (m *Memory) User(_ context.Context, user snowflake.ID) (User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.users[user], nil
}

// ChangeUser implements Store.
func (m *Memory) ChangeUser(_ context.Context, user snowflake.ID, change func(*User) error) (User, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u := m.users[user]
	if err := change(&u); err != nil {
		return User{}, err
	}
	if m.users == nil {
		m.users = map[snowflake.ID]User{}
	}
	m.users[user] = u
	return u, nil
}
