package rest

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"busker/emulator/discord"
)

// Fault makes requests fail.
type Fault struct {
	Route      string        // "METHOD /path/{parameter}" as in the route table; "" is every route
	Times      int           // how many requests; 0 is one
	Status     int           // 0 closes the connection without an answer; 429 adds RetryAfter
	RetryAfter time.Duration // of a 429
}

type faults struct {
	mu   sync.Mutex
	list []*Fault
}

// Fail arranges for coming requests to fail.
func (s *Server) Fail(f Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	f.Times = max(f.Times, 1)
	s.faults.list = append(s.faults.list, &f)
}

// strike answers the request with a fault, if one is due.
func (f *faults) strike(w http.ResponseWriter, r *http.Request, route string) bool {
	due, ok := f.due(route)
	switch {
	case !ok:
		return false
	case due.Status == 0:
		panic(http.ErrAbortHandler) // net/http's way to hang up
	case due.Status == http.StatusTooManyRequests:
		tooMany(w, "shared", due.RetryAfter)
	default:
		fail(w, &discord.Error{Status: due.Status, Message: http.StatusText(due.Status)})
	}
	return true
}

func (f *faults) due(route string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.list, func(in *Fault) bool { return in.Route == "" || in.Route == route })
	if i < 0 {
		return Fault{}, false
	}
	due := f.list[i]
	if due.Times--; due.Times == 0 {
		f.list = slices.Delete(f.list, i, i+1)
	}
	return *due, true
}
