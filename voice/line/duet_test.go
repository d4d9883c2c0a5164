package line_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"busker/emulator/delivery"
	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

// duet returns two sessions in one encrypted call, made so by the emulator's server.
func duet(t testing.TB) (ours, theirs *dave.Session) {
	t.Helper()
	call, err := delivery.New(delivery.Options{
		Channel: channel, After: func(time.Duration, func()) func() { return func() {} },
	})
	if err != nil {
		t.Fatal(err)
	}
	singers := []*singer{{t: t, call: call, user: self}, {t: t, call: call, user: self + 1}}
	for _, s := range singers {
		key, err := mls.NewSignatureKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		s.session = dave.NewSession(dave.Options{
			User: s.user, Key: key, Channel: func() snowflake.ID { return channel },
		})
		s.say(signal.OpClientsConnect, map[string]any{"user_ids": []snowflake.ID{self, self + 1}})
		s.seat = call.Join(s, s.user, dave.Version, func(version int) {
			s.say(signal.OpSessionDescription, map[string]int{"dave_protocol_version": version})
		})
	}
	for heard := true; heard; {
		heard = false
		for _, s := range singers {
			heard = s.listen() || heard
		}
	}
	for _, s := range singers {
		if s.session.Status().Sending != dave.Encrypted {
			t.Fatalf("user %d: %+v", s.user, s.session.Status())
		}
	}
	return singers[0].session, singers[1].session
}

// singer is a member of a duet: what the server says waits until it listens.
type singer struct {
	t       testing.TB
	call    *delivery.Call
	user    snowflake.ID
	seat    *delivery.Seat
	session *dave.Session
	inbox   []signal.Frame
}

func (s *singer) listen() bool {
	if len(s.inbox) == 0 {
		return false
	}
	f := s.inbox[0]
	s.inbox = s.inbox[1:]
	if err := s.session.HandleDAVE(context.Background(), s, f); err != nil {
		s.t.Fatal(err)
	}
	return true
}

func (s *singer) say(op signal.Op, d any) {
	data, _ := json.Marshal(d)
	s.inbox = append(s.inbox, signal.Frame{Op: op, Seq: signal.NoSeq, Data: data})
}

func (s *singer) SendJSON(op delivery.Op, d any) { s.say(signal.Op(op), d) }

func (s *singer) SendBinary(op delivery.Op, b []byte) {
	s.inbox = append(s.inbox, signal.Frame{Op: signal.Op(op), Seq: signal.NoSeq, Binary: true, Data: b})
}

func (s *singer) Executed(int, bool) {}

func (s *singer) WriteText(_ context.Context, op signal.Op, d any) error {
	data, _ := json.Marshal(d)
	var v delivery.Transition
	_ = json.Unmarshal(data, &v)
	if op != signal.OpDAVETransitionReady {
		s.t.Errorf("op %d: %s", op, data)
	}
	s.call.Ready(s.seat, v.ID)
	return nil
}

func (s *singer) WriteBinary(_ context.Context, op signal.Op, b []byte) error {
	if op == signal.OpMLSKeyPackage {
		s.call.KeyPackage(s.seat, b)
	} else {
		s.call.Commit(s.seat, b)
	}
	return nil
}
