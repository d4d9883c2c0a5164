package queue_test

import (
	"fmt"
	"slices"

	"busker/queue"
)

// model is a queue anybody can check by eye: it does everything the slow way, and undoes
// by remembering what was.
type model struct {
	loop             queue.Loop
	fair             bool
	current          *queue.Item // nil = none
	upcoming, played []queue.Item
	undo             []memory
	last             uint64
}

// memory is how things were before something people did.
type memory struct {
	op       queue.Op
	loop     queue.Loop
	fair     bool
	upcoming []queue.Item
	out      []queue.Item // what it took out
	added    []queue.Item
	gone     []uint64 // what became the current item since
	last     uint64   // the newest item there was
	stopped  bool     // out begins with what was the current item
	murky    bool     // what is to be expected is a matter of taste: items came round, or were gone back to
}

func (m *model) remember(op queue.Op, out ...queue.Item) {
	m.undo = append(m.undo, memory{op: op, loop: m.loop, fair: m.fair, upcoming: slices.Clone(m.upcoming), out: out, last: m.last})
	if len(m.undo) > 25 {
		m.undo = m.undo[1:]
	}
}

// expected returns the upcoming items after the newest memory is brought back.
func (m *model) expected() []queue.Item {
	top := m.undo[len(m.undo)-1]
	return slices.DeleteFunc(slices.Clone(top.upcoming), func(it queue.Item) bool { return slices.Contains(top.gone, it.ID) })
}

// prune forgets what would make no difference.
func (m *model) prune() {
	for n := len(m.undo); n > 0; n-- {
		top := &m.undo[n-1]
		if top.murky || top.op == queue.OpShuffle && len(m.upcoming) > 1 || top.op != queue.OpShuffle && top.op != queue.OpMove && top.op != queue.OpAdd ||
			top.op != queue.OpShuffle && !slices.Equal(m.expected(), m.upcoming) {
			return
		}
		m.undo = m.undo[:n-1]
	}
}

func (m *model) became(it queue.Item) {
	m.current = &it
	for i := range m.undo {
		m.undo[i].gone = append(m.undo[i].gone, it.ID)
	}
}

func (m *model) muddy() {
	for i := range m.undo {
		m.undo[i].murky = true
	}
}

func (m *model) history(it queue.Item) {
	m.played = append(m.played, it)
	if len(m.played) > queue.MaxHistory {
		m.played = m.played[1:]
	}
}

func (m *model) skip(n int) {
	if m.current == nil && len(m.upcoming) == 0 {
		return
	}
	n = min(n, len(m.upcoming)+1)
	before := slices.Clone(m.upcoming)
	if m.loop == queue.All {
		m.muddy()
	}
	murky := m.loop == queue.All
	for range n {
		if m.current != nil {
			if m.loop == queue.All {
				m.upcoming = append(m.upcoming, *m.current)
			}
			m.history(*m.current)
			m.current = nil
		}
		if len(m.upcoming) == 0 {
			break
		}
		it := m.upcoming[0]
		m.current, m.upcoming = &it, slices.Clone(m.upcoming[1:])
	}
	after := m.upcoming
	m.upcoming = before
	if n > 1 && len(before) > 0 {
		m.remember(queue.OpSkip, before[:n-1]...)
		m.undo[len(m.undo)-1].murky = murky
	}
	m.upcoming = after
	if m.current != nil {
		m.became(*m.current)
	}
	m.prune()
}

func (m *model) previous() {
	if len(m.played) == 0 {
		return
	}
	last := m.played[len(m.played)-1]
	m.played = m.played[:len(m.played)-1]
	m.upcoming = slices.DeleteFunc(slices.Clone(m.upcoming), func(it queue.Item) bool { return it.ID == last.ID })
	if m.current != nil && m.current.ID != last.ID {
		m.upcoming = append([]queue.Item{*m.current}, m.upcoming...)
	}
	m.current = &last
	m.muddy()
}

func (m *model) stop() {
	if m.current == nil && len(m.upcoming) == 0 {
		return
	}
	if m.current != nil {
		m.upcoming = append([]queue.Item{*m.current}, m.upcoming...)
		m.history(*m.current)
	}
	m.remember(queue.OpStop, m.upcoming...)
	m.undo[len(m.undo)-1].stopped = m.current != nil
	m.current, m.upcoming = nil, nil
}

// add puts one item after the other where it belongs.
func (m *model) add(where queue.Where, items []queue.Item) {
	m.remember(queue.OpAdd)
	m.undo[len(m.undo)-1].added = items
	for i, it := range items {
		m.last = it.ID
		at := len(m.upcoming)
		switch {
		case where.Place == queue.Next:
			at = i
		case where.Place == queue.At:
			at = min(where.Index+i, len(m.upcoming))
		case m.fair:
			at = m.turn(it.Requester)
		}
		m.upcoming = slices.Insert(slices.Clone(m.upcoming), at, it)
	}
}

// rounds returns the round each upcoming item is in.
func (m *model) rounds() (rounds []int) {
	for i, it := range m.upcoming {
		round := 0
		if m.current != nil && m.current.Requester == it.Requester {
			round++
		}
		for _, other := range m.upcoming[:i] {
			if other.Requester == it.Requester {
				round++
			}
		}
		rounds = append(rounds, round)
	}
	return rounds
}

// turn returns where fair share puts the next item of a requester.
func (m *model) turn(by queue.UserID) int {
	mine, last := 0, -1
	if m.current != nil && m.current.Requester == by {
		mine++
	}
	for i, it := range m.upcoming {
		if it.Requester == by {
			mine++
			last = i
		}
	}
	for i, round := range m.rounds() {
		if round > mine && i > last {
			return i
		}
	}
	return len(m.upcoming)
}

func (m *model) share() {
	rounds := m.rounds()
	var shared []queue.Item
	for round := range len(m.upcoming) + 1 {
		for i, it := range m.upcoming {
			if rounds[i] == round {
				shared = append(shared, it)
			}
		}
	}
	m.upcoming = shared
}

func (m *model) setFair(on bool) {
	if on == m.fair {
		return
	}
	m.remember(queue.OpFair)
	m.fair = on
	if on {
		m.share()
	}
}

func (m *model) remove(op queue.Op, gone func(i int, it queue.Item) bool) {
	var stay, out []queue.Item
	for i, it := range m.upcoming {
		if gone(i, it) {
			out = append(out, it)
		} else {
			stay = append(stay, it)
		}
	}
	if len(out) > 0 {
		m.remember(op, out...)
		m.upcoming = stay
	}
}

// takeBack brings the newest memory back. Where that is a matter of taste it returns
// false, and follows the queue.
func (m *model) takeBack(q *queue.Queue) error {
	top, want := m.undo[len(m.undo)-1], m.expected()
	m.undo = m.undo[:len(m.undo)-1]
	if top.op == queue.OpSkip || top.op == queue.OpStop {
		back := func(it queue.Item) bool {
			return slices.ContainsFunc(top.out, func(o queue.Item) bool { return o.ID == it.ID })
		}
		m.played = slices.DeleteFunc(slices.Clone(m.played), back)
		for i := range m.undo { // it will play once more
			m.undo[i].gone = slices.DeleteFunc(slices.Clone(m.undo[i].gone), func(id uint64) bool { return back(queue.Item{ID: id}) && (m.current == nil || m.current.ID != id) })
		}
	}
	if top.op == queue.OpSkip { // what has played since it may have left from the middle
		m.muddy()
	}
	if top.stopped {
		m.wait(top.out[0])
	}
	m.loop, m.fair = top.loop, top.fair
	if top.murky {
		for _, it := range top.out { // whatever the order, nothing is lost
			if _, ok := q.Find(it.ID); !ok && (m.current == nil || m.current.ID != it.ID) {
				return fmt.Errorf("undoing %q lost %d", top.op, it.ID)
			}
		}
		want = values(q.List())
	}
	m.upcoming = want
	m.prune()
	return nil
}

// wait has all memories expect an item at the head of the queue, where it waited in none
// of them because it played, up to the one of its being added.
func (m *model) wait(it queue.Item) {
	same := func(o queue.Item) bool { return o.ID == it.ID }
	for i := len(m.undo) - 1; i >= 0 && !slices.ContainsFunc(m.undo[i].added, same); i-- {
		if !slices.ContainsFunc(m.undo[i].upcoming, same) {
			m.undo[i].upcoming = append([]queue.Item{it}, m.undo[i].upcoming...)
			m.undo[i].murky = m.undo[i].murky || it.ID > m.undo[i].last
		}
	}
}
