package redis

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"busker/cluster"

	"github.com/redis/go-redis/v9"
)

// The dead are fetched so many at a time.
const fetchDead = 256

func (b *bus) Dead(ctx context.Context, topic string) ([]cluster.Dead, error) {
	keys, _, _ := b.names(topic)
	ctx = named(ctx, "bus_dead")
	var list []cluster.Dead
	for from := "-"; ; from = "(" + list[len(list)-1].Entry {
		entries, err := b.r.rdb.XRangeN(ctx, keys[5], from, "+", fetchDead).Result()
		if err != nil {
			return nil, unreachable(ctx, "list the dead", err)
		}
		for _, e := range entries {
			list = append(list, parseDead(e))
		}
		if len(entries) < fetchDead {
			return list, nil
		}
	}
}

// parseDead reads an entry of the dead; what cannot be read stays zero.
func parseDead(e redis.XMessage) cluster.Dead {
	field := func(name string) string { s, _ := e.Values[name].(string); return s }
	at, _ := strconv.ParseInt(field("at"), 10, 64)
	attempts, _ := strconv.Atoi(field("n"))
	return cluster.Dead{
		Message: cluster.Message{ID: field("id"), Key: field("k"), Kind: field("t"), Body: []byte(field("b")), Attempt: attempts},
		Entry:   e.ID, At: time.UnixMilli(at), Why: field("why"),
	}
}

func (b *bus) Replay(ctx context.Context, topic string, ids ...string) (int, error) {
	return b.exhume(ctx, topic, ids, func(entry string) (int64, error) {
		answer, err := b.run(ctx, replayScript, topic, entry)
		n, _ := answer.(int64)
		return n, err
	})
}

func (b *bus) Bury(ctx context.Context, topic string, ids ...string) (int, error) {
	keys, _, _ := b.names(topic)
	return b.exhume(ctx, topic, ids, func(entry string) (int64, error) {
		n, err := b.r.rdb.XDel(named(ctx, "bus_bury"), keys[5], entry).Result()
		return n, unreachable(ctx, "bury", err)
	})
}

// exhume calls f for the dead with these names, for all without names, and returns for
// how many it said 1.
func (b *bus) exhume(ctx context.Context, topic string, ids []string, f func(entry string) (int64, error)) (total int, err error) {
	if err := cluster.CheckMessage(topic, cluster.Message{}); err != nil {
		return 0, err
	}
	dead, err := b.Dead(ctx, topic)
	if err != nil {
		return 0, err
	}
	for _, d := range dead {
		if len(ids) > 0 && !slices.Contains(ids, d.Entry) && (d.ID == "" || !slices.Contains(ids, d.ID)) {
			continue
		}
		n, err := f(d.Entry)
		total += int(n)
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

func (b *bus) Topics(ctx context.Context) ([]cluster.TopicState, error) {
	list := b.r.key("bus", "topics")
	if err := b.r.rdb.ZRemRangeByScore(named(ctx, "bus_list"), list, "-inf", unused(time.Now())).Err(); err != nil {
		return nil, unreachable(ctx, "list topics", err)
	}
	names, err := b.r.rdb.ZRange(named(ctx, "bus_list"), list, 0, -1).Result()
	if err != nil {
		return nil, unreachable(ctx, "list topics", err)
	}
	slices.Sort(names)
	states := make([]cluster.TopicState, 0, len(names))
	for _, name := range names {
		answer, err := b.run(ctx, stateScript, name)
		if err != nil {
			return nil, err
		}
		states = append(states, parseState(name, answer))
	}
	return states, nil
}

// parseState reads what the state script returned.
func parseState(name string, answer any) cluster.TopicState {
	parts, _ := answer.([]any)
	number := func(list []any, i int) int64 {
		if i >= len(list) {
			return 0
		}
		n, _ := list[i].(int64)
		return n
	}
	s := cluster.TopicState{
		Name: name, Length: int(number(parts, 0)), Pending: int(number(parts, 1)), Dead: int(number(parts, 2)),
		Oldest: time.Duration(number(parts, 3)) * time.Millisecond,
	}
	s.Lag = max(0, s.Length-s.Pending)
	if len(parts) < 6 {
		return s
	}
	token, _ := parts[4].(string)
	s.Token, _ = strconv.ParseUint(token, 10, 64)
	consumers, _ := parts[5].([]any)
	for _, raw := range consumers {
		c, _ := raw.([]any)
		if len(c) < 3 {
			continue
		}
		name, _ := c[0].(string)
		s.Consumers = append(s.Consumers, cluster.Consumer{
			Name: name, Pending: int(number(c, 1)), Seen: time.Duration(number(c, 2)) * time.Millisecond,
		})
	}
	slices.SortFunc(s.Consumers, func(a, b cluster.Consumer) int { return cmp.Compare(a.Name, b.Name) })
	return s
}
