package voiceserver

import (
	"maps"
	"slices"
	"sync/atomic"

	"busker/emulator/listen"
	"busker/internal/snowflake"
)

type callKey struct{ guild, channel snowflake.ID }

// call is everybody in one voice channel: clients, and simulated members who
// listen or speak. Its maps are guarded by Server.mu, under which members are
// told things in one order for all; the media path reads the audience instead.
//
// DAVE will live here: epoch, leaves, proposals in flight and transitions of the
// call, driven by join, leave and Server.encryption, speaking through
// session.send and session.sendBinary.
type call struct {
	key      callKey
	members  map[*session]struct{}
	ears     map[snowflake.ID]*ear
	speakers map[*Speaker]struct{}

	audience atomic.Pointer[audience]
}

// audience is an unchanging list of who hears the call.
type audience struct {
	sessions []*session
	ears     []*ear
}

// call returns the call of a channel, made on first use. s.mu is held.
func (s *Server) call(guild, channel snowflake.ID) *call {
	key := callKey{guild, channel}
	c := s.calls[key]
	if c == nil {
		c = &call{
			key:      key,
			members:  make(map[*session]struct{}),
			ears:     make(map[snowflake.ID]*ear),
			speakers: make(map[*Speaker]struct{}),
		}
		c.audience.Store(new(audience))
		s.calls[key] = c
	}
	return c
}

// tidy forgets a call that nobody is in. s.mu is held.
func (s *Server) tidy(c *call) {
	if len(c.members)+len(c.ears)+len(c.speakers) == 0 {
		delete(s.calls, c.key)
	}
}

// join puts a session into its call: it learns who is there, they learn of it.
func (s *Server) join(live *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sessions[live.Token] != live {
		return // dropped meanwhile
	}
	c := s.call(live.Guild, live.Channel)
	c.introduce(live)
	c.announce(live.User)
	c.members[live] = struct{}{}
	live.call.Store(c)
	c.changed()
}

// introduce tells a newcomer who is there (ops 11, 18, 20) and who spoke (op 5).
func (c *call) introduce(newcomer *session) {
	users := c.users()
	if len(users) > 0 {
		newcomer.send(opClientsConnect, map[string]any{"user_ids": users})
	}
	for _, u := range users {
		describeClient(newcomer, u)
	}
	for m := range c.members {
		if flags, spoke := m.spokenFlags(); spoke {
			newcomer.send(opSpeaking, spoken(m.User, m.ssrc, flags))
		}
	}
	for p := range c.speakers {
		if p.spoke {
			newcomer.send(opSpeaking, spoken(p.user, p.ssrc, 1))
		}
	}
	newcomer.send(opMediaSinkWants, map[string]int{"any": 100})
}

// announce tells everybody of a newcomer.
func (c *call) announce(user snowflake.ID) {
	for m := range c.members {
		m.send(opClientsConnect, map[string]any{"user_ids": []snowflake.ID{user}})
		describeClient(m, user)
	}
}

// describeClient sends the two messages about a user's client that say nothing.
func describeClient(to *session, user snowflake.ID) {
	to.send(opClientFlags, map[string]any{"user_id": user, "flags": 0})
	to.send(opClientPlatform, map[string]any{"user_id": user, "platform": 0})
}

func spoken(user snowflake.ID, ssrc uint32, flags int) any {
	return map[string]any{"user_id": user, "ssrc": ssrc, "speaking": flags}
}

// users lists everybody in the call once.
func (c *call) users() []snowflake.ID {
	all := make(map[snowflake.ID]struct{})
	for m := range c.members {
		all[m.User] = struct{}{}
	}
	for u := range c.ears {
		all[u] = struct{}{}
	}
	for p := range c.speakers {
		all[p.user] = struct{}{}
	}
	return slices.Sorted(maps.Keys(all))
}

// leave takes a session out and tells the others.
func (c *call) leave(live *session) {
	delete(c.members, live)
	c.changed()
	c.gone(live.User)
}

// gone tells everybody that a user left, unless some part of him is still there.
func (c *call) gone(user snowflake.ID) {
	if slices.Contains(c.users(), user) {
		return
	}
	for m := range c.members {
		m.send(opClientDisconnect, map[string]any{"user_id": user})
	}
}

// changed renews the audience.
func (c *call) changed() {
	c.audience.Store(&audience{
		sessions: slices.Collect(maps.Keys(c.members)),
		ears:     slices.Collect(maps.Values(c.ears)),
	})
}

// spoke relays an op 5 to the others.
func (s *Server) spoke(from *session, flags int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := from.call.Load()
	if c == nil {
		return
	}
	for m := range c.members {
		if m != from {
			m.send(opSpeaking, spoken(from.User, from.ssrc, flags))
		}
	}
}

// AddListener puts a simulated member into a channel who hears everyone there. A
// listener of the same user in that channel is replaced and closed. The server
// closes it at the end of Run.
func (s *Server) AddListener(guild, channel, user snowflake.ID, opts listen.Options) *listen.Listener {
	e := &ear{user: user, listener: listen.New(opts), faults: &s.faults}
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.call(guild, channel)
	present := slices.Contains(c.users(), user)
	if old := c.ears[user]; old != nil {
		old.listener.Close()
	}
	c.ears[user] = e
	c.changed()
	if !present {
		c.announce(user)
	}
	return e.listener
}

// RemoveListener takes a simulated member out of a channel and closes its
// listener, which stays readable. It does nothing if there is none.
func (s *Server) RemoveListener(guild, channel, user snowflake.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.calls[callKey{guild, channel}]
	if c == nil || c.ears[user] == nil {
		return
	}
	c.ears[user].listener.Close()
	delete(c.ears, user)
	c.changed()
	c.gone(user)
	s.tidy(c)
}
