package voice_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/voice"
	"busker/voice/rtp"
)

// TestServerSpeaksOutOfTurn: what a server says at the wrong time must cost no
// more than that session.
func TestServerSpeaksOutOfTurn(t *testing.T) {
	for _, greeting := range []string{`{"op":9,"d":null}`, `{"op":8,"d":{"heartbeat_interval":5000}}`} {
		w := newWorld(t)
		w.greeting = greeting
		conn := w.join(channel)
		w.play(conn, 0, 3)
		w.heard(w.now(), 8)
	}
}

// TestDescriptionBeforeResumed: what a resume replays is not its answer.
func TestDescriptionBeforeResumed(t *testing.T) {
	w := newWorld(t, func(o *voice.HubOptions) { o.Timeouts.Resume = 50 * time.Millisecond })
	conn := w.join(channel)
	m := w.now()
	w.do(func() { w.stubborn, w.greeting = true, m.description })
	w.drop(m, 0, false)
	w.wait("another try", func() bool { return len(m.resumes) >= 2 })
	w.do(func() { w.stubborn, w.greeting = false, "" })
	w.play(conn, 0, 3)
	w.heard(m, 8)
}

// TestTheSameKeyAgain: a key that is told twice must not start its nonces again.
func TestTheSameKeyAgain(t *testing.T) {
	for name, mode := range map[string]rtp.Mode{"gcm": rtp.AES256GCM, "xchacha": rtp.XChaCha20Poly1305} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.modes = []rtp.Mode{mode}
			conn := w.join(channel)
			m := w.now()
			w.play(conn, 0, 3)
			w.heard(m, 8)
			w.wait("silence told", func() bool { return slices.Equal(m.speaking, []int{0, 1, 0}) })
			w.send(m.socket, m.description)
			w.drop(m, 0, false) // after the resume the description is read for sure
			w.wait("resume", func() bool { return len(m.resumes) == 1 })
			w.play(conn, 3, 3)
			w.heard(m, 16)
			w.continuous(m)
		})
	}
}

// TestAnOldKeyAgain: nor must one that another took the place of.
func TestAnOldKeyAgain(t *testing.T) {
	w := newWorld(t)
	conn := w.join(channel)
	m := w.now()
	w.play(conn, 0, 3)
	w.heard(m, 8)
	w.wait("silence told", func() bool { return slices.Equal(m.speaking, []int{0, 1, 0}) })
	w.send(m.socket, strings.Replace(m.description, "[0,7,", "[0,8,", 1))
	w.send(m.socket, m.description)
	w.drop(m, 0, false) // after the resume the descriptions are read for sure
	w.wait("resume", func() bool { return len(m.resumes) == 1 })
	w.play(conn, 3, 3)
	w.heard(m, 16)
	w.continuous(m)
}

// TestDisconnectedIsToldBeforeTheNextCall: whoever is told of an end must not take
// it for that of the next call.
func TestDisconnectedIsToldBeforeTheNextCall(t *testing.T) {
	told := make(chan voice.EventKind, 10)
	ready := make(chan struct{})
	release := sync.OnceFunc(func() { close(ready) })
	w := newWorld(t, func(o *voice.HubOptions) {
		o.OnEvent = func(e voice.Event) {
			if e.Kind == voice.Disconnected {
				<-ready // the listener is slow
			}
			told <- e.Kind
		}
	})
	defer release()
	w.join(channel)
	<-told
	w.shard.kick()
	joined := w.joining(channel)
	select {
	case err := <-joined:
		t.Fatalf("joined (%v) before the end of the last call was told", err)
	case <-time.After(300 * time.Millisecond):
	}
	release()
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	if a, b := <-told, <-told; a != voice.Disconnected || b != voice.Connected {
		t.Errorf("told %v, %v", a, b)
	}
}

// TestKickDuringTheHandshake: nothing follows the kick, and whoever joins hears of it.
func TestKickDuringTheHandshake(t *testing.T) {
	w := newWorld(t)
	w.mute = 1
	joined := w.joining(channel)
	w.wait("identify", func() bool { return w.mute == 0 })
	w.shard.kick()
	if err := <-joined; !errors.Is(err, voice.ErrKicked) || fault.KindOf(err) != fault.Denied {
		t.Errorf("join: %v", err)
	}
}

// TestEchoesOfTheLastCall: Discord's answers to a Join that was called off, and to
// the op 4 null after it, come when the next Join is on its way.
func TestEchoesOfTheLastCall(t *testing.T) {
	w := newWorld(t)
	w.shard.full = true
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- w.hub.Conn(guild).Join(ctx, channel) }()
	w.asked(channel)
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.asked(0)
	if err := w.hub.Conn(guild).Leave(t.Context()); err != nil { // returns once it is out
		t.Fatal(err)
	}
	second := w.joining(channel)
	w.wait("the second op 4", func() bool {
		return slices.Equal(w.shard.channels(), []snowflake.ID{channel, 0, channel})
	})
	w.mute = 1 // the old pair is of no use any more
	w.shard.state(channel)
	w.shard.allocate(w.endpoint())
	w.wait("identify", func() bool { return w.mute == 0 })
	w.shard.kick0()
	w.shard.state(channel)
	w.shard.allocate(w.endpoint())
	if err := <-second; err != nil {
		t.Fatal(err)
	}
}

// TestOp4IsStuck: it is the main gateway that does not answer then, not the voice server.
func TestOp4IsStuck(t *testing.T) {
	w := newWorld(t, func(o *voice.HubOptions) {
		o.Timeouts.Join = 100 * time.Millisecond
		o.Shard = deafShard{}
	})
	err := w.hub.Conn(guild).Join(t.Context(), channel)
	const want = "I am not connected to Discord right now. Try again in a moment."
	if m, _ := fault.Message(err); m != want || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("join: %v", err)
	}
}

// deafShard never gets an op 4 through.
type deafShard struct{}

func (deafShard) SendVoiceState(ctx context.Context, _, _ snowflake.ID, _, _ bool) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestLeaveOutlastsABlip: a main gateway that is away for a moment must not leave us
// behind in the channel.
func TestLeaveOutlastsABlip(t *testing.T) {
	back := make(chan struct{})
	w := newWorld(t, func(o *voice.HubOptions) {
		o.Timeouts.Leave = 20 * time.Millisecond
		o.Shard = blip{o.Shard, back}
	})
	conn := w.join(channel)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := conn.Leave(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("leave: %v", err)
	}
	close(back)
	w.asked(0)
	w.join(channel) // waits for the end of the last call
}

// blip holds every op 4 null until the main gateway is back.
type blip struct {
	voice.Shard
	back chan struct{}
}

func (b blip) SendVoiceState(ctx context.Context, g, ch snowflake.ID, mute, deaf bool) error {
	if ch == 0 {
		select {
		case <-b.back:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return b.Shard.SendVoiceState(ctx, g, ch, mute, deaf)
}

// TestTheShardKnowsBetter: a reason that is fit for people is handed on.
func TestTheShardKnowsBetter(t *testing.T) {
	w := newWorld(t)
	w.shard.err = fault.New(fault.Busy, "Too many at once.")
	err := w.hub.Conn(guild).Join(t.Context(), channel)
	if m, _ := fault.Message(err); m != "Too many at once." {
		t.Errorf("join: %v", err)
	}
}
