package delivery

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"busker/internal/snowflake"
	"busker/voice/mls"
)

// Seat is one member's place in a Call.
type Seat struct {
	User   snowflake.ID
	to     Member
	newest int // protocol version the client knows

	version    int             // what the client was told to send in
	introduced bool            // it had op 25
	pack       *mls.KeyPackage // newest; nil: awaited
	alone      bool            // it was told that it is alone
	leaf       int             // -1: none
	flagged    bool            // it sent op 31 and must be removed and added
	announced  []announcement  // transitions that wait for its op 23, in their order
	gone       bool
}

// announcement is a transition as it was announced to one client.
type announcement struct {
	id   uint16
	owed bool // the answer has to come; otherwise it may
}

func (m *Seat) inGroup() bool { return m.leaf >= 0 && !m.flagged }

// speaks reports whether the client takes part in the encryption.
func (m *Seat) speaks() bool { return m.newest > 0 }

// Join lets a client in whose newest protocol version is given. Describe tells it the
// version of the call (op 4) and is called before anything else is said. A user who
// sits here already loses the other seat.
func (c *Call) Join(to Member, user snowflake.ID, newest int, describe func(version int)) *Seat {
	for _, m := range c.seats {
		if m.User == user {
			c.Leave(m)
			break
		}
	}
	m := &Seat{User: user, to: to, newest: newest, leaf: -1}
	c.seats = append(c.seats, m)
	for _, other := range c.seats {
		other.alone = false
	}
	if !m.speaks() {
		to.Executed(0, false)
		describe(0)
		c.downgrade()
		return m
	}
	m.version = c.version
	to.Executed(c.version, false)
	describe(c.version)
	if c.version > 0 {
		c.introduce(m)
	}
	return m
}

// introduce sends op 25, late if a test wants that.
func (c *Call) introduce(m *Seat) {
	c.later(c.opts.Faults.SenderDelay, func() {
		if m.gone || m.introduced || c.version == 0 {
			return
		}
		m.introduced = true
		m.to.SendBinary(OpExternalSender, c.sender)
		c.settle()
	})
}

// later calls f now, or after d under the owner's lock.
func (c *Call) later(d time.Duration, f func()) {
	if d <= 0 {
		f()
		return
	}
	c.opts.After(d, f)
}

// Leave takes a client out. The others know already that it is gone (op 13).
func (c *Call) Leave(m *Seat) {
	if m.gone {
		return
	}
	m.gone = true
	c.seats = slices.DeleteFunc(c.seats, func(o *Seat) bool { return o == m })
	for _, t := range slices.Clone(c.transitions) {
		c.answered(t, m)
	}
	c.upgrade()
	c.settle()
}

// Empty reports whether nobody is left.
func (c *Call) Empty() bool { return len(c.seats) == 0 }

// KeyPackage takes op 26.
func (c *Call) KeyPackage(m *Seat, payload []byte) {
	if m.gone || c.version == 0 {
		return // of a version that ended while it was on its way
	}
	k, err := mls.ParseKeyPackage(payload)
	if err == nil {
		err = k.Validate()
	}
	switch {
	case err != nil:
		c.opts.Broken(m, InvalidKeyPackage, err.Error())
	case !bytes.Equal(k.LeafNode.Credential.Identity, binary.BigEndian.AppendUint64(nil, uint64(m.User))):
		c.opts.Broken(m, InvalidKeyPackage, "of somebody else")
	case c.signs(k.LeafNode.SignatureKey, m):
		c.opts.Broken(m, InvalidKeyPackage, "with the signature key of another member")
	default:
		m.pack = k
		c.settle()
	}
}

// signs reports whether somebody but m uses a signature key.
func (c *Call) signs(key []byte, m *Seat) bool {
	return slices.ContainsFunc(c.seats, func(o *Seat) bool {
		return o != m && o.pack != nil && bytes.Equal(o.pack.LeafNode.SignatureKey, key)
	})
}

// Invalid takes op 31: the client could not use a commit or Welcome, dropped its
// group, and will send a key package.
func (c *Call) Invalid(m *Seat, id uint16) {
	if m.gone || c.version == 0 {
		return
	}
	for _, t := range slices.Clone(c.transitions) {
		c.answered(t, m)
	}
	m.flagged = m.leaf >= 0
	m.pack = nil
	m.announced = slices.DeleteFunc(m.announced, func(a announcement) bool { return a.id == id })
	c.Excuse(m) // it ignores what was announced to the group it dropped
	c.settle()
}

// Excuse lets a client off the ops 23 it owes, because they may be lost: its
// connection broke. They may come all the same.
func (c *Call) Excuse(m *Seat) {
	for i := range m.announced {
		m.announced[i].owed = false
	}
}

// owes checks that the client has answered the first n announcements, since what it
// said now comes after that.
func (c *Call) owes(m *Seat, n int) {
	for i, a := range m.announced[:n] {
		if a.owed {
			m.announced[i].owed = false // once is enough
			c.opts.Broken(m, NoReadiness, "id "+itoa(a.id))
		}
	}
}

// Ready takes op 23.
func (c *Call) Ready(m *Seat, id uint16) {
	if m.gone {
		return
	}
	i := slices.IndexFunc(m.announced, func(a announcement) bool { return a.id == id })
	if i < 0 {
		c.opts.Broken(m, UnknownTransition, "id "+itoa(id))
		return
	}
	c.owes(m, i)
	m.announced = slices.Delete(m.announced, i, i+1)
	for _, t := range c.transitions {
		if t.id == id {
			c.answered(t, m)
			return
		}
	}
}
