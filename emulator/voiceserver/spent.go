package voiceserver

// spentLimit bounds how many tokens of ended sessions are remembered. One that is
// forgotten is answered with 4004 instead of 4006.
const spentLimit = 4096

// spent are the newest tokens of sessions that ended.
type spent struct {
	slots map[string]int // by token, in order
	order []string       // a ring once it is full
	next  int
}

func (s *spent) has(token string) bool {
	_, ok := s.slots[token]
	return ok
}

func (s *spent) add(token string) {
	if s.has(token) {
		return
	}
	if s.slots == nil {
		s.slots = make(map[string]int)
	}
	if len(s.order) < spentLimit {
		s.slots[token] = len(s.order)
		s.order = append(s.order, token)
		return
	}
	if oldest := s.order[s.next]; s.slots[oldest] == s.next {
		delete(s.slots, oldest)
	}
	s.slots[token], s.order[s.next] = s.next, token
	s.next = (s.next + 1) % spentLimit
}

func (s *spent) remove(token string) { delete(s.slots, token) }
