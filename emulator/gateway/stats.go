package gateway

import "sync/atomic"

// Stats are counts since the server was made.
type Stats struct {
	Identifies int // that began a session
	Refused    int // identifies that came before their turn, or when the day's were used up
	Resumes    int // that went on with one
	TakenOver  int // of these, while another socket had the session, which was closed
	Sessions   int // now, connected or not
}

type counts struct{ identifies, refused, resumes, takenOver atomic.Int64 }

// Stats returns the counts.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Identifies: int(s.counts.identifies.Load()), Refused: int(s.counts.refused.Load()), Resumes: int(s.counts.resumes.Load()),
		TakenOver: int(s.counts.takenOver.Load()), Sessions: len(s.sessions),
	}
}
