package conn

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the figures of all shards' connections. Use NewMetrics.
type Metrics struct {
	connected                                prometheus.Gauge
	identifies, resumes, reconnects, zombies prometheus.Counter
	commands, panics, unreadable             prometheus.Counter
	wireBytes, textBytes                     prometheus.Counter
	latency                                  prometheus.Histogram
}

// NewMetrics makes the figures and registers them with r, unless r is nil.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "busker_gateway_" + name, Help: help})
	}
	m := &Metrics{
		connected: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "busker_gateway_shards_connected", Help: "Shards with a live session.",
		}),
		identifies: counter("identifies_total", "Sessions started; Discord allows about 1000 a day."),
		resumes:    counter("resumes_total", "Sessions resumed."),
		reconnects: counter("reconnects_total", "Connections lost."),
		zombies:    counter("zombies_total", "Connections given up because heartbeats were not acknowledged."),
		commands:   counter("commands_total", "Commands sent: voice states (op 4) and questions."),
		panics:     counter("panics_total", "Panics caught in event functions."),
		unreadable: counter("unreadable_total", "Messages skipped because they were too large or made no sense."),
		wireBytes:  counter("received_bytes_total", "Bytes received, as they were packed."),
		textBytes:  counter("received_text_bytes_total", "Bytes received, unpacked."),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "busker_gateway_heartbeat_seconds", Help: "Time until a heartbeat was acknowledged.",
			Buckets: []float64{.025, .05, .1, .2, .4, .8, 1.6, 5, 20},
		}),
	}
	if r != nil {
		r.MustRegister(m.connected, m.identifies, m.resumes, m.reconnects, m.zombies, m.commands, m.panics,
			m.unreadable, m.wireBytes, m.textBytes, m.latency)
	}
	return m
}

// Panicked counts a panic that was caught elsewhere in what events cause.
func (m *Metrics) Panicked() { m.panics.Inc() }
