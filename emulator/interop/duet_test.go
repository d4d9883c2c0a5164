package interop_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/audio"
	"busker/emulator"
	"busker/emulator/interop"
	"busker/emulator/listen"
	"busker/emulator/voiceserver"
	"busker/internal/snowflake"
	"busker/opus"
	"busker/voice"
)

// The tones both bots play, at half of full scale.
const (
	ourTone   = 587.33
	theirTone = 660.0
	level     = -9.03 // dBFS
)

// duet is an encrypted call with two bots in it, the product's and one of discord.js.
type duet struct {
	*venue
	node *interop.Node
	us   *emulator.Bot
	conn *voice.Conn
	beat metronome
}

// newDuet brings both into the call.
func newDuet(t *testing.T, voice voiceserver.Options) *duet {
	t.Helper()
	// @discordjs/voice sends in the clear while it has no keys, which a duet's rules
	// must not forgive us.
	d := &duet{venue: newVenue(t, emulator.Options{Lenient: true, Voice: voice})}
	d.beat.run(t)
	d.node = d.run(t, "restvoice.mjs")
	d.us = d.AddBot("busker")
	d.guild.Invite(d.us, 0)
	d.enter(t)
	d.conn = busker(t, d.venue, d.us)
	if err := d.conn.Join(d.ctx, d.voice.ID); err != nil {
		t.Fatal(err)
	}
	d.introduce(t)
	t.Cleanup(func() { d.rules(t) })
	return d
}

// enter lets discord.js join.
func (d *duet) enter(t *testing.T) {
	t.Helper()
	d.node.Send(map[string]any{"do": "join", "guild": d.guild.ID, "channel": d.voice.ID, "deaf": false})
	d.node.Event("joined", nil)
}

// introduce lets us send a little silence, since a receiver knows whose packets they
// are from op 5 on, which travels by another way than they.
func (d *duet) introduce(t *testing.T) {
	t.Helper()
	send(t, d.ctx, d.conn, []byte(opus.SilenceFrame))
	var speaker struct{ User string }
	d.node.Event("speaker", &speaker)
	if speaker.User != d.us.ID.String() {
		t.Fatalf("%s speaks, want %v", speaker.User, d.us.ID)
	}
}

// rules fails the test if we broke any, and only shows what discord.js broke.
func (d *duet) rules(t *testing.T) {
	t.Helper()
	for _, v := range d.VoiceServer().Violations() {
		if v.User == d.us.ID && v.Kind != voiceserver.Burst {
			t.Errorf("we broke a rule: %v", v)
		} else {
			t.Logf("a rule was broken: %v", v)
		}
	}
}

// heard is what discord.js recorded of us.
type heard struct {
	Packets, Broken, Odd int
	Refused, Late        int // not decrypted during a transition, and after one
	Hertz, DBFS          float64
	First, Gap           float64 // ms
}

// record lets discord.js record us from now on; the function returned ends that once
// it has so many packets, those it refused included, or gets no more.
func (d *duet) record(t *testing.T) (stop func(packets int) heard) {
	t.Helper()
	d.node.Send(map[string]any{"do": "record", "user": d.us.ID, "hertz": ourTone})
	d.node.Event("recording", nil)
	return func(packets int) (h heard) {
		t.Helper()
		d.node.Send(map[string]any{"do": "stop", "packets": packets})
		d.node.Event("recorded", &h)
		t.Logf("discord.js heard %+v", h)
		return h
	}
}

// play sends n packets of our tone, or without end for 0, until the function returned
// is called. That returns how many went out.
func (d *duet) play(t *testing.T, n int) (stop func() uint64) {
	t.Helper()
	before := d.conn.Sent()
	ctx, cancel := context.WithCancel(d.ctx)
	var group errgroup.Group
	group.Go(func() error {
		left := n
		for packet := range sine(t, ourTone) {
			if _, err := d.conn.Await(ctx); err != nil {
				return err
			}
			p := audio.NewPacket()
			p.SetLen(copy(p.Buffer(), packet))
			if err := d.conn.Send(p); err != nil {
				return err
			}
			if left--; left == 0 {
				return nil
			}
		}
		return nil
	})
	return func() uint64 {
		t.Helper()
		if n == 0 {
			cancel()
		}
		err := group.Wait()
		d.until(t, func() bool { return d.conn.Sent() >= before+uint64(n) })
		cancel()
		if err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		d.conn.Flush()
		return d.conn.Sent() - before
	}
}

// ear lets somebody new listen to one of the bots.
func (d *duet) ear(t *testing.T, name string, speaker snowflake.ID) (*emulator.User, *emulator.Listener) {
	t.Helper()
	u := d.guild.AddUser(name)
	return u, must[*emulator.Listener](t)(u.JoinVoice(d.voice, listen.Options{Speaker: speaker}))
}

// settle waits until everybody in the call is in its group and has its newest key.
func (d *duet) settle(t *testing.T) {
	t.Helper()
	d.until(t, func() bool {
		s, _ := d.VoiceServer().Encryption(d.guild.ID, d.voice.ID)
		return s.Established && len(s.Waiting) == 0 && s.Proposals == 0 && s.Transitions == 0
	})
}

// until waits for something nobody announces.
func (d *duet) until(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-tick.C:
		case <-d.ctx.Done():
			s, _ := d.VoiceServer().Encryption(d.guild.ID, d.voice.ID)
			t.Fatalf("waited in vain: we are at %+v, the call at %+v", d.conn.Status(), s)
		}
	}
}

// count is how many packets that are not silence a listener heard.
func count(l *emulator.Listener) int { r := l.Report(); return int(r.Packets - r.SilenceFrames) }

// await waits until a listener heard n packets in all, and calls at with the number of
// each, from 0.
func (d *duet) await(t *testing.T, l *emulator.Listener, n int, at func(i int)) {
	t.Helper()
	live := l.Subscribe(1000)
	defer live.Close()
	for done := count(l); done < n; {
		select {
		case <-live.Frames():
		case <-d.ctx.Done():
			t.Fatalf("heard %d of %d packets\n%v", count(l), n, l.Report())
		}
		for now := count(l); done < now; done++ {
			if at != nil {
				at(done)
			}
		}
	}
}

// tone fails the test unless a recording is the tone throughout, as our decoder and
// as ffmpeg reads it; odd tenths of a second are allowed.
func tone(t *testing.T, l *emulator.Listener, hertz float64, odd int) {
	t.Helper()
	ours := must[[]float32](t)(l.Recording().Samples())
	for decoder, pcm := range map[string][]float32{"our decoder": ours, "ffmpeg": ffmpeg(t, l)} {
		const tenth = audio.SampleRate / 10 * audio.Channels
		var bad []int
		for i := 5; (i+3)*tenth <= len(pcm); i++ { // at both ends the packets run short
			got, db := listen.Tone(pcm[i*tenth:(i+1)*tenth], 0)
			if math.Abs(got-hertz) > 5 || math.Abs(db-level) > 1 {
				bad = append(bad, i)
			}
		}
		t.Logf("%s: %.1f s, not the tone at tenths %v", decoder, float64(len(pcm))/tenth/10, bad)
		if len(bad) > odd || len(pcm) < 10*tenth {
			t.Errorf("%s: %d tenths of a second are not %v Hz, of %d", decoder, len(bad), hertz, len(pcm)/tenth)
		}
	}
}

func ffmpeg(t *testing.T, l *emulator.Listener) (pcm []float32) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Log("ffmpeg is not installed: only our own decoder judges")
		return must[[]float32](t)(l.Recording().Samples())
	}
	path := filepath.Join(t.TempDir(), "heard.ogg")
	f := must[*os.File](t)(os.Create(path))
	if err := l.Recording().WriteOgg(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "ffmpeg", "-nostdin", "-v", "warning", "-i", path, "-f", "f32le", "-")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil || said.Len() > 0 {
		t.Errorf("ffmpeg: %v: %s", err, &said)
	}
	pcm = make([]float32, len(out)/4)
	if _, err := binary.Decode(out, binary.LittleEndian, pcm); err != nil {
		t.Fatal(err)
	}
	return pcm
}
