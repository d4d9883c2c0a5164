package interop_test

import (
	"testing"

	"busker/emulator"
	"busker/emulator/listen"
	"busker/emulator/voiceserver"
)

// TestDiscordJSTravelsThroughEncryptedCalls moves discord.js to another server and to
// another channel and back, while we play on: it must hear us each time, and be heard,
// and who stays must notice nothing.
func TestDiscordJSTravelsThroughEncryptedCalls(t *testing.T) {
	d := newDuet(t, voiceserver.Options{})
	_, ann := d.ear(t, "ann", d.us.ID)
	d.settle(t)
	stop := d.play(t, 0)
	back := func() {
		t.Helper()
		d.arrives(t)
		d.settle(t)
		d.hearsNow(t)
	}
	if !d.guild.ChangeRegion(d.bot, emulator.MoveOptions{When: emulator.BetweenEvents}) {
		t.Fatal("the region is the same")
	}
	back()
	other := d.guild.AddVoiceChannel("Back room")
	fred := must[*emulator.Listener](t)(d.guild.AddUser("fred").JoinVoice(other, listen.Options{Speaker: d.bot.ID}))
	if !d.guild.MoveBot(d.bot, other, emulator.MoveOptions{When: emulator.BetweenEvents}) {
		t.Fatal("not moved")
	}
	d.arrives(t)
	d.until(t, func() bool {
		s, _ := d.VoiceServer().Encryption(d.guild.ID, other.ID)
		return s.Established && len(s.Waiting) == 0 && s.Transitions == 0
	})
	d.node.Send(map[string]any{"do": "play", "hertz": theirTone, "seconds": 2})
	d.node.Event("played", nil)
	if r := fred.Report(); r.Lost+r.Undecryptable+r.Plain != 0 {
		t.Errorf("fred heard\n%v", r)
	}
	tone(t, fred, theirTone, 0)
	if !d.guild.MoveBot(d.bot, d.voice, emulator.MoveOptions{When: emulator.BetweenEvents}) {
		t.Fatal("not moved back")
	}
	back()
	d.compareCodes(t)
	stop()
	// Whoever sends first after a key was agreed on may be quicker than who listens: on a
	// busy machine ann may read of the key after the packet.
	if r := ann.Report(); r.Lost+r.Undecryptable+r.Plain != 0 || r.TooEarly > earlyAtMost {
		t.Errorf("ann heard\n%v", r)
	}
}

// earlyAtMost is how many packets may overtake the word that their key counts, 100 ms.
const earlyAtMost = 5

// arrives waits until discord.js is connected again.
func (d *duet) arrives(t *testing.T) {
	t.Helper()
	for _, want := range []string{"connecting", "ready"} {
		for now := ""; now != want; {
			var event struct{ State string }
			d.node.Event("state", &event)
			now = event.State
		}
	}
}
