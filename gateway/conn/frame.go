package conn

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

// frame is a message of Discord's.
type frame struct {
	Op int             `json:"op"`
	S  int64           `json:"s"` // 0 = none
	T  string          `json:"t"`
	D  json.RawMessage `json:"d"` // may be part of the text it was read from

	copied []byte // memory for D, to be used again
}

var errUnreadable = errors.New("message makes no sense")

// parse reads a message into f. The text must stay as it is while D is used.
func (f *frame) parse(text []byte) error {
	if f.event(text) {
		return nil
	}
	f.Op, f.S, f.T, f.D = -1, 0, "", f.copied[:0]
	err := json.Unmarshal(text, f)
	f.copied = f.D
	if err != nil {
		return err
	}
	if f.Op < 0 || f.S < 0 || f.Op == opDispatch && f.T == "" {
		return errUnreadable
	}
	return nil
}

// event reads an event written as Discord writes them:
//
//	{"t":"GUILD_CREATE","s":42,"op":0,"d":…}
//
// It looks no further than that: whoever is interested in the event reads its data, which
// may be megabytes, anyway. It returns false for anything else.
func (f *frame) event(text []byte) bool {
	rest, is := bytes.CutPrefix(text, []byte(`{"t":"`))
	name, rest, found := bytes.Cut(rest, []byte(`","s":`))
	number, rest, more := bytes.Cut(rest, []byte(`,"op":0,"d":`))
	data, whole := bytes.CutSuffix(rest, []byte(`}`))
	if !is || !found || !more || !whole || len(data) == 0 || !isName(name) {
		return false
	}
	seq, err := strconv.ParseInt(string(number), 10, 64)
	if err != nil || seq <= 0 || number[0] == '+' || number[0] == '0' {
		return false
	}
	f.Op, f.S, f.T, f.D = opDispatch, seq, string(name), data
	return true
}

func isName(b []byte) bool {
	for _, c := range b {
		if (c < 'A' || c > 'Z') && c != '_' {
			return false
		}
	}
	return len(b) > 0
}

// skips counts messages that cannot be read; it is not safe for concurrent use.
type skips struct {
	since int // since the last warning
	warn  time.Time
}

// skip leaves a message out. Trouble that repeats is reported once a second.
func (l *link) skip(why error) {
	l.c.metrics.unreadable.Inc()
	l.skips.since++
	if time.Since(l.skips.warn) < time.Second {
		return
	}
	l.c.log.Warn("messages skipped", "messages", l.skips.since, "err", why)
	l.skips = skips{warn: time.Now()}
}
