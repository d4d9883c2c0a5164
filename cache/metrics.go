package cache

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics count what a Cache keeps and is asked for.
type Metrics struct {
	hits, misses, evicted, damaged prometheus.Counter
	bytes, entries, active         prometheus.Gauge
	recordings                     *prometheus.CounterVec // by result
}

// How recordings end.
const (
	resultKept      = "kept"
	resultDiscarded = "discarded" // by whoever recorded
	resultVoid      = "void"      // too long, too fast for the disk, or the disk failed
)

// NewMetrics registers the package's metrics with r; a nil r registers nothing.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	return &Metrics{
		hits:    counter("busker_cache_hits_total", "Tracks played from their kept encoding."),
		misses:  counter("busker_cache_misses_total", "Tracks asked for whose encoding was not kept."),
		evicted: counter("busker_cache_evicted_total", "Encodings dropped to stay within the budget."),
		damaged: counter("busker_cache_damaged_total", "Encodings dropped because their file was damaged."),
		bytes:   gauge("busker_cache_bytes", "Size of all kept encodings."),
		entries: gauge("busker_cache_entries", "Encodings that are kept."),
		active:  gauge("busker_cache_recordings", "Encodings being recorded."),
		recordings: f.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_cache_recordings_total",
			Help: "Recordings by how they ended: kept, discarded or void.",
		}, []string{"result"}),
	}
}

// census updates the gauges; c.mu is held, or nobody else has c yet.
func (c *Cache) census() {
	m := c.opts.Metrics
	m.bytes.Set(float64(c.shelf.bytes))
	m.entries.Set(float64(len(c.shelf.byName)))
	m.active.Set(float64(len(c.recordings)))
}
