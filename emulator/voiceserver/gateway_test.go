package voiceserver_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"

	"busker/emulator/listen"
	"busker/emulator/voiceserver"
	"busker/internal/snowflake"
)

// none fails the test if a client broke a rule.
func (w *world) none(t testing.TB) {
	t.Helper()
	for _, v := range w.Violations() {
		t.Errorf("violation: %v", v)
	}
}

// only checks that exactly these kinds of rules were broken.
func (w *world) only(t testing.TB, want ...voiceserver.Kind) {
	t.Helper()
	var got []voiceserver.Kind
	for _, v := range w.Violations() {
		if !slices.Contains(got, v.Kind) {
			got = append(got, v.Kind)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("violations of %q, want %q", got, want)
	}
}

func TestHandshake(t *testing.T) {
	for _, mode := range []string{voiceserver.ModeAES256GCM, voiceserver.ModeXChaCha20Poly1305} {
		t.Run(mode, func(t *testing.T) {
			w := start(t, voiceserver.Options{Modes: []string{mode}, HeartbeatInterval: 13750*time.Millisecond + 500*time.Microsecond})
			w.Expect(session(bot))
			c := w.dial(t)
			var hello struct {
				V        int
				Interval float64 `json:"heartbeat_interval"`
			}
			if e := c.next(); e.Op != 8 || json.Unmarshal(e.D, &hello) != nil || hello.V != 8 || hello.Interval != 13750.5 {
				t.Fatalf("hello %s", e.D)
			}
			c.identify(session(bot))
			c.media(mode)
			c.beat()
			w.none(t)
			if s := w.Stats(); s.Sessions != 1 || s.Discoveries != 1 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

func TestWrongMoves(t *testing.T) {
	good := session(bot)
	stranger := good
	stranger.Token = "stolen"
	impostor := good
	impostor.User = human
	old := good
	old.SessionID = "another"
	for _, tt := range []struct {
		name string
		do   func(c *client)
		code websocket.StatusCode
	}{
		{"unknown token", func(c *client) { c.identify(stranger) }, 4004},
		{"token of somebody else", func(c *client) { c.identify(impostor) }, 4006},
		{"another session id", func(c *client) { c.identify(old) }, 4006},
		{"identified twice", func(c *client) { c.identify(good); c.identify(good) }, 4005},
		{"resumed after identify", func(c *client) { c.identify(good); c.resume(good, -1) }, 4005},
		{"heartbeat before identify", func(c *client) { c.send(3, map[string]any{"t": 1, "seq_ack": -1}) }, 4003},
		{"unknown opcode", func(c *client) { c.identify(good); c.send(99, nil) }, 4001},
		{"binary opcode as text", func(c *client) { c.identify(good); c.send(26, nil) }, 4001},
		{"unknown binary opcode", func(c *client) { c.identify(good); c.sendRaw(websocket.MessageBinary, []byte{99}) }, 4001},
		{"not JSON", func(c *client) { c.sendRaw(websocket.MessageText, []byte("hello")) }, 4002},
		{"no opcode", func(c *client) { c.sendRaw(websocket.MessageText, []byte("{}")) }, 4002},
		{"empty binary", func(c *client) { c.sendRaw(websocket.MessageBinary, nil) }, 4002},
		{"identify that is a number", func(c *client) { c.send(0, 7) }, 4002},
		{"unknown protocol", func(c *client) { c.identify(good); c.send(1, map[string]any{"protocol": "webrtc"}) }, 4012},
		{"unknown mode", func(c *client) {
			c.identify(good)
			c.send(1, map[string]any{"protocol": "udp", "data": map[string]any{"mode": "xsalsa20_poly1305"}})
		}, 4016},
		{"resume of nothing", func(c *client) { c.resume(good, -1) }, 4006},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t, voiceserver.Options{})
			w.Expect(good)
			c := w.dial(t)
			tt.do(c)
			if got := c.closed(); got != tt.code {
				t.Errorf("closed with %d, want %d", got, tt.code)
			}
		})
	}
}

func TestATokenServesOnce(t *testing.T) {
	w := start(t, voiceserver.Options{})
	c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	c.beat()
	w.Drop(guild, bot, 4006)
	if got := c.closed(); got != 4006 {
		t.Fatalf("closed with %d", got)
	}
	for _, try := range []func(c *client){
		func(c *client) { c.identify(session(bot)) },
		func(c *client) { c.resume(session(bot), c.seq) },
	} {
		again := w.dial(t)
		try(again)
		if got := again.closed(); got != 4006 {
			t.Errorf("a dead session was answered with %d", got)
		}
	}
}

func TestANewTokenVoidsTheOldOne(t *testing.T) {
	w := start(t, voiceserver.Options{})
	w.Expect(session(bot))
	newer := session(bot)
	newer.Token = "newer"
	w.Expect(newer)
	c := w.dial(t)
	c.identify(session(bot))
	if got := c.closed(); got != 4006 {
		t.Errorf("the old token was answered with %d", got)
	}
	c = w.dial(t)
	c.identify(newer)
	c.await(2, nil)
}

func TestMissingHeartbeats(t *testing.T) {
	w := start(t, voiceserver.Options{HeartbeatInterval: 500 * time.Millisecond})
	w.Expect(session(bot))
	c := w.dial(t)
	c.identify(session(bot))
	if got := c.closed(); got != -1 {
		t.Errorf("closed with %d, want a cut", got)
	}
	w.only(t, voiceserver.NoHeartbeat)
}

func TestHeartbeatSequence(t *testing.T) {
	for _, tt := range []struct {
		name string
		d    string
		good bool
	}{
		{"nothing seen", `{"t":1,"seq_ack":-1}`, true},
		{"seen the newest", `{"t":1,"seq_ack":7}`, true},
		{"a number never sent", `{"t":1,"seq_ack":8}`, false},
		{"none", `{"t":1}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t, voiceserver.Options{FirstSequence: 7})
			w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
			w.Expect(session(bot))
			c := w.dial(t)
			c.identify(session(bot))
			if e := c.await(11, nil); e.Seq == nil || *e.Seq != 7 {
				t.Fatalf("clients connect with seq %v", e.Seq)
			}
			c.sendRaw(websocket.MessageText, []byte(`{"op":3,"d":`+tt.d+`}`))
			c.await(6, nil)
			if tt.good {
				w.none(t)
			} else {
				w.only(t, voiceserver.BadSequence)
			}
		})
	}
}

type users struct {
	IDs []snowflake.ID `json:"user_ids"`
	ID  snowflake.ID   `json:"user_id"`
}

func TestWhoIsThere(t *testing.T) {
	w := start(t, voiceserver.Options{})
	first := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	first.beat()
	second := w.connect(t, session(human), voiceserver.ModeAES256GCM)
	var u users
	if first.await(11, &u); !slices.Equal(u.IDs, []snowflake.ID{human}) {
		t.Errorf("the first was told of %v", u.IDs)
	}
	var spoken struct {
		User     snowflake.ID `json:"user_id"`
		SSRC     uint32
		Speaking int
	}
	if first.await(5, &spoken); spoken.User != human || spoken.SSRC != second.ssrc || spoken.Speaking != 1 {
		t.Errorf("speaking %+v", spoken)
	}
	w.AddListener(guild, channel, 9, listen.Options{CountOnly: true})
	if first.await(11, &u); !slices.Equal(u.IDs, []snowflake.ID{9}) {
		t.Errorf("the first was told of %v", u.IDs)
	}
	third := w.dial(t)
	w.Expect(session(5))
	third.identify(session(5))
	if third.await(11, &u); !slices.Equal(u.IDs, []snowflake.ID{9, bot, human}) {
		t.Errorf("the newcomer was told of %v", u.IDs)
	}
	third.await(5, &spoken)
	w.Leave(guild, human)
	if got := second.closed(); got != 4014 {
		t.Errorf("who left was closed with %d", got)
	}
	if first.await(13, &u); u.ID != human {
		t.Errorf("%d left", u.ID)
	}
	w.RemoveListener(guild, channel, 9)
	if first.await(13, &u); u.ID != 9 {
		t.Errorf("%d left", u.ID)
	}
	w.none(t)
}

func TestResumeRepeatsWhatWasMissed(t *testing.T) {
	// The count wraps on the way.
	w := start(t, voiceserver.Options{FirstSequence: 65534})
	c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	for _, user := range []snowflake.ID{11, 12} {
		w.AddListener(guild, channel, user, listen.Options{CountOnly: true})
		c.await(11, nil)
	}
	c.beat() // frees 65534 and 65535
	seen := c.seq
	if !w.Drop(guild, bot, 0) {
		t.Fatal("nobody to drop")
	}
	if got := c.closed(); got != -1 {
		t.Fatalf("closed with %d, want a cut", got)
	}
	for _, user := range []snowflake.ID{13, 14, 15} {
		w.AddListener(guild, channel, user, listen.Options{CountOnly: true})
	}
	again := w.dial(t)
	again.resume(session(bot), seen)
	if e := again.next(); e.Op != 8 {
		t.Fatalf("op %d instead of hello", e.Op)
	}
	if e := again.next(); e.Op != 9 || e.Seq != nil {
		t.Fatalf("op %d instead of resumed", e.Op)
	}
	for i, want := range []snowflake.ID{13, 14, 15} {
		var u users
		e := again.await(11, &u)
		if !slices.Equal(u.IDs, []snowflake.ID{want}) || *e.Seq != i {
			t.Errorf("repeated %v as %d, want %d as %d", u.IDs, *e.Seq, want, i)
		}
	}
	again.udp, again.ssrc, again.aead, again.nonce = c.udp, c.ssrc, c.aead, c.nonce
	again.speak(1)
	again.beat()
	w.none(t)
	if s := w.Stats(); s.Resumes != 1 {
		t.Errorf("%d resumes", s.Resumes)
	}
}

func TestBinaryMessagesAreNumberedAndRepeated(t *testing.T) {
	w := start(t, voiceserver.Options{FirstSequence: 65535})
	c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	c.beat()
	big := bytes.Repeat([]byte("mls"), 10000)
	tell := func() {
		w.Tell(guild, bot, 21, map[string]int{"transition_id": 65535})
		w.TellBinary(guild, bot, 27, big)
		w.Tell(guild, bot, 200, "nobody knows what")
		w.TellBinary(guild, bot, 29, []byte{0, 0})
	}
	check := func(c *client, first int) {
		t.Helper()
		for i, op := range []int{21, 27, 29} {
			e := c.await(op, nil)
			if want := (first + i) % 65536; *e.Seq != want {
				t.Errorf("op %d is number %d, want %d", op, *e.Seq, want)
			}
			if op == 27 && !bytes.Equal(e.D, big) {
				t.Errorf("op 27 brought %d bytes", len(e.D))
			}
		}
	}
	tell()
	check(c, 65535)
	seen := c.seq
	w.Drop(guild, bot, 0)
	c.closed()
	tell()
	again := w.dial(t)
	again.resume(session(bot), seen)
	again.await(9, nil)
	check(again, 2)
	w.none(t)
}

func TestAResumedSessionLeavesItsOldSocket(t *testing.T) {
	w := start(t, voiceserver.Options{})
	c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	c.beat()
	again := w.dial(t)
	again.resume(session(bot), c.seq)
	again.await(9, nil)
	if got := c.closed(); got != -1 {
		t.Errorf("the old socket was closed with %d", got)
	}
	again.beat()
}

func TestAResumeComesTooLate(t *testing.T) {
	w := start(t, voiceserver.Options{ResumeWindow: 20 * time.Millisecond})
	c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	c.beat()
	w.Drop(guild, bot, 0)
	eventually(t, "the session ends", func() bool { return w.Stats().Sessions == 0 })
	again := w.dial(t)
	again.resume(session(bot), -1)
	if got := again.closed(); got != 4006 {
		t.Errorf("closed with %d", got)
	}
}

func TestResumeAfterAResumableCode(t *testing.T) {
	for code, again := range map[int]websocket.StatusCode{4015: -1, 4009: 4006} {
		w := start(t, voiceserver.Options{})
		c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
		c.beat()
		w.Drop(guild, bot, code)
		if got := c.closed(); int(got) != code {
			t.Errorf("closed with %d, want %d", got, code)
		}
		second := w.dial(t)
		second.resume(session(bot), -1)
		if again == -1 {
			second.await(9, nil)
		} else if got := second.closed(); got != again {
			t.Errorf("after %d a resume was closed with %d", code, got)
		}
	}
}

func TestANewIdentityReplacesTheOld(t *testing.T) {
	w := start(t, voiceserver.Options{})
	c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	c.beat()
	moved := session(bot)
	moved.Channel, moved.Token = 999, "new"
	next := w.connect(t, moved, voiceserver.ModeXChaCha20Poly1305)
	next.beat()
	if got := c.closed(); got != 4014 {
		t.Errorf("the old socket was closed with %d", got)
	}
	if s := w.Stats(); s.Sessions != 1 {
		t.Errorf("%d sessions", s.Sessions)
	}
}

func TestNothingIsLeftAfterManyCalls(t *testing.T) {
	w := start(t, voiceserver.Options{})
	for range 50 {
		w.AddListener(guild, channel, human, listen.Options{})
		c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
		c.beat()
		w.Leave(guild, bot)
		c.closed()
		w.RemoveListener(guild, channel, human)
	}
	if s := w.Stats(); s.Sessions != 0 {
		t.Errorf("%d sessions are left", s.Sessions)
	}
	w.none(t) // and start looks for goroutines
}
