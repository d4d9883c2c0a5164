package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/emulator"
	"busker/emulator/gateway"
	"busker/emulator/listen"
	"busker/emulator/voiceserver"
)

const (
	// perShard keeps joins below what Discord grants a shard at once (50 op 4).
	perShard = 40
	// atOnce is how many people type commands at the same time.
	atOnce = 16
	// settle is how long after the last join the machine comes to rest.
	settle = 5 * time.Second
)

// town is the local Discord with its guilds.
type town struct {
	local  *emulator.Emulator
	bot    *emulator.Bot
	shards int
	rooms  []*room
	cancel context.CancelFunc
	served errgroup.Group
}

// room is a guild with somebody who listens.
type room struct {
	guild       *emulator.Guild
	text, voice *emulator.Channel
	you         *emulator.User
	ears        *listen.Listener
}

func newTown(ctx context.Context, o options) (*town, error) {
	t := &town{shards: (o.guilds + perShard - 1) / perShard}
	var err error
	t.local, err = emulator.New(emulator.Options{ //nolint:contextcheck // it binds ports and waits for nothing
		Gateway: gateway.Limits{Shards: t.shards, MaxConcurrency: t.shards},
		Voice:   voiceserver.Options{Ports: o.ports},
	})
	if err != nil {
		return nil, err
	}
	ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	t.served.Go(func() error { return t.local.Run(ctx) })
	t.bot = t.local.AddBot("Busker")
	for n := range o.guilds {
		if err := t.open(n); err != nil {
			return nil, errors.Join(err, t.close())
		}
	}
	return t, nil
}

func (t *town) open(n int) error {
	g := t.local.AddGuild(fmt.Sprintf("Guild %d", n), t.bot)
	r := &room{guild: g, text: g.AddTextChannel("requests"), voice: g.AddVoiceChannel("Corner"), you: g.AddUser("you")}
	var err error
	r.ears, err = r.you.JoinVoice(r.voice, listen.Options{CountOnly: true, Keep: -1})
	t.rooms = append(t.rooms, r)
	return err
}

func (t *town) close() error {
	t.cancel()
	return t.served.Wait()
}

// ready waits until the bot has come and registered its commands.
func (t *town) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("the bot did not come"))
	defer cancel()
	if err := t.bot.WaitReady(ctx); err != nil {
		return err
	}
	for _, r := range t.rooms {
		if err := t.bot.WaitCommands(ctx, r.guild, 1); err != nil {
			return err
		}
	}
	return nil
}

// play has every guild ask for its track, and returns when all are heard and the
// machine has come to rest.
func (t *town) play(ctx context.Context, k kind) error {
	var typing errgroup.Group
	typing.SetLimit(atOnce)
	for n, r := range t.rooms {
		typing.Go(func() error { return r.ask(ctx, k, n) })
	}
	if err := typing.Wait(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("not every guild hears music"))
	defer cancel()
	var hearing sync.WaitGroup
	for _, r := range t.rooms {
		hearing.Go(func() { r.await(ctx) })
	}
	hearing.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	fmt.Fprintf(os.Stderr, "all %d guilds hear music\n", len(t.rooms))
	return rest(ctx, settle)
}

// ask plays the guild's track over and over, as the kind wants it.
func (r *room) ask(ctx context.Context, k kind, n int) error {
	for _, c := range append([]command{{"play", emulator.Args{"query": k.query(n)}}}, k.then...) {
		if err := r.command(ctx, c); err != nil {
			return fmt.Errorf("/%s in guild %d: %w", c.name, n, err)
		}
	}
	return nil
}

func (r *room) command(ctx context.Context, c command) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	i, err := r.you.Command(ctx, r.text, c.name, c.args)
	if err != nil {
		return err
	}
	m, err := i.Response(ctx)
	if errors.Is(err, emulator.ErrNoResponse) {
		m, err = i.Followup(ctx, 0)
	}
	if err == nil && m.Ephemeral() && c.name == "play" {
		err = errors.New(m.Content) // it was refused
	}
	return err
}

// await returns when music is heard.
func (r *room) await(ctx context.Context) {
	for r.ears.Report().Packets == 0 && rest(ctx, 100*time.Millisecond) == nil {
	}
}

func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
