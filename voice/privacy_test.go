package voice_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync/atomic"
	"testing"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/voice"
	"busker/voice/dave"
)

// known is an encryption whose group the test makes up.
type known struct {
	*lock
	status   atomic.Pointer[dave.Status]
	computed atomic.Int64
	compute  func(user snowflake.ID) error // nil: it works
}

func (k *known) Status() dave.Status { return *k.status.Load() }

func (k *known) PairwiseCode(user snowflake.ID) (string, error) {
	k.computed.Add(1)
	if k.compute != nil {
		if err := k.compute(user); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("code of %d in %d", user, k.Status().Epoch), nil
}

func (k *known) epoch(n uint64, members ...snowflake.ID) {
	k.status.Store(&dave.Status{
		Version: 1, Sending: dave.Encrypted, Established: true, Epoch: n,
		Members: members, PrivacyCode: fmt.Sprint("code ", n),
	})
}

// joinedKnown returns a connection with a known encryption.
func joinedKnown(t *testing.T) (*voice.Conn, *known) {
	t.Helper()
	k := &known{}
	w := newWorld(t, func(o *voice.HubOptions) {
		voice.Encrypt(o, func(opts dave.Options) voice.Encryption {
			k.lock = newLock(opts)
			close(k.settled)
			return k
		})
	})
	k.epoch(4, 5, self, 80)
	return w.join(channel), k
}

func TestPrivacy(t *testing.T) {
	conn, k := joinedKnown(t)
	want := voice.Privacy{Encrypted: true, Epoch: 4, Code: "code 4", Members: []voice.Verification{
		{User: 5, Code: "code of 5 in 4"}, {User: 80, Code: "code of 80 in 4"},
	}}
	for range 2 {
		if got, err := conn.Privacy(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if n := k.computed.Load(); n != 2 {
		t.Errorf("%d codes computed", n)
	}
	if st := conn.Status(); st.DAVE != 1 || !st.Encrypted || st.Epoch != 4 || st.Members != 3 || st.PrivacyCode != "code 4" {
		t.Errorf("status %+v", st)
	}
	k.epoch(5, 5, self)
	if got, err := conn.Privacy(t.Context()); err != nil || len(got.Members) != 1 || got.Members[0].Code != "code of 5 in 5" {
		t.Errorf("next epoch: %+v, %v", got, err)
	}
}

func TestPrivacyIsCalledOff(t *testing.T) {
	conn, k := joinedKnown(t)
	ctx, cancel := context.WithCancel(t.Context())
	k.compute = func(snowflake.ID) error { cancel(); return nil }
	if _, err := conn.Privacy(ctx); !errors.Is(err, context.Canceled) || k.computed.Load() != 1 {
		t.Errorf("%v after %d codes", err, k.computed.Load())
	}
}

// TestPrivacyWhileMembersLeave: the codes are those of the group as it is by then.
func TestPrivacyWhileMembersLeave(t *testing.T) {
	conn, k := joinedKnown(t)
	k.compute = func(user snowflake.ID) error {
		if user == 80 {
			k.epoch(5, 5, self)
			return errors.New("user 80 is not in the group")
		}
		return nil
	}
	if got, err := conn.Privacy(t.Context()); err != nil || got.Epoch != 5 || len(got.Members) != 1 || got.Members[0].User != 5 {
		t.Errorf("%+v, %v", got, err)
	}
	k.compute = func(snowflake.ID) error { return errors.New("broken") }
	k.epoch(6, 5, self)
	if _, err := conn.Privacy(t.Context()); err == nil {
		t.Error("no error")
	}
}

func TestPrivacyOutside(t *testing.T) {
	w := newWorld(t)
	if _, err := w.hub.Conn(guild).Privacy(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("out: %v", err)
	}
	if got, err := w.join(channel).Privacy(t.Context()); err != nil || got.Encrypted || got.Members != nil {
		t.Errorf("version 0: %+v, %v", got, err)
	}
}
