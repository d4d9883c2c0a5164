package session

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics count what a Keeper writes.
type Metrics struct {
	waiting     prometheus.Gauge
	saved       prometheus.Counter
	saving      prometheus.Histogram
	latency     prometheus.Histogram
	failures    prometheus.Counter
	compactions prometheus.Counter
	anchors     prometheus.Counter
	beats       prometheus.Counter
	fenced      prometheus.Counter
}

// NewMetrics registers the package's metrics with r; a nil r registers nothing.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	buckets := prometheus.ExponentialBuckets(0.0005, 3, 9)
	return &Metrics{
		waiting: f.NewGauge(prometheus.GaugeOpts{
			Name: "busker_session_waiting_guilds",
			Help: "Guilds with changes that wait for the next transaction.",
		}),
		saved: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_session_saved_total",
			Help: "Changes of guilds that were saved, those of one transaction as one.",
		}),
		saving: f.NewHistogram(prometheus.HistogramOpts{
			Name: "busker_session_save_seconds", Buckets: buckets,
			Help: "Time one transaction took.",
		}),
		latency: f.NewHistogram(prometheus.HistogramOpts{
			Name: "busker_session_latency_seconds", Buckets: buckets,
			Help: "Time from the first change of a transaction to its being durable.",
		}),
		failures: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_session_failures_total",
			Help: "Calls of the store that failed; they are made again.",
		}),
		compactions: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_session_compactions_total",
			Help: "Logs of queues replaced by the queue as a whole.",
		}),
		anchors: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_session_anchors_total",
			Help: "Positions written because they were not where they should have been.",
		}),
		beats: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_session_heartbeats_total",
			Help: "Signs of life that were saved.",
		}),
		fenced: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_session_fenced_total",
			Help: "Guilds whose changes the store refused, for another process has them now.",
		}),
	}
}
