package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"busker/cluster"

	"github.com/redis/go-redis/v9"
)

// bus carries messages over streams.
//
// A topic is a stream with one consumer group, and what its servers know of each other;
// all of it lies on one slot and changes in scripts only, which also fence: a server
// that another has replaced reads nothing and notes nothing, from that very moment.
// Messages of a key go to the server that has others of it, whoever reads them; so their
// order holds among any number of servers. What was handled is deleted.
//
// Nobody blocks in Redis: the scripts ring on a channel when there is something to read,
// and one connection per process listens for all its topics, feeds and answers. Rings
// may get lost; who waits looks now and then, and at once after every reconnect.
//
// The answer to a message is kept beside the topic in the step that deletes the message
// and rings for whoever asked. Who hears nothing sends the question again: it is found
// by its ID.
type bus struct {
	r     *Redis
	rings *rings
	reply string // the channel on which this process awaits answers

	beat, deadAfter time.Duration // the constants, except in tests

	mu      sync.Mutex
	waiting map[question]map[chan reply]struct{}
	known   map[string]time.Time // topics that are on the list of topics, and since when
}

// question is a message that somebody waits for.
type question struct{ topic, id string }

func newBus(r *Redis) *bus {
	b := &bus{
		r: r, rings: newRings(r), reply: r.key("reply", rand.Text()), beat: beat, deadAfter: deadAfter,
		waiting: map[question]map[chan reply]struct{}{}, known: map[string]time.Time{},
	}
	b.rings.listen(b.reply, b.answered)
	return b
}

// How long servers and those who ask wait.
const (
	beat      = time.Second            // a server says that it lives, and looks for what it did not hear of
	deadAfter = 6 * time.Second        // a server that was silent for so long is succeeded
	deaf      = 250 * time.Millisecond // instead of beat, while no rings are heard
	askFirst  = time.Second            // a question is asked again after that, and after twice as long …
	askMost   = 8 * time.Second        // … up to this
	goodbye   = 2 * time.Second        // for the last words of a server that ends
	listed    = 7 * 24 * time.Hour
	relist    = time.Hour
)

// names returns the keys of a topic, and the first arguments of its scripts.
func (b *bus) names(topic string) (keys []string, prefix, channel string) {
	prefix = b.r.slot("bus:"+topic, "")
	for _, name := range []string{"queue", "consumers", "owners", "counts", "fence", "dead"} {
		keys = append(keys, prefix+name)
	}
	return keys, prefix, b.channel("bus", topic)
}

func (b *bus) channel(kind, topic string) string { return b.r.key("ring:"+kind, topic) }

// run runs one of the topic's scripts.
func (b *bus) run(ctx context.Context, s script, topic string, args ...any) (any, error) {
	keys, prefix, channel := b.names(topic)
	return b.r.run(ctx, s, keys, append([]any{prefix, channel}, args...)...)
}

func (b *bus) Send(ctx context.Context, topic string, m cluster.Message) error {
	if m.ID == "" {
		m.ID = rand.Text()
	}
	_, err := b.send(ctx, topic, m, "", false, false)
	return err
}

func (b *bus) Request(ctx context.Context, topic string, m cluster.Message) ([]byte, error) {
	own := m.ID == ""
	if own {
		m.ID = rand.Text()
	}
	if at, ok := ctx.Deadline(); ok && (m.Deadline.IsZero() || at.Before(m.Deadline)) {
		m.Deadline = at
	} else if !m.Deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, m.Deadline)
		defer cancel()
	}
	answers := make(chan reply, 1) // newer ones say the same
	q := question{topic, m.ID}
	b.await(q, answers)
	defer b.forget(q, answers)
	answer, err := b.ask(ctx, topic, m, own, answers)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("request %s of %s: %w", m.Kind, topic, ctx.Err())
	}
	return answer, err
}

// ask sends m, again and again, until somebody has answered it. Only the first time it
// matters that Redis can be reached: after that, the answer may come when it is back.
func (b *bus) ask(ctx context.Context, topic string, m cluster.Message, own bool, answers <-chan reply) ([]byte, error) {
	again := time.NewTimer(0)
	defer again.Stop()
	for pause, sent := askFirst, false; ; pause = min(2*pause, askMost) {
		answer, err := b.send(ctx, topic, m, b.reply, own, sent)
		switch {
		case err != nil && (!sent || !errors.Is(err, cluster.ErrUnreachable)):
			return nil, err
		case answer != nil:
			return answer.open()
		}
		sent = true
		if !b.rings.hearing.Load() {
			pause = deaf
		}
		again.Reset(pause)
		select {
		case a := <-answers:
			if !a.lookUp {
				return a.open()
			}
		case <-again.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// send puts a message into a topic, unless its ID is known. It returns the answer if
// that is known, too. own says that nobody else knows the ID, and again that this is not
// the first time for the same question.
func (b *bus) send(ctx context.Context, topic string, m cluster.Message, to string, own, again bool) (*reply, error) {
	if err := cluster.CheckMessage(topic, m); err != nil {
		return nil, err
	}
	b.list(ctx, topic)
	left := ""
	if !m.Deadline.IsZero() {
		left = strconv.FormatInt(time.Until(m.Deadline).Milliseconds(), 10)
	}
	answer, err := b.run(ctx, sendScript, topic, m.ID, m.Key, m.Kind, m.Body, left, to, cluster.MaxQueue, again, own)
	if err != nil {
		return nil, err
	}
	switch s, _ := answer.(string); {
	case s == "full":
		return nil, fmt.Errorf("send to %s: %w", topic, cluster.ErrFull)
	case s != "" && s[0] == 'd':
		r := parseAnswer(s[1:])
		return &r, nil
	}
	return nil, nil
}

// list puts a topic on the list of topics, once an hour, and takes off those nobody uses.
func (b *bus) list(ctx context.Context, topic string) {
	b.mu.Lock()
	fresh := time.Since(b.known[topic]) < relist
	if !fresh {
		b.known[topic] = time.Now()
	}
	b.mu.Unlock()
	if fresh {
		return
	}
	ctx, now, key := named(ctx, "bus_list"), time.Now(), b.r.key("bus", "topics")
	err := b.r.rdb.ZAdd(ctx, key, redis.Z{Score: float64(now.Unix()), Member: topic}).Err()
	if err == nil {
		err = b.r.rdb.ZRemRangeByScore(ctx, key, "-inf", unused(now)).Err()
	}
	if err != nil {
		b.mu.Lock()
		delete(b.known, topic) // next time
		b.mu.Unlock()
	}
}

// unused is before which score on the list of topics nobody uses one.
func unused(now time.Time) string { return strconv.FormatInt(now.Add(-listed).Unix(), 10) }

// await has answers to q sent to a channel.
func (b *bus) await(q question, answers chan reply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waiting[q] == nil {
		b.waiting[q] = map[chan reply]struct{}{}
	}
	b.waiting[q][answers] = struct{}{}
}

func (b *bus) forget(q question, answers chan reply) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.waiting[q], answers)
	if len(b.waiting[q]) == 0 {
		delete(b.waiting, q)
	}
}

// answered takes what was heard on this process's channel; "" = something may have been
// lost: all look themselves.
func (b *bus) answered(heard string) {
	q, a, ok := parseReply(heard)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !ok {
		for _, channels := range b.waiting {
			offer(channels, reply{lookUp: true})
		}
		return
	}
	offer(b.waiting[q], a)
}

// offer gives r to all; an answer takes the place of the advice to look for one.
func offer(to map[chan reply]struct{}, r reply) {
	for c := range to {
		if !r.lookUp {
			select {
			case <-c:
			default:
			}
		}
		select {
		case c <- r:
		default:
		}
	}
}
