// Package telemetry builds what the process tells about itself: the logger, the
// registry of metrics and, when asked, a small HTTP listener that serves them.
//
// It knows no package it reports on: each takes the *slog.Logger and the
// prometheus.Registerer in its own options. Nothing here runs until Run is called.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Options says what is logged, how, and where metrics are served.
type Options struct {
	Level  string    // lowest level that is written: debug, info, warn, error; "" = info
	Format string    // text or json; "" = text
	Output io.Writer // where the log goes; nil discards it

	// Listen is the address of the listener for /metrics, /healthz and /readyz,
	// such as "127.0.0.1:9090"; "" opens none.
	Listen string
}

// Telemetry holds the logger and the registry. Its methods may be called from
// any goroutine.
type Telemetry struct {
	logger   *slog.Logger
	registry *prometheus.Registry
	listen   string
	ready    atomic.Bool
	addr     chan net.Addr // holds the listener's address once there is one
}

// New refuses a level, a format or an address it cannot use.
func New(o Options) (*Telemetry, error) {
	logger, err := newLogger(o)
	if err != nil {
		return nil, err
	}
	if o.Listen != "" {
		if _, _, err := net.SplitHostPort(o.Listen); err != nil {
			return nil, fmt.Errorf("metrics address %q: want HOST:PORT, as in 127.0.0.1:9090", o.Listen)
		}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return &Telemetry{
		logger: logger, registry: registry, listen: o.Listen, addr: make(chan net.Addr, 1),
	}, nil
}

// Logger returns the process's logger.
func (t *Telemetry) Logger() *slog.Logger { return t.logger }

// Registry returns where every package registers its metrics.
func (t *Telemetry) Registry() *prometheus.Registry { return t.registry }

// SetReady says whether the process wants work; /readyz repeats it. It starts false.
func (t *Telemetry) SetReady(ready bool) { t.ready.Store(ready) }

// Addr waits until the listener is open and returns where; the port is real even
// when port 0 was asked for.
func (t *Telemetry) Addr(ctx context.Context) (net.Addr, error) {
	select {
	case a := <-t.addr:
		t.addr <- a // for the next caller
		return a, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Run serves the listener until ctx ends; without one it only waits. It returns
// nil when ctx ended it.
func (t *Telemetry) Run(ctx context.Context) error {
	if t.listen == "" {
		<-ctx.Done()
		return nil
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", t.listen)
	if err != nil {
		return fmt.Errorf("open the metrics listener: %w", err)
	}
	t.addr <- l.Addr()
	t.logger.Info("metrics listener open", "addr", l.Addr().String())
	return t.serve(ctx, l)
}

// lingering is how long a scrape in progress may take once the process stops.
const lingering = time.Second

func (t *Telemetry) serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{Handler: t.Handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve metrics: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), lingering)
	defer cancel()
	if err := server.Shutdown(stop); err != nil {
		_ = server.Close()
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve metrics: %w", err)
	}
	return nil
}

// Handler serves /metrics, /healthz (the process answers) and /readyz (it wants work).
func (t *Telemetry) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(t.registry, promhttp.HandlerOpts{Registry: t.registry}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !t.ready.Load() {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	})
	return mux
}
