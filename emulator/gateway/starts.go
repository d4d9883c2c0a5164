package gateway

import (
	"time"

	"busker/emulator/world"
)

// starts counts the identifies of one bot.
type starts struct {
	used  int
	until time.Time
	next  map[int]time.Time // by bucket, shard mod max_concurrency: the earliest next identify
}

// startsOf is called with mu held.
func (s *Server) startsOf(bot world.ID, now time.Time) *starts {
	const day = 24 * time.Hour
	st := s.starts[bot]
	if st == nil || now.After(st.until) {
		next := map[int]time.Time{}
		if st != nil {
			next = st.next
		}
		st = &starts{until: now.Add(day), next: next}
		s.starts[bot] = st
	}
	return st
}

// mayStart counts an identify and reports whether it came in time order: one per
// IdentifyEvery and bucket.
func (s *Server) mayStart(bot world.ID, shard int, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.startsOf(bot, now)
	bucket := shard % s.opts.Limits.MaxConcurrency
	if now.Before(st.next[bucket]) || st.used >= s.opts.Limits.Starts {
		return false
	}
	st.used++
	st.next[bucket] = now.Add(s.opts.Limits.IdentifyEvery)
	return true
}
