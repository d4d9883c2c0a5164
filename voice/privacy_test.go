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
	err      error // of all codes
}

func (k *known) Status() dave.Status { return *k.status.Load() }

func (k *known) PairwiseCode(user snowflake.ID) (string, error) {
	k.computed.Add(1)
	return fmt.Sprintf("code of %d", user), k.err
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
	want := voice.Privacy{Encrypted: true, Epoch: 4, Code: "code 4", Members: []snowflake.ID{5, 80}}
	if got, err := conn.Privacy(); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if st := conn.Status(); st.DAVE != 1 || !st.Encrypted || st.Epoch != 4 || st.Members != 3 || st.PrivacyCode != "code 4" {
		t.Errorf("status %+v", st)
	}
	if members := k.Status().Members; len(members) != 3 || members[1] != self {
		t.Errorf("the encryption's own list is now %v", members)
	}
	k.epoch(5, 5, self)
	if got, err := conn.Privacy(); err != nil || got.Epoch != 5 || len(got.Members) != 1 {
		t.Errorf("next epoch: %+v, %v", got, err)
	}
	if n := k.computed.Load(); n > 0 {
		t.Errorf("%d codes computed that nobody asked for", n)
	}
}

func TestPairwiseCode(t *testing.T) {
	conn, k := joinedKnown(t)
	if code, err := conn.PairwiseCode(t.Context(), 5); err != nil || code != "code of 5" {
		t.Errorf("%q, %v", code, err)
	}
	k.err = fmt.Errorf("%w: user 6", dave.ErrNotMember)
	if code, err := conn.PairwiseCode(t.Context(), 6); fault.KindOf(err) != fault.NotFound || code != "" {
		t.Errorf("a stranger: %q, %v", code, err)
	}
	k.err = errors.New("broken")
	if code, err := conn.PairwiseCode(t.Context(), 5); !errors.Is(err, k.err) || fault.KindOf(err) == fault.NotFound || code != "" {
		t.Errorf("broken: %q, %v", code, err)
	}
	before := k.computed.Load()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := conn.PairwiseCode(ctx, 5); !errors.Is(err, context.Canceled) || k.computed.Load() != before {
		t.Errorf("called off: %v", err)
	}
}

func TestPrivacyOutside(t *testing.T) {
	w := newWorld(t)
	check := func(kind fault.Kind, conn *voice.Conn) {
		t.Helper()
		if _, err := conn.PairwiseCode(t.Context(), 5); fault.KindOf(err) != kind {
			t.Errorf("code: %v", err)
		}
	}
	if _, err := w.hub.Conn(guild).Privacy(); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("out: %v", err)
	}
	check(fault.Unavailable, w.hub.Conn(guild))
	conn := w.join(channel)
	if got, err := conn.Privacy(); err != nil || got.Encrypted || got.Members != nil {
		t.Errorf("version 0: %+v, %v", got, err)
	}
	check(fault.NotFound, conn)
}
