package cluster

import (
	"context"
	"slices"
)

// localFeed keeps the newest events of a feed for those who follow it.
type localFeed struct {
	events []Event
	first  uint64        // number of events[0]
	grown  chan struct{} // closed when there is another event
}

func (b *localBus) feed(topic string) *localFeed {
	f := b.feeds[topic]
	if f == nil {
		f = &localFeed{grown: make(chan struct{})}
		b.feeds[topic] = f
	}
	return f
}

func (b *localBus) Publish(ctx context.Context, topic, kind string, body []byte) error {
	if err := CheckMessage(topic, Message{Kind: kind, Body: body}); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.feed(topic)
	f.events = append(f.events, Event{Kind: kind, Body: slices.Clone(body)})
	if len(f.events) > Backlog {
		f.events[0] = Event{}
		f.events, f.first = f.events[1:], f.first+1
	}
	close(f.grown)
	f.grown = make(chan struct{})
	return nil
}

func (b *localBus) Follow(ctx context.Context, topic string, f func(Event)) error {
	if err := CheckMessage(topic, Message{}); err != nil {
		return err
	}
	b.mu.Lock()
	feed := b.feed(topic)
	next := feed.first + uint64(len(feed.events))
	for {
		missed := next < feed.first
		next = max(next, feed.first)
		news := slices.Clone(feed.events[next-feed.first:])
		next += uint64(len(news))
		grown := feed.grown
		b.mu.Unlock()
		for _, e := range news {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // whoever ends it knows
			}
			e.Missed, missed = missed, false
			f(e)
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return nil
		}
		b.mu.Lock()
	}
}
