package voiceserver_test

import (
	"testing"

	"github.com/coder/websocket"

	"busker/emulator/listen"
	"busker/emulator/voiceserver"
)

// TestTheNewerSessionWins: its Identify ends the older one, whose packets are refused from
// that moment on, and counted by those who would have heard them.
func TestTheNewerSessionWins(t *testing.T) {
	for name, tt := range map[string]struct {
		fault *voiceserver.ReplaceWith
		code  websocket.StatusCode
	}{
		"as Discord does": {nil, 4014},
		"invalid session": {&voiceserver.ReplaceWith{Code: 4006}, 4006},
		"call terminated": {&voiceserver.ReplaceWith{Code: 4022}, 4022},
		"cut":             {&voiceserver.ReplaceWith{}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, voiceserver.Options{})
			if tt.fault != nil {
				w.InjectIn(guild, *tt.fault)
			}
			l := w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
			older := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
			older.speak(1)
			older.play("a")
			heard(t, l, 1)
			second := session(bot)
			second.Token = "newer"
			w.Expect(second)
			older.play("b") // a token alone replaces nobody
			heard(t, l, 2)
			newer := w.connect(t, second, voiceserver.ModeAES256GCM)
			if got := older.closed(); got != tt.code {
				t.Errorf("closed with %d, want %d", got, tt.code)
			}
			for range 3 {
				older.play("c")
			}
			newer.speak(1)
			newer.play("d")
			r := heard(t, l, 3)
			eventually(t, "what is refused is counted", func() bool { r = l.Report(); return r.Sources[0].Refused == 3 })
			if len(r.Sources) != 2 || r.Packets != 3 || r.Doubled != 0 {
				t.Fatalf("heard\n%v", r)
			}
			a, b := r.Sources[0], r.Sources[1]
			if a.Packets != 2 || b.Packets != 1 || b.Refused != 0 || b.Gap != b.First.Sub(a.Last) || b.Gap <= 0 || !a.LastRefused.After(a.Last) {
				t.Errorf("sources %+v", r.Sources)
			}
			if s := w.Stats(); s.Replaced != 1 || s.Refused != 3 || s.Sessions != 1 {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

// TestARefusedSessionIsSaidToBeGone: neither of its tokens works again, and the newer one
// is left in peace.
func TestARefusedSessionIsSaidToBeGone(t *testing.T) {
	w := start(t, voiceserver.Options{})
	w.connect(t, session(bot), voiceserver.ModeAES256GCM).beat()
	second := session(bot)
	second.Token = "newer"
	newer := w.connect(t, second, voiceserver.ModeAES256GCM)
	for _, try := range []func(c *client){
		func(c *client) { c.identify(session(bot)) },
		func(c *client) { c.resume(session(bot), -1) },
	} {
		again := w.dial(t)
		try(again)
		if got := again.closed(); got != 4006 {
			t.Errorf("the replaced session was answered with %d", got)
		}
	}
	newer.beat()
}
