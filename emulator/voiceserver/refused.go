package voiceserver

import (
	"time"

	"busker/emulator/listen"
)

// goneLimit bounds how many sessions that ended are remembered: what they still send is
// counted as refused.
const goneLimit = 4096

// ring holds the newest so many of what is put into it.
type ring[T any] struct {
	slots []T
	next  int
}

// put returns what has to go for it, if anything has.
func (r *ring[T]) put(v T, limit int) (old T, full bool) {
	if len(r.slots) < limit {
		r.slots = append(r.slots, v)
		return old, false
	}
	old, r.slots[r.next] = r.slots[r.next], v
	r.next = (r.next + 1) % limit
	return old, true
}

// refuseFromNowOn lets no packet of a session through that is not on its way to the
// listeners already. s.mu is held.
func (s *Server) refuseFromNowOn(live *session) {
	live.stream.shut()
	s.routes.Delete(live.ssrc)
	s.gone.Store(live.ssrc, live)
	if old, full := s.ended.put(live.ssrc, goneLimit); full {
		s.gone.Delete(old)
	}
}

// refuse counts a packet of a session that ended, and tells those who would have heard it.
func (s *Server) refuse(live *session, at time.Time) {
	s.record.refused.Add(1)
	c := live.call.Load()
	if c == nil {
		return
	}
	for _, p := range c.audience.Load().people {
		if e := p.ear.Load(); e != nil {
			e.listener.Refused(listen.Packet{Speaker: live.User, SSRC: live.ssrc, Arrival: at})
		}
	}
}
