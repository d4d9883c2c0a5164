package demo

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"busker/internal/snowflake"
)

//go:embed page
var assets embed.FS

// calls know the bot's side of voice calls.
type calls interface {
	// PrivacyCode is the code of the call in a guild, if it is encrypted end to end.
	PrivacyCode(guild snowflake.ID) (code string, encrypted bool)
}

// page serves the street to a browser on this machine.
type page struct {
	street  *street
	calls   calls
	forms   forms
	songs   []song
	changes *bell
	log     *slog.Logger

	sockets sync.WaitGroup // handlers of websockets, which the HTTP server does not count
}

// newPage makes the page of a street, and gives its people ears.
func newPage(s *street, c calls, songs []song, log *slog.Logger) *page {
	p := &page{street: s, calls: c, songs: songs, changes: newBell(), log: log}
	for _, v := range s.people {
		v.ears = newEars(p.changes.ring)
	}
	return p
}

// policy lets the page load what this server serves and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// handler serves the page to requests for one of the hosts only, so that no other
// site can reach it by pointing its own name here.
func (p *page) handler(hosts []string) (http.Handler, error) {
	files, err := fs.Sub(assets, "page")
	if err != nil {
		return nil, fmt.Errorf("open the page: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /state", p.serveState)
	mux.HandleFunc("GET /audio", p.serveAudio)
	mux.HandleFunc("GET /media/", p.serveMedia)
	mux.HandleFunc("GET /cover/{name}", p.serveCover)
	mux.HandleFunc("POST /command", p.act(p.command))
	mux.HandleFunc("POST /complete", p.act(p.complete))
	mux.HandleFunc("POST /press", p.act(p.press))
	mux.HandleFunc("POST /menu", p.act(p.menu))
	mux.HandleFunc("POST /submit", p.act(p.submit))
	mux.HandleFunc("POST /say", p.act(p.say))
	mux.HandleFunc("POST /delete", p.act(p.remove))
	mux.HandleFunc("POST /voice", p.act(p.joinVoice))
	mux.HandleFunc("POST /stage", p.act(p.letSpeak))
	mux.HandleFunc("POST /language", p.act(p.language))
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !contains(hosts, r.Host) {
			http.Error(w, "this page answers to its own address only", http.StatusMisdirectedRequest)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		guarded.ServeHTTP(w, r)
	}), nil
}

func contains(hosts []string, host string) bool {
	for _, h := range hosts {
		if strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}

// hostsOf returns the names a browser may call a loopback address by.
func hostsOf(addr net.Addr) []string {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return nil
	}
	return []string{"127.0.0.1:" + port, "localhost:" + port, "[::1]:" + port}
}

// serve answers on l until ctx ends and every browser has been let go.
func (p *page) serve(ctx context.Context, l net.Listener) error {
	defer p.sockets.Wait() // they end with ctx
	handler, err := p.handler(hostsOf(l.Addr()))
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(p.log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve the page: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		_ = server.Close() // a browser that will not hang up
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the page: %w", err)
	}
	return nil
}

// watch rings the bell whenever anything happens on the street, until ctx ends.
func (p *page) watch(ctx context.Context) error {
	w := p.street.emulator.Watch()
	defer w.Close()
	for {
		if _, err := w.Next(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("watch the street: %w", err)
		}
		p.changes.ring()
	}
}
