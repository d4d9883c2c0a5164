package app_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"busker/cmd/busker/internal/app"
	"busker/emulator"
	"busker/emulator/discord"
)

func parse(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// refusal is a /play that must be answered privately, in words that fit.
type refusal struct {
	name, query string
	want        string // regular expression
}

// check plays the bad input, then something good: the player must be alive.
func (s *stage) check(t *testing.T, r refusal) {
	t.Helper()
	began := time.Now()
	m := s.command(t, "play", emulator.Args{"query": r.query})
	if !m.Ephemeral() || !regexp.MustCompile(r.want).MatchString(m.Content) {
		t.Errorf("/play %s answered %q (private: %v), want privately %q", r.query, m.Content, m.Ephemeral(), r.want)
	}
	t.Logf("%-20s %5d ms  %s", r.name, time.Since(began).Milliseconds(), m.Content)
	s.play(t, song)
	hears(t, s.ctx, s.ears)
	s.command(t, "stop", nil)
}

// Links that lead to nothing playable, on a server that may be reached.
func TestBadLinks(t *testing.T) {
	t.Parallel()
	server := badServer(t)
	s := newStage(t, func(o *app.Options) { o.Tuning.Web.AllowPrivate = true })
	for _, r := range []refusal{
		{"404", server.URL + "/missing.mp3", `leads nowhere \(404\)`},
		{"HTML page", server.URL + "/page", `web page \(HTML\)`},
		{"0-byte file", server.URL + "/empty.mp3", `file is empty`},
		{"redirect loop", server.URL + "/loop", `circle`},
		{"redirects without end", server.URL + "/hop/1", `redirect`},
		{"garbage without end", server.URL + "/noise", `not audio`},
		{"cut off header", server.URL + "/cut.opus", `file is damaged`},
		{"server error", server.URL + "/broken", `server has .*500`},
	} {
		t.Run(r.name, func(t *testing.T) { s.check(t, r) })
	}
}

// Addresses nobody may reach through the bot.
func TestPrivateAddressesAreRefused(t *testing.T) {
	t.Parallel()
	server := badServer(t)
	s := newStage(t, nil)
	for _, r := range []refusal{
		{"loopback", server.URL + "/page", `private address`},
		{"metadata service", "http://169.254.169.254/latest/meta-data", `private address`},
	} {
		t.Run(r.name, func(t *testing.T) { s.check(t, r) })
	}
}

func TestBadFiles(t *testing.T) {
	t.Parallel()
	dir := ""
	s := newStage(t, func(o *app.Options) { dir = o.MusicDir })
	for name, content := range map[string][]byte{"empty.mp3": nil, "letter.mp3": []byte("Dear Sir or Madam,\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, r := range []refusal{
		{"missing file", "nothing-of-that-name.mp3", `no “nothing-of-that-name.mp3” in the music folder`},
		{"outside the folder", "../../../../etc/passwd", `in the music folder`},
		{"0-byte file", "empty.mp3", `file is empty`},
		{"text", "letter.mp3", `is text, not audio`},
	} {
		t.Run(r.name, func(t *testing.T) { s.check(t, r) })
	}
}

// Of a video the sound is played; one without sound is refused.
func TestVideos(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip("no ffmpeg on this machine to make a video with")
	}
	dir := ""
	s := newStage(t, func(o *app.Options) { dir = o.MusicDir })
	picture := []string{"-f", "lavfi", "-i", "testsrc=size=64x64:duration=3"}
	sound := []string{"-f", "lavfi", "-i", "sine=frequency=440:duration=3"}
	for name, inputs := range map[string][][]string{"mute.mp4": {picture}, "film.mp4": {picture, sound}, "film.mkv": {picture, sound}} {
		args := append(slices.Concat(inputs...), "-loglevel", "error", filepath.Join(dir, name))
		if out, err := exec.CommandContext(t.Context(), "ffmpeg", args...).CombinedOutput(); err != nil {
			t.Fatalf("ffmpeg: %v\n%s", err, out)
		}
	}
	s.check(t, refusal{"video without sound", "mute.mp4", `no (sound|audio)`})
	for _, name := range []string{"film.mp4", "film.mkv"} {
		s.play(t, name)
		hears(t, s.ctx, s.ears)
		s.command(t, "stop", nil)
	}
}

// A truncated file plays up to the cut; then the next one does.
func TestACutFilePlaysToTheCut(t *testing.T) {
	dir := ""
	s := newStage(t, func(o *app.Options) { dir = o.MusicDir })
	whole, err := os.ReadFile(filepath.Join(dir, song))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cut.opus"), whole[:60_000], 0o600); err != nil {
		t.Fatal(err)
	}
	s.play(t, "cut.opus")
	hears(t, s.ctx, s.ears)
	s.play(t, "01-cobblestone-waltz.opus")
	if _, err := s.text.WaitMessage(s.ctx, func(m discord.Message) bool { return mentions(m, "Cobblestone Waltz") && hasButton("Skip")(m) }); err != nil {
		t.Fatal(err)
	}
	hears(t, s.ctx, s.ears)
}

// A stream that never ends plays until it is stopped.
func TestAnEndlessStreamPlays(t *testing.T) {
	server := badServer(t)
	s := newStage(t, func(o *app.Options) { o.Tuning.Web.AllowPrivate = true })
	s.play(t, server.URL+"/radio")
	hears(t, s.ctx, s.ears)
	s.command(t, "stop", nil)
	s.play(t, song)
	hears(t, s.ctx, s.ears)
}

// Voice channels the bot may not play in.
func TestForbiddenChannels(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	for _, tt := range []struct {
		name string
		o    emulator.ChannelOptions
		want string
	}{
		{"no permission to connect", emulator.ChannelOptions{Deny: discord.Connect}, `Connect`},
		{"no permission to speak", emulator.ChannelOptions{Deny: discord.Speak}, `Speak`},
		{"full", emulator.ChannelOptions{UserLimit: 1}, `full`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			there := s.guild.AddVoiceChannel(tt.name, emulator.ChannelOptions{UserLimit: tt.o.UserLimit})
			s.join(there)
			if err := there.Deny(tt.o.Deny); err != nil {
				t.Fatal(err)
			}
			s.waitFor(t, "play", tt.want)
			s.ears = s.join(s.voice)
			s.waitFor(t, "join", "I am in")
			s.play(t, song)
			hears(t, s.ctx, s.ears)
			s.command(t, "leave", nil)
		})
	}
}

// waitFor repeats a command until its answer fits: the bot learns of changed
// permissions and places by events, a moment after they changed.
func (s *stage) waitFor(t *testing.T, name, want string) {
	t.Helper()
	args := emulator.Args{}
	if name == "play" {
		args["query"] = song
	}
	for until := time.Now().Add(5 * time.Second); ; {
		m := s.command(t, name, args)
		if regexp.MustCompile(want).MatchString(m.Content) {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("/%s answered %q, want %q", name, m.Content, want)
		}
	}
}

// badServer serves what people paste by mistake.
func badServer(t *testing.T) *httptest.Server {
	t.Helper()
	opus, err := os.ReadFile("../album/music/" + song)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, "<!doctype html><html><head><title>A song</title></head><body>Buy it here</body></html>")
	})
	mux.HandleFunc("/empty.mp3", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/loop", http.StatusFound) })
	mux.HandleFunc("/hop/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"1", http.StatusFound) })
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/noise", forever(bytes.Repeat([]byte{0x11, 0x07, 0x5a, 0x00}, 4096)))
	mux.HandleFunc("/cut.opus", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(opus[:40]) })
	mux.HandleFunc("/radio", forever(opus))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// forever writes b again and again until the client hangs up.
func forever(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(b); err != nil {
				return
			}
		}
	}
}
