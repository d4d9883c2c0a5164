package interop_test

import (
	"math"
	"testing"

	"busker/emulator"
	"busker/emulator/interop"
	"busker/emulator/listen"
)

// hears fails the test unless the listener heard the tone, and only that.
func hears(t *testing.T, l *emulator.Listener, hertz float64) {
	t.Helper()
	pcm, err := l.Recording().Samples()
	if err != nil {
		t.Fatal(err)
	}
	const settled = 9600 // interleaved samples: 100 ms
	if len(pcm) <= settled {
		t.Fatalf("heard only %d samples", len(pcm))
	}
	if got, level := listen.Tone(pcm[settled:], 0); math.Abs(got-hertz) > 1 || level < -12 {
		t.Errorf("heard %.1f Hz at %.1f dBFS, want %v Hz", got, level, hertz)
	}
}

func TestDiscordJSPlaysInTheGuild(t *testing.T) {
	v := newVenue(t, emulator.Options{})
	node := v.run(t, "restvoice.mjs")
	l := must[*emulator.Listener](t)(v.ann.JoinVoice(v.voice))
	v.join(t, node)
	node.Send(map[string]any{"do": "play", "hertz": 440, "seconds": 1})
	node.Event("played", nil)
	hears(t, l, 440)
	if r := l.Report(); r.Speaker != v.bot.ID || r.Lost != 0 {
		t.Errorf("heard\n%v", r)
	}
	node.Send(map[string]any{"do": "leave"})
	node.Event("left", nil)
	if err := v.bot.WaitVoice(v.ctx, v.guild, nil); err != nil {
		t.Error(err)
	}
}

func (v *venue) join(t *testing.T, node *interop.Node) {
	t.Helper()
	node.Send(map[string]any{"do": "join", "guild": v.guild.ID, "channel": v.voice.ID})
	node.Event("joined", nil)
	if err := v.bot.WaitVoice(v.ctx, v.guild, v.voice); err != nil {
		t.Fatal(err)
	}
}

func TestDiscordJSFollowsItsVoice(t *testing.T) {
	v := newVenue(t, emulator.Options{})
	node := v.run(t, "restvoice.mjs")
	v.join(t, node)
	other := v.guild.AddVoiceChannel("Back room")
	states := func(want ...string) {
		t.Helper()
		for {
			var now struct{ State string }
			node.Event("state", &now)
			if now.State == want[0] {
				want = want[1:]
			}
			if len(want) == 0 {
				return
			}
		}
	}
	if !v.guild.MoveBot(v.bot, other, emulator.MoveOptions{When: emulator.BetweenEvents}) {
		t.Fatal("not moved")
	}
	states("connecting", "ready")
	if !v.guild.ChangeRegion(v.bot, emulator.MoveOptions{When: emulator.BetweenEvents}) {
		t.Fatal("the region is the same")
	}
	states("connecting", "ready")
	l := must[*emulator.Listener](t)(v.ann.JoinVoice(other))
	node.Send(map[string]any{"do": "play", "hertz": 660, "seconds": 1})
	node.Event("played", nil)
	hears(t, l, 660)
	if !v.guild.DisconnectBot(v.bot) {
		t.Fatal("not in voice")
	}
	states("disconnected")
}
