package voice_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/voice"
	"busker/voice/rtp"
)

func TestAudioIsHeard(t *testing.T) {
	for name, modes := range map[string][]rtp.Mode{
		"gcm":     {rtp.XChaCha20Poly1305, rtp.AES256GCM},
		"xchacha": {rtp.XChaCha20Poly1305},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.modes = modes
			conn := w.join(channel)
			w.event(voice.Connected)
			m := w.now()
			w.play(conn, 0, 30)
			media := w.heard(m, 35)
			for i, want := range numbered(0, 30) {
				if media[i] != want {
					t.Fatalf("packet %d is %q", i, media[i])
				}
			}
			for _, got := range media[30:] {
				if got != silence {
					t.Fatalf("after the audio came %q", got)
				}
			}
			w.wait("speaking off", func() bool { return slices.Equal(m.speaking, []int{0, 1, 0}) })
			w.continuous(m)
			if conn.Sent() != 30 {
				t.Errorf("sent %d", conn.Sent())
			}
			if st := conn.Status(); st.State != voice.Ready || st.Channel != channel || st.Mode != modes[len(modes)-1] || st.Queued != 0 || st.Endpoint == "" {
				t.Errorf("status %+v", st)
			}
		})
	}
}

func numbered(from, n int) (media []string) {
	for i := from; i < from+n; i++ {
		media = append(media, "audio "+string([]byte{'0' + byte(i/1000%10), '0' + byte(i/100%10), '0' + byte(i/10%10), '0' + byte(i%10)}))
	}
	return media
}

func TestCountersGoOnOverPause(t *testing.T) {
	w := newWorld(t)
	conn := w.join(channel)
	m := w.now()
	w.play(conn, 0, 12)
	w.heard(m, 17)
	w.wait("speaking off", func() bool { return slices.Equal(m.speaking, []int{0, 1, 0}) })
	w.play(conn, 12, 12)
	media := w.heard(m, 34)
	if !slices.Equal(media[17:29], numbered(12, 12)) {
		t.Errorf("after the pause: %q", media[17:])
	}
	w.continuous(m)
	w.wait("speaking", func() bool { return slices.Equal(m.speaking, []int{0, 1, 0, 1, 0}) })
	if n := len(media); n > 34 {
		t.Errorf("%d packets: silence went on", n)
	}
}

func TestEventsInEitherOrder(t *testing.T) {
	w := newWorld(t)
	w.shard.lateState = true
	w.join(channel)
	if st := w.hub.Conn(guild).Status(); st.State != voice.Ready {
		t.Errorf("status %+v", st)
	}
	w.wait("one dial", func() bool { return w.dials == 1 })
}

// TestEndpointMayHaveAScheme (10.1): the scheme goes, the port stays.
func TestEndpointMayHaveAScheme(t *testing.T) {
	w := newWorld(t)
	w.shard.full = true
	joined := w.joining(channel)
	w.asked(channel)
	w.shard.state(channel)
	w.shard.allocate("wss://" + w.endpoint())
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
}

// joining joins in the background.
func (w *world) joining(ch snowflake.ID) <-chan error {
	done := make(chan error, 1)
	go func() { done <- w.hub.Conn(guild).Join(w.t.Context(), ch) }()
	return done
}

// asked waits until the newest op 4 is for ch.
func (w *world) asked(ch snowflake.ID) {
	w.t.Helper()
	w.wait("op 4", func() bool {
		sent := w.shard.channels()
		return len(sent) > 0 && sent[len(sent)-1] == ch
	})
}

// TestNewestServerWins (10.6): a server in the middle of a handshake replaces it.
func TestNewestServerWins(t *testing.T) {
	w := newWorld(t)
	w.shard.full = true
	w.mute = 1 // the first handshake hangs
	joined := w.joining(channel)
	w.asked(channel)
	w.shard.state(channel)
	w.shard.allocate(w.endpoint())
	w.wait("first identify", func() bool { return w.mute == 0 })
	w.shard.allocate(w.endpoint())
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	if m := w.now(); m.token != "token-2" {
		t.Errorf("connected with %s", m.token)
	}
}

func TestDiscoveryIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	w.lose = 3
	w.join(channel)
	if w.dials != 1 {
		t.Errorf("%d sessions for one address", w.dials)
	}
}

// TestFullChannel (10.25): no event comes, and whoever asked is told.
func TestFullChannel(t *testing.T) {
	w := newWorld(t)
	w.shard.full = true
	err := w.hub.Conn(guild).Join(t.Context(), channel)
	if message, _ := fault.Message(err); fault.KindOf(err) != fault.Denied ||
		message != "I could not join <#6000>: it may be full, or I may not be allowed to connect." {
		t.Fatalf("join: %v (%q)", err, message)
	}
	if sent := w.shard.channels(); !slices.Equal(sent, []snowflake.ID{channel, 0}) {
		t.Errorf("op 4s %v", sent)
	}
	w.shard.full = false
	w.join(channel) // the connection is as good as new
}

func TestFullChannelLeavesUsWhereWeAre(t *testing.T) {
	w := newWorld(t)
	conn := w.join(channel)
	w.shard.mu.Lock()
	w.shard.full = true
	w.shard.mu.Unlock()
	if err := conn.Join(t.Context(), other); fault.KindOf(err) != fault.Denied {
		t.Fatalf("join: %v", err)
	}
	m := w.now()
	w.play(conn, 0, 3)
	w.heard(m, 3)
	if st := conn.Status(); st.State != voice.Ready || st.Channel != channel {
		t.Errorf("status %+v", st)
	}
}

func TestShardIsDown(t *testing.T) {
	w := newWorld(t)
	w.shard.err = errors.New("no socket")
	if err := w.hub.Conn(guild).Join(t.Context(), channel); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("join: %v", err)
	}
}

func TestJoinNeedsAChannelAndAUser(t *testing.T) {
	w := newWorld(t)
	if err := w.hub.Conn(guild).Join(t.Context(), 0); fault.KindOf(err) != fault.Invalid {
		t.Errorf("channel 0: %v", err)
	}
	nobody := newWorld(t, func(o *voice.HubOptions) { o.User = nil })
	if err := nobody.hub.Conn(guild).Join(t.Context(), channel); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("before ready: %v", err)
	}
}

func TestServerDoesNotAnswer(t *testing.T) {
	w := newWorld(t, func(o *voice.HubOptions) {
		o.Timeouts.Join = 500 * time.Millisecond
		o.Timeouts.Ready = time.Minute
	})
	w.mute = 1000
	if err := w.hub.Conn(guild).Join(t.Context(), channel); fault.KindOf(err) != fault.Timeout {
		t.Fatalf("join: %v", err)
	}
	w.asked(0)
}

func TestNoTransportEncryptionInCommon(t *testing.T) {
	w := newWorld(t)
	w.modes = []rtp.Mode{"xsalsa20_poly1305"}
	if err := w.hub.Conn(guild).Join(t.Context(), channel); fault.KindOf(err) != fault.Unsupported {
		t.Fatalf("join: %v", err)
	}
	if w.dials != 1 {
		t.Errorf("tried %d times", w.dials)
	}
}

func TestJoinIsCalledOff(t *testing.T) {
	w := newWorld(t)
	w.shard.full = true
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.hub.Conn(guild).Join(ctx, channel) }()
	w.asked(channel)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("join: %v", err)
	}
	w.asked(0)
}

func TestLeave(t *testing.T) {
	w := newWorld(t)
	conn := w.join(channel)
	w.event(voice.Connected)
	m := w.now()
	w.play(conn, 0, 12)
	w.heard(m, 2)
	if err := conn.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wait("close", func() bool { return slices.Equal(m.codes, []int{1000}) })
	media := w.heard(m, 7)
	if tail := media[len(media)-5:]; slices.ContainsFunc(tail, func(s string) bool { return s != silence }) {
		t.Errorf("the last packets are %q", tail)
	}
	w.wait("speaking off", func() bool { return slices.Equal(m.speaking, []int{0, 1, 0}) })
	if sent := w.shard.channels(); !slices.Equal(sent, []snowflake.ID{channel, 0}) {
		t.Errorf("op 4s %v", sent)
	}
	if conn.Status().State != voice.Out {
		t.Errorf("status %+v", conn.Status())
	}
	if err := conn.Send(audio.NewPacket()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("send after leave: %v", err)
	}
	if _, err := conn.Await(t.Context()); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("await after leave: %v", err)
	}
	if err := conn.Leave(t.Context()); err != nil {
		t.Errorf("leave twice: %v", err)
	}
	select {
	case e := <-w.events:
		t.Errorf("event %+v", e)
	default:
	}
}

func TestAwaitWaitsWhileMoreThanHalfIsUnsent(t *testing.T) {
	w := newWorld(t, func(o *voice.HubOptions) { o.Lookahead = 60 * time.Millisecond })
	w.shard.full = true
	joined := w.joining(channel)
	w.asked(channel)
	conn := w.hub.Conn(guild)
	w.play(conn, 0, 3)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := conn.Await(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("await: %v", err)
	}
	if err := conn.Send(audio.NewPacket()); !errors.Is(err, voice.ErrFull) {
		t.Fatalf("the fourth packet: %v", err)
	}
	if n := conn.Flush(); n != 3 {
		t.Fatalf("flushed %d", n)
	}
	w.play(conn, 3, 3)
	w.shard.state(channel)
	w.shard.allocate(w.endpoint())
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	if media := w.heard(w.now(), 3); !slices.Equal(media[:3], numbered(3, 3)) {
		t.Errorf("heard %q", media)
	}
}
