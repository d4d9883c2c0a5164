package dave_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/signal"
)

func TestCallsOfEverySize(t *testing.T) {
	for _, n := range []int{2, 3, 5, 8} {
		c := callOf(t, n)
		c.join(carol + 100)
		c.add(carol + 100)
		c.win(bob)
		c.hear()
		c.leave(alice)
		c.remove(alice)
		c.win(carol + 100)
		c.hear()
	}
}

// Failure mode 10.17: a client that waits to be asked for its key package never gets
// a Welcome.
func TestKeyPackageDirectlyAfterTheDescription(t *testing.T) {
	c := newCall(t)
	m := c.session(alice)
	m.describe(1)
	if len(m.keyPackages) != 1 {
		t.Fatalf("%d key packages before op 25 came", len(m.keyPackages))
	}
	m.binary(signal.OpMLSExternalSender, c.external)
	if len(m.keyPackages) != 1 {
		t.Errorf("%d key packages: the first is in use", len(m.keyPackages))
	}
}

func TestOpsBeforeTheDescription(t *testing.T) {
	c := newCall(t)
	early, m := c.join(bob), c.session(alice)
	c.members[alice] = m
	m.binary(signal.OpMLSProposals, []byte{0, 0})
	m.binary(signal.OpMLSAnnounceCommit, []byte{0, 1, 2})
	m.binary(signal.OpMLSWelcome, []byte{0, 1, 2})
	m.text(signal.OpDAVEExecuteTransition, `{"transition_id":0}`)
	m.binary(signal.OpMLSExternalSender, c.external)
	m.text(signal.OpClientsConnect, `{"user_ids":[%q,%q]}`, alice, bob)
	early.text(signal.OpClientsConnect, `{"user_ids":[%q]}`, alice)
	if len(m.invalid) > 0 || m.err != nil || len(m.keyPackages) > 0 {
		t.Errorf("%d ops 31, %d key packages, %v", len(m.invalid), len(m.keyPackages), m.err)
	}
	if _, err := m.OpenFrame(nil, bob, []byte("plain")); !errors.Is(err, dave.ErrPlaintext) {
		t.Errorf("opened before the version is known: %v", err)
	}
	m.describe(1)
	c.form(alice)
	c.hear()
}

// A second Session Description of one session renews the transport, not the group.
func TestRenewedDescription(t *testing.T) {
	c := callOf(t, 2)
	m := c.members[alice]
	key := m.CurrentKey()
	m.describe(1)
	if len(m.keyPackages) != 1 || m.CurrentKey() != key {
		t.Errorf("%d key packages, key changed: %t", len(m.keyPackages), m.CurrentKey() != key)
	}
	c.hear()
	m.describe(0)
	if now := m.Status(); now.Sending != dave.Plain || now.Established || now.Version != 0 {
		t.Errorf("version 0: %+v", now)
	}
	m.describe(1)
	if now := m.Status(); now.Sending != dave.Nothing || len(m.keyPackages) != 2 || now.Version != 1 {
		t.Errorf("version 1 again: %+v, %d key packages", now, len(m.keyPackages))
	}
}

// Failure mode 10.15: keys taken once at the start fail when somebody joins.
func TestKeysFollowEveryEpoch(t *testing.T) {
	c := callOf(t, 2)
	keys := map[string]bool{}
	for i := range 6 {
		keys[c.members[alice].CurrentKey()] = true
		u := carol + snowflake.ID(i)
		c.join(u)
		c.add(u)
		c.win(bob)
		c.hear()
	}
	if len(keys) != 6 {
		t.Errorf("%d keys in 6 epochs", len(keys))
	}
}

// Failure mode 10.9: whoever is alone has no key, and says so instead of failing or
// sending in the clear.
func TestAlone(t *testing.T) {
	c := newCall(t)
	m := c.join(alice)
	select {
	case <-m.Settled():
		t.Error("settled before anything is known")
	default:
	}
	c.alone(m)
	m.settled()
	if frame, err := m.SealFrame(nil, []byte("opus")); !errors.Is(err, dave.ErrNoKey) || len(frame) > 0 {
		t.Errorf("%x, %v", frame, err)
	}
	silence := []byte{0xF8, 0xFF, 0xFE}
	if frame, err := m.SealFrame(nil, silence); err != nil || !bytes.Equal(frame, silence) {
		t.Errorf("silence: %x, %v", frame, err)
	}
	if len(m.ready) > 0 {
		t.Errorf("op 23 for transition 0")
	}
	now := m.Status()
	if now.Sending != dave.Nothing || now.Established || now.Version != 1 || now.Members != nil || now.PrivacyCode != "" {
		t.Errorf("%+v", now)
	}
	if code, err := m.PairwiseCode(bob); !errors.Is(err, dave.ErrNotMember) {
		t.Errorf("a code with nobody: %q, %v", code, err)
	}
}

// Failure mode 10.4: after the call was empty but for us, op 24 makes a new group.
func TestEmptiedAndRefilled(t *testing.T) {
	for _, rounds := range []int{1, 3} {
		c := callOf(t, 3)
		m := c.members[alice]
		for range rounds {
			c.leave(bob)
			c.leave(carol)
			c.alone(m)
			if _, err := c.say(m, []byte("to nobody")); !errors.Is(err, dave.ErrNoKey) {
				t.Errorf("alone: %v", err)
			}
			c.join(bob)
			c.join(carol)
			c.form(bob)
			c.hear()
		}
		if len(m.keyPackages) != 1+rounds {
			t.Errorf("%d key packages after %d times alone", len(m.keyPackages), rounds)
		}
	}
}

// Failure mode 10.5: op 24 has no transition id, or one that means nothing.
func TestPrepareEpochWithoutTransitionID(t *testing.T) {
	for _, d := range []string{
		`{"epoch":1,"protocol_version":1}`, `{"epoch":1,"protocol_version":1,"transition_id":null}`,
		`{"epoch":1,"protocol_version":1,"transition_id":77}`, `{"epoch":1}`,
	} {
		c := callOf(t, 2)
		m := c.members[alice]
		key := m.CurrentKey()
		m.text(signal.OpDAVEPrepareEpoch, "%s", d)
		if len(m.keyPackages) != 2 {
			t.Errorf("%s: %d key packages", d, len(m.keyPackages))
		}
		if m.CurrentKey() != key || m.Pending() > 0 || len(m.ready) > 0 {
			t.Errorf("%s changed how frames are sent", d)
		}
		c.heard(m) // until the transition, the old key is good in both directions
		c.heard(c.members[bob])
	}
}

func TestPrepareEpochBeyondTheFirst(t *testing.T) {
	c := callOf(t, 2)
	m := c.members[alice]
	for _, d := range []string{`{"epoch":2,"protocol_version":1}`, `{"epoch":1,"protocol_version":0}`, `{}`, `null`, `7`} {
		m.text(signal.OpDAVEPrepareEpoch, "%s", d)
	}
	if len(m.keyPackages) != 1 || m.err != nil {
		t.Errorf("%d key packages, %v", len(m.keyPackages), m.err)
	}
	c.join(carol)
	c.add(carol)
	c.win(alice)
	c.hear()
}

// Failure mode 10.21: the channel counts that our newest voice state names.
func TestChannelIsReadWhenItMatters(t *testing.T) {
	c := newCall(t)
	at := channel + 1 // where we were before we were moved
	m := c.session(alice, func(o *dave.Options) { o.Channel = func() snowflake.ID { return at } })
	c.members[alice] = m
	m.describe(1)
	m.binary(signal.OpMLSExternalSender, c.external)
	at = channel
	c.join(bob)
	m.text(signal.OpClientsConnect, `{"user_ids":[%q]}`, bob)
	c.members[bob].text(signal.OpClientsConnect, `{"user_ids":[%q]}`, alice)
	c.form(alice)
	c.hear()
}

func TestExternalSenderAgain(t *testing.T) {
	c := newCall(t)
	m := c.join(alice)
	c.key = c.newKey()
	first := c.external
	c.external = append(slices.Clone(first[:2]), c.key.Public()...)
	c.external = append(c.external, first[len(c.external):]...)
	m.binary(signal.OpMLSExternalSender, c.external) // not established: it is replaced
	m.binary(signal.OpMLSExternalSender, []byte("no external sender"))
	c.join(bob)
	c.form(alice)
	c.hear()
	m.binary(signal.OpMLSExternalSender, first) // established: it is ignored
	c.join(carol)
	c.add(carol)
	c.win(alice)
	c.hear()
}

// The same external sender again must not make the pending group forget proposals.
func TestExternalSenderRepeated(t *testing.T) {
	c := newCall(t)
	m := c.join(alice)
	c.join(bob)
	c.add(alice, bob)
	m.binary(signal.OpMLSExternalSender, c.external)
	c.announce(c.choose(alice, 0, 0))
	c.hear()
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	metrics := dave.NewMetrics(registry)
	c := newCall(t)
	m := c.session(alice, func(o *dave.Options) { o.Metrics = metrics })
	c.members[alice] = m
	m.text(signal.OpClientsConnect, `{"user_ids":[%q]}`, bob)
	m.describe(1)
	m.binary(signal.OpMLSExternalSender, c.external)
	_, _ = m.SealFrame(nil, []byte("too early"))
	c.join(bob)
	c.form(alice)
	c.hear()
	m.binary(signal.OpMLSAnnounceCommit, []byte{0, 1, 2}) // not a commit
	got := map[string]float64{}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, sample := range f.GetMetric() {
			name := f.GetName()
			for _, label := range sample.GetLabel() {
				name += " " + label.GetValue()
			}
			got[name] = sample.GetCounter().GetValue() + float64(sample.GetHistogram().GetSampleCount())
		}
	}
	for name, want := range map[string]float64{
		"busker_dave_commits_total sent":          1,
		"busker_dave_commits_total won":           1,
		"busker_dave_epochs_total":                1,
		"busker_dave_frames_dropped_total":        1,
		"busker_dave_mls_seconds":                 4,
		"busker_dave_recoveries_total":            1,
		"busker_dave_transitions_total encrypted": 1,
		"busker_dave_transitions_total nothing":   0,
		"busker_dave_transitions_total plain":     0,
	} {
		if n, ok := got[name]; !ok || n != want {
			t.Errorf("%s is %v, want %v", name, n, want)
		}
	}
	if len(got) != 9 {
		t.Errorf("metrics %v", got)
	}
}

// TestSessionMayBeUsedConcurrently is for the race detector.
func TestSessionMayBeUsedConcurrently(t *testing.T) {
	c := callOf(t, 2)
	speaker, listener := c.members[alice], c.members[bob]
	var done sync.WaitGroup
	stop, heard := make(chan struct{}), make(chan []byte, 10)
	done.Go(func() {
		defer close(heard)
		for i := 0; ; i++ {
			frame, err := speaker.SealFrame(nil, fmt.Append(nil, "frame ", i))
			if err != nil {
				t.Error(err)
			}
			select {
			case heard <- frame:
			case <-stop:
				return
			}
		}
	})
	for range 2 {
		done.Go(func() {
			for frame := range heard {
				// A replay is one that lost the race for being the first of its key.
				if _, err := listener.OpenFrame(nil, alice, frame); err != nil && !errors.Is(err, dave.ErrReplay) {
					t.Error(err)
				}
				_, _ = speaker.Status(), listener.Status()
			}
		})
	}
	for i := range 5 {
		u := carol + snowflake.ID(i)
		c.join(u)
		c.add(u)
		c.win(bob)
	}
	close(stop)
	done.Wait()
}
