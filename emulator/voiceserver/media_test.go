package voiceserver_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"
	"time"

	"busker/audio"
	"busker/emulator/listen"
	"busker/emulator/voiceserver"
	"busker/opus"
)

var modes = []string{voiceserver.ModeAES256GCM, voiceserver.ModeXChaCha20Poly1305}

// heard waits until the listener has n packets.
func heard(t testing.TB, l *listen.Listener, n int64) listen.Report {
	t.Helper()
	eventually(t, "the listener hears all", func() bool { return l.Report().Packets >= n })
	return l.Report()
}

func TestAListenerHears(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			w := start(t, voiceserver.Options{})
			l := w.AddListener(guild, channel, human, listen.Options{})
			elsewhere := w.AddListener(guild, 999, human, listen.Options{})
			c := w.connect(t, session(bot), mode)
			c.beat()
			encoder, err := opus.NewEncoder(opus.EncoderOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer encoder.Close()
			reference := make([]float32, 0, 4*audio.FrameSamples*audio.Channels)
			for n := range 50 {
				var b audio.Block
				for i := range audio.FrameSamples {
					v := float32(0.5 * math.Sin(2*math.Pi*700*float64(n*audio.FrameSamples+i)/audio.SampleRate))
					b[2*i], b[2*i+1] = v, v
				}
				reference = append(reference, b[:]...)
				packet := make([]byte, audio.MaxPacketBytes)
				size, err := encoder.Encode(packet, &b)
				if err != nil {
					t.Fatal(err)
				}
				c.play(string(packet[:size]))
			}
			r := heard(t, l, 50)
			if r.Speaker != bot || r.Lost+r.Undecodable != 0 || r.Length != time.Second {
				t.Errorf("heard\n%v", r)
			}
			s, err := l.Similarity(listen.Samples(reference))
			if err != nil || s.Coefficient < 0.98 {
				t.Errorf("similarity %v, %v", s, err)
			}
			if got := elsewhere.Report().Packets; got != 0 {
				t.Errorf("another channel heard %d packets", got)
			}
			w.only(t, voiceserver.Burst) // the test did not keep the pace
		})
	}
}

func TestClientsHearEachOther(t *testing.T) {
	w := start(t, voiceserver.Options{})
	a := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	b := w.connect(t, session(human), voiceserver.ModeXChaCha20Poly1305)
	b.beat()
	a.beat()
	a.sequence, a.timestamp = 0xFFFF, 0xFFFFFFFF
	a.play("one")
	a.play("two")
	for i, want := range []string{"one", "two"} {
		header, body := b.receive()
		if string(body) != want || binary.BigEndian.Uint32(header[8:]) != a.ssrc {
			t.Errorf("packet %d: %q from % x", i, body, header)
		}
		if seq := binary.BigEndian.Uint16(header[2:]); seq != 0xFFFF+uint16(i) {
			t.Errorf("packet %d has sequence %d", i, seq)
		}
	}
	w.none(t)
}

func TestExtensionsAndPaddingTravel(t *testing.T) {
	w := start(t, voiceserver.Options{})
	l := w.AddListener(guild, channel, 9, listen.Options{})
	a := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	b := w.connect(t, session(human), voiceserver.ModeAES256GCM)
	b.beat()
	// One CSRC, an extension of two words, three bytes of padding.
	header := []byte{0x80 | 0x20 | 0x10 | 1, 0x78, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4, 0xBE, 0xDE, 0, 2}
	binary.BigEndian.PutUint32(header[8:], a.ssrc)
	body := []byte("extensio" + opus.SilenceFrame + "\x00\x00\x03")
	a.udp.Write(a.seal(header, body))
	gotHeader, gotBody := b.receive()
	// The client under test here opens bodies with the CSRC and extension head clear.
	if !bytes.Equal(gotHeader, header) || !bytes.Equal(gotBody, body) {
		t.Errorf("received % x | %q", gotHeader, gotBody)
	}
	if r := heard(t, l, 1); r.SilenceFrames != 1 {
		t.Errorf("the listener heard\n%v", r)
	}
	w.none(t)
}

func TestKeepalive(t *testing.T) {
	w := start(t, voiceserver.Options{})
	c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
	c.udp.Write([]byte{0x13, 0x37, 0xCA, 0xFE, 1, 2, 3, 4})
	if got, _ := c.receive(); !bytes.Equal(got, []byte{0x13, 0x37, 0xF0, 0x0D, 1, 2, 3, 4}) {
		t.Errorf("answered % x", got)
	}
}

func TestAudioNeedsSpeaking(t *testing.T) {
	w := start(t, voiceserver.Options{})
	l := w.AddListener(guild, channel, human, listen.Options{})
	w.Expect(session(bot))
	c := w.dial(t)
	c.identify(session(bot))
	c.media(voiceserver.ModeAES256GCM)
	c.play(opus.SilenceFrame)
	c.discover() // the packet has been seen
	if got := l.Report().Packets; got != 0 {
		t.Fatal("heard before op 5")
	}
	c.speak(1) // soon after: it was only overtaken
	heard(t, l, 1)
	w.none(t)

	w.Expect(session(5))
	mute := w.dial(t)
	mute.identify(session(5))
	mute.media(voiceserver.ModeAES256GCM)
	for range 110 {
		mute.play(opus.SilenceFrame)
	}
	mute.discover()
	if r := l.Report(); r.Packets != 1 || r.Others != 0 {
		t.Errorf("heard somebody who never spoke:\n%v", r)
	}
	w.only(t, voiceserver.NotSpeaking)
	if s := w.Stats(); s.Dropped == 0 {
		t.Error("nothing counted as dropped")
	}
}

func TestBrokenRules(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(c *client)
		want []voiceserver.Kind
	}{
		{"clean", func(c *client) {}, nil},
		{"nonce reused", func(c *client) {
			c.nonce--
			c.play(opus.SilenceFrame)
		}, []voiceserver.Kind{voiceserver.NonceReused}},
		{"nonce restarted", func(c *client) {
			c.nonce = 50
			c.play(opus.SilenceFrame)
		}, []voiceserver.Kind{voiceserver.NonceBack}},
		{"sequence repeated", func(c *client) {
			c.sequence--
			c.play(opus.SilenceFrame)
		}, []voiceserver.Kind{voiceserver.SequenceBack}},
		{"sequence restarted", func(c *client) {
			c.sequence = 5
			c.play(opus.SilenceFrame)
		}, []voiceserver.Kind{voiceserver.SequenceBack}},
		{"timestamp stands", func(c *client) {
			c.timestamp -= 960
			c.play(opus.SilenceFrame)
		}, []voiceserver.Kind{voiceserver.TimestampStep}},
		{"timestamp runs", func(c *client) {
			c.timestamp += 60 * 48000 // more than any stall of the test explains
			c.play(opus.SilenceFrame)
		}, []voiceserver.Kind{voiceserver.TimestampStep}},
		{"burst", func(c *client) {
			for range 100 {
				c.play(opus.SilenceFrame)
			}
		}, []voiceserver.Kind{voiceserver.Burst}},
		{"wrong payload type", func(c *client) {
			h := []byte{0x80, 0x79, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
			binary.BigEndian.PutUint32(h[8:], c.ssrc)
			c.udp.Write(c.seal(h, []byte("x")))
		}, []voiceserver.Kind{voiceserver.PayloadType}},
		{"damaged", func(c *client) {
			p := c.rtp([]byte(opus.SilenceFrame))
			p[14] ^= 1
			c.udp.Write(p)
		}, []voiceserver.Kind{voiceserver.Unreadable}},
		{"impossible padding", func(c *client) {
			h := []byte{0xA0, 0x78, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
			binary.BigEndian.PutUint32(h[8:], c.ssrc)
			c.udp.Write(c.seal(h, []byte{1, 9}))
		}, []voiceserver.Kind{voiceserver.Malformed}},
		{"op 5 for somebody else", func(c *client) {
			c.send(5, map[string]any{"speaking": 1, "ssrc": c.ssrc + 1})
			c.beat()
		}, []voiceserver.Kind{voiceserver.WrongSSRC}},
		{"dave without dave", func(c *client) {
			c.send(23, map[string]any{"transition_id": 0})
			c.beat()
		}, []voiceserver.Kind{voiceserver.UnexpectedDAVE}},
		{"rubbish is no violation", func(c *client) {
			c.udp.Write([]byte("hello"))
			c.udp.Write(bytes.Repeat([]byte{0x80, 0x78}, 50)) // RTP of nobody
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := start(t, voiceserver.Options{})
			c := w.connect(t, session(bot), voiceserver.ModeAES256GCM)
			c.beat() // op 5 has been seen
			c.nonce, c.sequence = 100, 1000
			c.play(opus.SilenceFrame)
			c.play(opus.SilenceFrame)
			tt.do(c)
			c.discover() // all before it has been seen
			c.beat()
			w.only(t, tt.want...)
		})
	}
}

func TestLinkFaults(t *testing.T) {
	w := start(t, voiceserver.Options{})
	spoiled := w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
	clean := w.AddListener(guild, channel, 5, listen.Options{CountOnly: true})
	w.Inject(voiceserver.Link{User: human, Fate: func(n int) (bool, time.Duration) {
		if n == 3 || n == 4 {
			return true, 0
		}
		if n == 8 {
			return false, time.Second
		}
		return false, 0
	}})
	p := w.AddSpeaker(guild, channel, bot)
	for n := range 15 {
		if n == 11 {
			<-time.After(time.Second) // now what was delayed is due
		}
		p.Send([]byte(opus.SilenceFrame))
	}
	p.Close()
	p.Send([]byte(opus.SilenceFrame))
	if r := spoiled.Report(); r.Packets != 13 || r.Lost != 2 || r.Reordered != 1 {
		t.Errorf("the spoiled link brought\n%v", r)
	}
	if r := clean.Report(); r.Packets != 15 || r.Lost+r.Reordered != 0 {
		t.Errorf("the clean link brought\n%v", r)
	}
}

func TestASpeakerIsHeardByClients(t *testing.T) {
	w := start(t, voiceserver.Options{})
	c := w.connect(t, session(bot), voiceserver.ModeXChaCha20Poly1305)
	c.beat()
	own := w.AddListener(guild, channel, human, listen.Options{CountOnly: true})
	p := w.AddSpeaker(guild, channel, human)
	defer p.Close()
	p.Send([]byte("hello"))
	var spoken struct {
		SSRC uint32
	}
	c.await(5, &spoken)
	header, body := c.receive()
	if string(body) != "hello" || binary.BigEndian.Uint32(header[8:]) != spoken.SSRC {
		t.Errorf("received %q from % x", body, header)
	}
	if own.Report().Packets != 0 {
		t.Error("the speaker heard himself")
	}
}
