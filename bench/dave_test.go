package bench_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"busker/emulator/delivery"
	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

var (
	keyed   []*dave.Session // made so far; a benchmark at a time uses them
	keyedMu sync.Mutex
)

// keys returns n sessions that have agreed on a key, each in another call or on another
// side of it.
func keys(tb testing.TB, n int) []*dave.Session {
	tb.Helper()
	keyedMu.Lock()
	defer keyedMu.Unlock()
	for len(keyed) < n {
		pair, err := agree()
		if err != nil {
			tb.Fatal(err)
		}
		keyed = append(keyed, pair...)
	}
	return keyed[:n]
}

// agree has two meet in a call of the imaginary Discord.
func agree() ([]*dave.Session, error) {
	const channel, first, second snowflake.ID = 20, 30, 31
	call, err := delivery.New(delivery.Options{
		Channel: channel, After: func(time.Duration, func()) func() { return func() {} },
	})
	if err != nil {
		return nil, err
	}
	members := []*member{{call: call, user: first}, {call: call, user: second}}
	for _, m := range members {
		key, err := mls.NewSignatureKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		m.session = dave.NewSession(dave.Options{User: m.user, Key: key, Channel: func() snowflake.ID { return channel }})
		m.say(signal.OpClientsConnect, map[string]any{"user_ids": []snowflake.ID{first, second}})
		m.seat = call.Join(m, m.user, dave.Version, func(version int) {
			m.say(signal.OpSessionDescription, map[string]int{"dave_protocol_version": version})
		})
	}
	for members[0].listen() || members[1].listen() {
	}
	for _, m := range members {
		if s := m.session.Status(); m.err != nil || s.Sending != dave.Encrypted {
			return nil, fmt.Errorf("no key agreed: %+v, %w", s, m.err)
		}
	}
	return []*dave.Session{members[0].session, members[1].session}, nil
}

// member is one side of a call: what the server says waits until it listens.
type member struct {
	call    *delivery.Call
	user    snowflake.ID
	seat    *delivery.Seat
	session *dave.Session
	inbox   []signal.Frame
	err     error
}

func (m *member) listen() bool {
	if len(m.inbox) == 0 || m.err != nil {
		return false
	}
	f := m.inbox[0]
	m.inbox = m.inbox[1:]
	m.err = m.session.HandleDAVE(context.Background(), m, f)
	return true
}

func (m *member) say(op signal.Op, d any) {
	data, _ := json.Marshal(d)
	m.inbox = append(m.inbox, signal.Frame{Op: op, Seq: signal.NoSeq, Data: data})
}

// SendJSON implements delivery.Member, as do the next two.
func (m *member) SendJSON(op delivery.Op, d any) { m.say(signal.Op(op), d) }

func (m *member) SendBinary(op delivery.Op, b []byte) {
	m.inbox = append(m.inbox, signal.Frame{Op: signal.Op(op), Seq: signal.NoSeq, Binary: true, Data: b})
}

func (m *member) Executed(int, bool) {}

// WriteText implements signal.Writer, as does the next.
func (m *member) WriteText(_ context.Context, _ signal.Op, d any) error {
	data, _ := json.Marshal(d)
	var v delivery.Transition
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	m.call.Ready(m.seat, v.ID)
	return nil
}

func (m *member) WriteBinary(_ context.Context, op signal.Op, b []byte) error {
	if op == signal.OpMLSKeyPackage {
		m.call.KeyPackage(m.seat, b)
	} else {
		m.call.Commit(m.seat, b)
	}
	return nil
}
