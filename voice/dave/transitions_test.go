package dave_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"busker/internal/bubble"
	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/signal"
)

func TestNoFrameUnderTheNewKeyBeforeItsExecution(t *testing.T) {
	c := callOf(t, 2)
	m := c.members[alice]
	before := m.CurrentKey()
	c.join(carol)
	c.add(carol)
	id := c.transition()
	c.announce(c.choose(bob, 0, id))
	if m.CurrentKey() != before || m.Status().Epoch != c.epoch {
		t.Errorf("prepared: key changed: %t, epoch %d", m.CurrentKey() != before, m.Status().Epoch)
	}
	for u, m := range c.members {
		if !slices.Equal(m.ready, []uint16{id}) {
			t.Errorf("user %d is ready for %v", u, m.ready)
		}
	}
	frame, _ := c.say(m, []byte("under the old key"))
	if _, err := c.members[bob].OpenFrame(nil, alice, frame); err != nil {
		t.Errorf("who was there before: %v", err)
	}
	if _, err := c.members[carol].OpenFrame(nil, alice, frame); !errors.Is(err, dave.ErrTag) {
		t.Errorf("who was not: %v", err)
	}
	if _, err := c.say(c.members[carol], []byte("too early")); !errors.Is(err, dave.ErrNoKey) {
		t.Errorf("the joiner spoke: %v", err)
	}
	m.text(signal.OpDAVEExecuteTransition, `{"transition_id":%d}`, id+1) // unknown
	if m.CurrentKey() != before {
		t.Error("an unknown transition changed the key")
	}
	m.text(signal.OpDAVEExecuteTransition, `{"transition_id":%d}`, id)
	if m.CurrentKey() == before {
		t.Error("executed, and the key is the same")
	}
	c.heard(m)
	key := m.CurrentKey()
	m.text(signal.OpDAVEExecuteTransition, `{"transition_id":%d}`, id) // once more
	if m.CurrentKey() != key {
		t.Error("executed twice")
	}
	c.heard(m)
}

// Failure mode 10.12: 0 is a transition id, and not the lack of one. The largest is
// one like any other.
func TestTransitionIDs(t *testing.T) {
	c := newCall(t)
	c.join(alice)
	c.join(bob)
	c.form(alice) // id 0
	for u, m := range c.members {
		if len(m.ready) > 0 || m.Status().Sending != dave.Encrypted {
			t.Errorf("user %d: %+v, ready for %v", u, m.Status(), m.ready)
		}
		m.settled()
	}
	c.hear()
	for _, id := range []uint16{65535, 0, 1} {
		key := c.members[alice].CurrentKey()
		u := carol + snowflake.ID(id)
		c.join(u)
		c.add(u)
		c.announce(c.choose(bob, 0, id))
		if changed := c.members[alice].CurrentKey() != key; changed != (id == 0) {
			t.Errorf("transition %d: key changed: %t", id, changed)
		}
		c.execute(id)
		c.hear()
	}
	if m := c.members[alice]; !slices.Equal(m.ready, []uint16{65535, 1}) || m.err != nil {
		t.Errorf("ready for %v, %v", m.ready, m.err)
	}
}

// Failure modes 10.11 and 10.24: two transitions are pending, and are executed in
// either order.
func TestTwoTransitionsPending(t *testing.T) {
	for name, order := range map[string][]int{
		"as prepared": {0, 1}, "reversed": {1, 0}, "only the newer": {1}, "only the older": {0},
	} {
		t.Run(name, func(t *testing.T) {
			c := callOf(t, 3)
			m := c.members[alice]
			ids := []uint16{c.transition(), c.transition()}
			keys := []string{m.CurrentKey()}
			for i, id := range ids {
				u := carol + 1 + snowflake.ID(i)
				c.join(u)
				c.add(u)
				c.announce(c.choose(bob, 0, id))
				_, _ = c.say(m, []byte("between"))
			}
			if m.Pending() != 2 || m.CurrentKey() != keys[0] {
				t.Fatalf("%d pending, key changed: %t", m.Pending(), m.CurrentKey() != keys[0])
			}
			for _, i := range order {
				c.execute(ids[i])
				keys = append(keys, m.CurrentKey())
				for range 3 {
					_, _ = c.say(m, []byte("after"))
				}
			}
			if slices.Contains(order, 1) {
				c.hear()
			}
			if name == "reversed" && keys[1] != keys[2] {
				t.Error("the older transition took the newer key away, which alone everybody has")
			}
		})
	}
}

// Failure mode 10.24: op 21 for an epoch that op 29 or 30 brought must not start its
// key over.
func TestTwoTransitionsOfOneEpoch(t *testing.T) {
	c := callOf(t, 2)
	m := c.members[alice]
	c.join(carol)
	c.add(carol)
	c.announce(c.choose(bob, 0, 5))
	for _, u := range []snowflake.ID{alice, bob, carol} {
		c.members[u].text(signal.OpDAVEPrepareTransition, `{"transition_id":6,"protocol_version":1}`)
		c.members[u].text(signal.OpDAVEPrepareTransition, `{"transition_id":0,"protocol_version":1}`)
	}
	key := m.CurrentKey()
	for _, id := range []uint16{5, 6} {
		for range 3 {
			c.hear()
		}
		c.execute(id)
	}
	c.hear()
	m.text(signal.OpDAVEPrepareTransition, `{"transition_id":7,"protocol_version":1}`) // the key is in use
	m.text(signal.OpDAVEExecuteTransition, `{"transition_id":7}`)
	frame, _ := c.say(m, []byte("x"))
	if nonce, _ := dave.FrameNonce(frame); nonce != 8 || m.CurrentKey() != key {
		t.Errorf("nonce %d, key changed: %t", nonce, m.CurrentKey() != key)
	}
}

// Op 21 that was prepared without a group must not silence the group that came since.
func TestTransitionPreparedBeforeTheGroup(t *testing.T) {
	c := newCall(t)
	m := c.join(alice)
	m.text(signal.OpDAVEPrepareTransition, `{"transition_id":9,"protocol_version":1}`)
	c.join(bob)
	c.form(bob)
	m.text(signal.OpDAVEExecuteTransition, `{"transition_id":9}`)
	c.hear()
}

func TestDowngradeAndUpgrade(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := callOf(t, 3)
		m := c.members[alice]
		for range 2 {
			downgrade(c, m)
			upgrade(c, m)
		}
	})
}

// downgrade goes to version 0, as when somebody comes who can not encrypt.
func downgrade(c *call, m *member) {
	plain := []byte("plain")
	if _, err := m.OpenFrame(nil, bob, plain); !errors.Is(err, dave.ErrPlaintext) {
		c.Errorf("plain frame under version 1: %v", err)
	}
	id := c.transition()
	for _, m := range c.members {
		m.text(signal.OpDAVEPrepareTransition, `{"transition_id":%d,"protocol_version":0}`, id)
		if m.ready[len(m.ready)-1] != id {
			c.Errorf("user %d is not ready", m.user)
		}
	}
	if _, err := m.OpenFrame(nil, bob, plain); err != nil {
		c.Errorf("plain frame once the downgrade is prepared: %v", err)
	}
	sealed, _ := c.say(c.members[bob], []byte("the last under the key"))
	c.hear() // everybody sends encrypted still
	c.execute(id)
	if frame, err := m.SealFrame(nil, plain); err != nil || string(frame) != "plain" {
		c.Errorf("%q, %v", frame, err)
	}
	if now := m.Status(); now.Sending != dave.Plain || now.Version != 0 || now.Established {
		c.Errorf("%+v", now)
	}
	if _, err := m.OpenFrame(nil, bob, sealed); err != nil {
		c.Errorf("a late frame: %v", err)
	}
	c.epoch, c.leaves = 0, nil
}

// upgrade goes back to version 1.
func upgrade(c *call, m *member) {
	for _, m := range c.members {
		m.text(signal.OpDAVEPrepareEpoch, `{"epoch":1,"protocol_version":1}`)
	}
	if m.Status().Sending != dave.Plain {
		c.Error("op 24 alone changes nothing")
	}
	id := c.transition()
	c.add(alice, bob, carol)
	c.announce(c.choose(bob, 0, id))
	if frame, err := m.SealFrame(nil, []byte("plain")); err != nil || string(frame) != "plain" {
		c.Errorf("before the execution: %q, %v", frame, err)
	}
	c.execute(id)
	c.hear()
	<-time.After(9 * time.Second)
	if _, err := m.OpenFrame(nil, bob, []byte("plain")); err != nil {
		c.Errorf("plain frame 9 s after the upgrade: %v", err)
	}
	<-time.After(2 * time.Second)
	if _, err := m.OpenFrame(nil, bob, []byte("plain")); !errors.Is(err, dave.ErrPlaintext) {
		c.Errorf("plain frame 11 s after the upgrade: %v", err)
	}
}

func TestUnencryptedCall(t *testing.T) {
	c := newCall(t)
	c.version = 0
	m := c.join(alice)
	m.settled()
	for range 2 {
		if frame, err := m.SealFrame(nil, []byte("opus")); err != nil || string(frame) != "opus" {
			t.Errorf("%q, %v", frame, err)
		}
		if opus, err := m.OpenFrame(nil, bob, []byte("opus")); err != nil || string(opus) != "opus" {
			t.Errorf("%q, %v", opus, err)
		}
		if len(m.keyPackages) > 0 {
			t.Error("a key package under version 0")
		}
		m.text(signal.OpSessionDescription, `{"secret_key":[]}`) // no version is version 0
	}
	m.binary(signal.OpMLSProposals, []byte{0, 0})
	m.binary(signal.OpMLSAnnounceCommit, []byte{0, 0, 1})
	m.binary(signal.OpMLSWelcome, []byte{0, 0, 1})
	if m.err != nil || len(m.invalid) > 0 {
		t.Errorf("%v, %d ops 31", m.err, len(m.invalid))
	}
}

func TestOldKeysOpenForTenSeconds(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := callOf(t, 3)
		speaker, listener := c.members[alice], c.members[bob]
		var late [][]byte
		for range 3 {
			frame, _ := c.say(speaker, []byte("late"))
			late = append(late, frame)
		}
		c.join(carol + 1)
		c.add(carol + 1)
		c.win(bob)
		for i, want := range []error{nil, nil, dave.ErrTag} {
			if _, err := listener.OpenFrame(nil, alice, late[i]); !errors.Is(err, want) {
				t.Errorf("%d s after: %v, want %v", i*5, err, want)
			}
			<-time.After(5*time.Second + time.Millisecond)
		}
	})
}

func TestWhoLeftIsNotHeard(t *testing.T) {
	c := callOf(t, 3)
	gone := c.members[carol]
	frame, _ := c.say(gone, []byte("bye"))
	c.leave(carol)
	if _, err := c.members[alice].OpenFrame(nil, carol, frame); !errors.Is(err, dave.ErrNoReceiver) {
		t.Errorf("after op 13: %v", err)
	}
	c.remove(carol)
	c.win(alice)
	frame, _ = c.say(gone, []byte("still here"))
	if _, err := c.members[bob].OpenFrame(nil, carol, frame); !errors.Is(err, dave.ErrNoReceiver) {
		t.Errorf("after the Remove: %v", err)
	}
	heard, _ := c.say(c.members[alice], []byte("without carol"))
	if _, err := gone.OpenFrame(nil, alice, heard); !errors.Is(err, dave.ErrTag) {
		t.Errorf("who left heard: %v", err)
	}
}
