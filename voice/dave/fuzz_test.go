package dave_test

import (
	"bytes"
	"testing"

	"busker/internal/snowflake"
	"busker/voice/mls"
	"busker/voice/signal"
)

// fuzzed is a call of three in which a member is about to get input of anybody's make:
// a user is proposed, and committed to.
func fuzzed(t testing.TB) (c *call, commit announcement) {
	c = callOf(t, 3)
	c.join(carol + 10)
	c.add(carol + 10)
	return c, c.choose(bob, 0, 3)
}

// goesOn checks that the member survived, and sends as before.
func goesOn(t *testing.T, c *call, m *member, key string) {
	t.Helper()
	if m.err != nil || m.CurrentKey() != key {
		t.Errorf("%v, key changed: %t", m.err, m.CurrentKey() != key)
	}
	_, _ = c.say(m, []byte("still here"))
	_ = m.Status()
}

func FuzzProposals(f *testing.F) {
	c, _ := fuzzed(f)
	add, remove := c.signAdd(carol+10), c.signRemove(bob)
	f.Add(vector(0, add.message), false)
	f.Add(vector(0, append(add.message, remove.message...)), false)
	f.Add(revocation(add.ref), false)
	f.Add([]byte{0, 0}, false)
	f.Add([]byte{1, 2, 1, 7}, false)
	f.Add(c.keyPackage(carol+10).Marshal(), true)
	_, m := callAndMember(f)
	f.Fuzz(func(t *testing.T, payload []byte, signed bool) {
		c := m.call // nothing here changes it
		c.TB = t
		if signed { // a key package the server did not look at
			kp, err := mls.ParseKeyPackage(payload)
			if err != nil {
				return
			}
			payload = vector(0, c.sign(mls.Proposal{Type: mls.ProposalAdd, Add: kp}).message)
		}
		key := m.CurrentKey()
		m.binary(signal.OpMLSProposals, payload)
		if len(m.commits) > 0 {
			t.Error("a commit to what is not signed, or to a user who is not there")
		}
		if len(m.invalid) > 0 {
			t.Errorf("ops 31 %v", m.invalid)
		}
		goesOn(t, c, m, key)
	})
}

// callAndMember is a call of two that is cheap to make.
func callAndMember(t testing.TB) (*call, *member) {
	c := newCall(t)
	c.join(alice)
	c.join(bob)
	c.form(alice)
	return c, c.members[alice]
}

func FuzzCommitWelcome(f *testing.F) {
	_, a := fuzzed(f)
	f.Add(true, a.commit)
	for _, w := range a.joiners {
		f.Add(false, w)
	}
	f.Add(true, []byte{0, 0, 0, 1, 0, 1})
	f.Add(false, []byte{0, 0, 0, 2, 0, 0})
	c, m := callAndMember(f)
	c.join(carol)
	c.add(carol)
	joiner := c.members[carol]
	member, joins := m.Save(), joiner.Save()
	f.Fuzz(func(t *testing.T, commit bool, payload []byte) {
		member()
		joins()
		m.invalid, joiner.invalid = nil, nil
		c.TB = t
		if commit {
			epoch, key := m.Status().Epoch, m.CurrentKey()
			m.binary(signal.OpMLSAnnounceCommit, payload)
			if now := m.Status(); now.Established && now.Epoch != epoch {
				t.Errorf("followed a commit of nobody's to epoch %d", now.Epoch)
			}
			goesOn(t, c, m, key)
			return
		}
		joiner.binary(signal.OpMLSWelcome, payload)
		if joiner.Status().Established {
			t.Error("joined a group of nobody's")
		}
		goesOn(t, c, joiner, "")
	})
}

func FuzzJSON(f *testing.F) {
	for _, d := range []string{
		`{"transition_id":0,"protocol_version":1}`, `{"transition_id":65535}`, `{"epoch":1,"protocol_version":1}`,
		`{"epoch":18446744073709551615}`, `null`, `{"user_ids":["1"]}`, `{"user_id":"1"}`, `{"dave_protocol_version":1}`,
	} {
		for _, op := range []byte{4, 11, 13, 21, 22, 24} {
			f.Add(op, []byte(d))
		}
	}
	c, _ := callAndMember(f)
	keys := c.keys
	f.Fuzz(func(t *testing.T, op byte, d []byte) {
		c := newCall(t)
		c.keys = map[snowflake.ID]*mls.SignatureKey{alice: keys[alice]}
		m := c.session(alice)
		m.describe(1)
		m.binary(signal.OpMLSExternalSender, bytes.Clone(c.external))
		for range 2 {
			m.text(signal.Op(op), "%s", d)
		}
		if m.err != nil || len(m.invalid) > 0 {
			t.Errorf("%v, ops 31 %v", m.err, m.invalid)
		}
		_, _ = c.say(m, []byte("still here"))
	})
}
