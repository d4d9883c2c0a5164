package voiceserver

import (
	"sync"
	"sync/atomic"
	"time"

	"busker/emulator/delivery"
	"busker/internal/snowflake"
)

// Fault is something that goes wrong because a test wants it to: one of the types
// here and in faultsdave.go. What can strike at once instead is a method of Server.
type Fault interface{ inject(f *fates) }

// RefuseResume answers every op 7 with a close, 4006 if Code is 0.
type RefuseResume struct{ Code int }

// DropDiscovery loses the next Count IP discovery requests.
type DropDiscovery struct{ Count int }

// DelayReady lets Ready wait.
type DelayReady struct{ By time.Duration }

// HoldACKs leaves heartbeats unanswered, as a connection that died silently does.
type HoldACKs struct{}

// Heartbeats changes the interval Hello asks for. A fraction of a millisecond makes
// the number fractional. It is no matter of one guild.
type Heartbeats struct{ Interval time.Duration }

// ReplaceWith closes the socket of a session whose place a newer one took with a code
// other than 4014, 0 without a close frame: 4006 and 4022 have been seen too.
type ReplaceWith struct{ Code int }

// Link spoils what one listener, or with User 0 every listener, receives. Fate
// says of the nth packet since the injection, from 0, whether it is dropped or
// how much later it arrives; a packet delayed beyond the next ones is
// reordered. Delays are only pretended: a delayed packet is handed over when a
// packet arrives that is later still, with the arrival time it would have had.
type Link struct {
	User snowflake.ID
	Fate func(n int) (drop bool, delay time.Duration)
}

// LoseUDP loses datagrams of clients on their way to the server, the nth since the
// injection, from 0, if Lost says so, which must not call the server.
type LoseUDP struct{ Lost func(n int) bool }

// Inject makes a fault happen from now on, to everybody.
func (s *Server) Inject(f Fault) { s.InjectIn(0, f) }

// InjectIn makes a fault happen in one guild only. Closes at StepConnect and
// StepHello happen before a socket belongs to a guild, so never to one.
func (s *Server) InjectIn(guild snowflake.ID, f Fault) {
	s.mu.Lock()
	defer s.unlock()
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.any.Store(true)
	f.inject(s.faults.of(guild))
	if _, ok := f.(daveFault); !ok || guild != 0 {
		return
	}
	for id, g := range s.faults.guilds {
		if id != 0 {
			f.inject(g)
		}
	}
}

// Heal ends all faults, those of single guilds and dead paths included.
func (s *Server) Heal() { s.heal(0) }

// HealIn ends the faults injected into one guild, and its dead paths.
func (s *Server) HealIn(guild snowflake.ID) { s.heal(guild) }

func (s *Server) heal(guild snowflake.ID) {
	s.mu.Lock()
	defer s.unlock()
	s.faults.mu.Lock()
	for id, g := range s.faults.guilds {
		if guild == 0 || guild == id {
			*g = fates{dave: g.dave}
			*g.dave = delivery.Faults{}
		}
	}
	s.faults.mu.Unlock()
	for _, live := range s.sessions {
		if guild == 0 || guild == live.Guild {
			live.deadPath.Store(nil)
		}
	}
	for key, c := range s.calls {
		if guild == 0 || guild == key.guild {
			for m := range c.members {
				m.learnLate()
			}
			if c.service != nil {
				c.service.Thaw()
			}
		}
	}
}

// Tell sends a client a JSON message of the test's choosing, numbered if Discord
// numbers that op. It reports whether the client has a session.
func (s *Server) Tell(guild, user snowflake.ID, op int, d any) bool {
	return s.tell(guild, user, func(to *session) { to.send(opcode(op), d) })
}

// TellBinary is Tell for a binary message.
func (s *Server) TellBinary(guild, user snowflake.ID, op byte, payload []byte) bool {
	return s.tell(guild, user, func(to *session) { to.sendBinary(opcode(op), payload) })
}

// WrapSequence lets the count of a client's messages go on shortly before it wraps.
func (s *Server) WrapSequence(guild, user snowflake.ID) bool {
	return s.tell(guild, user, func(to *session) { to.skipTo(0xFFFE) })
}

// KillPath makes the server deaf and dumb towards the address a client sends audio
// from, while its websocket lives. Another address works.
func (s *Server) KillPath(guild, user snowflake.ID) bool {
	s.deadPaths.Store(true)
	return s.tell(guild, user, func(to *session) { to.deadPath.Store(to.remote.Load()) })
}

func (s *Server) tell(guild, user snowflake.ID, say func(to *session)) bool {
	s.mu.Lock()
	defer s.unlock()
	to := s.connected(guild, user)
	if to != nil {
		say(to)
	}
	return to != nil
}

// faults is what tests injected: of single guilds, and as guild 0 of all.
type faults struct {
	any    atomic.Bool // whether there may be some, for those in a hurry
	mu     sync.Mutex
	guilds map[snowflake.ID]*fates
}

type fates struct {
	closes      map[Step]CloseAt
	discoveries int
	ready       time.Duration
	silent      bool
	interval    time.Duration
	links       map[snowflake.ID]*Link
	lost        *LoseUDP
	datagrams   int // since lost was injected
	replace     *ReplaceWith
	corrupt     []CorruptDAVE
	late        int              // ops 11 to come after the Add
	dave        *delivery.Faults // of Server.mu as well
}

// of returns the fates of a guild. f.mu is held.
func (f *faults) of(guild snowflake.ID) *fates {
	g := f.guilds[guild]
	if g == nil {
		g = &fates{dave: new(delivery.Faults)}
		if all := f.guilds[0]; all != nil {
			*g.dave = *all.dave
		}
		if f.guilds == nil {
			f.guilds = make(map[snowflake.ID]*fates)
		}
		f.guilds[guild] = g
	}
	return g
}

// daveOf returns the faults of a guild's key agreement.
func (f *faults) daveOf(guild snowflake.ID) *delivery.Faults {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.of(guild).dave
}

// ask puts a question to the fates of a guild and then to everybody's, until one
// answers it with true.
func (f *faults) ask(guild snowflake.ID, question func(g *fates) bool) bool {
	if !f.any.Load() {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if g := f.guilds[guild]; g != nil && question(g) {
		return true
	}
	g := f.guilds[0]
	return guild != 0 && g != nil && question(g)
}

func (r RefuseResume) inject(f *fates) {
	if r.Code == 0 {
		r.Code = int(closeInvalid)
	}
	CloseAt{Step: StepResume, Code: r.Code, Times: -1}.inject(f)
}

func (d DropDiscovery) inject(f *fates) { f.discoveries = d.Count }
func (d DelayReady) inject(f *fates)    { f.ready = d.By }
func (HoldACKs) inject(f *fates)        { f.silent = true }
func (h Heartbeats) inject(f *fates)    { f.interval = h.Interval }
func (r ReplaceWith) inject(f *fates)   { f.replace = &r }
func (l LoseUDP) inject(f *fates)       { f.lost, f.datagrams = &l, 0 }

func (l Link) inject(f *fates) {
	if f.links == nil {
		f.links = make(map[snowflake.ID]*Link)
	}
	f.links[l.User] = &l
}

// losesDiscovery reports whether this request is to be lost.
func (f *faults) losesDiscovery(guild snowflake.ID) bool {
	return f.ask(guild, func(g *fates) bool {
		lost := g.discoveries > 0
		if lost {
			g.discoveries--
		}
		return lost
	})
}

// losesDatagram reports whether a datagram of a client is to be lost.
func (f *faults) losesDatagram(guild snowflake.ID) bool {
	return f.ask(guild, func(g *fates) bool {
		if g.lost == nil {
			return false
		}
		g.datagrams++
		return g.lost.Lost(g.datagrams - 1)
	})
}

func (f *faults) readyDelay(guild snowflake.ID) (by time.Duration) {
	f.ask(guild, func(g *fates) bool { by = g.ready; return by > 0 })
	return by
}

func (f *faults) interval(usual time.Duration) time.Duration {
	f.ask(0, func(g *fates) bool {
		if g.interval > 0 {
			usual = g.interval
		}
		return true
	})
	return usual
}

// replacing is what the socket of a replaced session is closed with.
func (f *faults) replacing(guild snowflake.ID) closeCode {
	code := closeDisconnected
	f.ask(guild, func(g *fates) bool {
		if g.replace == nil {
			return false
		}
		if code = closeCode(g.replace.Code); g.replace.Code == 0 {
			code = cutOff
		}
		return true
	})
	return code
}

func (f *faults) acksHeld(guild snowflake.ID) bool {
	return f.ask(guild, func(g *fates) bool { return g.silent })
}

// link returns the fault on the way to a listener, or nil.
func (f *faults) link(guild, user snowflake.ID) (l *Link) {
	f.ask(guild, func(g *fates) bool {
		if l = g.links[user]; l == nil {
			l = g.links[0]
		}
		return l != nil
	})
	return l
}
