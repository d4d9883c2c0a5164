package app_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/audio"
	"busker/cmd/busker/internal/app"
	"busker/emulator"
	"busker/emulator/discord"
	"busker/emulator/rest"
	"busker/internal/fault"
	"busker/internal/telemetry"
	"busker/track"
)

// A file goes in as a command and comes out of a listener's decoder the same, without
// a gap unless the machine was busy each time.
func TestAFileIsHeardAsItIs(t *testing.T) {
	s := newStage(t, nil)
	for range performances {
		if s.newRoom("Room").hearsItWhole(t) {
			return
		}
	}
	t.Errorf("heard with gaps %d times", performances)
}

// hearsItWhole compares four seconds of a song with its file, and reports whether
// they came without a gap.
func (s *stage) hearsItWhole(t *testing.T) bool {
	t.Helper()
	s.play(t, song)
	feed := s.ears.Subscribe(100)
	for heard := 0; heard < 4*audio.FramesPerSecond; heard++ {
		select {
		case <-feed.Frames():
		case <-time.After(patience):
			t.Fatalf("silence after %d frames", heard)
		}
	}
	feed.Close()
	s.command(t, "stop", nil)

	recording, report := s.ears.Recording(), s.ears.Report()
	if report.Lost != 0 || report.Undecodable != 0 || report.Plain != 0 || report.Undecryptable != 0 {
		t.Errorf("heard with holes:\n%s", report)
	}
	reference := s.open(t, song)
	defer reference.Close()
	similarity, err := recording.Similarity(reference)
	if err != nil || similarity.Coefficient < 0.95 {
		t.Errorf("similarity %v, %v", similarity, err)
	}
	t.Logf("%s\n%s", similarity, report)
	return report.GapCount == 0
}

func (s *stage) open(t *testing.T, query string) audio.Reader {
	t.Helper()
	found, err := s.app.Sources().Resolve(s.ctx, track.Query{Text: query})
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.app.Sources().Open(s.ctx, found.Tracks[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What people do with the buttons and commands reaches the music.
func TestCommandsReachTheMusic(t *testing.T) {
	s := newStage(t, nil)
	s.play(t, song)
	hears(t, s.ctx, s.ears)
	s.play(t, "01-cobblestone-waltz.opus")

	card, err := s.text.WaitMessage(s.ctx, hasButton("Skip"))
	if err != nil {
		t.Fatal(err)
	}
	if !mentions(card, "Pocket Arcade") {
		t.Errorf("the card does not name the track: %+v", card.Components)
	}
	skip, _ := card.Find(func(c discord.Component) bool { return c.Label == "Skip" })
	if _, err := s.you.Press(s.ctx, card, skip.CustomID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.text.WaitMessage(s.ctx, func(m discord.Message) bool { return mentions(m, "Cobblestone Waltz") && hasButton("Skip")(m) }); err != nil {
		t.Fatal(err)
	}
	hears(t, s.ctx, s.ears)
	s.command(t, "pause", nil)
	s.command(t, "resume", nil)
	hears(t, s.ctx, s.ears)
	s.command(t, "leave", nil)
	if err := s.bot.WaitVoice(s.ctx, s.guild, nil); err != nil {
		t.Fatal(err)
	}
}

func TestAnUploadIsPlayed(t *testing.T) {
	dir := ""
	s := newStage(t, func(o *app.Options) { dir = o.MusicDir })
	data, err := os.ReadFile(filepath.Join(dir, song))
	if err != nil {
		t.Fatal(err)
	}
	m := s.command(t, "play", emulator.Args{"file": emulator.Upload{Name: "mine.opus", Data: data}})
	if m.Ephemeral() {
		t.Fatal(m.Content)
	}
	hears(t, s.ctx, s.ears)
}

// The bot follows whoever drags it, and its players go on.
func TestTheMusicMovesWithTheBot(t *testing.T) {
	t.Parallel()
	s := newStage(t, nil)
	yard := s.guild.AddVoiceChannel("Back Yard")
	s.play(t, song)
	hears(t, s.ctx, s.ears)
	s.guild.MoveBot(s.bot, yard)
	hears(t, s.ctx, s.join(yard))
}

// Asked to stop, the bot ends its speech as Discord wants and goes out of voice.
func TestStoppingIsQuickAndQuiet(t *testing.T) {
	s := newStage(t, nil)
	s.play(t, song)
	hears(t, s.ctx, s.ears)
	began := time.Now()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > app.StopWithin/2 {
		t.Errorf("stopping took %v", took)
	}
	if err := s.bot.WaitVoice(s.ctx, s.guild, nil); err != nil {
		t.Error(err)
	}
	if r := s.ears.Report(); r.SilenceFrames < 5 {
		t.Errorf("%d silence frames at the end, want 5", r.SilenceFrames)
	}
}

func TestAWrongTokenIsNamed(t *testing.T) {
	e := emulator.Start(t)
	e.AddGuild("Stage", e.AddBot("Busker"))
	tel, err := telemetry.New(telemetry.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(app.Options{Token: "not.a.token", Telemetry: tel, Discord: app.Discord{API: parse(t, e.URL())}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = a.Run(ctx)
	if message, _ := fault.Message(err); ctx.Err() != nil || !strings.Contains(message, "token") {
		t.Errorf("error %v says %q, want the token named", err, message)
	}
}

func hasButton(label string) func(discord.Message) bool {
	return func(m discord.Message) bool {
		_, ok := m.Find(func(c discord.Component) bool { return c.Label == label && !c.Disabled })
		return ok
	}
}

func mentions(m discord.Message, words string) bool {
	_, ok := m.Find(func(c discord.Component) bool { return strings.Contains(c.Content, words) })
	return ok
}

// Commands that cannot be registered are tried again, and meanwhile those of an
// earlier start work.
func TestRegistrationThatFailsIsTriedAgain(t *testing.T) {
	t.Parallel()
	var options app.Options
	s := newStage(t, func(o *app.Options) { options = *o })
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	const reads = "GET /applications/{application}/commands"
	s.local.FailREST(rest.Fault{Route: reads, Status: 500})
	var log lines
	var err error
	if options.Telemetry, err = telemetry.New(telemetry.Options{Level: "info", Output: &log}); err != nil {
		t.Fatal(err)
	}
	if s.app, err = app.New(options); err != nil {
		t.Fatal(err)
	}
	s.run()
	if err := s.bot.WaitReady(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.play(t, song)
	hears(t, s.ctx, s.ears)
	for !log.contain("msg=ready") {
		select {
		case <-time.After(50 * time.Millisecond):
		case <-s.ctx.Done():
			t.Fatal("never ready")
		}
	}
	if !log.contain("could not be registered") {
		t.Error("the registration did not fail")
	}
}

// lines is a log other goroutines write.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) contain(s string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), s)
}
