package voiceserver_test

import (
	"context"
	"crypto/rand"
	"errors"
	"math"
	"testing"
	"time"

	"busker/audio"
	"busker/emulator/listen"
	"busker/emulator/voiceserver"
	"busker/internal/snowflake"
	"busker/opus"
	"busker/voice"
)

// shard is the main gateway as far as voice needs it.
type shard struct {
	w   *world
	hub *voice.Hub
}

func (s *shard) SendVoiceState(_ context.Context, g, c snowflake.ID, _, _ bool) error {
	state := voiceserver.Session{Guild: g, Channel: c, User: bot, SessionID: "session", Token: rand.Text()}
	if c == 0 {
		s.w.Leave(g, bot)
		s.hub.HandleState(voice.StateUpdate{Guild: g, User: bot, SessionID: "session"})
		return nil
	}
	s.w.Expect(state)
	s.hub.HandleState(voice.StateUpdate{Guild: g, Channel: c, User: bot, SessionID: "session"})
	s.hub.HandleServer(voice.ServerUpdate{Guild: g, Token: state.Token, Endpoint: s.w.Endpoint()})
	return nil
}

// busker runs the product's own client against the server until the test ends.
func busker(t *testing.T, w *world) *voice.Conn {
	t.Helper()
	s := &shard{w: w}
	s.hub = voice.NewHub(voice.HubOptions{
		Shard: s, User: func() snowflake.ID { return bot }, TLS: w.trust,
		Lookahead: 2 * time.Second, // all a test plays at once: a stalled test is no pause
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.hub.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("the hub ended with %v", err)
		}
	})
	return s.hub.Conn(guild)
}

// playAll encodes pcm and sends it as fast as the connection takes it.
func playAll(t *testing.T, c *voice.Conn, pcm []float32) {
	t.Helper()
	e, err := opus.NewEncoder(opus.EncoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var packets []*audio.Packet
	for len(pcm) > 0 {
		var b audio.Block
		pcm = pcm[copy(b[:], pcm):]
		p := audio.NewPacket()
		n, err := e.Encode(p.Buffer(), &b)
		if err != nil {
			t.Fatal(err)
		}
		p.SetLen(n)
		packets = append(packets, p)
	}
	room := 0
	for _, p := range packets {
		if room == 0 {
			if room, err = c.Await(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Send(p); err != nil {
			t.Fatal(err)
		}
		room--
	}
}

func TestBuskerIsHeard(t *testing.T) {
	for _, mode := range modes {
		t.Run(mode, func(t *testing.T) {
			w := startEncrypted(t, voiceserver.Options{Modes: []string{mode}, FirstSequence: 65535})
			w.Inject(voiceserver.DropDiscovery{Count: 1})
			l := w.AddListener(guild, channel, human, listen.Options{})
			c := busker(t, w)
			if err := c.Join(t.Context(), channel); err != nil {
				t.Fatal(err)
			}
			song := sweep(time.Second)
			playAll(t, c, song)
			heard(t, l, 55) // with five silence frames
			w.Drop(guild, bot, 0)
			eventually(t, "the client resumes", func() bool { return w.Stats().Resumes == 1 })
			playAll(t, c, song)
			r := heard(t, l, 110)
			if r.Packets != 110 || r.SilenceFrames != 10 || r.Lost+r.Restarts+r.Jumps != 0 {
				t.Errorf("heard\n%v", r)
			}
			if r.Epochs == 0 || r.Plain+r.TooEarly+r.Undecryptable != 0 {
				t.Errorf("encryption\n%v", r)
			}
			s, err := l.Similarity(listen.Samples(song))
			stalled := r.Length - 110*audio.FrameTime
			if stalled > 0 {
				t.Logf("a busy machine sent nothing for %v of the song: similarity %v, %v", stalled, s, err)
			} else if err != nil || s.Coefficient < 0.97 {
				t.Errorf("similarity %v, %v", s, err)
			}
			if err := c.Leave(t.Context()); err != nil {
				t.Error(err)
			}
			for _, v := range w.Violations() {
				late := v.Kind == voiceserver.Burst || v.Kind == voiceserver.TimestampStep && stalled > 0
				if !late { // the pace of a busy machine is tested elsewhere
					t.Errorf("violation: %v", v)
				}
			}
		})
	}
}

// sweep is a rising tone, unlike itself at any other time.
func sweep(d time.Duration) []float32 {
	pcm := make([]float32, audio.DurationSamples(d)*audio.Channels)
	for i := range len(pcm) / 2 {
		at := float64(i) / audio.SampleRate
		v := float32(0.4 * math.Sin(2*math.Pi*(200+150*at)*at))
		pcm[2*i], pcm[2*i+1] = v, -v/2
	}
	return pcm
}
