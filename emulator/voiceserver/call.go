package voiceserver

import (
	"maps"
	"slices"
	"sync/atomic"

	"busker/emulator/delivery"
	"busker/emulator/listen"
	"busker/internal/snowflake"
)

type callKey struct{ guild, channel snowflake.ID }

// call is everybody in one voice channel: clients, and simulated members who
// listen or speak. Its maps are guarded by Server.mu, under which members are
// told things in one order for all; the media path reads the audience instead.
type call struct {
	key     callKey
	members map[*session]struct{}
	people  map[snowflake.ID]*person
	service *delivery.Call // nil: a call without DAVE

	audience atomic.Pointer[audience]
}

// audience is an unchanging list of who hears the call.
type audience struct {
	sessions []*session
	people   []*person // with ears
}

// call returns the call of a channel, made on first use. s.mu is held.
func (s *Server) call(guild, channel snowflake.ID) *call {
	key := callKey{guild, channel}
	c := s.calls[key]
	if c == nil {
		c = &call{
			key:     key,
			members: make(map[*session]struct{}),
			people:  make(map[snowflake.ID]*person),
			service: s.newService(guild, channel),
		}
		c.audience.Store(new(audience))
		s.calls[key] = c
	}
	return c
}

// tidy forgets a call that nobody is in. s.mu is held.
func (s *Server) tidy(c *call) {
	if len(c.members)+len(c.people) == 0 && s.calls[c.key] == c {
		delete(s.calls, c.key)
	}
}

// join puts a session into its call: it learns who is there, they learn of it.
func (s *Server) join(live *session) {
	s.mu.Lock()
	defer s.unlock()
	if s.sessions[live.Token] != live {
		return // dropped meanwhile
	}
	c := s.call(live.Guild, live.Channel)
	c.introduce(live)
	c.announceLate(live.User, s.faults.connectsLate(live.Guild))
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
	for _, p := range c.people {
		for speaker := range p.speakers {
			if speaker.spoke {
				newcomer.send(opSpeaking, spoken(p.user, speaker.ssrc, 1))
			}
		}
	}
	newcomer.send(opMediaSinkWants, map[string]int{"any": 100})
}

// announce tells everybody of a newcomer.
func (c *call) announce(user snowflake.ID) { c.announceLate(user, false) }

// announceLate is announce; clients are told after the newcomer's Add if late.
func (c *call) announceLate(user snowflake.ID, late bool) {
	for _, p := range c.people {
		p.tell(opClientsConnect, map[string]any{"user_ids": []snowflake.ID{user}})
	}
	for m := range c.members {
		if late && m.seat != nil {
			m.late = append(m.late, user)
			continue
		}
		m.learn(user)
	}
}

// learn tells a client of a newcomer.
func (s *session) learn(user snowflake.ID) {
	s.send(opClientsConnect, map[string]any{"user_ids": []snowflake.ID{user}})
	describeClient(s, user)
}

// learnLate tells a client of newcomers that a test held back.
func (s *session) learnLate() {
	for _, user := range s.late {
		s.learn(user)
	}
	s.late = nil
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
	for u := range c.people {
		all[u] = struct{}{}
	}
	return slices.Sorted(maps.Keys(all))
}

// leave takes a session out, tells the others, and then has its keys renewed.
func (c *call) leave(live *session) {
	delete(c.members, live)
	c.changed()
	c.gone(live.User)
	c.unseat(live.seat)
	live.seat = nil
}

// unseat takes a member out of the key agreement, if he was in it.
func (c *call) unseat(seat *delivery.Seat) {
	if seat != nil {
		c.service.Leave(seat)
	}
}

// gone tells everybody that a user left, unless some part of him is still there.
func (c *call) gone(user snowflake.ID) {
	if slices.Contains(c.users(), user) {
		return
	}
	for _, p := range c.people {
		p.tell(opClientDisconnect, map[string]any{"user_id": user})
	}
	for m := range c.members {
		m.late = slices.DeleteFunc(m.late, func(u snowflake.ID) bool { return u == user })
		m.send(opClientDisconnect, map[string]any{"user_id": user})
	}
}

// changed renews the audience.
func (c *call) changed() {
	next := &audience{sessions: slices.Collect(maps.Keys(c.members))}
	for _, p := range c.people {
		if p.ear.Load() != nil {
			next.people = append(next.people, p)
		}
	}
	c.audience.Store(next)
}

// spoke relays an op 5 to the others.
func (s *Server) spoke(from *session, flags int) {
	s.mu.Lock()
	defer s.unlock()
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
	e := &ear{user: user, guild: guild, listener: listen.New(opts), faults: &s.faults}
	s.mu.Lock()
	defer s.unlock()
	p := s.person(guild, channel, user)
	if old := p.ear.Swap(e); old != nil {
		old.listener.Close()
	}
	p.call.changed()
	return e.listener
}

// RemoveListener takes a simulated member out of a channel and closes its
// listener, which stays readable. It does nothing if there is none.
func (s *Server) RemoveListener(guild, channel, user snowflake.ID) {
	s.mu.Lock()
	defer s.unlock()
	c := s.calls[callKey{guild, channel}]
	if c == nil || c.people[user] == nil {
		return
	}
	p := c.people[user]
	if old := p.ear.Swap(nil); old != nil {
		old.listener.Close()
		s.dismiss(p)
	}
}
