package dave_test

import (
	"errors"
	"testing"
	"time"

	"busker/internal/bubble"
	"busker/voice/dave"
	"busker/voice/signal"
)

// check is what a connection does once in a while.
func (m *member) check() { m.err = errors.Join(m.err, m.Check(m.call.Context(), m)) }

// A key package that went into a breaking socket without an error is sent again after
// the resume, the same one: a Welcome for it may be on its way.
func TestAResumeRepeatsTheKeyPackage(t *testing.T) {
	c := callOf(t, 2)
	m := c.join(carol)
	first := m.keyPackages[0]
	m.keyPackages = nil // lost
	m.text(signal.OpResumed, `null`)
	if len(m.keyPackages) != 1 || m.keyPackages[0].Ref() != first.Ref() {
		t.Fatalf("%d key packages after the resume", len(m.keyPackages))
	}
	c.add(carol)
	c.win(bob)
	c.hear()
	m.text(signal.OpResumed, `null`)
	if len(m.keyPackages) != 1 {
		t.Error("a key package again, in the group")
	}
}

// So is a commit: it may be the only one.
func TestAResumeRepeatsTheCommit(t *testing.T) {
	c := callOf(t, 2)
	c.join(carol)
	c.add(carol)
	bobs := c.members[bob]
	lost := bobs.commits
	bobs.commits = nil
	bobs.text(signal.OpResumed, `null`)
	if len(lost) != 1 || len(bobs.commits) != 1 || string(bobs.commits[0]) != string(lost[0]) {
		t.Fatalf("%d commits after the resume, %d before", len(bobs.commits), len(lost))
	}
	c.win(bob)
	c.hear()
	bobs.text(signal.OpResumed, `null`)
	if len(bobs.commits) != 0 {
		t.Error("the commit again, in the next epoch")
	}
}

// Who is not let in asks once more, and then for a new session; who is alone waits.
func TestNotLetIn(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := callOf(t, 2)
		m := c.join(carol)
		pass := func(d time.Duration) {
			for range d / time.Second {
				<-time.After(time.Second)
				m.check()
			}
		}
		pass(5 * time.Second)
		if len(m.keyPackages) != 1 || m.err != nil {
			t.Fatalf("%d key packages at once, %v", len(m.keyPackages), m.err)
		}
		pass(time.Second)
		if len(m.keyPackages) != 2 || m.keyPackages[0].Ref() != m.keyPackages[1].Ref() || m.err != nil {
			t.Fatalf("%d key packages after a while, %v", len(m.keyPackages), m.err)
		}
		pass(29 * time.Second)
		if m.err != nil {
			t.Fatalf("given up too early: %v", m.err)
		}
		pass(time.Second)
		if !errors.Is(m.err, dave.ErrUnrecoverable) {
			t.Errorf("no end: %v", m.err)
		}
	})
}

func TestAloneWaitsForEver(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := newCall(t)
		m := c.join(alice)
		m.text(signal.OpClientsConnect, `{"user_ids":[%q]}`, bob) // whose client never speaks
		m.text(signal.OpDAVEPrepareTransition, `{"transition_id":0,"protocol_version":1}`)
		for range 3600 {
			<-time.After(time.Second)
			m.check()
		}
		if len(m.keyPackages) != 1 || m.err != nil {
			t.Errorf("%d key packages, %v", len(m.keyPackages), m.err)
		}
	})
}

// A transition whose op 22 never comes is executed before the others forget the old
// key; an op 22 that comes after all changes nothing.
func TestAnExecutionThatNeverComes(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := callOf(t, 2)
		c.join(carol)
		c.add(carol)
		a := c.choose(bob, 0, 7)
		c.announce(a)
		alices := c.members[alice]
		sealed := func() bool {
			frame := must(alices.SealFrame(nil, []byte("opus")))
			_, err := c.members[carol].OpenFrame(nil, alice, frame)
			return err == nil
		}
		if sealed() {
			t.Fatal("carol can open what was sent before op 22")
		}
		for range 7 {
			<-time.After(time.Second)
			alices.check()
		}
		if sealed() {
			t.Fatal("executed too early")
		}
		<-time.After(time.Second)
		alices.check()
		if !sealed() {
			t.Error("never executed")
		}
		alices.text(signal.OpDAVEExecuteTransition, `{"transition_id":7}`)
		if !sealed() || alices.err != nil {
			t.Errorf("op 22 after all: %v", alices.err)
		}
	})
}

// After a downgrade nobody could open what we send, so that no transition from before
// it is executed without the server's word.
func TestNoExecutionForAGroupThatWasLeft(t *testing.T) {
	for name, leave := range map[string]func(*call){
		"downgrade": func(c *call) {
			id := c.transition()
			for _, m := range c.members {
				m.text(signal.OpDAVEPrepareTransition, `{"transition_id":%d,"protocol_version":0}`, id)
			}
			c.execute(id)
		},
		"description of version 0": func(c *call) { c.members[alice].describe(0) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				c := callOf(t, 2)
				c.join(carol)
				c.add(carol)
				a := c.choose(bob, 0, 7)
				c.announce(a)
				leave(c)
				alices := c.members[alice]
				before, key := alices.Status(), alices.CurrentKey()
				for range 20 {
					<-time.After(time.Second)
					alices.check()
				}
				if now := alices.Status(); alices.err != nil || now.Sending != before.Sending || now.Version != before.Version || alices.CurrentKey() != key {
					t.Errorf("%v, key changed: %t, from %+v to %+v", alices.err, alices.CurrentKey() != key, before, now)
				}
			})
		})
	}
}

// Nor does who is alone by now send under a key of the group that was.
func TestNoExecutionOnceAlone(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := callOf(t, 3)
		c.leave(carol)
		c.remove(carol)
		c.announce(c.choose(bob, 0, 9))
		c.leave(bob)
		alices := c.members[alice]
		c.alone(alices)
		silent := func(after string) {
			if frame, err := alices.SealFrame(nil, []byte("opus")); !errors.Is(err, dave.ErrNoKey) {
				t.Errorf("%s: %x, %v", after, frame, err)
			}
		}
		for range 20 {
			<-time.After(time.Second)
			alices.check()
		}
		silent("unexecuted")
		alices.text(signal.OpDAVEExecuteTransition, `{"transition_id":9}`)
		silent("executed")
		c.join(bob)
		c.form(alice)
		c.hear()
	})
}

// The time without a socket is no time in which the server could have let us in.
func TestAResumeBeginsTheWaitAnew(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := callOf(t, 2)
		m := c.join(carol)
		for range 7 { // it has asked again
			<-time.After(time.Second)
			m.check()
		}
		<-time.After(20 * time.Second)
		m.text(signal.OpResumed, `null`)
		asked := len(m.keyPackages)
		for range 5 {
			m.check()
			<-time.After(time.Second)
		}
		if m.err != nil || len(m.keyPackages) != asked {
			t.Errorf("%v, %d key packages more", m.err, len(m.keyPackages)-asked)
		}
	})
}
