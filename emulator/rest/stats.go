package rest

import (
	"maps"
	"sync"
)

// Stats count requests by route, "METHOD /path/{parameter}" as in the route table.
type Stats struct {
	Requests map[string]int
	Limited  map[string]int // that broke a rate limit and were answered with 429
	Refused  map[string]int // with another 4xx: what a well-behaved client never sends
}

// counts are the running Stats.
type counts struct {
	mu sync.Mutex
	Stats
}

func newCounts() *counts {
	return &counts{Stats: Stats{Requests: map[string]int{}, Limited: map[string]int{}, Refused: map[string]int{}}}
}

func (c *counts) add(to map[string]int, route string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to[route]++
}

// Stats returns the counts since the server was made. Faults that tests asked for
// are not among them.
func (s *Server) Stats() Stats {
	s.counts.mu.Lock()
	defer s.counts.mu.Unlock()
	return Stats{
		Requests: maps.Clone(s.counts.Requests), Limited: maps.Clone(s.counts.Limited), Refused: maps.Clone(s.counts.Refused),
	}
}
