package demo

import (
	"context"
	"log/slog"
	"net"

	"golang.org/x/sync/errgroup"

	"busker/emulator"
)

// Stand is a street with its page on which a test plays the bot.
type Stand struct {
	Emulator *emulator.Emulator
	Bot      *emulator.Bot
	Guild    *emulator.Guild
	Text     *emulator.Channel
	Voice    []*emulator.Channel

	Address string
	page    *page
	door    net.Listener
}

// NewStand builds the street; Run serves it.
func NewStand(ctx context.Context) (*Stand, error) {
	s, err := newStreet(emulator.Options{})
	if err != nil {
		return nil, err
	}
	door, err := openListener(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &Stand{
		Emulator: s.emulator, Bot: s.bot, Guild: s.guild, Text: s.text, Voice: s.voice, door: door,
		Address: "http://" + door.Addr().String() + "/", page: newPage(s, strangers{}, nil, slog.New(slog.DiscardHandler)),
	}, nil
}

// Run serves the page until ctx ends.
func (s *Stand) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return s.Emulator.Run(ctx) })
	group.Go(func() error { return s.page.street.listen(ctx) })
	group.Go(func() error { return s.page.watch(ctx) })
	group.Go(func() error { return s.page.serve(ctx, s.door) })
	return group.Wait()
}
