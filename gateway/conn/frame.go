package conn

import (
	"encoding/json"
	"errors"
	"time"
)

// frame is a message of Discord's.
type frame struct {
	Op int             `json:"op"`
	S  int64           `json:"s"` // 0 = none
	T  string          `json:"t"`
	D  json.RawMessage `json:"d"`
}

var errUnreadable = errors.New("message makes no sense")

// parse reads a message into f, whose memory it uses again.
func (f *frame) parse(text []byte) error {
	f.Op, f.S, f.T, f.D = -1, 0, "", f.D[:0]
	if err := json.Unmarshal(text, f); err != nil {
		return err
	}
	if f.Op < 0 || f.S < 0 || f.Op == opDispatch && f.T == "" {
		return errUnreadable
	}
	return nil
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
