package gateway

import (
	"context"
	"time"

	"busker/emulator/world"
)

// faultPatience bounds writing a fault to a socket that may be dead.
const faultPatience = 5 * time.Second

// Reconnect asks the bot's sockets with op 7 to reconnect and resume. It returns
// how many were asked.
func (s *Server) Reconnect(bot world.ID) int {
	return s.tellAll(bot, frame{Op: opReconnect})
}

// RequestHeartbeat sends op 1, which a client must answer with a heartbeat at once.
func (s *Server) RequestHeartbeat(bot world.ID) int {
	return s.tellAll(bot, frame{Op: opHeartbeat})
}

// Invalidate sends op 9. Not resumable, the sessions end, and their voice too.
func (s *Server) Invalidate(bot world.ID, resumable bool) int {
	conns := s.connected(bot)
	n := 0
	for _, c := range conns {
		one := c.session()
		if !resumable && one != nil {
			c.now.Store(nil) // it may identify anew on the same socket
			s.end(one)
		}
		n += s.tellOne(c, frame{Op: opInvalidSession, D: resumable})
	}
	return n
}

// Drop closes the bot's sockets with a code, or without a close frame for code 0.
// The sessions can be resumed.
func (s *Server) Drop(bot world.ID, code int) int {
	conns := s.connected(bot)
	for _, c := range conns {
		c.refuse(code, "")
		c.cancel()
		<-c.done
	}
	return len(conns)
}

// HoldACKs leaves the bot's heartbeats unanswered, as a connection that died
// silently does, until it is called with false.
func (s *Server) HoldACKs(bot world.ID, hold bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent[bot] = hold
}

func (s *Server) muted(bot world.ID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.silent[bot]
}

func (s *Server) tellAll(bot world.ID, f frame) int {
	n := 0
	for _, c := range s.connected(bot) {
		n += s.tellOne(c, f)
	}
	return n
}

func (s *Server) tellOne(c *conn, f frame) int {
	ctx, cancel := context.WithTimeout(context.Background(), faultPatience)
	defer cancel()
	if err := c.send(ctx, f); err != nil {
		return 0
	}
	return 1
}
