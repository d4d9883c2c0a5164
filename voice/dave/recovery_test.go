package dave_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"busker/internal/bubble"
	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

// A broken commit makes one member ask to be added again, while everybody goes on
// hearing it.
func TestRecoveryFromACommit(t *testing.T) {
	for name, spoil := range map[string]func(b []byte) []byte{
		"signature": func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"tag":       func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"cut":       func(b []byte) []byte { return b[:len(b)-1] },
		"more":      func(b []byte) []byte { return append(b, 0) },
		"nothing":   func(b []byte) []byte { return b[:2] },
		"inline":    inline,
	} {
		t.Run(name, func(t *testing.T) {
			c := callOf(t, 4)
			m := c.members[alice]
			key := m.CurrentKey()
			c.join(carol + 10)
			c.add(carol + 10)
			a := c.choose(bob, 0, 3)
			a.old = a.old[1:] // who is first is alice
			c.announce(a)
			m.binary(signal.OpMLSAnnounceCommit, spoil(bytes.Clone(a.commit)))
			if len(m.invalid) != 1 || m.invalid[0] != 3 || len(m.keyPackages) != 2 || m.err != nil {
				t.Fatalf("ops 31 %v, %d key packages, %v", m.invalid, len(m.keyPackages), m.err)
			}
			if m.CurrentKey() != key || m.Status().Recoveries != 1 {
				t.Errorf("key changed: %t, %+v", m.CurrentKey() != key, m.Status())
			}
			frame, _ := c.say(m, []byte("meanwhile"))
			if _, err := c.members[bob].OpenFrame(nil, alice, frame); err != nil {
				t.Errorf("the old key: %v", err)
			}
			frame, _ = c.say(c.members[bob], []byte("meanwhile"))
			if _, err := m.OpenFrame(nil, bob, frame); err != nil {
				t.Errorf("the old keys of the others: %v", err)
			}
			readd(c, alice)
		})
	}
}

// inline puts a proposal itself in the place of its reference.
func inline(b []byte) []byte {
	m, _, err := mls.ParsePublicMessage(b[2:])
	if err != nil {
		panic(err)
	}
	m.Content.Commit.Proposals[0] = mls.ProposalOrRef{Inline: &mls.Proposal{Type: mls.ProposalRemove, Remove: 1}}
	return append(b[:2:2], m.Marshal()...)
}

// readd is what the server does about op 31.
func readd(c *call, u snowflake.ID) {
	c.Helper()
	c.execute(3)
	c.propose(c.signRemove(u), c.signAdd(u))
	winner := c.leaves[0]
	if winner == u {
		winner = c.leaves[1]
	}
	c.win(winner)
	c.hear()
}

func TestRecoveryFromAWelcome(t *testing.T) {
	for name, spoil := range map[string]func(c *call, m *member, b []byte) []byte{
		"corrupted": func(_ *call, _ *member, b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"cut":       func(_ *call, _ *member, b []byte) []byte { return b[:len(b)-1] },
		"of another key package": func(_ *call, m *member, b []byte) []byte {
			m.text(signal.OpDAVEPrepareEpoch, `{"epoch":1,"protocol_version":1}`)
			return b
		},
		"of another channel": func(c *call, _ *member, b []byte) []byte { c.channel++; return b },
		"of another external sender": func(c *call, m *member, b []byte) []byte {
			sender := mls.ExternalSender{SignatureKey: c.newKey().Public()}
			m.binary(signal.OpMLSExternalSender, sender.Marshal())
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := callOf(t, 3)
			m := c.join(carol + 10)
			c.add(carol + 10)
			a := c.choose(bob, 0, 3)
			welcome := a.joiners[carol+10]
			delete(a.joiners, carol+10)
			c.announce(a)
			before := len(m.keyPackages)
			m.binary(signal.OpMLSWelcome, spoil(c, m, bytes.Clone(welcome)))
			if len(m.invalid) != 1 || m.invalid[0] != 3 || len(m.keyPackages) <= before || m.Status().Established {
				t.Fatalf("ops 31 %v, %d key packages, %+v", m.invalid, len(m.keyPackages), m.Status())
			}
			c.channel = channel
			m.binary(signal.OpMLSExternalSender, c.external)
			readd(c, carol+10)
		})
	}
}

// A Welcome that can not be for us: no external sender was told.
func TestWelcomeWithoutExternalSender(t *testing.T) {
	c := newCall(t)
	m := c.session(alice)
	m.describe(1)
	m.binary(signal.OpMLSWelcome, []byte{0, 9, 0, 2, 0, 0})
	if len(m.invalid) != 1 || m.invalid[0] != 9 || len(m.keyPackages) != 2 {
		t.Errorf("ops 31 %v, %d key packages", m.invalid, len(m.keyPackages))
	}
}

// Before there is a group, only our own commit can bring it.
func TestForeignCommitWhilePending(t *testing.T) {
	c := newCall(t)
	c.join(alice)
	m := c.join(bob)
	c.add(alice, bob)
	a := c.choose(alice, 0, 3)
	m.binary(signal.OpMLSAnnounceCommit, a.commit)
	if len(m.invalid) != 1 || m.Status().Established {
		t.Errorf("ops 31 %v, %+v", m.invalid, m.Status())
	}
}

// What does not concern us is ignored, without op 31.
func TestIgnored(t *testing.T) {
	c := callOf(t, 3)
	m := c.members[alice]
	code := m.Status().PrivacyCode
	c.join(carol + 10)
	m.binary(signal.OpMLSAnnounceCommit, otherGroups(t)) // and no proposals either
	c.add(carol + 10)
	m.binary(signal.OpMLSAnnounceCommit, otherGroups(t))
	m.binary(signal.OpMLSAnnounceCommit, []byte{1})
	m.binary(signal.OpMLSAnnounceCommit, nil)
	m.binary(signal.OpMLSWelcome, []byte{0, 3, 1, 2, 3}) // established
	for _, p := range [][]byte{nil, {}, {0}, {2, 0}, {0, 1}, {0, 0, 0}, {0, 1, 7}, {1, 1, 7}, {1, 2, 1, 7}} {
		m.binary(signal.OpMLSProposals, p)
	}
	for _, op := range []signal.Op{
		signal.OpDAVEPrepareTransition, signal.OpDAVEExecuteTransition, signal.OpClientsConnect,
		signal.OpSessionDescription, signal.OpDAVEPrepareEpoch, signal.OpClientDisconnect,
	} {
		for _, d := range []string{
			``, `null`, `[]`, `7`, `{"transition_id":"x"}`, `{"transition_id":65536}`, `{"user_ids":7}`,
			`{"dave_protocol_version":-1}`, `{"user_id":"x"}`, `{"transition_id":-1,"protocol_version":1}`,
		} {
			if op != signal.OpSessionDescription || d == `null` || d == `` || d == `{"dave_protocol_version":-1}` {
				m.text(op, "%s", d)
			}
		}
	}
	m.text(signal.OpDAVEPrepareTransition, `{"transition_id":4}`)
	m.text(signal.OpDAVEPrepareTransition, `{"protocol_version":1}`)
	m.text(signal.OpMLSProposals, `{}`)
	m.binary(signal.OpDAVEExecuteTransition, []byte(`{"transition_id":0}`))
	m.text(99, `{}`)
	m.binary(99, nil)
	if m.err != nil || len(m.invalid) > 0 || m.Status().PrivacyCode != code || m.Pending() > 0 {
		t.Errorf("%v, ops 31 %v, %+v", m.err, m.invalid, m.Status())
	}
	c.win(alice)
	c.hear()
}

// otherGroups is a commit of another group.
func otherGroups(t *testing.T) []byte {
	c := newCall(t)
	c.channel++
	c.join(alice)
	c.join(bob)
	c.add(alice, bob)
	return c.choose(alice, 0, 3).commit
}

// Op 29 again, as a server might replay it, finds no proposals and is ignored.
func TestReplayedCommit(t *testing.T) {
	c := callOf(t, 3)
	c.join(carol + 10)
	c.add(carol + 10)
	a := c.choose(bob, 0, 3)
	c.announce(a)
	c.announce(a)
	c.execute(3)
	c.hear()
	for u, m := range c.members {
		if len(m.invalid) > 0 {
			t.Errorf("user %d: ops 31 %v", u, m.invalid)
		}
	}
}

// Op 27 again does not make two of each proposal.
func TestReplayedProposals(t *testing.T) {
	c := callOf(t, 3)
	c.join(carol + 10)
	add := c.signAdd(carol + 10)
	c.propose(add)
	c.propose(add)
	if n := c.members[alice].Cached(); n != 1 {
		t.Errorf("%d proposals", n)
	}
	c.win(alice)
	c.hear()
}

// A commit that takes us out, while we are here, is one we can not follow.
func TestRemovedByCommit(t *testing.T) {
	c := callOf(t, 3)
	m := c.members[carol]
	c.remove(carol)
	a := c.choose(bob, 0, 3)
	a.old = append(a.old, m)
	c.announce(a)
	if len(m.invalid) != 1 || len(m.keyPackages) != 2 || m.Status().Established {
		t.Errorf("ops 31 %v, %d key packages, %+v", m.invalid, len(m.keyPackages), m.Status())
	}
	c.execute(3)
	c.add(carol)
	c.win(alice)
	c.hear()
}

func TestThreeFailuresInAMinuteEndTheSession(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		c := callOf(t, 2)
		m := c.session(carol)
		m.describe(1)
		m.binary(signal.OpMLSExternalSender, c.external)
		fail := func(want bool) {
			t.Helper()
			m.binary(signal.OpMLSWelcome, []byte{0, 1, 2, 3})
			if errors.Is(m.err, dave.ErrUnrecoverable) != want {
				t.Errorf("%v after %d failures", m.err, len(m.invalid))
			}
		}
		for range 5 {
			fail(false)
			<-time.After(31 * time.Second)
		}
		fail(false)
		fail(true)
	})
}

// A socket that takes nothing is for its reader to notice; what we had to say goes out
// on the next.
func TestAnswersWaitForTheNextSocket(t *testing.T) {
	c := callOf(t, 2)
	m := c.session(carol)
	c.members[carol] = m
	for _, other := range c.members {
		other.text(signal.OpClientsConnect, `{"user_ids":[%q]}`, carol)
	}
	m.writes = errors.New("broken pipe")
	m.describe(1)
	if m.err != nil || len(m.keyPackages) > 0 {
		t.Fatalf("%v, %d key packages", m.err, len(m.keyPackages))
	}
	m.writes = nil
	m.text(signal.OpResumed, `null`)
	if len(m.keyPackages) != 1 {
		t.Fatalf("%d key packages after the resume", len(m.keyPackages))
	}
	m.binary(signal.OpMLSExternalSender, c.external)
	c.add(carol)
	c.win(bob)
	c.hear()
}
