package gateway

import (
	"github.com/prometheus/client_golang/prometheus"

	"busker/gateway/conn"
)

// Metrics are the gateway's figures. Use NewMetrics.
type Metrics struct {
	conn                  *conn.Metrics
	dropped, lost, unread prometheus.Counter
	events                *prometheus.CounterVec
}

// NewMetrics makes the figures and registers them with r, unless r is nil.
func NewMetrics(r prometheus.Registerer) *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "busker_gateway_" + name, Help: help})
	}
	m := &Metrics{
		conn:    conn.NewMetrics(r),
		lost:    counter("voice_states_lost_total", "Voice channels Discord forgot we were in, with a session or a guild's outage."),
		dropped: counter("interactions_dropped_total", "Interactions dropped because every worker was busy."),
		unread:  counter("events_unreadable_total", "Events of which something made no sense."),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_gateway_events_total", Help: "Events received.",
		}, []string{"event"}),
	}
	if r != nil {
		r.MustRegister(m.dropped, m.lost, m.unread, m.events)
	}
	return m
}
