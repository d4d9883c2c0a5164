package redis

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"time"

	"busker/cluster"
	"busker/cluster/internal/handling"
)

// feedKeys returns the keys of a feed and the channel that rings for it.
func (b *bus) feedKeys(topic string) (keys []string, channel string) {
	return []string{b.r.slot("feed:"+topic, "events"), b.r.slot("feed:"+topic, "count")}, b.channel("feed", topic)
}

func (b *bus) Publish(ctx context.Context, topic, kind string, body []byte) error {
	if err := cluster.CheckMessage(topic, cluster.Message{Kind: kind, Body: body}); err != nil {
		return err
	}
	keys, channel := b.feedKeys(topic)
	keys = append(keys, b.r.slot("feed:"+topic, "id:"+rand.Text())) // one event, however often it is sent
	_, err := b.r.run(ctx, publishScript, keys, channel, kind, body, cluster.Backlog)
	return err
}

// follower is where somebody is in a feed.
type follower struct {
	last   string // the entry that was read last; "" = none yet
	number uint64 // its number: without gaps, unless events are missing
}

// event is an entry of a feed.
type event struct {
	id     string
	number uint64
	cluster.Event
}

// Events are fetched so many at a time.
const fetchEvents = 64

func (b *bus) Follow(ctx context.Context, topic string, f func(cluster.Event)) error {
	if err := cluster.CheckMessage(topic, cluster.Message{}); err != nil {
		return err
	}
	wake := make(chan struct{}, 1)
	keys, channel := b.feedKeys(topic)
	defer b.rings.listen(channel, func(string) { nudge(wake) })()
	at := follower{}
	for failures := 0; ctx.Err() == nil; {
		answer, err := b.r.run(ctx, followScript, keys, at.last, fetchEvents)
		if err != nil {
			failures++
			wait(ctx, handling.Backoff(failures), nil)
			continue
		}
		failures = 0
		events, full := at.read(answer)
		for _, e := range events {
			if ctx.Err() == nil {
				f(e)
			}
		}
		if !full {
			d := 5 * time.Second
			if !b.rings.hearing.Load() {
				d = deaf
			}
			wait(ctx, d, wake)
		}
	}
	return nil
}

// read takes what the following script returned: the newest entry, its number, entries.
// full says that there may be more.
func (w *follower) read(answer any) (events []cluster.Event, full bool) {
	parts, _ := answer.([]any)
	if len(parts) != 3 {
		return nil, false
	}
	entries, _ := parts[2].([]any)
	if w.last == "" {
		w.last, _ = parts[0].(string)
		n, _ := parts[1].(int64)
		w.number = uint64(max(0, n))
	}
	for _, raw := range entries {
		e, err := parseEvent(raw)
		if err != nil {
			continue
		}
		e.Missed = e.number != w.number+1
		w.last, w.number = e.id, e.number
		events = append(events, e.Event)
	}
	return events, len(entries) == fetchEvents
}

// parseEvent reads an entry of a feed's stream.
func parseEvent(raw any) (event, error) {
	parts, _ := raw.([]any)
	if len(parts) != 2 {
		return event{}, errNoEntry
	}
	id, _ := parts[0].(string)
	list, _ := parts[1].([]any)
	fields := pairs(list)
	n, err := strconv.ParseUint(fields["n"], 10, 64)
	if err != nil || id == "" {
		return event{}, fmt.Errorf("event %q: %w", id, errNoEntry)
	}
	return event{id: id, number: n, Event: cluster.Event{Kind: fields["t"], Body: []byte(fields["b"])}}, nil
}
