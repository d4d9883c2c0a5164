package voice_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/voice"
	"busker/voice/signal"
)

// TestResumeGoesUnnoticed: sequence, timestamp and transport nonce go on over it, and
// so does speaking.
func TestResumeGoesUnnoticed(t *testing.T) {
	for name, code := range map[string]int{"cut": 0, "going away": 1001, "media crashed": 4013, "server crashed": 4015} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			conn := w.join(channel)
			w.event(voice.Connected)
			m := w.now()
			w.play(conn, 0, 15)
			w.drop(m, code, false)
			w.play(conn, 15, 30)
			w.wait("resume", func() bool { return len(m.resumes) == 1 })
			media := w.heard(m, 50)
			if !slices.Equal(media[:45], numbered(0, 45)) {
				t.Errorf("heard %q", media)
			}
			w.continuous(m)
			if m.resumes[0] != 1 {
				t.Errorf("seq_ack %d, want that of the session description", m.resumes[0])
			}
			w.wait("speaking told again", func() bool {
				return len(m.speaking) >= 3 && m.speaking[len(m.speaking)-1] == 0
			})
			if st := conn.Status(); st.Resumes != 1 || st.Rejoins != 0 || st.LastErr == nil {
				t.Errorf("status %+v", st)
			}
			if len(w.events) > 0 {
				t.Errorf("event %+v", <-w.events)
			}
			if sent := w.shard.channels(); len(sent) != 1 {
				t.Errorf("op 4s %v", sent)
			}
		})
	}
}

// TestSpeakingIsToldAgain: the server of the next socket may not know.
func TestSpeakingIsToldAgain(t *testing.T) {
	w := newWorld(t)
	conn := w.join(channel)
	m := w.now()
	w.play(conn, 0, 3)
	w.wait("speaking off", func() bool { return slices.Equal(m.speaking, []int{0, 1, 0}) })
	w.drop(m, 0, false)
	w.wait("speaking told again", func() bool { return slices.Equal(m.speaking, []int{0, 1, 0, 0}) })
}

func TestZombieIsResumed(t *testing.T) {
	w := newWorld(t)
	w.interval = 50 * time.Millisecond
	w.join(channel)
	m := w.now()
	w.wait("heartbeats", func() bool { return len(m.beats) >= 2 })
	w.do(func() { w.deaf = true })
	w.wait("resume", func() bool { return len(m.resumes) == 1 })
	w.do(func() { w.deaf = false })
	for _, ack := range m.beats {
		if ack < -1 || ack > 1 {
			t.Errorf("seq_acks %v", m.beats)
		}
	}
}

// TestRejoinWhenTheSessionIsGone (10.2): no close code of these is answered with a
// resume, and no token is used for a second Identify, which the server watches.
func TestRejoinWhenTheSessionIsGone(t *testing.T) {
	for name, code := range map[string]int{
		"session no longer valid": 4006, "timed out": 4009, "token refused": 4004, "internal": 4000, "resume refused": 0,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			conn := w.join(channel)
			w.event(voice.Connected)
			first := w.now()
			w.play(conn, 0, 3)
			w.heard(first, 3)
			w.drop(first, code, true)
			if e := w.event(voice.Interrupted); e.Err == nil {
				t.Error("interrupted without a reason")
			}
			w.play(conn, 3, 10)
			w.event(voice.Connected)
			second := w.now()
			if second == first {
				t.Fatal("the old session came back")
			}
			if code >= 4000 && w.refused > 0 {
				t.Error("resumed a session that is gone")
			}
			if media := w.heard(second, 10); !slices.Equal(media[:10], numbered(3, 10)) {
				t.Errorf("heard %q", media)
			}
			if sent := w.shard.channels(); !slices.Equal(sent, []snowflake.ID{channel, channel}) {
				t.Errorf("op 4s %v", sent)
			}
			if st := conn.Status(); st.Rejoins != 1 {
				t.Errorf("status %+v", st)
			}
		})
	}
}

// TestResumeFallsBackToARejoin (10.3): five resumes that nobody answers are enough.
func TestResumeFallsBackToARejoin(t *testing.T) {
	w := newWorld(t, func(o *voice.HubOptions) {
		o.Timeouts.Resume, o.Timeouts.Backoff = 50*time.Millisecond, 5*time.Millisecond
	})
	conn := w.join(channel)
	w.event(voice.Connected)
	first := w.now()
	w.do(func() { w.stubborn = true })
	w.drop(first, 0, false)
	w.play(conn, 0, 10) // audio goes on meanwhile
	w.event(voice.Interrupted)
	w.event(voice.Connected)
	if len(first.resumes) != 5 || w.now() == first {
		t.Errorf("%d resumes", len(first.resumes))
	}
	if st := conn.Status(); st.Resumes != 0 || st.Rejoins != 1 {
		t.Errorf("status %+v", st)
	}
}

func TestRejoinEndsAfterSoManyTries(t *testing.T) {
	w := newWorld(t, func(o *voice.HubOptions) { o.Timeouts.Backoff = time.Millisecond })
	conn := w.join(channel)
	w.event(voice.Connected)
	m := w.now()
	w.do(func() { w.gone = true })
	w.drop(m, 4000, true)
	w.event(voice.Interrupted)
	e := w.event(voice.Disconnected)
	if fault.KindOf(e.Err) != fault.Unavailable {
		t.Errorf("disconnected: %v", e.Err)
	}
	if conn.Status().State != voice.Out {
		t.Errorf("status %+v", conn.Status())
	}
}

func TestDiscordForgetsUsFirst(t *testing.T) {
	w := newWorld(t)
	w.join(channel)
	w.event(voice.Connected)
	w.shard.mu.Lock()
	w.shard.stuck = 1 // the next op 4 for the same channel changes nothing
	w.shard.mu.Unlock()
	w.drop(w.now(), 4006, true)
	w.event(voice.Interrupted)
	w.event(voice.Connected)
	if sent := w.shard.channels(); !slices.Equal(sent, []snowflake.ID{channel, channel, 0, channel}) {
		t.Errorf("op 4s %v", sent)
	}
}

// TestStopOnEncryptionRequired (10.16): no loop of 4017.
func TestStopOnEncryptionRequired(t *testing.T) {
	w := newWorld(t)
	w.join(channel)
	w.event(voice.Connected)
	w.drop(w.now(), 4017, true)
	w.event(voice.Interrupted)
	e := w.event(voice.Disconnected)
	var closed *signal.Closed
	if fault.KindOf(e.Err) != fault.Unsupported || !errors.As(e.Err, &closed) || closed.Code != 4017 {
		t.Errorf("disconnected: %v", e.Err)
	}
}

// TestKick (10.22): our own state says so, before or after the close.
func TestKick(t *testing.T) {
	for name, code := range map[string]int{"state alone": 0, "state after 4014": 4014, "state after 4022": 4022} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			conn := w.join(channel)
			w.event(voice.Connected)
			if code != 0 {
				w.drop(w.now(), code, true)
				w.event(voice.Interrupted)
			}
			w.shard.kick()
			e := w.event(voice.Disconnected)
			if !errors.Is(e.Err, voice.ErrKicked) || fault.KindOf(e.Err) != fault.Denied || e.Channel != channel {
				t.Errorf("disconnected: %+v", e)
			}
			if conn.Status().State != voice.Out {
				t.Errorf("status %+v", conn.Status())
			}
			if sent := w.shard.channels(); len(sent) != 1 {
				t.Errorf("op 4s %v", sent)
			}
		})
	}
}

func TestNobodySaysWhereTo(t *testing.T) {
	w := newWorld(t)
	w.join(channel)
	w.event(voice.Connected)
	w.drop(w.now(), 4014, true)
	w.event(voice.Interrupted)
	if e := w.event(voice.Disconnected); fault.KindOf(e.Err) != fault.Denied {
		t.Errorf("disconnected: %v", e.Err)
	}
}

// TestMove (10.6): wherever the 4014 comes in, the move is followed.
func TestMove(t *testing.T) {
	for name, move := range map[string]func(*world){
		"asked for":         func(w *world) { w.join(other) },
		"dragged":           func(w *world) { w.shard.put(other) },
		"server first":      func(w *world) { w.shard.lateState = true; w.shard.put(other) },
		"after 4014":        func(w *world) { w.drop(w.now(), 4014, true); w.event(voice.Interrupted); w.shard.put(other) },
		"closed in between": func(w *world) { w.shard.state(other); w.drop(w.now(), 4014, true); w.shard.allocate(w.endpoint()) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			conn := w.join(channel)
			w.event(voice.Connected)
			w.play(conn, 0, 3)
			first := w.now()
			w.heard(first, 3)
			move(w)
			w.moved(t)
			w.play(conn, 3, 5)
			if media := w.heard(w.now(), 5); !slices.Equal(media[:5], numbered(3, 5)) {
				t.Errorf("heard %q", media)
			}
			if st := conn.Status(); st.State != voice.Ready || st.Channel != other {
				t.Errorf("status %+v", st)
			}
			if w.now() == first {
				t.Error("the session did not change")
			}
			if sent := w.shard.channels(); name != "asked for" && len(sent) != 1 {
				t.Errorf("op 4s %v", sent)
			}
		})
	}
}

// moved waits for Moved; trouble on the way may be told before and after.
func (w *world) moved(t *testing.T) {
	t.Helper()
	for {
		select {
		case e := <-w.events:
			if e.Kind == voice.Moved && e.Channel == other {
				return
			}
			if e.Kind != voice.Interrupted {
				t.Fatalf("event %v", e.Kind)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no Moved")
		}
	}
}

// TestRegionChange (10.20): another server in the middle of a call is no end of it.
func TestRegionChange(t *testing.T) {
	w := newWorld(t)
	conn := w.join(channel)
	w.event(voice.Connected)
	first := w.now()
	w.play(conn, 0, 3)
	w.heard(first, 3)
	w.shard.allocate(w.endpoint())
	w.wait("the old socket's end", func() bool { return slices.Equal(first.codes, []int{1000}) })
	second := w.now()
	w.play(conn, 3, 5)
	if media := w.heard(second, 5); !slices.Equal(media[:5], numbered(3, 5)) {
		t.Errorf("heard %q", media)
	}
	if len(w.events) > 0 {
		t.Errorf("event %+v", <-w.events)
	}
}

func TestServerGoesAwayAndAnotherComes(t *testing.T) {
	w := newWorld(t)
	w.join(channel)
	w.event(voice.Connected)
	w.hub.HandleServer(voice.ServerUpdate{Guild: guild})
	w.event(voice.Interrupted)
	w.shard.allocate(w.endpoint())
	w.event(voice.Connected)
}

// TestMainGatewaySessionWasReplaced (10.2): the session id is the newest too.
func TestMainGatewaySessionWasReplaced(t *testing.T) {
	w := newWorld(t)
	w.join(channel)
	w.event(voice.Connected)
	w.shard.mu.Lock()
	w.shard.sessionID = "main-2"
	w.shard.lateState = true // the server comes first: the handshake begins with the old session id
	w.shard.mu.Unlock()
	w.drop(w.now(), 4006, true)
	w.event(voice.Interrupted)
	w.event(voice.Connected)
	if m := w.now(); m.session != "main-2" {
		t.Errorf("session %q", m.session)
	}
}
