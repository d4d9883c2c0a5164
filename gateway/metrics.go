package gateway

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the gateway's figures. Use NewMetrics.
type Metrics struct {
	connected                       prometheus.Gauge
	identifies, reconnects, zombies prometheus.Counter
	commands, panics, dropped, lost prometheus.Counter
	events                          *prometheus.CounterVec
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
		reconnects: counter("reconnects_total", "Connections lost."),
		zombies:    counter("zombies_total", "Connections given up because heartbeats were not acknowledged."),
		commands:   counter("commands_total", "Voice state commands sent (op 4)."),
		panics:     counter("panics_total", "Panics caught in event functions."),
		lost:       counter("voice_states_lost_total", "Voice channels Discord forgot we were in, with a session or a guild's outage."),
		dropped:    counter("interactions_dropped_total", "Interactions dropped because every worker was busy."),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_gateway_events_total", Help: "Events received.",
		}, []string{"event"}),
	}
	if r != nil {
		r.MustRegister(m.connected, m.identifies, m.reconnects, m.zombies, m.commands, m.panics, m.dropped, m.lost, m.events)
	}
	return m
}
