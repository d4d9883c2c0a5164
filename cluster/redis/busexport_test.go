package redis

import (
	"time"

	"busker/cluster"
)

// ParseEntry reads an entry of a topic.
func ParseEntry(raw any, started time.Time, now int64) (m cluster.Message, id, key string, err, damaged error) {
	e, err := parseEntry(raw, started, now)
	return e.Message, e.id, e.key, err, e.damaged
}

// ParseReply reads what is published for those who ask.
func ParseReply(s string) (topic, id string, answer []byte, lookUp, ok bool, err error) {
	q, r, ok := parseReply(s)
	answer, err = r.open()
	return q.topic, q.id, answer, r.lookUp, ok, err
}

// Events reads an answer of the script that follows a feed.
func Events(answer any) (events []cluster.Event, last string) {
	at := follower{}
	events, _ = at.read(answer)
	return events, at.last
}

// Hurry has servers of the bus say more often that they live, and be missed earlier.
func Hurry(r *Redis) { r.bus.beat, r.bus.deadAfter = 100*time.Millisecond, time.Second }
