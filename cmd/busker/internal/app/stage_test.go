package app_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busker/audio"
	"busker/cmd/busker/internal/album"
	"busker/cmd/busker/internal/app"
	"busker/cmd/busker/internal/config"
	"busker/emulator"
	"busker/emulator/discord"
	"busker/emulator/listen"
	"busker/internal/telemetry"
)

func TestMain(m *testing.M) {
	if orders := os.Getenv(childOrders); orders != "" {
		beChild(orders)
	}
	goleak.VerifyTestMain(m)
}

// patience is how long anything may take on a busy machine.
const patience = 30 * time.Second

// stage is the app on a local Discord, with somebody in a voice channel.
type stage struct {
	t     testing.TB
	ctx   context.Context //nolint:containedctx // the test's own
	app   *app.App
	local *emulator.Emulator
	bot   *emulator.Bot
	guild *emulator.Guild
	text  *emulator.Channel
	voice *emulator.Channel
	you   *emulator.User
	ears  *listen.Listener
	stop  func() error // ends the app; the test's end does so too
}

// newStage starts the app with the sample album as its music folder; change may
// alter its options, local those of the Discord.
func newStage(t testing.TB, change func(*app.Options), local ...emulator.Options) *stage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute+*soakFor)
	t.Cleanup(cancel)
	e := emulator.Start(t, local...)
	s := &stage{t: t, ctx: ctx, local: e, bot: e.AddBot("Busker")}
	s.guild = e.AddGuild("Stage", s.bot)
	s.text, s.voice = s.guild.AddTextChannel("requests"), s.guild.AddVoiceChannel("The Corner")
	s.you = s.guild.AddUser("you")

	dir := t.TempDir()
	if err := album.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	api, err := url.Parse(e.URL())
	if err != nil {
		t.Fatal(err)
	}
	tel, err := telemetry.New(telemetry.Options{Level: "warn", Output: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	o := app.Options{
		Token: s.bot.Token, MusicDir: dir, Telemetry: tel,
		Tuning: config.Tuning{
			Web:    config.Web{Timeout: 2 * time.Second, MaxRedirects: 5},
			Engine: config.Engine{Limit: 1000}, // what a race detector costs refuses nobody
		},
		Discord: app.Discord{
			API: api, Voice: &tls.Config{RootCAs: e.TLSRoots(), MinVersion: tls.VersionTLS12}, Uploads: e.URL() + "/attachments/",
		},
	}
	if change != nil {
		change(&o)
	}
	if s.app, err = app.New(o); err != nil {
		t.Fatal(err)
	}
	s.run()
	if err := s.bot.WaitCommands(ctx, s.guild, 1); err != nil {
		t.Fatal(err)
	}
	s.ears = s.join(s.voice)
	return s
}

// run runs the app until the test ends.
func (s *stage) run() {
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.app.Run(ctx) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	s.t.Cleanup(func() {
		if err := s.stop(); err != nil {
			s.t.Errorf("the app: %v", err)
		}
	})
}

func (s *stage) join(c *emulator.Channel) *listen.Listener {
	s.t.Helper()
	l, err := s.you.JoinVoice(c)
	if err != nil {
		s.t.Fatal(err)
	}
	return l
}

// command types a command and returns the bot's answer, private or not.
func (s *stage) command(t testing.TB, name string, args emulator.Args) discord.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	i, err := s.you.Command(ctx, s.text, name, args)
	if err != nil {
		t.Fatalf("/%s: %v", name, err)
	}
	m, err := i.Response(ctx)
	if errors.Is(err, emulator.ErrNoResponse) {
		m, err = i.Followup(ctx, 0)
	}
	if err != nil {
		t.Fatalf("/%s: %v", name, err)
	}
	return m
}

// play asks for query, which must work.
func (s *stage) play(t testing.TB, query string) {
	t.Helper()
	if m := s.command(t, "play", emulator.Args{"query": query}); m.Ephemeral() {
		t.Fatalf("/play %s: %s", query, m.Content)
	}
}

// hears waits until half a second of sound that is not silence has arrived.
func hears(t *testing.T, ctx context.Context, l *listen.Listener) {
	t.Helper()
	feed := l.Subscribe(50)
	defer feed.Close()
	late := time.NewTimer(patience)
	defer late.Stop()
	for loud := 0; loud < audio.FramesPerSecond/2; {
		select {
		case f, ok := <-feed.Frames():
			if !ok {
				t.Fatal("the listener was closed")
			}
			if energy(f.PCM) > 1e-5 {
				loud++
			}
		case <-late.C:
			t.Fatalf("nothing to hear:\n%s", l.Report())
		case <-ctx.Done():
			t.Fatal(ctx.Err())
		}
	}
}

// energy is the mean square of samples.
func energy(pcm []float32) float64 {
	sum := 0.0
	for _, x := range pcm {
		sum += float64(x) * float64(x)
	}
	return sum / float64(max(1, len(pcm)))
}

// song is a track of the sample album, by a word of its name.
const song = "04-pocket-arcade.opus"
