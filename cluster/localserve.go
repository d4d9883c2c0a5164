package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"busker/cluster/internal/handling"
	"busker/internal/fault"
)

// localServer serves a topic. Its fields are guarded by the bus's mutex.
type localServer struct {
	Server
	since time.Time
	lanes *handling.Lanes
	held  map[uint64]*localMessage
	add   func(*localMessage)
	end   context.CancelCauseFunc
}

func (b *localBus) Serve(ctx context.Context, topic string, s Server) error {
	if err := CheckMessage(topic, Message{}); err != nil {
		return err
	}
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	me := &localServer{Server: s, since: time.Now(), held: map[uint64]*localMessage{}, end: end}
	me.lanes = handling.NewLanes(handling.Workers(s.Workers), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.topic(topic).dispatch()
	})
	me.add = func(m *localMessage) {
		me.lanes.Add(m.Key, func() time.Duration { return b.handle(ctx, topic, me, m) })
	}
	if err := b.attach(topic, me); err != nil {
		return err
	}
	<-ctx.Done()
	me.lanes.Close()
	b.detach(topic, me)
	if errors.Is(context.Cause(ctx), ErrLost) {
		return fmt.Errorf("serve %s: %w", topic, ErrLost)
	}
	return nil
}

// attach lets a server take part; an exclusive one takes over.
func (b *localBus) attach(topic string, me *localServer) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topic(topic)
	if me.Exclusive {
		if me.Token < t.token {
			return fmt.Errorf("serve %s: %w", topic, ErrLost)
		}
		t.token = me.Token
		for _, older := range t.servers {
			older.end(ErrLost)
			t.giveBack(older)
		}
		t.servers = nil
	}
	t.servers = append(t.servers, me)
	t.dispatch()
	return nil
}

func (b *localBus) detach(topic string, me *localServer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topic(topic)
	t.servers = slices.DeleteFunc(t.servers, func(s *localServer) bool { return s == me })
	t.giveBack(me)
	t.dispatch()
}

// giveBack puts what a server holds back into the queue, where it was.
func (t *localTopic) giveBack(s *localServer) {
	for _, m := range s.held {
		t.queue = append(t.queue, m)
	}
	clear(s.held)
	for key, o := range t.owners {
		if o.server == s {
			delete(t.owners, key)
		}
	}
	slices.SortFunc(t.queue, func(a, b *localMessage) int { return cmp.Compare(a.seq, b.seq) })
}

// dispatch hands the queue to the servers, as far as they have room: messages of a key
// go to whoever has others of it.
func (t *localTopic) dispatch() {
	for len(t.queue) > 0 {
		m := t.queue[0]
		to := t.chooses(m.Key)
		if to == nil {
			return
		}
		t.queue[0] = nil
		t.queue = t.queue[1:]
		if m.Key != "" {
			if t.owners[m.Key] == nil {
				t.owners[m.Key] = &keyOwner{server: to}
			}
			t.owners[m.Key].held++
		}
		to.held[m.seq] = m
		to.add(m)
	}
}

func (t *localTopic) chooses(key string) (to *localServer) {
	if o := t.owners[key]; o != nil {
		return o.server
	}
	for _, s := range t.servers {
		all, stalled := s.lanes.Waiting()
		room := all-stalled < handling.Window(s.Workers) && stalled < handling.MaxStalled
		if room && (to == nil || len(s.held) < len(to.held)) {
			to = s
		}
	}
	return to
}

// handle carries a message out, once.
func (b *localBus) handle(serving context.Context, topic string, me *localServer, m *localMessage) time.Duration {
	if serving.Err() != nil {
		return 0
	}
	ctx := serving
	if !m.Deadline.IsZero() {
		if !time.Now().Before(m.Deadline) {
			b.finish(topic, me, m, handling.Forget, localAnswer{})
			return 0
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, m.Deadline)
		defer cancel()
	}
	now := b.attempt(m)
	body, err := handling.Call(func() ([]byte, error) { return me.Handle(ctx, now) })
	if err == nil && len(body) > MaxBody {
		err = errTooLong
	}
	if err != nil && serving.Err() != nil {
		return 0 // it is not to blame: another server goes on
	}
	verdict := handling.Judge(err, m.asked, now.Attempt, handling.Retries(me.Retries))
	if verdict == handling.Again {
		return handling.Backoff(now.Attempt)
	}
	answer := localAnswer{body: body}
	if err != nil {
		answer = localAnswer{err: fault.Marshal(err)}
	}
	b.finish(topic, me, m, verdict, answer)
	return 0
}

// attempt counts one more, and returns the message as it is then: a server that has lost
// it may still be at it.
func (b *localBus) attempt(m *localMessage) Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	m.Attempt++
	return m.Message
}

// finish notes what became of a message, and tells whoever asked.
func (b *localBus) finish(topic string, me *localServer, m *localMessage, v handling.Verdict, a localAnswer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topic(topic)
	if me.held[m.seq] != m {
		return // another has it
	}
	delete(me.held, m.seq)
	if o := t.owners[m.Key]; o != nil {
		if o.held--; o.held == 0 {
			delete(t.owners, m.Key)
		}
	}
	r := t.byID[m.ID]
	if v == handling.Dead {
		t.bury(m, a)
	}
	if v == handling.Done {
		r.done, r.answer, r.until = true, a, time.Now().Add(Keep)
		if m.own && !m.Deadline.IsZero() {
			r.until = m.Deadline
		}
	} else {
		delete(t.byID, m.ID)
	}
	for _, waits := range r.waiting {
		if a.body != nil || a.err != nil || v == handling.Done {
			waits <- a
		}
	}
	r.waiting = nil
}
