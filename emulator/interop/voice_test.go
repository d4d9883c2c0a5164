package interop_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"iter"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"busker/audio"
	"busker/emulator/interop"
	"busker/emulator/listen"
	"busker/emulator/voiceserver"
	"busker/internal/snowflake"
	"busker/opus"
)

const (
	guild   snowflake.ID = 1001
	channel snowflake.ID = 2002
	client  snowflake.ID = 3003
	member  snowflake.ID = 4004
)

// voiceServer runs a voice server with a certificate of its own until the test
// ends, and returns it with the file that makes a client trust it.
func voiceServer(t *testing.T, opts voiceserver.Options) (s *voiceserver.Server, ca string) {
	t.Helper()
	web := httptest.NewUnstartedServer(nil)
	web.StartTLS()
	web.Close()
	ca = filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw})
	if err := os.WriteFile(ca, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	opts.TLS = &tls.Config{Certificates: web.TLS.Certificates}
	s, err := voiceserver.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the voice server ended with %v", err)
		}
	})
	return s, ca
}

// join connects @discordjs/voice to the server.
func join(t *testing.T, s *voiceserver.Server, ca string) *interop.Node {
	t.Helper()
	session := voiceserver.Session{Guild: guild, Channel: channel, User: client, SessionID: "session", Token: "token"}
	s.Expect(session)
	n := interop.Start(t, "voice.mjs", interop.Options{CA: ca, Config: map[string]any{
		"guild": guild, "channel": channel, "user": client,
		"session_id": session.SessionID, "token": session.Token, "endpoint": s.Endpoint(),
	}})
	n.Event("ready", nil)
	return n
}

func TestListenerHearsDiscordJS(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{voiceserver.ModeAES256GCM, voiceserver.ModeXChaCha20Poly1305} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s, ca := voiceServer(t, voiceserver.Options{Modes: []string{mode}, HeartbeatInterval: 2500 * time.Millisecond})
			l := s.AddListener(guild, channel, member, listen.Options{})
			n := join(t, s, ca)
			n.Send(map[string]any{"do": "play", "hertz": 440, "seconds": 2})
			n.Event("played", nil)
			r := l.Report()
			t.Logf("\n%v%+v", r, s.Stats())
			if r.Speaker != client || r.Lost+r.Undecodable+r.Late != 0 || r.Length < 2*time.Second {
				t.Errorf("heard\n%v", r)
			}
			pcm, err := l.Recording().Samples()
			if err != nil {
				t.Fatal(err)
			}
			for ch, want := range []float64{-9.03, -21.07} { // half and an eighth of a full-scale sine
				hertz, level := listen.Tone(pcm[9600:], ch)
				if math.Abs(hertz-440) > 0.5 || math.Abs(level-want) > 0.5 {
					t.Errorf("channel %d: %.2f Hz at %.2f dBFS, want 440 Hz at %.2f", ch, hertz, level, want)
				}
			}
			rules(t, s)
		})
	}
}

func TestDiscordJSHearsASpeaker(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{voiceserver.ModeAES256GCM, voiceserver.ModeXChaCha20Poly1305} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			s, ca := voiceServer(t, voiceserver.Options{Modes: []string{mode}})
			n := join(t, s, ca)
			n.Send(map[string]any{"do": "listen", "user": member, "packets": 75})
			n.Event("listening", nil)
			stop := speak(t, s, 523.25)
			var heard struct {
				Hertz, DBFS float64
				Packets     int
			}
			n.Event("heard", &heard)
			stop()
			if math.Abs(heard.Hertz-523.25) > 0.5 || math.Abs(heard.DBFS-(-9.03)) > 0.5 {
				t.Errorf("@discordjs/voice heard %.2f Hz at %.2f dBFS, want 523.25 Hz at -9.03", heard.Hertz, heard.DBFS)
			}
			n.Send(map[string]any{"do": "leave"})
			n.Event("left", nil)
			rules(t, s)
		})
	}
}

// TestDiscordJSResumes cuts its socket: it must come back by itself and be heard.
func TestDiscordJSResumes(t *testing.T) {
	t.Parallel()
	s, ca := voiceServer(t, voiceserver.Options{})
	l := s.AddListener(guild, channel, member, listen.Options{})
	n := join(t, s, ca)
	n.Send(map[string]any{"do": "play", "hertz": 300, "seconds": 0.5})
	n.Event("played", nil)
	if !s.Drop(guild, client, 0) {
		t.Fatal("nobody to drop")
	}
	var state struct{ After string }
	for state.After != "connecting" {
		n.Event("state", &state)
	}
	for state.After != "ready" {
		n.Event("state", &state)
	}
	n.Send(map[string]any{"do": "play", "hertz": 300, "seconds": 0.5})
	n.Event("played", nil)
	if r := l.Report(); r.Restarts != 0 || r.Lost != 0 || r.Packets < 50 {
		t.Errorf("after a resume\n%v", r)
	}
	if got := s.Stats().Resumes; got != 1 {
		t.Errorf("%d resumes", got)
	}
	rules(t, s)
}

// rules fails the test for broken rules, but not for bursts: a Node process on a
// busy machine catches up in bursts, and that is its own affair.
func rules(t *testing.T, s *voiceserver.Server) {
	t.Helper()
	for _, v := range s.Violations() {
		if v.Kind != voiceserver.Burst {
			t.Errorf("violation: %v", v)
		}
	}
}

// speak lets a member send a tone at half of full scale until stop is called.
func speak(t *testing.T, s *voiceserver.Server, hertz float64) (stop func()) {
	t.Helper()
	p := s.AddSpeaker(guild, channel, member)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		defer p.Close()
		tick := time.NewTicker(audio.FrameTime)
		defer tick.Stop()
		for packet := range sine(t, hertz) {
			p.Send(packet)
			select {
			case <-tick.C:
			case <-quit:
				return
			}
		}
	}()
	return func() { close(quit); <-done }
}

// sine yields Opus packets of a tone at half of full scale without end; each is
// valid until the next.
func sine(t *testing.T, hertz float64) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		encoder, err := opus.NewEncoder(opus.EncoderOptions{})
		if err != nil {
			t.Error(err)
			return
		}
		defer encoder.Close()
		var b audio.Block
		packet := make([]byte, audio.MaxPacketBytes)
		for n := 0; ; n++ {
			for i := range audio.FrameSamples {
				v := float32(0.5 * math.Sin(2*math.Pi*hertz*float64(n*audio.FrameSamples+i)/audio.SampleRate))
				b[2*i], b[2*i+1] = v, v
			}
			size, err := encoder.Encode(packet, &b)
			if err != nil {
				t.Error(err)
				return
			}
			if !yield(packet[:size]) {
				return
			}
		}
	}
}
