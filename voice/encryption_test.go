package voice_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"busker/internal/fault"
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
	fail    atomic.Bool
	stuck   atomic.Bool
}

func newLock(o dave.Options) *lock {
	return &lock{opts: o, ops: make(chan signal.Op, 100), settled: make(chan struct{})}
}

func (l *lock) HandleDAVE(_ context.Context, _ signal.Writer, f signal.Frame) error {
	l.ops <- f.Op
	if l.fail.Load() {
		return dave.ErrUnrecoverable
	}
	return nil
}

func (l *lock) Settled() <-chan struct{} { return l.settled }
func (l *lock) Check(context.Context, signal.Writer) error {
	if l.stuck.Load() {
		return dave.ErrUnrecoverable
	}
	return nil
}
func (l *lock) Status() dave.Status                         { return dave.Status{Version: 1} }
func (l *lock) PairwiseCode(_ snowflake.ID) (string, error) { return "", nil }

// saw checks which ops were seen since the last time.
func (l *lock) saw(t *testing.T, ops ...signal.Op) {
	t.Helper()
	for _, want := range ops {
		select {
		case got := <-l.ops:
			if got != want {
				t.Errorf("saw op %d, want %d", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("saw no op %d", want)
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

// TestEncryptionTakesPart (10.14, 10.16): it hears everything in order, what a resume
// replays before and after op 9 included, and its version is announced.
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

// TestAudioWaitsForTheFirstKey (10.10): what is queued before is heard from its first
// packet on, and whoever joins is answered only then.
func TestAudioWaitsForTheFirstKey(t *testing.T) {
	locks := make(chan *lock, 1)
	w := newWorld(t, locked(locks))
	joined := w.joining(channel)
	l := <-locks
	l.saw(t, 11, 4)
	conn, m := w.hub.Conn(guild), w.now()
	w.play(conn, 0, 10)
	w.drop(m, 0, false) // the wait outlasts a resume
	l.saw(t, 9)
	select {
	case err := <-joined:
		t.Fatalf("joined without a key: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	if st := conn.Status(); st.State != voice.Joining || st.Queued != 10 {
		t.Errorf("status %+v", st)
	}
	close(l.settled)
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	if media := w.heard(m, 10); media[0] != "AUDIO 0000" {
		t.Errorf("heard %q", media)
	}
}

// TestKeysTakeTooLong: a call whose keys do not come is joined all the same.
func TestKeysTakeTooLong(t *testing.T) {
	locks := make(chan *lock, 1)
	w := newWorld(t, locked(locks), func(o *voice.HubOptions) { o.Timeouts.Keys = 100 * time.Millisecond })
	w.join(channel)
}

// TestEncryptionGivesUp (10.14): where only a new session helps, there is one, be it
// that a message shows it or that none comes.
func TestEncryptionGivesUp(t *testing.T) {
	for _, tt := range []struct {
		name   string
		breaks func(w *world, first *lock)
	}{
		{"by a message", func(w *world, first *lock) {
			first.fail.Store(true)
			w.send(w.now().socket, `{"op":22,"d":{"transition_id":1},"seq":9}`)
		}},
		{"for want of one", func(_ *world, first *lock) { first.stuck.Store(true) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			locks := make(chan *lock, 2)
			w := newWorld(t, locked(locks))
			joined := w.joining(channel)
			first := <-locks
			close(first.settled)
			if err := <-joined; err != nil {
				t.Fatal(err)
			}
			w.event(voice.Connected)
			m := w.now()
			tt.breaks(w, first)
			if e := w.event(voice.Interrupted); !errors.Is(e.Err, dave.ErrUnrecoverable) {
				t.Errorf("interrupted: %v", e.Err)
			}
			close((<-locks).settled)
			w.event(voice.Connected)
			if len(m.resumes) > 0 || w.hub.Conn(guild).Status().Rejoins != 1 {
				t.Errorf("%d resumes, status %+v", len(m.resumes), w.hub.Conn(guild).Status())
			}
		})
	}
}

// TestTheGroupIsThatOfTheNewestChannel (10.21): somebody drags us, and the server comes
// before the state.
func TestTheGroupIsThatOfTheNewestChannel(t *testing.T) {
	locks := make(chan *lock, 3)
	w := newWorld(t, locked(locks))
	joined := w.joining(channel)
	close((<-locks).settled)
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	w.mute = 1
	w.shard.allocate(w.endpoint())
	l := <-locks
	w.wait("identify", func() bool { return w.mute == 0 })
	if got := l.opts.Channel(); got != channel {
		t.Errorf("before the state: %d", got)
	}
	w.shard.state(other)
	for deadline := time.Now().Add(10 * time.Second); l.opts.Channel() != other; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("after the state: %d", l.opts.Channel())
		}
	}
}

// TestWithoutDAVE: 0 is announced, and a call that is encrypted is left: plain audio is
// no answer.
func TestWithoutDAVE(t *testing.T) {
	w := newWorld(t, func(o *voice.HubOptions) { o.WithoutDAVE = true })
	conn := w.join(channel)
	w.event(voice.Connected)
	if m := w.now(); m.maxDAVE != 0 {
		t.Errorf("announced %d", m.maxDAVE)
	}
	if p, err := conn.Privacy(); err != nil || p.Encrypted {
		t.Errorf("privacy %+v, %v", p, err)
	}
	w.do(func() { w.version = 1 })
	w.shard.allocate(w.endpoint())
	w.event(voice.Interrupted)
	if e := w.event(voice.Disconnected); fault.KindOf(e.Err) != fault.Unsupported {
		t.Errorf("disconnected: %v", e.Err)
	}
}

// TestNewGroup (10.4, 10.5, 10.12, 10.17, 10.18): the messages about the group reach the
// encryption, which answers on the socket: a key package at once, another for a new
// group, and transition 0 means what it says.
func TestNewGroup(t *testing.T) {
	w := newWorld(t, func(o *voice.HubOptions) {
		o.Timeouts.Keys, o.Timeouts.Join = time.Minute, 10*time.Second
	})
	w.version = 1
	joined := w.joining(channel)
	w.wait("member", func() bool { return len(w.members) == 1 })
	m := w.now()
	packages := func(n int) {
		t.Helper()
		w.wait("key package", func() bool { return len(m.binary) == n })
		if m.binary[n-1][0] != 26 || n > 1 && m.binary[n-1] == m.binary[n-2] {
			t.Errorf("op %d, or the same key package again", m.binary[n-1][0])
		}
	}
	packages(1)
	w.send(m.socket, `{"op":24,"d":{"epoch":1,"protocol_version":1},"seq":2}`)
	packages(2)
	select {
	case err := <-joined:
		t.Fatalf("joined before it was known how to send: %v", err)
	default:
	}
	w.send(m.socket, `{"op":21,"d":{"transition_id":0,"protocol_version":1},"seq":3}`)
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	conn := w.hub.Conn(guild)
	if st := conn.Status(); st.DAVE != 1 || st.Encrypted || st.Epoch != 0 || st.PrivacyCode != "" {
		t.Errorf("status %+v", st)
	}
	w.play(conn, 0, 5) // nobody else is in the call
	for _, media := range w.heard(m, 5) {
		if media != silence {
			t.Errorf("heard %q", media)
		}
	}
	if conn.Sent() != 5 {
		t.Errorf("sent %d", conn.Sent())
	}
	w.send(m.socket, `{"op":21,"d":{"transition_id":9,"protocol_version":0},"seq":4}`)
	w.wait("ready", func() bool { return len(m.ready) == 1 })
	w.send(m.socket, `{"op":22,"d":{"transition_id":9},"seq":5}`)
	for deadline := time.Now().Add(10 * time.Second); conn.Status().DAVE != 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("status %+v", conn.Status())
		}
	}
	w.play(conn, 5, 5)
	if media := w.heard(m, 10); !slices.Equal(media[5:10], numbered(5, 5)) {
		t.Errorf("heard %q", media)
	}
}
