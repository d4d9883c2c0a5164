package voiceserver_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"slices"
	"testing"
	"time"

	"busker/emulator/listen"
	"busker/emulator/voiceserver"
	"busker/internal/snowflake"
	"busker/opus"
)

const other snowflake.ID = 5005

func TestWhoMayComeIn(t *testing.T) {
	stage := func(_, c snowflake.ID) bool { return c == channel }
	for _, tt := range []struct {
		name    string
		opts    voiceserver.Options
		max     any // max_dave_protocol_version; nil: not said
		code    int // of the close, 0 none
		version int
	}{
		{"required and known", voiceserver.Options{}, 1, 0, 1},
		{"required and newer", voiceserver.Options{}, 7, 0, 1},
		{"required and unknown", voiceserver.Options{}, 0, 4017, 0},
		{"required and not said", voiceserver.Options{}, nil, 4017, 0},
		{"a stage", voiceserver.Options{Stage: stage}, 0, 0, 0},
		{"a stage, known", voiceserver.Options{Stage: stage}, 1, 0, 0},
		{"optional and unknown", voiceserver.Options{DAVE: voiceserver.Optional}, nil, 0, 0},
		{"optional and known", voiceserver.Options{DAVE: voiceserver.Optional}, 1, 0, 1},
		{"off", voiceserver.Options{DAVE: voiceserver.Off}, 1, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := startEncrypted(t, tt.opts)
			w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
			s := session(bot)
			w.Expect(s)
			c := w.dial(t)
			c.version = tt.version
			d := map[string]any{"server_id": s.Guild, "user_id": s.User, "session_id": s.SessionID, "token": s.Token}
			if tt.max != nil {
				d["max_dave_protocol_version"] = tt.max
			}
			c.send(0, d)
			if tt.code == 0 {
				c.media(voiceserver.ModeAES256GCM)
			} else if got := c.closed(); int(got) != tt.code {
				t.Errorf("closed with %d, want %d", got, tt.code)
			}
			w.none(t)
		})
	}
}

// TestTheOrderOfThings is the order proven against a real client (reference 6.6).
func TestTheOrderOfThings(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	w.Inject(voiceserver.CommitWinner{User: bot})
	l := w.AddListener(guild, channel, human, listen.Options{})
	w.Expect(session(bot))
	c := w.dial(t)
	m := c.encrypted(bot, channel)
	c.version = 1
	var ops []int
	hook := c.hook
	c.hook = func(e event, binary bool) error {
		ops = append(ops, e.Op)
		return hook(e, binary)
	}
	c.identify(session(bot))
	c.media(voiceserver.ModeAES256GCM)
	c.speak(1)
	m.until(1)
	want := []int{8, 2, 11, 4, 25, 27, 29}
	ops = slices.DeleteFunc(ops, func(op int) bool { return !slices.Contains(want, op) })
	if !slices.Equal(ops, want) {
		t.Errorf("the order was %v, want %v", ops, want)
	}
	m.say("sound")
	m.play(opus.SilenceFrame)
	if r := heard(t, l, 2); r.Epochs != 1 || r.Epoch != 1 || r.Plain+r.Undecryptable+r.TooEarly != 0 || r.SilenceFrames != 1 {
		t.Errorf("heard\n%v", r)
	}
	w.none(t)
}

func TestMembersHearEachOther(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	a := w.member(t, session(bot))
	p := w.AddSpeaker(guild, channel, human)
	defer p.Close()
	a.until(1)
	<-p.Settled()
	b := w.AddListener(guild, channel, other, listen.Options{})
	a.until(2)
	eventually(t, "the group is settled", func() bool {
		s, ok := w.Presence(guild, bot)
		return ok && s.Settled
	})
	p.Send([]byte("from a person"))
	_, body := a.receive()
	if got, err := a.session.OpenFrame(nil, human, body); err != nil || string(got) != "from a person" {
		t.Errorf("the client received %q, %v", got, err)
	}
	if r := heard(t, b, 1); r.Speaker != human || r.Epoch != 2 {
		t.Errorf("the listener heard\n%v", r)
	}
	w.none(t)
}

func TestDAVERules(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(m *member)
		want []voiceserver.Kind
	}{
		{"clean", func(m *member) { m.say("sound") }, nil},
		{"plaintext", func(m *member) { m.play("sound") }, []voiceserver.Kind{voiceserver.DAVEPlaintext}},
		{"marker only", func(m *member) { m.play("plain sound\xFA\xFA") }, []voiceserver.Kind{voiceserver.DAVEPlaintext}},
		{"silence", func(m *member) { m.play(opus.SilenceFrame) }, nil},
		{"said again", func(m *member) {
			frame := m.say("sound")
			m.play(string(frame))
		}, []voiceserver.Kind{voiceserver.DAVENonceBack, voiceserver.DAVENonceReused}},
		{"nonce restarted", func(m *member) {
			frame := m.say("sound")
			m.say("sound")
			frame[len(frame)-4]-- // of the tag's end, the nonce before size and marker
			m.play(string(frame))
		}, []voiceserver.Kind{voiceserver.DAVENonceBack}},
		{"key package as text", func(m *member) { m.send(26, nil) }, []voiceserver.Kind{voiceserver.WrongForm}},
		{"transition in binary", func(m *member) {
			_ = m.WriteBinary(m.t.Context(), 23, []byte{0, 1})
		}, []voiceserver.Kind{voiceserver.WrongForm}},
		{"no key package", func(m *member) {
			_ = m.WriteBinary(m.t.Context(), 26, []byte{0, 1})
		}, []voiceserver.Kind{voiceserver.InvalidKeyPackage}},
		{"no commit", func(m *member) {
			_ = m.WriteBinary(m.t.Context(), 28, []byte{0, 1})
		}, []voiceserver.Kind{voiceserver.InvalidCommit}},
		{"ready for nothing", func(m *member) {
			m.send(23, map[string]any{"transition_id": 77})
		}, []voiceserver.Kind{voiceserver.UnknownTransition}},
		{"ready without id", func(m *member) { m.send(23, map[string]any{}) }, []voiceserver.Kind{voiceserver.Undecodable}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := startEncrypted(t, voiceserver.Options{})
			l := w.AddListener(guild, channel, human, listen.Options{})
			m := w.member(t, session(bot))
			m.until(1)
			m.say("sound")
			m.say("sound")
			heard(t, l, 2)
			tt.do(m)
			eventually(t, "the rule is seen", func() bool { return len(w.Violations()) >= len(tt.want) })
			w.only(t, tt.want...)
		})
	}
}

func TestDAVEMessagesBeforeTheDescription(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	w.Expect(session(bot))
	c := w.dial(t)
	c.identify(session(bot))
	c.send(23, map[string]any{"transition_id": 1})
	c.beat()
	w.only(t, voiceserver.UnexpectedDAVE)
}

// TestANewKeyMayRestart: after op 22 the nonce begins anew, and no rule is broken.
func TestANewKeyMayRestart(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	l := w.AddListener(guild, channel, human, listen.Options{})
	m := w.member(t, session(bot))
	m.until(1)
	for epoch := range uint64(3) {
		for range 10 {
			m.say("sound")
		}
		r := heard(t, l, int64(10*(epoch+1)))
		if r.Epoch != epoch+1 || r.Undecryptable+r.TooEarly+r.Plain != 0 {
			t.Errorf("in epoch %d\n%v", epoch+1, r)
		}
		w.AddListener(guild, channel, other+snowflake.ID(epoch), listen.Options{CountOnly: true})
		m.await(22, nil)
	}
	w.only(t, voiceserver.Burst)
}

func TestOptionalCallsGoDownAndUp(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{DAVE: voiceserver.Optional})
	w.WithoutDAVE(other)
	l := w.AddListener(guild, channel, human, listen.Options{})
	m := w.member(t, session(bot))
	m.until(1)
	m.say("sound")
	heard(t, l, 1)
	plain := w.AddListener(guild, channel, other, listen.Options{})
	m.say("not for who has no keys")
	heard(t, l, 2)
	m.await(22, nil)
	m.say("for all")
	if r := heard(t, plain, 1); r.Packets != 1 || r.Plain != 1 {
		t.Errorf("without DAVE one hears\n%v", r)
	}
	if r := heard(t, l, 3); r.Plain != 1 {
		t.Errorf("in version 0\n%v", r)
	}
	old := w.connect(t, session(9), voiceserver.ModeAES256GCM) // would be version 1, but for the listener
	m.await(11, nil)
	old.beat()
	w.Leave(guild, 9)
	w.RemoveListener(guild, channel, other)
	m.await(22, nil)
	m.say("encrypted again")
	if r := heard(t, l, 4); r.Plain != 1 || r.Epochs != 2 {
		t.Errorf("after the upgrade\n%v", r)
	}
	w.none(t)
}

func TestFramesStayAwayFromClientsWithoutDAVE(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{DAVE: voiceserver.Optional})
	m := w.member(t, session(bot))
	w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
	m.until(1)
	sealed := m.say("sound")
	w.Expect(session(9))
	c := w.dial(t)
	s := session(9)
	c.send(0, map[string]any{"server_id": s.Guild, "user_id": s.User, "session_id": s.SessionID, "token": s.Token})
	c.media(voiceserver.ModeAES256GCM)
	m.play(string(append(sealed[:0:0], sealed...))) // a nonce reused, but who would look
	m.play(opus.SilenceFrame)
	if _, body := c.receive(); string(body) != opus.SilenceFrame {
		t.Errorf("received %q", body)
	}
}

func TestResumeRepeatsDAVEMessages(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	l := w.AddListener(guild, channel, human, listen.Options{})
	m := w.member(t, session(bot))
	m.until(1)
	m.say("before")
	heard(t, l, 1) // else op 5 may still be on its way, and goes down with the socket
	seen := m.seq
	w.Drop(guild, bot, 0)
	m.closed()
	w.AddListener(guild, channel, other, listen.Options{CountOnly: true})
	eventually(t, "the group changes meanwhile", func() bool {
		s, _ := w.Encryption(guild, channel)
		return s.Epoch == 2
	})
	m.resumes(w.dial(t), seen)
	m.until(2)
	for m.session.Status().Epoch != 2 {
		m.next()
	}
	m.say("after")
	if r := heard(t, l, 2); r.Undecryptable+r.Plain != 0 {
		t.Errorf("heard\n%v", r)
	}
	w.none(t)
}

func TestOldTokensAreForgotten(t *testing.T) {
	w := start(t, voiceserver.Options{})
	first := session(bot)
	w.Expect(first)
	for n := range 5000 {
		next := session(bot)
		next.Token = "token-" + string(binary.BigEndian.AppendUint32(nil, uint32(n)))
		w.Expect(next)
	}
	c := w.dial(t)
	c.identify(first)
	if got := c.closed(); got != 4004 {
		t.Errorf("a forgotten token was answered with %d", got)
	}
}

// TestDropSession: what is meant for the old session leaves the new one alone.
func TestDropSession(t *testing.T) {
	w := start(t, voiceserver.Options{})
	old := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	old.beat()
	moved := session(bot)
	moved.Token, moved.Channel = "new", 77
	c := w.connect(t, moved, voiceserver.ModeAES256GCM)
	if w.DropSession(session(bot).Token, 4014) {
		t.Error("a session that ended was dropped")
	}
	c.beat()
	if !w.DropSession("new", 4014) {
		t.Error("the new session was not dropped")
	}
	if got := c.closed(); got != 4014 {
		t.Errorf("closed with %d", got)
	}
}

func TestBigMessages(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
	m := w.member(t, session(bot))
	m.until(1)
	var users []snowflake.ID
	for n := range snowflake.ID(70) {
		users = append(users, 10000+n)
	}
	if err := w.AddAndRevoke(guild, channel, users...); err != nil {
		t.Fatal(err)
	}
	if e := m.await(27, nil); len(e.D) < 30<<10 || e.D[0] != 0 {
		t.Errorf("op 27 of %d bytes", len(e.D))
	}
	if e := m.await(27, nil); e.D[0] != 1 {
		t.Errorf("op 27 with operation %d", e.D[0])
	}
	if !w.Babble(guild, bot) {
		t.Fatal("nobody to babble to")
	}
	m.await(201, nil)
	if e := m.await(202, nil); !bytes.HasPrefix(e.D, []byte("mls")) || len(e.D) < 30<<10 {
		t.Errorf("op 202 of %d bytes", len(e.D))
	}
	m.say("sound")
	w.none(t)
}

func TestAddressOfVersionSix(t *testing.T) {
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no ::1: %v", err)
	}
	probe.Close()
	w := startEncrypted(t, voiceserver.Options{Address: "[::1]:0"})
	l := w.AddListener(guild, channel, human, listen.Options{})
	m := w.member(t, session(bot))
	m.until(1)
	m.say("sound")
	heard(t, l, 1)
	w.none(t)
}

// pauseOf is how long a test waits to see that nothing happens.
const pauseOf = 300 * time.Millisecond

func TestADeadPath(t *testing.T) {
	w := start(t, voiceserver.Options{})
	l := w.AddListener(guild, channel, human, listen.Options{})
	c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	c.play(opus.SilenceFrame)
	heard(t, l, 1)
	if !w.KillPath(guild, bot) {
		t.Fatal("no path to kill")
	}
	c.play(opus.SilenceFrame)
	c.udp.Write([]byte{0x13, 0x37, 0xCA, 0xFE, 1, 2, 3, 4})
	c.beat() // the websocket lives
	c.udp.SetReadDeadline(time.Now().Add(pauseOf))
	if n, err := c.udp.Read(make([]byte, 100)); err == nil {
		t.Errorf("the dead path brought %d bytes", n)
	}
	if r := l.Report(); r.Packets != 1 {
		t.Errorf("heard\n%v", r)
	}
	old := c.udp
	defer old.Close()
	c.openUDP(ready{IP: "127.0.0.1", Port: uint16(old.RemoteAddr().(*net.UDPAddr).Port)})
	c.discover() // another address works
	c.play(opus.SilenceFrame)
	heard(t, l, 2)
	w.Heal()
	c.udp = old
	c.play(opus.SilenceFrame)
	heard(t, l, 3)
}
