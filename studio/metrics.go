package studio

import (
	"context"
	"errors"
	"io"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"busker/internal/fault"
)

// Metrics count what a Studio shares.
type Metrics struct {
	takes, streams, presses prometheus.Gauge
	listeners               prometheus.Gauge
	encoded, served         prometheus.Counter
	hits, misses            prometheus.Counter
	moves, jumps, reopened  prometheus.Counter
	failures                *prometheus.CounterVec // by fault kind
	panics                  prometheus.Counter
}

// NewMetrics registers the package's metrics with r; a nil r registers nothing.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: "busker_studio_" + name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: "busker_studio_" + name, Help: help})
	}
	return &Metrics{
		takes:     gauge("takes", "Tracks that are read and encoded for whoever listens."),
		streams:   gauge("streams", "Live streams that are read for whoever listens."),
		presses:   gauge("presses", "Kinds of settings with which live streams are filtered and encoded."),
		listeners: gauge("listeners", "Readers of takes, streams and kept encodings that are open."),
		encoded:   counter("frames_encoded_total", "Frames of 20 ms encoded. What is served beyond it cost no encoding."),
		served:    counter("frames_served_total", "Frames of 20 ms handed to listeners."),
		hits:      counter("cache_hits_total", "Plays for which a kept encoding was found."),
		misses:    counter("cache_misses_total", "Plays that might have been kept and were not."),
		moves:     counter("moves_total", "Listeners so far behind that they went on in a take of their own."),
		jumps:     counter("jumps_total", "Listeners of live streams so far behind that they missed something."),
		reopened:  counter("streams_reopened_total", "Times a live stream that had ended was opened again and went on."),
		failures: f.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_studio_failures_total",
			Help: "Takes, streams and presses that ended before their time, by kind of failure.",
		}, []string{"kind"}),
		panics: counter("panics_total", "Panics caught; each cost one take, stream or press."),
	}
}

// failed counts what ended something, unless it was its end or the wish of all listeners.
func (s *Studio) failed(err error) {
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, context.Canceled) {
		s.opts.Metrics.failures.WithLabelValues(fault.KindOf(err).String()).Inc()
	}
}
