package redis

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
	"time"

	"busker/cluster"
	"busker/internal/fault"
)

// entry is a message as it was fetched.
type entry struct {
	cluster.Message
	id    string // of the stream's entry
	key   string // as the scripts read it, also of an unreadable one
	begun bool   // another consumer may have begun it
	asked bool   // somebody waits for the answer
	own   bool   // nobody else knows the message's ID
	// damaged says why it is unreadable; nil = it is not.
	damaged error
}

var (
	errNoEntry  = errors.New("this is no entry of a topic")
	errVersion  = errors.New("an unknown version of messages")
	errNoID     = errors.New("a message without an ID")
	errDeadline = errors.New("a message with a deadline that is none")
)

// parseEntry reads an entry as the fetching script returns it: id, begun, fields. The
// server's time at started, by our clock, was now in ms. An entry without an id is an
// error; in one with an id everything can be wrong.
func parseEntry(raw any, started time.Time, now int64) (entry, error) {
	parts, _ := raw.([]any)
	if len(parts) != 3 {
		return entry{}, errNoEntry
	}
	e := entry{}
	e.id, _ = parts[0].(string)
	if e.id == "" {
		return entry{}, errNoEntry
	}
	begun, _ := parts[1].(int64)
	e.begun = begun == 1
	list, _ := parts[2].([]any)
	fields := pairs(list)
	e.key, e.asked, e.own = fields["k"], fields["a"] == "1", fields["o"] == "1"
	e.Message = cluster.Message{ID: fields["id"], Key: fields["k"], Kind: fields["t"], Body: []byte(fields["b"])}
	switch {
	case fields["v"] != "1":
		e.damaged = errVersion
	case e.ID == "":
		e.damaged = errNoID
	}
	if at := fields["dl"]; at != "" {
		deadline, err := strconv.ParseInt(at, 10, 64)
		const most = int64(100 * 365 * 24 * time.Hour / time.Millisecond)
		if left := deadline - now; err == nil && left < most && left > -most {
			e.Deadline = started.Add(time.Duration(left) * time.Millisecond)
		} else {
			e.damaged = cmp.Or(e.damaged, errDeadline)
		}
	}
	return e, nil
}

// pairs makes a map of names and values; the first of a name counts.
func pairs(list []any) map[string]string {
	m := make(map[string]string, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		name, _ := list[i].(string)
		value, _ := list[i+1].(string)
		if _, ok := m[name]; !ok {
			m[name] = value
		}
	}
	return m
}

// reply is what a handler said.
type reply struct {
	body   []byte
	err    []byte // fault.Marshal
	lookUp bool   // there may be one, at the topic
}

// The first byte of an answer says what follows.
const (
	answerBody  = 'r'
	answerError = 'f'
)

// format returns the answer as it is kept.
func (r reply) format() string {
	if r.err != nil {
		return string(answerError) + string(r.err)
	}
	return string(answerBody) + string(r.body)
}

// parseAnswer reads what format wrote.
func parseAnswer(s string) reply {
	switch {
	case s != "" && s[0] == answerBody:
		return reply{body: []byte(s[1:])}
	case s != "" && s[0] == answerError:
		return reply{err: []byte(s[1:])}
	}
	return reply{err: fault.Marshal(errNoEntry)}
}

// parseReply reads what the finishing script publishes: topic, id, answer, each but
// the last with a line feed. An answer that is to be looked up is empty.
func parseReply(s string) (q question, r reply, ok bool) {
	parts := strings.SplitN(s, "\n", 3)
	if len(parts) < 3 {
		return question{}, reply{}, false
	}
	q = question{parts[0], parts[1]}
	if parts[2] == "" {
		return q, reply{lookUp: true}, true
	}
	return q, parseAnswer(parts[2]), true
}

func (r reply) open() ([]byte, error) {
	if r.err == nil {
		return r.body, nil
	}
	err, damaged := fault.Unmarshal(r.err)
	return nil, cmp.Or(damaged, err)
}
