// Command load plays in many guilds at once and says what it cost and what was heard.
//
// The local Discord runs in this process: it holds every guild, types the commands,
// and has somebody listening in each channel who decrypts and checks every packet.
// The product is the real binary in a process of its own, whose processor time and
// memory are what is measured. See docs/performance.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// options of a run.
type options struct {
	binary string
	guilds int
	kind   string
	lasts  time.Duration
	ports  int
	args   []string // more flags of busker run
}

func main() {
	o := options{}
	flag.StringVar(&o.binary, "busker", "bin/busker", "the binary to measure")
	flag.IntVar(&o.guilds, "guilds", 50, "how many guilds play")
	flag.StringVar(&o.kind, "kind", "passthrough", "what they play: "+kindNames())
	flag.DurationVar(&o.lasts, "for", 30*time.Second, "how long to measure, once all play")
	flag.IntVar(&o.ports, "ports", 256, "UDP ports of the voice server")
	flag.Parse()
	o.args = flag.Args()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	clean, err := run(ctx, o)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(2)
	case !clean:
		os.Exit(1)
	}
}

// run plays one load. It reports whether everything was heard as it should be.
func run(ctx context.Context, o options) (clean bool, err error) {
	kind, ok := kinds[o.kind]
	if !ok {
		return false, fmt.Errorf("no kind %q: there are %s", o.kind, kindNames())
	}
	music, err := newMusic(ctx, kind, o)
	if err != nil {
		return false, err
	}
	defer music.close()
	t, err := newTown(ctx, o)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	bot, err := startBot(ctx, o, t, music)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, bot.stop()) }()
	return measure(ctx, o, kind, t, bot)
}

func measure(ctx context.Context, o options, k kind, t *town, bot *process) (bool, error) {
	if err := t.ready(ctx); err != nil {
		return false, err
	}
	idle, err := bot.usage()
	if err != nil {
		return false, err
	}
	if err := t.play(ctx, k); err != nil {
		return false, err
	}
	before, err := bot.usage()
	if err != nil {
		return false, err
	}
	heardBefore := t.heard()
	select {
	case <-time.After(o.lasts):
	case <-ctx.Done():
		return false, ctx.Err()
	case <-bot.ended:
		return false, errors.New("the bot has ended")
	}
	heard := t.heard().minus(heardBefore)
	after, err := bot.usage()
	if err != nil {
		return false, err
	}
	return tell(o, idle, after.minus(before), heard, t), nil
}
