package interop_test

import (
	"testing"
	"time"

	"busker/emulator"
	"busker/emulator/voiceserver"
	"busker/voice/signal"
)

// within is how long a member may be without the group after it was told nonsense.
const within = 2 * time.Second

// TestRecoveryFromDamagedMessages damages what brings a bot into the group or into its
// next epoch. It must say so (op 31), be added anew and be in the talk again.
func TestRecoveryFromDamagedMessages(t *testing.T) {
	d := newDuet(t, voiceserver.Options{})
	_, ann := d.ear(t, "ann", d.us.ID)
	d.settle(t)
	for _, c := range []struct {
		name string
		run  func(t *testing.T, ann *emulator.Listener)
	}{
		{"a commit to us", d.damagedCommitToUs},
		{"a welcome to us", d.damagedWelcomeToUs},
		{"a commit to discord.js", d.damagedCommitToThem},
		{"a welcome to discord.js", d.damagedWelcomeToThem},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := d.epoch(t)
			c.run(t, ann)
			if now := d.epoch(t); now < before+2 {
				t.Errorf("epoch %d after %d: nobody was added anew", now, before)
			}
			if s := d.conn.Status(); !s.Encrypted || s.Epoch != d.epoch(t) || s.Rejoins != 0 {
				t.Errorf("we are at %+v, the call at epoch %d", s, d.epoch(t))
			}
			d.compareCodes(t)
		})
	}
}

// damagedCommitToUs comes while we play: nobody may notice, for the key we had is good
// until we are back.
func (d *duet) damagedCommitToUs(t *testing.T, ann *emulator.Listener) {
	const packets = 200
	lost := func() int64 { r := ann.Report(); return r.Lost + r.Undecryptable + r.TooEarly + r.Plain }
	before, heard := lost(), count(ann)
	recorded := d.record(t)
	stop := d.play(t, packets)
	d.await(t, ann, heard+packets, func(i int) {
		if i == heard+50 {
			d.damage(signal.OpMLSAnnounceCommit, d.us)
			must[*emulator.Listener](t)(d.guild.AddUser("carl").JoinVoice(d.voice))
		}
	})
	h := recorded(packets)
	stop()
	d.settle(t)
	if h.Packets != packets || h.Odd+h.Broken != 0 || lost() != before {
		t.Errorf("discord.js heard %+v, ann\n%v", h, ann.Report())
	}
}

// damagedWelcomeToUs comes when we join. Audio waits for the next one.
func (d *duet) damagedWelcomeToUs(t *testing.T, ann *emulator.Listener) {
	if err := d.conn.Leave(d.ctx); err != nil {
		t.Fatal(err)
	}
	d.settle(t)
	d.damage(signal.OpMLSWelcome, d.us)
	begin, heard := time.Now(), count(ann)
	if err := d.conn.Join(d.ctx, d.voice.ID); err != nil {
		t.Fatal(err)
	}
	stop := d.play(t, 0)
	d.await(t, ann, heard+1, nil)
	d.beat.inTime(t, "recovery", time.Since(begin), within)
	d.hearsNow(t)
	stop()
}

// damagedCommitToThem makes discord.js hand on what it can not decrypt, and speak in
// the clear, until it is back.
func (d *duet) damagedCommitToThem(t *testing.T, _ *emulator.Listener) {
	stop := d.play(t, 0)
	before := d.epoch(t)
	d.damage(signal.OpMLSAnnounceCommit, d.bot)
	must[*emulator.Listener](t)(d.guild.AddUser("dora").JoinVoice(d.voice))
	d.recovers(t, before)
	stop()
}

// damagedWelcomeToThem comes when discord.js joins.
func (d *duet) damagedWelcomeToThem(t *testing.T, _ *emulator.Listener) {
	d.node.Send(map[string]any{"do": "leave"})
	d.node.Event("left", nil)
	if err := d.bot.WaitVoice(d.ctx, d.guild, nil); err != nil {
		t.Fatal(err)
	}
	d.settle(t)
	before := d.epoch(t)
	stop := d.play(t, 0)
	d.damage(signal.OpMLSWelcome, d.bot)
	d.enter(t)
	d.recovers(t, before)
	stop()
}

// recovers waits until discord.js was removed, added, and hears us who play.
func (d *duet) recovers(t *testing.T, before uint64) {
	t.Helper()
	begin := time.Now()
	d.until(t, func() bool { return d.epoch(t) >= before+2 })
	d.settle(t)
	d.beat.inTime(t, "recovery", time.Since(begin), within)
	d.hearsNow(t)
}

// epoch is the call's.
func (d *duet) epoch(t *testing.T) uint64 {
	t.Helper()
	s, ok := d.VoiceServer().Encryption(d.guild.ID, d.voice.ID)
	if !ok {
		t.Fatal("the call is not encrypted")
	}
	return s.Epoch
}

// damage spoils the next message of a kind to a bot.
func (d *duet) damage(op signal.Op, to *emulator.Bot) {
	d.VoiceServer().Inject(voiceserver.CorruptDAVE{Op: int(op), User: to.ID})
}

// hearsNow fails the test unless discord.js hears us, who play, without a fault for a
// second, but for what came before its op 22.
func (d *duet) hearsNow(t *testing.T) {
	t.Helper()
	const packets = 50
	if h := d.record(t)(packets); h.Packets+h.Refused+h.Late < packets || h.Packets < packets/2 || h.Odd+h.Broken != 0 {
		t.Errorf("discord.js heard %+v", h)
	}
}
