package cluster

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"busker/internal/fault"
)

// bury puts a message to the dead.
func (t *localTopic) bury(m *localMessage, a localAnswer) {
	err, damaged := fault.Unmarshal(a.err)
	d := Dead{Message: m.Message, Entry: strconv.FormatUint(m.seq, 10), At: time.Now(), Why: cmp.Or(damaged, err).Error()}
	t.dead = append(t.dead, d)
	if len(t.dead) > MaxDead {
		t.dead = t.dead[1:]
	}
}

func (b *localBus) Dead(ctx context.Context, topic string) ([]Dead, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if t := b.topics[topic]; t != nil {
		return slices.Clone(t.dead), ctx.Err()
	}
	return nil, ctx.Err()
}

func (b *localBus) Replay(ctx context.Context, topic string, ids ...string) (int, error) {
	return b.exhume(ctx, topic, ids, func(t *localTopic, d Dead) {
		if t.result(d.ID) != nil {
			return // sent again, and on its way or handled
		}
		m := d.Message
		m.Deadline = time.Time{}
		t.byID[m.ID] = &localResult{}
		t.push(m, false, false)
	})
}

func (b *localBus) Bury(ctx context.Context, topic string, ids ...string) (int, error) {
	return b.exhume(ctx, topic, ids, func(*localTopic, Dead) {})
}

// exhume takes the dead with these names out, all without names.
func (b *localBus) exhume(ctx context.Context, topic string, ids []string, f func(*localTopic, Dead)) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	t := b.topics[topic]
	if t == nil {
		return 0, nil
	}
	dead := t.dead
	t.dead = nil
	for _, d := range dead {
		if len(ids) > 0 && !slices.Contains(ids, d.Entry) && (d.ID == "" || !slices.Contains(ids, d.ID)) {
			t.dead = append(t.dead, d)
			continue
		}
		f(t, d)
		n++
	}
	return n, nil
}

func (b *localBus) Topics(ctx context.Context) ([]TopicState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	states := make([]TopicState, 0, len(b.topics))
	for name, t := range b.topics {
		s := TopicState{Name: name, Lag: len(t.queue), Dead: len(t.dead), Token: t.token}
		var oldest time.Time
		for _, server := range t.servers {
			s.Pending += len(server.held)
			s.Consumers = append(s.Consumers, Consumer{Name: server.Consumer, Pending: len(server.held)})
			for _, m := range server.held {
				if oldest.IsZero() || m.sent.Before(oldest) {
					oldest = m.sent
				}
			}
		}
		if len(t.queue) > 0 && (oldest.IsZero() || t.queue[0].sent.Before(oldest)) {
			oldest = t.queue[0].sent
		}
		if !oldest.IsZero() {
			s.Oldest = time.Since(oldest)
		}
		s.Length = s.Lag + s.Pending
		slices.SortFunc(s.Consumers, func(a, b Consumer) int { return cmp.Compare(a.Name, b.Name) })
		states = append(states, s)
	}
	slices.SortFunc(states, func(a, b TopicState) int { return cmp.Compare(a.Name, b.Name) })
	return states, ctx.Err()
}
