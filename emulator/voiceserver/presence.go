package voiceserver

import (
	"context"

	"busker/internal/snowflake"
)

// Presence is how a client's session is at one moment.
type Presence struct {
	Session
	Sockets  int  // how many it had, resumes included
	Attached bool // it has one now
	Media    bool // it selected a protocol and sent a datagram
	// Settled is that the key agreement of its call has nothing left to do and that
	// the simulated members have dealt with all they were told, or that the call has none.
	Settled bool
}

// Ready reports whether nothing keeps the client from being heard.
func (p Presence) Ready() bool { return p.Attached && p.Media && p.Settled }

// Presence returns how a user's session is; ok is false without one.
func (s *Server) Presence(guild, user snowflake.ID) (p Presence, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	live := s.connected(guild, user)
	if live == nil {
		return p, false
	}
	p = live.presence()
	c := live.call.Load()
	p.Settled = c != nil && (c.service == nil || live.seat != nil && c.service.Settled() && c.dealt())
	return p, true
}

// dealt reports whether the simulated members know all they were told. Server.mu is held.
func (c *call) dealt() bool {
	for _, p := range c.people {
		if p.untold.Load() > 0 {
			return false
		}
	}
	return true
}

func (s *session) presence() Presence {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Presence{
		Session: s.Session, Sockets: s.sockets, Attached: s.socket != nil,
		Media: s.transport.Load() != nil && s.remote.Load() != nil,
	}
}

// Wait returns as soon as is does, which is asked whenever something happened in
// signalling, or with ctx's error. Is must not block, and may only look.
func (s *Server) Wait(ctx context.Context, is func() bool) error {
	for {
		news := s.listenForNews()
		if is() {
			return nil
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *Server) listenForNews() <-chan struct{} {
	s.newsMu.Lock()
	defer s.newsMu.Unlock()
	if s.news == nil {
		s.news = make(chan struct{})
	}
	return s.news
}

// spread wakes whoever waits.
func (s *Server) spread() {
	s.newsMu.Lock()
	defer s.newsMu.Unlock()
	if s.news != nil {
		close(s.news)
		s.news = nil
	}
}
