package voiceserver

import (
	"sync"
	"time"

	"busker/internal/snowflake"
)

// Step is a moment of a connection at which a fault can strike.
type Step string

// The steps, in the order of a connection.
const (
	StepConnect     Step = "connect"     // before Hello
	StepHello       Step = "hello"       // after Hello
	StepIdentify    Step = "identify"    // instead of answering op 0
	StepReady       Step = "ready"       // after Ready
	StepSelect      Step = "select"      // instead of answering op 1
	StepDescription Step = "description" // after the Session Description
	StepSpeaking    Step = "speaking"    // instead of taking op 5
	StepHeartbeat   Step = "heartbeat"   // instead of answering op 3
	StepResume      Step = "resume"      // instead of answering op 7
	StepResumed     Step = "resumed"     // after Resumed
)

// Fault is something that goes wrong because a test wants it to: one of the
// types of this file. Those of DAVE come beside them.
type Fault interface{ inject(f *faults) }

// CloseAt closes a socket at a step. It strikes once, or Times times if that is
// set, or always if it is negative.
type CloseAt struct {
	Step  Step
	Code  int // 0 cuts the connection without a close frame
	Times int
}

// RefuseResume answers every op 7 with a close, 4006 if Code is 0.
type RefuseResume struct{ Code int }

// DropDiscovery loses the next Count IP discovery requests.
type DropDiscovery struct{ Count int }

// DelayReady lets Ready wait.
type DelayReady struct{ By time.Duration }

// HoldACKs leaves heartbeats unanswered, as a connection that died silently does.
type HoldACKs struct{}

// Link spoils what one listener, or with User 0 every listener, receives. Fate
// says of the nth packet since the injection, from 0, whether it is dropped or
// how much later it arrives; a packet delayed beyond the next ones is
// reordered. Delays are only pretended: a delayed packet is handed over when a
// packet arrives that is later still, with the arrival time it would have had.
type Link struct {
	User snowflake.ID
	Fate func(n int) (drop bool, delay time.Duration)
}

// Inject makes a fault happen from now on.
func (s *Server) Inject(f Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	f.inject(&s.faults)
}

// Heal ends all faults.
func (s *Server) Heal() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.closes, s.faults.links = nil, nil
	s.faults.discoveries, s.faults.ready, s.faults.silent = 0, 0, false
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

func (s *Server) tell(guild, user snowflake.ID, say func(to *session)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := s.connected(guild, user)
	if to != nil {
		say(to)
	}
	return to != nil
}

// faults is what tests injected.
type faults struct {
	mu          sync.Mutex
	closes      map[Step]CloseAt
	discoveries int
	ready       time.Duration
	silent      bool
	links       map[snowflake.ID]*Link
}

func (c CloseAt) inject(f *faults) {
	if f.closes == nil {
		f.closes = make(map[Step]CloseAt)
	}
	if c.Times == 0 {
		c.Times = 1
	}
	f.closes[c.Step] = c
}

func (r RefuseResume) inject(f *faults) {
	if r.Code == 0 {
		r.Code = int(closeInvalid)
	}
	CloseAt{Step: StepResume, Code: r.Code, Times: -1}.inject(f)
}

func (d DropDiscovery) inject(f *faults) { f.discoveries = d.Count }
func (d DelayReady) inject(f *faults)    { f.ready = d.By }
func (HoldACKs) inject(f *faults)        { f.silent = true }

func (l Link) inject(f *faults) {
	if f.links == nil {
		f.links = make(map[snowflake.ID]*Link)
	}
	f.links[l.User] = &l
}

// at returns how the socket must end at this step, if so.
func (f *faults) at(step Step) closeCode {
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.closes[step]
	if !ok || c.Times == 0 {
		return stay
	}
	if c.Times > 0 {
		c.Times--
		f.closes[step] = c
	}
	if c.Code == 0 {
		return cutOff
	}
	return closeCode(c.Code)
}

// losesDiscovery reports whether this request is to be lost.
func (f *faults) losesDiscovery() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.discoveries == 0 {
		return false
	}
	f.discoveries--
	return true
}

func (f *faults) readyDelay() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ready
}

func (f *faults) acksHeld() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.silent
}

// link returns the fault on the way to a listener, or nil.
func (f *faults) link(user snowflake.ID) *Link {
	f.mu.Lock()
	defer f.mu.Unlock()
	if l := f.links[user]; l != nil {
		return l
	}
	return f.links[0]
}
