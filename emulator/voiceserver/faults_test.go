package voiceserver_test

import (
	"testing"
	"time"

	"github.com/coder/websocket"

	"busker/emulator/voiceserver"
)

func TestFaults(t *testing.T) {
	for _, step := range []voiceserver.Step{
		voiceserver.StepConnect, voiceserver.StepHello, voiceserver.StepIdentify, voiceserver.StepReady,
		voiceserver.StepSelect, voiceserver.StepDescription, voiceserver.StepSpeaking, voiceserver.StepHeartbeat,
		voiceserver.StepResume, voiceserver.StepResumed,
	} {
		for _, code := range []int{0, 4015} {
			t.Run(string(step), func(t *testing.T) {
				w := start(t, voiceserver.Options{})
				w.Expect(session(bot))
				w.Inject(voiceserver.CloseAt{Step: step, Code: code})
				c := w.dial(t)
				if step == voiceserver.StepResume || step == voiceserver.StepResumed {
					c.identify(session(bot))
					c.await(2, nil)
					w.Drop(guild, bot, 0)
					c.closed()
					c = w.dial(t)
					c.resume(session(bot), -1)
				} else {
					c.blindly(session(bot))
				}
				want := websocket.StatusCode(code)
				if code == 0 {
					want = -1
				}
				if got := c.closed(); got != want {
					t.Errorf("closed with %d, want %d", got, want)
				}
			})
		}
	}
}

// blindly sends a whole handshake without waiting for answers, as far as it goes.
func (c *client) blindly(s voiceserver.Session) {
	for _, f := range []string{
		`{"op":0,"d":{"server_id":"` + s.Guild.String() + `","user_id":"` + s.User.String() + `","session_id":"` + s.SessionID + `","token":"` + s.Token + `"}}`,
		`{"op":1,"d":{"protocol":"udp","data":{"address":"127.0.0.1","port":1,"mode":"aead_aes256_gcm_rtpsize"}}}`,
		`{"op":5,"d":{"speaking":1,"delay":0,"ssrc":0}}`,
		`{"op":3,"d":{"t":1,"seq_ack":-1}}`,
	} {
		if c.ws.Write(c.t.Context(), websocket.MessageText, []byte(f)) != nil {
			return
		}
	}
}

func TestMoreFaults(t *testing.T) {
	w := start(t, voiceserver.Options{})
	w.again = 200 * time.Millisecond
	w.Inject(voiceserver.DelayReady{By: 50 * time.Millisecond})
	w.Inject(voiceserver.DropDiscovery{Count: 2})
	began := time.Now()
	c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("connected in %v although two discoveries were lost", took)
	}
	w.Inject(voiceserver.HoldACKs{})
	c.send(3, map[string]any{"t": 1, "seq_ack": -1})
	c.send(16, map[string]any{})
	if e := c.next(); e.Op != 16 {
		t.Errorf("op %d instead of no acknowledgement", e.Op)
	}
	w.Heal()
	w.Inject(voiceserver.RefuseResume{})
	w.Drop(guild, bot, 0)
	c.closed()
	again := w.dial(t)
	again.resume(session(bot), -1)
	if got := again.closed(); got != 4006 {
		t.Errorf("refused with %d", got)
	}
}
