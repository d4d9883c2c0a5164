package engine

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/emulator/delivery"
	"busker/internal/cores"
	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

// sealing is one member's side of an end-to-end encrypted call, a line.FrameSealer.
type sealing struct {
	*dave.Session
	user  snowflake.ID
	call  *delivery.Call
	seat  *delivery.Seat
	inbox []signal.Frame // what the server said, to be heard
	err   error
}

// Furnish makes keys for n more guilds, so that Grow need not: two meet in a call at a time.
func (e *Engine) Furnish(ctx context.Context, n int) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cores.Count())
	for range (n - len(e.spare) + 1) / 2 {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			pair, err := duet(ctx)
			mu.Lock()
			defer mu.Unlock()
			e.spare = append(e.spare, pair...)
			return err
		})
	}
	return group.Wait()
}

// duet returns two members of one call that have made each other's keys.
func duet(ctx context.Context) ([]*sealing, error) {
	call, err := delivery.New(delivery.Options{
		Channel: channel, After: func(time.Duration, func()) func() { return func() {} },
	})
	if err != nil {
		return nil, err
	}
	members := []*sealing{{user: 30, call: call}, {user: 31, call: call}}
	for _, m := range members {
		key, err := mls.NewSignatureKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		m.Session = dave.NewSession(dave.Options{User: m.user, Key: key, Channel: func() snowflake.ID { return channel }})
		m.SendJSON(delivery.Op(signal.OpClientsConnect), map[string]any{"user_ids": []snowflake.ID{30, 31}})
		m.seat = call.Join(m, m.user, dave.Version, func(version int) {
			m.SendJSON(delivery.Op(signal.OpSessionDescription), map[string]int{"dave_protocol_version": version})
		})
	}
	for members[0].listen(ctx) || members[1].listen(ctx) {
	}
	for _, m := range members {
		if s := m.Status(); m.err != nil || s.Sending != dave.Encrypted {
			return nil, fmt.Errorf("no end-to-end encryption: %+v, %w", s, m.err)
		}
	}
	return members, nil
}

// listen hears the next thing the server said.
func (s *sealing) listen(ctx context.Context) bool {
	if len(s.inbox) == 0 || s.err != nil {
		return false
	}
	f := s.inbox[0]
	s.inbox = s.inbox[1:]
	s.err = s.HandleDAVE(ctx, s, f)
	return true
}

// SendJSON implements delivery.Member.
func (s *sealing) SendJSON(op delivery.Op, d any) {
	data, err := json.Marshal(d)
	if err != nil {
		s.err = err
	}
	s.inbox = append(s.inbox, signal.Frame{Op: signal.Op(op), Seq: signal.NoSeq, Data: data})
}

// SendBinary implements delivery.Member.
func (s *sealing) SendBinary(op delivery.Op, b []byte) {
	s.inbox = append(s.inbox, signal.Frame{Op: signal.Op(op), Seq: signal.NoSeq, Binary: true, Data: b})
}

// Executed implements delivery.Member.
func (s *sealing) Executed(int, bool) {}

// WriteText takes what the session tells the server: that it is ready.
func (s *sealing) WriteText(_ context.Context, op signal.Op, d any) error {
	var v delivery.Transition
	data, err := json.Marshal(d)
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil || op != signal.OpDAVETransitionReady {
		return fmt.Errorf("op %d: %w", op, err)
	}
	s.call.Ready(s.seat, v.ID)
	return nil
}

// WriteBinary takes key packages and commits.
func (s *sealing) WriteBinary(_ context.Context, op signal.Op, b []byte) error {
	if op == signal.OpMLSKeyPackage {
		s.call.KeyPackage(s.seat, b)
	} else {
		s.call.Commit(s.seat, b)
	}
	return nil
}
