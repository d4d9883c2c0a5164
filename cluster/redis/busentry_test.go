package redis_test

import (
	"strings"
	"testing"
	"time"

	"busker/cluster/redis"
)

// flat makes of "a=b\nc=d" what a script returns as fields.
func flat(s string) (list []any) {
	for line := range strings.SplitSeq(s, "\n") {
		name, value, ok := strings.Cut(line, "=")
		if list = append(list, name); ok {
			list = append(list, value)
		}
	}
	return list
}

func TestEntriesAreRead(t *testing.T) {
	started := time.Now()
	for _, tt := range []struct {
		name, fields     string
		id, key          string
		damaged, timeful bool
	}{
		{"all", "v=1\nid=7\nk=guild\nt=skip\nb=x\ndl=1500\na=1", "7", "guild", false, true},
		{"no deadline", "v=1\nid=7\nk=guild\ndl=", "7", "guild", false, false},
		{"the first of a name counts", "v=1\nid=7\nid=8\nk=a\nk=b", "7", "a", false, false},
		{"another version", "v=2\nid=7\nk=guild", "7", "guild", true, false},
		{"no id", "v=1\nk=guild", "", "guild", true, false},
		{"no fields", "", "", "", true, false},
		{"no value", "v=1\nid", "", "", true, false},
		{"no time", "v=1\nid=7\ndl=soon", "7", "", true, false},
		{"never", "v=1\nid=7\ndl=9223372036854775807", "7", "", true, false},
	} {
		m, entry, key, err, damaged := redis.ParseEntry([]any{"5-0", int64(0), flat(tt.fields)}, started, 1000)
		if err != nil || entry != "5-0" || m.ID != tt.id || key != tt.key || (damaged != nil) != tt.damaged || m.Deadline.IsZero() == tt.timeful {
			t.Errorf("%s: %+v, %q, %v, %v", tt.name, m, key, err, damaged)
		}
		if tt.timeful && !m.Deadline.Equal(started.Add(500*time.Millisecond)) {
			t.Errorf("%s: deadline in %v", tt.name, m.Deadline.Sub(started))
		}
	}
	for _, raw := range []any{nil, "x", []any{}, []any{"", int64(0), flat("v=1")}, []any{1, 2, 3}} {
		if _, _, _, err, _ := redis.ParseEntry(raw, started, 0); err == nil {
			t.Errorf("%v passes for an entry", raw)
		}
	}
}

func FuzzEntry(f *testing.F) {
	f.Add("5-0", "v=1\nid=7\nk=guild\nt=skip\nb=x\ndl=1500\na=1", int64(1000))
	f.Add("5-0", "n=12\nt=started\nb=x", int64(0))
	f.Add("", "v\n=\n\n", int64(-1))
	f.Fuzz(func(t *testing.T, id, fields string, now int64) {
		m, entry, key, err, damaged := redis.ParseEntry([]any{id, int64(1), flat(fields)}, time.Now(), now)
		switch {
		case (err != nil) != (id == ""):
			t.Errorf("entry %q: %v", id, err)
		case err == nil && (entry != id || m.Key != key):
			t.Errorf("%q %q: %+v", id, fields, m)
		case err == nil && damaged == nil && m.ID == "":
			t.Errorf("%q: without an ID", fields)
		}
		events, last := redis.Events([]any{"1-0", int64(3), []any{[]any{id, flat(fields)}}})
		if len(events) == 1 && last != id || len(events) == 0 && last != "1-0" {
			t.Errorf("after %d events at %q", len(events), last)
		}
	})
}

func FuzzReply(f *testing.F) {
	f.Add("work\n7\nrbody")
	f.Add("work\n7\nf{\"kind\":\"busy\",\"message\":\"No.\"}")
	f.Add("work\n7\n")
	f.Add("\n\n\n")
	f.Fuzz(func(t *testing.T, s string) {
		topic, id, answer, lookUp, ok, err := redis.ParseReply(s)
		if ok != (strings.Count(s, "\n") >= 2) {
			t.Errorf("%q: %v", s, ok)
		}
		if ok && !lookUp && err == nil && s != topic+"\n"+id+"\nr"+string(answer) {
			t.Errorf("%q was read as %q %q %q", s, topic, id, answer)
		}
	})
}
