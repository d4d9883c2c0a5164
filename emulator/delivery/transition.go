package delivery

import "slices"

// transition is a change of everybody's sending key or version that was announced.
type transition struct {
	id      uint16
	version int
	fresh   bool // a new key
	all     []*Seat
	waiting []*Seat // whose op 23 has not come
	stop    func()
	due     bool // everybody answered, or the time is over
	over    bool
}

// announcedLimit bounds how many unanswered ids are remembered of a client.
const announcedLimit = 1000

// prepare makes the transition to the epoch just begun. Id 0 stands for the first
// group of a call, which nobody has to wait for.
func (c *Call) prepare(all []*Seat) *transition {
	t := &transition{version: c.version, fresh: true, all: all}
	upgrading := slices.ContainsFunc(all, func(m *Seat) bool { return m.version == 0 })
	if c.epoch > 1 || upgrading {
		t.id = c.nextID()
	}
	c.atOnce(t)
	return t
}

// atOnce executes a transition with id 0, which nobody waits for, before it is announced.
func (c *Call) atOnce(t *transition) {
	if t.id != 0 {
		return
	}
	for _, m := range t.all {
		c.executed(m, t)
	}
}

// nextID returns the id of the next transition; 0 only if a test wants it.
func (c *Call) nextID() uint16 {
	if id := c.opts.Faults.NextID; id != nil {
		c.opts.Faults.NextID = nil
		c.next = *id
	}
	id := c.next
	if c.next++; c.next == 0 {
		c.next = 1
	}
	return id
}

// start waits for everybody's op 23 once the transition was announced.
func (c *Call) start(t *transition) {
	if t.id == 0 {
		return
	}
	for _, m := range t.all {
		if len(m.announced) >= announcedLimit {
			m.announced = m.announced[1:]
		}
		m.announced = append(m.announced, announcement{t.id, true})
	}
	c.transitions = append(c.transitions, t)
	if c.opts.Faults.early() {
		c.execute(t)
		return
	}
	t.waiting = slices.Clone(t.all)
	t.stop = c.opts.After(Patience, func() {
		if !t.over {
			c.finish(t)
		}
	})
}

// answered notes that t need not wait for m any more.
func (c *Call) answered(t *transition, m *Seat) {
	before := len(t.waiting)
	t.waiting = slices.DeleteFunc(t.waiting, func(o *Seat) bool { return o == m })
	if before > 0 && len(t.waiting) == 0 {
		c.finish(t)
	}
}

// finish executes t, unless and when a test's faults want it. Who answers after the
// time was over changes nothing.
func (c *Call) finish(t *transition) {
	if t.due {
		return
	}
	t.due = true
	t.stop()
	f := c.opts.Faults
	if f.lost() {
		c.over(t)
		for _, m := range t.all {
			if !m.gone {
				c.executed(m, t) // for it may go by the clock
			}
		}
		return
	}
	if f.Hold > 0 {
		c.held = append(c.held, func() { c.execute(t) })
		if len(c.held) < f.Hold {
			return
		}
		held := c.held
		c.held = nil
		if f.Reverse {
			slices.Reverse(held)
		}
		f.Hold = 0
		for _, execute := range held {
			execute()
		}
		return
	}
	c.later(f.ExecuteDelay, func() { c.execute(t) })
}

// execute sends op 22.
func (c *Call) execute(t *transition) {
	if t.over {
		return
	}
	c.over(t)
	for _, m := range t.all {
		if !m.gone {
			c.executed(m, t) // first: the client may act before SendJSON returns
			m.to.SendJSON(OpExecuteTransition, Transition{ID: t.id})
		}
	}
}

func (c *Call) executed(m *Seat, t *transition) {
	m.version = t.version
	m.to.Executed(t.version, t.fresh)
}

func (c *Call) over(t *transition) {
	t.over = true
	if t.stop != nil {
		t.stop()
	}
	c.transitions = slices.DeleteFunc(c.transitions, func(o *transition) bool { return o == t })
}

// forgetTransitions ends what was announced for a group that is no more.
func (c *Call) forgetTransitions() {
	for _, t := range slices.Clone(c.transitions) {
		c.over(t)
	}
	c.held = nil
}

// downgrade takes the call to version 0 because a member knows no other. The group
// is forgotten at once; members forget theirs at op 22.
func (c *Call) downgrade() {
	if c.version == 0 {
		return
	}
	c.forgetTransitions()
	c.forget()
	c.version = 0
	t := &transition{}
	for _, m := range c.seats {
		m.leaf, m.flagged, m.pack, m.alone = -1, false, nil, false
		if m.speaks() && m.version > 0 {
			t.all = append(t.all, m)
		}
	}
	if len(t.all) == 0 {
		return
	}
	t.id = c.nextID()
	c.atOnce(t)
	for _, m := range t.all {
		m.to.SendJSON(OpPrepareTransition, PrepareTransition{ID: t.id})
	}
	c.start(t)
}

// upgrade takes the call back once every member knows a version. A downgrade that
// is under way comes to its end first: it would undo what follows.
func (c *Call) upgrade() {
	if c.version > 0 || slices.ContainsFunc(c.seats, func(m *Seat) bool { return !m.speaks() }) {
		return
	}
	for _, t := range slices.Clone(c.transitions) {
		c.execute(t)
	}
	c.version = Version
	for _, m := range c.seats {
		m.introduced = false // under version 0 it forgot all
	}
	c.reset() // op 24 first: op 25 is for who is in no group
	for _, m := range c.seats {
		c.introduce(m)
	}
}
