package voiceserver

import (
	"bytes"
	"slices"
	"sync"

	"busker/emulator/listen"
	"busker/internal/snowflake"
)

// ear brings packets to a listener, over a link that tests can spoil.
type ear struct {
	guild    snowflake.ID
	user     snowflake.ID
	listener *listen.Listener
	faults   *faults

	mu    sync.Mutex
	link  *Link // the one n counts for
	n     int
	later []listen.Packet // on their way, by arrival
}

func (e *ear) hear(p listen.Packet) {
	e.mu.Lock()
	defer e.mu.Unlock()
	link := e.faults.link(e.guild, e.user)
	if link != e.link {
		e.link, e.n = link, 0
	}
	if link == nil && len(e.later) == 0 {
		e.listener.Hear(p)
		return
	}
	now := p.Arrival
	if !e.delay(link, &p) {
		return
	}
	i, _ := slices.BinarySearchFunc(e.later, p, func(a, b listen.Packet) int {
		if a.Arrival.After(b.Arrival) {
			return 1
		}
		return -1 // equal ones keep their order
	})
	p.Payload = bytes.Clone(p.Payload)
	e.later = slices.Insert(e.later, i, p)
	for len(e.later) > 0 && !e.later[0].Arrival.After(now) {
		e.listener.Hear(e.later[0])
		e.later = slices.Delete(e.later, 0, 1)
	}
}

// delay lets the link decide about p, and reports whether it arrives at all.
func (e *ear) delay(link *Link, p *listen.Packet) bool {
	if link == nil {
		return true
	}
	drop, by := link.Fate(e.n)
	e.n++
	p.Arrival = p.Arrival.Add(by)
	return !drop
}
