package store

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busker/internal/fault"
)

// Metrics counts what the store does.
type Metrics struct {
	operations *prometheus.HistogramVec // by operation
	failures   *prometheus.CounterVec   // by operation and kind
	expired    *prometheus.CounterVec   // rows, by table
	size       prometheus.Gauge         // bytes, at the last pass of retention
}

// NewMetrics registers the store's metrics.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		operations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "busker_store_operation_seconds",
			Help:    "How long calls of the store took, with the wait for a connection.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 10), // to 1.9 s
		}, []string{"operation"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_store_failures_total", Help: "Calls of the store that failed.",
		}, []string{"operation", "kind"}),
		expired: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_store_expired_rows_total", Help: "Rows deleted because they had become too old.",
		}, []string{"table"}),
		size: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "busker_store_size_bytes", Help: "Size of the store, measured once an hour.",
		}),
	}
	r.MustRegister(m.operations, m.failures, m.expired, m.size)
	return m
}

func (m *Metrics) done(name operation, took time.Duration, err error) {
	m.operations.WithLabelValues(string(name)).Observe(took.Seconds())
	if err != nil {
		m.failures.WithLabelValues(string(name), fault.KindOf(err).String()).Inc()
	}
}
