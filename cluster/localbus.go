package cluster

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"busker/internal/fault"
)

// localBus is the bus of one process. Answers and errors go through the same bytes as
// between processes, so that nobody relies on what does not survive the way.
type localBus struct {
	mu     sync.Mutex // guards topics and all in them
	topics map[string]*localTopic
	feeds  map[string]*localFeed
}

func newLocalBus() *localBus {
	return &localBus{topics: map[string]*localTopic{}, feeds: map[string]*localFeed{}}
}

// localTopic is a queue and who serves it.
type localTopic struct {
	sent    uint64 // messages so far
	queue   []*localMessage
	byID    map[string]*localResult
	sweep   sweep
	servers []*localServer
	owners  map[string]*keyOwner
	token   uint64 // of the newest exclusive server
	dead    []Dead
}

// keyOwner is who has messages of a key: all others of it go there, too.
type keyOwner struct {
	server *localServer
	held   int
}

// localMessage is a message on its way.
type localMessage struct {
	Message
	seq   uint64
	sent  time.Time
	asked bool // somebody waits for the answer
	own   bool // nobody else knows its ID
}

// localResult is what is known of an ID: that it is on its way, or how it ended.
type localResult struct {
	done    bool
	answer  localAnswer
	until   time.Time // kept, once done
	waiting []chan localAnswer
}

// localAnswer is what a handler said.
type localAnswer struct {
	body []byte
	err  []byte // fault.Marshal
}

func (b *localBus) topic(name string) *localTopic {
	t := b.topics[name]
	if t == nil {
		t = &localTopic{byID: map[string]*localResult{}, owners: map[string]*keyOwner{}}
		b.topics[name] = t
	}
	return t
}

func (b *localBus) Send(ctx context.Context, topic string, m Message) error {
	_, err := b.send(ctx, topic, m, false, false)
	return err
}

func (b *localBus) Request(ctx context.Context, topic string, m Message) ([]byte, error) {
	if at, ok := ctx.Deadline(); ok && (m.Deadline.IsZero() || at.Before(m.Deadline)) {
		m.Deadline = at
	} else if !m.Deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, m.Deadline)
		defer cancel()
	}
	own := m.ID == ""
	answers, err := b.send(ctx, topic, m, true, own)
	if err != nil {
		return nil, err
	}
	select {
	case a := <-answers:
		return a.open()
	case <-ctx.Done():
		return nil, fmt.Errorf("request %s of %s: %w", m.Kind, topic, ctx.Err())
	}
}

// send puts a message into a topic, unless its ID is known. If asked it returns where
// the answer will be. own says that nobody else knows the ID.
func (b *localBus) send(ctx context.Context, topic string, m Message, asked, own bool) (<-chan localAnswer, error) {
	if err := CheckMessage(topic, m); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if m.ID == "" {
		m.ID = rand.Text()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topic(topic)
	r := t.result(m.ID)
	var answers chan localAnswer
	if asked {
		answers = make(chan localAnswer, 1) // so that who answers need not wait
	}
	switch {
	case r != nil && r.done && asked:
		answers <- r.answer
	case r == nil:
		if len(t.queue) >= MaxQueue {
			return nil, fmt.Errorf("send to %s: %w", topic, ErrFull)
		}
		r = &localResult{}
		t.byID[m.ID] = r
		t.push(m, asked, own)
	}
	if asked && !r.done {
		r.waiting = append(r.waiting, answers)
	}
	return answers, nil
}

// result returns what is known of an ID, nil if nothing.
func (t *localTopic) result(id string) *localResult {
	now := time.Now()
	t.sweep.due(len(t.byID), func() int {
		for id, r := range t.byID {
			if r.done && now.After(r.until) {
				delete(t.byID, id)
			}
		}
		return len(t.byID)
	})
	r := t.byID[id]
	if r != nil && r.done && now.After(r.until) {
		return nil
	}
	return r
}

// push puts a message at the end of the queue.
func (t *localTopic) push(m Message, asked, own bool) {
	t.sent++
	m.Body, m.Attempt = slices.Clone(m.Body), 0
	t.queue = append(t.queue, &localMessage{Message: m, seq: t.sent, sent: time.Now(), asked: asked, own: own})
	t.dispatch()
}

// CheckMessage refuses what no bus carries: names with control characters or braces,
// IDs with control characters, and what is too long. It is for implementations.
func CheckMessage(topic string, m Message) error {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	switch {
	case topic == "", len(topic) > 200, strings.ContainsFunc(topic, control), strings.ContainsAny(topic, "{}"):
		return fmt.Errorf("topic %q: %w", topic, errBadName)
	case len(m.ID) > 200, strings.ContainsFunc(m.ID, control):
		return fmt.Errorf("message id %q: %w", m.ID, errBadName)
	case len(m.Key) > 200, len(m.Kind) > 200:
		return fmt.Errorf("key %q, kind %q: %w", m.Key, m.Kind, errBadName)
	case len(m.Body) > MaxBody:
		return fmt.Errorf("%d bytes for %s: %w", len(m.Body), topic, errTooLong)
	}
	return nil
}

var (
	errBadName = errors.New("this name cannot be used on the bus")
	errTooLong = errors.New("this is too long for the bus")
)

func (a localAnswer) open() ([]byte, error) {
	if a.err == nil {
		return slices.Clone(a.body), nil
	}
	err, damaged := fault.Unmarshal(a.err)
	return nil, cmp.Or(damaged, err)
}
