package demo

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"busker/cmd/busker/internal/app"
	"busker/cmd/busker/internal/config"
	"busker/cmd/busker/internal/layers"
	"busker/emulator"
	"busker/internal/telemetry"
	"busker/store"
)

// Options of a demo.
type Options struct {
	Music  string // folder to play from; "" = the sample album
	Listen string // address of the page; a port that is taken is replaced by a free one
	Open   bool   // open the page in the desktop's browser
	Store  string // file of what the bot keeps; "" = forgotten when the demo ends
	Tuning config.Tuning

	Out       io.Writer            // for people
	Telemetry *telemetry.Telemetry // required
	Opened    func(address string) // called with the page's address once it is served; may be nil
}

// Run serves the street until ctx ends.
func Run(ctx context.Context, o Options) error {
	songs, err := openMusic(o.Music)
	if err != nil {
		return err
	}
	defer func() { _ = songs.close() }()
	listener, err := openListener(ctx, o.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // the page has closed it already, unless nothing began
	kept, err := remember(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = kept.Close() }()
	s, a, err := open(o, songs.dir, kept) //nolint:contextcheck // it binds ports and waits for nothing
	if err != nil {
		return err
	}
	log := o.Telemetry.Logger().With("part", "demo")
	p := newPage(s, a, songs.songs, log)
	all := append(s.layers(p, listener),
		layers.Layer{Name: "welcome", Run: func(ctx context.Context) error { return welcome(ctx, o, s, listener.Addr()) }, Share: time.Second})
	all = slices.Insert(all, 1, layers.Layer{Name: "bot", Run: a.Run, Share: app.StopWithin})
	return layers.Run(ctx, log, all...)
}

// layers are the street, the first of them the Discord the rest stands on.
func (s *street) layers(p *page, l net.Listener) []layers.Layer {
	return []layers.Layer{
		{Name: "local Discord", Run: s.emulator.Run, Share: 2 * time.Second},
		{Name: "ears", Run: s.listen, Share: time.Second},
		{Name: "watch", Run: p.watch, Share: time.Second},
		{Name: "page", Run: func(ctx context.Context) error { return p.serve(ctx, l) }, Share: 2 * time.Second},
	}
}

// remember opens the visitor's store, or one that is forgotten when the demo ends.
func remember(ctx context.Context, o Options) (*store.Store, error) {
	return store.Open(ctx, cmp.Or(o.Store, ":memory:"), store.Options{
		Logger: o.Telemetry.Logger().With("part", "store"), Metrics: store.NewMetrics(o.Telemetry.Registry()),
	})
}

// open builds the street and the app that serves it.
func open(o Options, dir string, kept *store.Store) (*street, *app.App, error) {
	s, err := newStreet(emulator.Options{})
	if err != nil {
		return nil, nil, err
	}
	where, err := s.discord()
	if err != nil {
		return nil, nil, err
	}
	a, err := app.New(app.Options{
		Token: s.bot.Token, MusicDir: dir, Tuning: o.Tuning, Discord: where, Telemetry: o.Telemetry, Store: kept,
	})
	return s, a, err
}

// openListener opens the page's port on this machine only: the page has no password.
func openListener(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("page address %q: want HOST:PORT, as in 127.0.0.1:8474", address)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("page address %q: the page has no password, so it is served on 127.0.0.1 only", address)
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil { // most likely another demo has the port
		l, err = config.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return nil, fmt.Errorf("open the page's port: %w", err)
	}
	return l, nil
}

// say writes for people; one who no longer reads stops nothing.
func say(out io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(out, format, args...) }

// welcome says where the page is once the bot has registered its commands.
func welcome(ctx context.Context, o Options, s *street, addr net.Addr) error {
	if err := s.bot.WaitCommands(ctx, s.guild, 1); err != nil {
		return fmt.Errorf("wait for the bot: %w", err)
	}
	o.open(addr)
	<-ctx.Done()
	return nil
}

// open lets the visitor in.
func (o Options) open(addr net.Addr) {
	address := "http://" + addr.String() + "/"
	say(o.Out, "\n  Busker Street is open:  %s\n  Ctrl-C closes it.\n\n", address)
	if o.Open {
		browse(address, o.Telemetry.Logger())
	}
	if o.Opened != nil {
		o.Opened(address)
	}
}
