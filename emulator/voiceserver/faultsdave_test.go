package voiceserver_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/coder/websocket"

	"busker/emulator/listen"
	"busker/emulator/voiceserver"
	"busker/internal/snowflake"
)

// TestClosesDuringKeyAgreement lets a client be first, then not alone, then one of
// three, and closes its socket at every step of that.
func TestClosesDuringKeyAgreement(t *testing.T) {
	for _, step := range voiceserver.Steps()[10:] {
		for _, code := range []int{0, 4006, 4014, 4015, 4022} {
			t.Run(string(step), func(t *testing.T) {
				w := startEncrypted(t, voiceserver.Options{})
				winner := bot
				if step == voiceserver.StepWelcome {
					winner = human
				}
				w.Inject(voiceserver.CommitWinner{User: winner})
				w.InjectIn(guild, voiceserver.CloseAt{Step: step, Code: code})
				w.InjectIn(guild+1, voiceserver.CloseAt{Step: voiceserver.StepSender, Code: 4021}) // somewhere else
				got := make(chan websocket.StatusCode, 1)
				go func() { got <- w.comeAndGo(t) }()
				done := func() bool { return len(got) > 0 }
				for n, user := range []snowflake.ID{human, other} {
					eventually(t, "the group is ready for the next", func() bool {
						p, ok := w.Presence(guild, bot)
						s, _ := w.Encryption(guild, channel)
						return done() || ok && p.Ready() && len(s.Leaves) >= n
					})
					w.AddListener(guild, channel, user, listen.Options{CountOnly: true})
				}
				want := websocket.StatusCode(code)
				if code == 0 {
					want = -1
				}
				if code := <-got; code != want {
					s, _ := w.Encryption(guild, channel)
					t.Logf("%+v %v", s, w.Violations())
					t.Errorf("closed with %d, want %d", code, want)
				}
				_, alive := w.Presence(guild, bot)
				if alive != (code == 0 || code == 4015) {
					t.Errorf("after %d the session lives: %v", code, alive)
				}
			})
		}
	}
}

// comeAndGo connects and takes part until the socket is closed.
func (w *world) comeAndGo(t testing.TB) websocket.StatusCode {
	s := session(bot)
	w.Expect(s)
	c := w.dial(t)
	c.encrypted(bot, channel)
	c.identify(s)
	for {
		e, err := c.read()
		switch {
		case err != nil && websocket.CloseStatus(err) >= 0:
			return websocket.CloseStatus(err)
		case err != nil:
			return -1
		case e.Op == 2:
			var r ready
			_ = json.Unmarshal(e.D, &r)
			c.ssrc = r.SSRC
			c.send(1, map[string]any{"protocol": "udp", "data": map[string]any{
				"address": "127.0.0.1", "port": 9, "mode": voiceserver.ModeAES256GCM,
			}})
		}
	}
}

func TestCorruptMessagesAreRecoveredFrom(t *testing.T) {
	for _, op := range []int{29, 30} {
		w := startEncrypted(t, voiceserver.Options{})
		w.Inject(voiceserver.CommitWinner{User: human})
		w.Inject(voiceserver.CorruptDAVE{Op: op, User: bot})
		l := w.AddListener(guild, channel, human, listen.Options{})
		m := w.member(t, session(bot))
		if op == 29 {
			m.until(1)
			w.AddListener(guild, channel, other, listen.Options{CountOnly: true})
		}
		for m.session.Status().Recoveries == 0 {
			m.next()
		}
		for m.session.Status().Recoveries < 1 || !m.session.Status().Established {
			m.next()
		}
		eventually(t, "all are in the group again", func() bool {
			s, _ := w.Encryption(guild, channel)
			return len(s.Waiting)+s.Proposals == 0
		})
		s, _ := w.Encryption(guild, channel)
		for m.session.Status().Epoch < s.Epoch {
			m.next()
		}
		m.await(22, nil)
		m.say("sound")
		heard(t, l, 1)
		w.none(t)
	}
}

func TestConnectAfterAdd(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
	m := w.member(t, session(bot))
	m.until(1)
	w.Inject(voiceserver.ConnectAfterAdd{Count: 1})
	var ops []int
	hook := m.hook
	m.hook = func(e event, binary bool) error {
		ops = append(ops, e.Op)
		return hook(e, binary)
	}
	w.AddListener(guild, channel, other, listen.Options{CountOnly: true})
	m.await(11, nil)
	if slices.Index(ops, 27) < 0 || slices.Index(ops, 27) > slices.Index(ops, 11) {
		t.Errorf("the order was %v", ops)
	}
	w.none(t)
}

func TestSequencesWrapWhileTheGroupChanges(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
	m := w.member(t, session(bot))
	m.until(1)
	if !w.WrapSequence(guild, bot) {
		t.Fatal("nobody there")
	}
	w.AddListener(guild, channel, other, listen.Options{CountOnly: true})
	m.await(22, nil)
	if m.seq > 100 {
		t.Errorf("after the wrap the number is %d", m.seq)
	}
	m.beat()
	w.none(t)
}

func TestTransitionZeroAndTheLast(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	l := w.AddListener(guild, channel, human, listen.Options{})
	m := w.member(t, session(bot))
	m.until(1)
	for i, id := range []uint16{65535, 0} {
		w.Inject(voiceserver.NextTransition{ID: id})
		w.AddListener(guild, channel, other+snowflake.ID(i), listen.Options{CountOnly: true})
		if id != 0 {
			var d struct {
				ID *uint16 `json:"transition_id"`
			}
			if m.await(22, &d); d.ID == nil || *d.ID != id {
				t.Errorf("executed %v, want %d", d.ID, id)
			}
		}
		m.until(uint64(2 + i))
		m.say("sound")
		heard(t, l, int64(1+i))
	}
	w.none(t)
}

func TestASenderComesLateAndAgain(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	w.Inject(voiceserver.DelaySender{By: 100 * time.Millisecond})
	w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
	began := time.Now()
	m := w.member(t, session(bot))
	m.await(25, nil)
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("op 25 came after %v", took)
	}
	m.until(1)
	if err := w.ResendSender(guild, channel); err != nil {
		t.Fatal(err)
	}
	m.await(25, nil)
	if w.ResendSender(guild, 999) == nil || w.AddAndRevoke(guild, 999, 1) == nil {
		t.Error("there is no such call")
	}
	m.say("sound")
	w.none(t)
}

func TestHeldAndEarlyExecutes(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
	m := w.member(t, session(bot))
	m.until(1)
	w.InjectIn(guild, voiceserver.HoldExecute{Count: 2, Reverse: true})
	w.AddListener(guild, channel, other, listen.Options{CountOnly: true})
	w.AddListener(guild, channel, other+1, listen.Options{CountOnly: true})
	eventually(t, "the second epoch or third is there", func() bool {
		s, _ := w.Encryption(guild, channel)
		return s.Epoch >= 2 && len(s.Waiting) == 0
	})
	w.AddListener(guild, channel, other+2, listen.Options{CountOnly: true})
	var first, second struct {
		ID uint16 `json:"transition_id"`
	}
	m.await(22, &first)
	m.await(22, &second)
	if first.ID <= second.ID {
		t.Errorf("executed %d, then %d", first.ID, second.ID)
	}
	w.Inject(voiceserver.EarlyExecute{Count: 1})
	w.AddListener(guild, channel, other+3, listen.Options{CountOnly: true})
	for m.next().Op != 22 {
	}
	w.Heal()
	w.none(t)
}

func TestLostDatagrams(t *testing.T) {
	w := start(t, voiceserver.Options{})
	l := w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
	c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	c.beat()
	w.Inject(voiceserver.LoseUDP{Lost: func(n int) bool { return n%3 == 1 }})
	for range 9 {
		c.play("sound")
	}
	heard(t, l, 4)
	eventually(t, "all have arrived or not", func() bool { return w.Stats().Packets+w.Stats().Dropped == 9 })
	w.Heal()
	for range 4 { // so that the listener stops waiting for those lost
		c.play("sound")
	}
	if r := heard(t, l, 10); r.Packets != 10 || r.Lost != 3 {
		t.Errorf("heard\n%v", r)
	}
	if got := w.Stats().Dropped; got != 3 {
		t.Errorf("%d dropped", got)
	}
}

func TestHeartbeatsWithAFraction(t *testing.T) {
	w := start(t, voiceserver.Options{})
	w.Inject(voiceserver.Heartbeats{Interval: 2500*time.Millisecond + 250*time.Microsecond})
	c := w.dial(t)
	var hello struct {
		Interval float64 `json:"heartbeat_interval"`
	}
	if c.await(8, &hello); hello.Interval != 2500.25 {
		t.Errorf("every %v ms", hello.Interval)
	}
}

func TestCommitRaceIsWonByWhoShall(t *testing.T) {
	for _, winner := range []snowflake.ID{bot, human} {
		w := startEncrypted(t, voiceserver.Options{})
		w.Inject(voiceserver.CommitWinner{User: winner})
		w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
		m := w.member(t, session(bot))
		m.until(1)
		if s, _ := w.Encryption(guild, channel); s.Leaves[0] != winner {
			t.Errorf("%v sit in the group, %d shall have made it", s.Leaves, winner)
		}
	}
}

func TestManyJoinAtOnce(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	l := w.AddListener(guild, channel, human, listen.Options{})
	m := w.member(t, session(bot))
	m.until(1)
	for n := range snowflake.ID(20) {
		w.AddListener(guild, channel, 100+n, listen.Options{CountOnly: true})
	}
	done := func() bool {
		s, _ := w.Encryption(guild, channel)
		return len(s.Waiting)+s.Proposals+s.Transitions == 0
	}
	for !done() {
		m.send(16, nil) // answered, so that there is always something to read
		m.next()
	}
	s, _ := w.Encryption(guild, channel)
	m.until(s.Epoch)
	eventually(t, "it is over", done)
	m.say("sound")
	heard(t, l, 1)
	for n := range snowflake.ID(20) {
		w.RemoveListener(guild, channel, 100+n)
	}
	w.RemoveListener(guild, channel, human)
	m.await(24, nil) // alone
	w.none(t)
}

// TestHealTellsWhatWasHeldBack: of somebody without DAVE there is no Add, and clients
// are told of him when the fault ends.
func TestHealTellsWhatWasHeldBack(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{DAVE: voiceserver.Optional})
	w.WithoutDAVE(other)
	w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
	m := w.member(t, session(bot))
	m.until(1)
	w.Inject(voiceserver.ConnectAfterAdd{Count: 1})
	w.AddListener(guild, channel, other, listen.Options{CountOnly: true})
	w.Heal()
	m.await(11, nil)
	w.none(t)
}

// TestALostReadinessIsExcused: op 23 goes down with the socket, the resume repeats the
// announcement no more, and nobody blames the client for what it then does.
func TestALostReadinessIsExcused(t *testing.T) {
	w := startEncrypted(t, voiceserver.Options{})
	w.Inject(voiceserver.CommitWinner{User: bot})
	l := w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
	m := w.member(t, session(bot))
	m.until(1)
	w.InjectIn(guild, voiceserver.CloseAt{Step: voiceserver.StepTransition})
	w.AddListener(guild, channel, other, listen.Options{CountOnly: true})
	for {
		if _, err := m.read(); err != nil {
			break
		}
	}
	m.resumes(w.dial(t), m.seq)
	m.await(22, nil)
	w.AddListener(guild, channel, other+1, listen.Options{CountOnly: true})
	m.await(22, nil)
	m.until(3)
	m.say("sound")
	heard(t, l, 1)
	w.none(t)
}
