package emulator_test

import (
	"context"
	"flag"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busker/emulator"
)

// atOnce is how many tests run at a time, unless -parallel says otherwise: they wait
// for timers and each other more than they compute.
const atOnce = "12"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		_ = flag.Set("test.parallel", atOnce)
	}
	goleak.VerifyTestMain(m)
}

// patience bounds every wait: a test that reaches it has failed.
const patience = 2 * time.Minute

// ackWithin is longer than Discord's three seconds, which a busy machine needs
// for nothing at all.
const ackWithin = 30 * time.Second

// stage is a guild with one bot, one person, a text and a voice channel.
type stage struct {
	*emulator.Emulator
	ctx   context.Context //nolint:containedctx // of one test, whose fixture this is
	bot   *emulator.Bot
	guild *emulator.Guild
	text  *emulator.Channel
	voice *emulator.Channel
	ann   *emulator.User
}

func newStage(t *testing.T, opts ...emulator.Options) *stage {
	t.Helper()
	t.Parallel()
	o := emulator.Options{}
	if len(opts) > 0 {
		o = opts[0]
	}
	if o.AckWithin == 0 {
		o.AckWithin = ackWithin
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	s := &stage{Emulator: emulator.Start(t, o), ctx: ctx}
	s.bot = s.AddBot("busker")
	s.guild = s.AddGuild("Square", s.bot)
	s.text = s.guild.AddTextChannel("songs")
	s.voice = s.guild.AddVoiceChannel("Stage door")
	s.ann = s.guild.AddUser("ann")
	return s
}

// need fails the test at once.
func need(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
