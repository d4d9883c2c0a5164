// Package emulator is a local Discord: REST, the main gateway, voice servers, and
// people who type commands, press buttons and listen in voice channels.
//
// New makes one, Run serves it; Start does both inside a test. Then make bots,
// guilds, channels and people, point the bot's client at URL (REST and gateway,
// plain) or TLSURL, and trust TLSRoots for the voice servers. Everything here may
// be called from any goroutine, before and while Run runs. Waiting functions
// return as soon as what they wait for happens, or with their context's error.
package emulator

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/emulator/gateway"
	"busker/emulator/rest"
	"busker/emulator/voiceserver"
	"busker/emulator/world"
	"busker/internal/snowflake"
)

// ID is Discord's snowflake.
type ID = snowflake.ID

// Options of an emulator. The zero value behaves like Discord on free local ports.
type Options struct {
	Addr    string              // of REST, gateway and files; default "127.0.0.1:0"
	TLSAddr string              // of the same over TLS; default "127.0.0.1:0"
	REST    rest.Limits         // default: like Discord
	Gateway gateway.Limits      // default: like Discord
	Voice   voiceserver.Options // TLS, Stage and Logger are filled in
	// AckWithin is how long an application has to acknowledge an interaction;
	// default 3 s.
	AckWithin time.Duration
	// TokenLife is how long interaction tokens work; default 15 min.
	TokenLife time.Duration
	MaxFile   int // bytes of one uploaded file; default 10 MiB
	// Lenient lets a test started with Start pass although a voice server saw a
	// client break the protocol.
	Lenient bool
	Logger  *slog.Logger // default: none
}

// Emulator is one local Discord.
type Emulator struct {
	opts    Options
	log     *slog.Logger
	world   *world.World
	rest    *rest.Server
	gateway *gateway.Server
	voice   *voiceserver.Server
	ca      *authority
	caFile  string
	plain   net.Listener
	secure  net.Listener
	later   chan task // what voice events wait for
	crowd   crowd

	mu     sync.Mutex
	script VoiceScript
	ears   map[ID]ear // by user: where a person listens
}

// New binds the ports, so that URL is valid at once; Run must be called to serve
// and later release them.
func New(opts Options) (*Emulator, error) {
	e := &Emulator{opts: opts, log: opts.Logger, later: make(chan task, maxLater), ears: map[ID]ear{}}
	if e.log == nil {
		e.log = slog.New(slog.DiscardHandler)
	}
	if err := e.open(); err != nil {
		return nil, errors.Join(err, e.release())
	}
	return e, nil
}

func (e *Emulator) open() (err error) {
	if e.ca, err = newAuthority(e.opts.Addr, e.opts.TLSAddr, e.opts.Voice.Address); err != nil {
		return fmt.Errorf("make the certificate authority: %w", err)
	}
	if e.caFile, err = e.ca.file(); err != nil {
		return fmt.Errorf("write the certificate: %w", err)
	}
	if e.plain, err = bind(e.opts.Addr); err != nil {
		return err
	}
	if e.secure, err = bind(e.opts.TLSAddr); err != nil {
		return err
	}
	e.secure = tls.NewListener(e.secure, e.ca.server())
	voice := e.opts.Voice
	voice.TLS, voice.Logger, voice.Stage = e.ca.server(), e.log.With("server", "voice"), e.isStage
	if e.voice, err = voiceserver.New(voice); err != nil {
		return fmt.Errorf("open the voice server: %w", err)
	}
	e.world = world.New(world.Options{
		AckWithin: e.opts.AckWithin, TokenLife: e.opts.TokenLife, MaxFile: e.opts.MaxFile, FileURL: e.URL(),
		OnSilence: e.voice.Silence,
	})
	e.gateway = gateway.New(gateway.Options{
		World: e.world, Limits: e.opts.Gateway, URL: "ws://" + e.plain.Addr().String(),
		OnVoice: e.onVoice, OnEnd: e.onSessionEnd, Logger: e.log.With("server", "gateway"),
	})
	e.rest = rest.New(rest.Options{World: e.world, Gateway: e.gateway, Limits: e.opts.REST, Logger: e.log.With("server", "rest")})
	return nil
}

func bind(addr string) (net.Listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", addr) // a bind on loopback does not wait
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}

// release closes what New opened.
func (e *Emulator) release() error {
	var errs []error
	for _, l := range []net.Listener{e.plain, e.secure} {
		if l == nil {
			continue
		}
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if e.caFile != "" {
		errs = append(errs, os.RemoveAll(filepath.Dir(e.caFile)))
	}
	return errors.Join(errs...)
}

// Run serves until ctx ends, then closes every connection and waits for all it
// started. A clean end is nil.
func (e *Emulator) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return e.voice.Run(ctx) })
	group.Go(func() error { return e.gateway.Run(ctx) })
	group.Go(func() error { return e.runLater(ctx) })
	group.Go(func() error { return e.serve(ctx, e.plain) })
	group.Go(func() error { return e.serve(ctx, e.secure) })
	return errors.Join(group.Wait(), e.release())
}

// stopPatience is how long answers in progress may take at the end.
const stopPatience = time.Second

// serve answers HTTP on a listener until ctx ends, and waits for the answers.
func (e *Emulator) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           http.HandlerFunc(e.ServeHTTP),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(e.log.Handler(), slog.LevelDebug),
		TLSNextProto:      map[string]func(*http.Server, *tls.Conn, http.Handler){}, // HTTP/1.1: websockets
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve %s: %w", l.Addr(), err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
		defer cancel()
		if err := server.Shutdown(patience); err != nil {
			e.log.Debug("answers were cut off", "error", err)
			_ = server.Close() // its listener is closed already
		}
		return nil
	})
	return group.Wait()
}

// ServeHTTP is the whole Discord on one address: a websocket is the gateway,
// everything else REST or a file.
func (e *Emulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Upgrade") != "" {
		e.gateway.ServeHTTP(w, r)
		return
	}
	e.rest.ServeHTTP(w, r)
}

// URL is the base of REST, gateway and files: "http://127.0.0.1:port". The API is
// at URL()+"/api" (also /api/v9 and /api/v10); GET gateway names the gateway.
func (e *Emulator) URL() string { return "http://" + e.plain.Addr().String() }

// TLSURL is the same over TLS: "https://127.0.0.1:port".
func (e *Emulator) TLSURL() string { return "https://" + e.secure.Addr().String() }

// TLSRoots trusts the emulator's certificate authority, which also signed the
// voice servers' certificate.
func (e *Emulator) TLSRoots() *x509.CertPool { return e.ca.roots() }

// CAFile is the authority's certificate as a PEM file (NODE_EXTRA_CA_CERTS). It
// is removed when Run ends.
func (e *Emulator) CAFile() string { return e.caFile }

// VoiceServer is the voice server, for its faults, statistics and violations.
func (e *Emulator) VoiceServer() *voiceserver.Server { return e.voice }

// World is the state behind everything, for what this package has no word for.
func (e *Emulator) World() *world.World { return e.world }

// Change is something that happened: world.MessageCreated, world.MessageEdited,
// world.MessageDeleted, world.VoiceMoved, world.CommandsChanged,
// world.InteractionMade, world.InteractionAcknowledged and the others there.
type Change = world.Change

// Watch subscribes to everything that happens from now on. Close the watcher.
func (e *Emulator) Watch() *world.Watcher { return e.world.Watch(nil) }
