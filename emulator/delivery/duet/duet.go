// Package duet makes end-to-end encryption for two, as two bots in one call of the
// imaginary Discord would: for whoever needs real keys and no network.
package duet

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"busker/emulator/delivery"
	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

// The call: its channel, and the first member; the second's number is the next.
const (
	Channel snowflake.ID = 20
	Self    snowflake.ID = 30
)

// member is one side of the call, which hears what the server says when it listens.
type member struct {
	session *dave.Session
	user    snowflake.ID
	call    *delivery.Call
	seat    *delivery.Seat
	inbox   []signal.Frame
	err     error
}

// New returns the sessions of two members of one call who have agreed on their keys.
func New(ctx context.Context) (ours, theirs *dave.Session, err error) {
	call, err := delivery.New(delivery.Options{
		Channel: Channel, After: func(time.Duration, func()) func() { return func() {} },
	})
	if err != nil {
		return nil, nil, err
	}
	members := []*member{{user: Self, call: call}, {user: Self + 1, call: call}}
	for _, m := range members {
		key, err := mls.NewSignatureKey(rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		m.session = dave.NewSession(dave.Options{User: m.user, Key: key, Channel: func() snowflake.ID { return Channel }})
		m.SendJSON(delivery.Op(signal.OpClientsConnect), map[string]any{"user_ids": []snowflake.ID{Self, Self + 1}})
		m.seat = call.Join(m, m.user, dave.Version, func(version int) {
			m.SendJSON(delivery.Op(signal.OpSessionDescription), map[string]int{"dave_protocol_version": version})
		})
	}
	for members[0].listen(ctx) || members[1].listen(ctx) {
	}
	for _, m := range members {
		if s := m.session.Status(); m.err != nil || s.Sending != dave.Encrypted {
			return nil, nil, fmt.Errorf("no end-to-end encryption: %+v, %w", s, m.err)
		}
	}
	return members[0].session, members[1].session, nil
}

// listen hears the next thing the server said.
func (m *member) listen(ctx context.Context) bool {
	if len(m.inbox) == 0 || m.err != nil {
		return false
	}
	f := m.inbox[0]
	m.inbox = m.inbox[1:]
	m.err = m.session.HandleDAVE(ctx, m, f)
	return true
}

// SendJSON implements delivery.Member.
func (m *member) SendJSON(op delivery.Op, d any) {
	data, err := json.Marshal(d)
	if err != nil {
		m.err = err
	}
	m.inbox = append(m.inbox, signal.Frame{Op: signal.Op(op), Seq: signal.NoSeq, Data: data})
}

// SendBinary implements delivery.Member.
func (m *member) SendBinary(op delivery.Op, b []byte) {
	m.inbox = append(m.inbox, signal.Frame{Op: signal.Op(op), Seq: signal.NoSeq, Binary: true, Data: b})
}

// Executed implements delivery.Member.
func (m *member) Executed(int, bool) {}

// WriteText takes what the session tells the server: that it is ready.
func (m *member) WriteText(_ context.Context, op signal.Op, d any) error {
	var v delivery.Transition
	data, err := json.Marshal(d)
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil || op != signal.OpDAVETransitionReady {
		return fmt.Errorf("op %d: %w", op, err)
	}
	m.call.Ready(m.seat, v.ID)
	return nil
}

// WriteBinary takes key packages and commits.
func (m *member) WriteBinary(_ context.Context, op signal.Op, b []byte) error {
	if op == signal.OpMLSKeyPackage {
		m.call.KeyPackage(m.seat, b)
	} else {
		m.call.Commit(m.seat, b)
	}
	return nil
}
