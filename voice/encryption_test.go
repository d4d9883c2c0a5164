package voice_test

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"busker/internal/snowflake"
	"busker/voice"
	"busker/voice/dave"
	"busker/voice/signal"
)

// lock is an end-to-end encryption that only shouts, once it is unlocked.
type lock struct {
	shouting
	opts    dave.Options
	ops     chan signal.Op // seen
	settled chan struct{}
}

func newLock(o dave.Options) *lock {
	return &lock{opts: o, ops: make(chan signal.Op, 100), settled: make(chan struct{})}
}

func (l *lock) HandleDAVE(_ context.Context, _ signal.Writer, f signal.Frame) error {
	l.ops <- f.Op
	return nil
}

func (l *lock) Settled() <-chan struct{}                    { return l.settled }
func (l *lock) Status() dave.Status                         { return dave.Status{Version: 1} }
func (l *lock) PairwiseCode(_ snowflake.ID) (string, error) { return "", nil }

// saw checks which ops were seen since the last time.
func (l *lock) saw(t *testing.T, ops ...signal.Op) {
	t.Helper()
	for _, want := range ops {
		if got := <-l.ops; got != want {
			t.Errorf("saw op %d, want %d", got, want)
		}
	}
}

// locked gives every session a lock, and tells of it.
func locked(locks chan<- *lock) func(*voice.HubOptions) {
	return func(o *voice.HubOptions) {
		voice.Encrypt(o, func(opts dave.Options) voice.Encryption {
			l := newLock(opts)
			locks <- l
			return l
		})
	}
}

func TestEncryptionTakesPart(t *testing.T) {
	locks := make(chan *lock, 10)
	w := newWorld(t, locked(locks))
	joined := w.joining(channel)
	l := <-locks
	l.saw(t, 11, 4)
	m := w.now()
	if m.maxDAVE != 1 || l.opts.User != self || l.opts.Channel() != channel {
		t.Errorf("announced %d, session %+v", m.maxDAVE, l.opts)
	}
	conn := w.hub.Conn(guild)
	w.play(conn, 0, 3)
	close(l.settled)
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	if media := w.heard(m, 3); media[0] != "AUDIO 0000" {
		t.Errorf("heard %q", media)
	}
	w.do(func() {
		m.replay = [][]byte{{0, 7, 27, 1}, {0, 8, 29, 2}}
		m.after = []string{`{"op":21,"d":{"transition_id":0,"protocol_version":1},"seq":9}`}
	})
	w.drop(m, 1001, false)
	l.saw(t, 27, 29, 9, 21)
	w.drop(m, 1001, false)
	l.saw(t, 9)
	if m.resumes[1] != 9 {
		t.Errorf("seq_acks %v", m.resumes)
	}
	if len(l.ops) > 0 || len(locks) > 0 {
		t.Error("a resume without news brought some, or another encryption")
	}
	w.shard.put(other)
	w.wait("the next session", func() bool { return len(w.members) == 2 })
	if next := <-locks; next.opts.Channel() != other {
		t.Errorf("channel %d", next.opts.Channel())
	}
}

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	w := newWorld(t, func(o *voice.HubOptions) { o.Metrics = voice.NewMetrics(registry) })
	conn := w.join(channel)
	w.play(conn, 0, 10)
	w.heard(w.now(), 15)
	if err := conn.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	for name, want := range map[string]float64{
		"busker_voice_packets_total audio":   10,
		"busker_voice_packets_total silence": 5,
		"busker_voice_packets_dropped_total": 0,
		"busker_voice_connections":           0,
		"busker_voice_join_seconds":          1,
	} {
		if n, ok := got[name]; !ok || n != want {
			t.Errorf("%s is %v, want %v", name, n, want)
		}
	}
	if got["busker_voice_send_lateness_seconds"] < 15 {
		t.Errorf("%v slots observed", got["busker_voice_send_lateness_seconds"])
	}
}
