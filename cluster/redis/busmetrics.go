package redis

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// busMetrics count messages.
type busMetrics struct {
	messages *prometheus.CounterVec // by what became of them
	again    prometheus.Counter
}

func newBusMetrics(r prometheus.Registerer) busMetrics {
	f := promauto.With(r)
	return busMetrics{
		messages: f.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_cluster_messages_total",
			Help: "Messages this process was done with, by result: done, forget (the error was told and not kept), late (past the deadline), dead.",
		}, []string{"result"}),
		again: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_cluster_message_repetitions_total",
			Help: "Attempts at messages that this or another process had begun before.",
		}),
	}
}

func (m busMetrics) handled(result string) { m.messages.WithLabelValues(result).Inc() }

func (m busMetrics) late(n int) { m.messages.WithLabelValues("late").Add(float64(n)) }

func (m busMetrics) redelivered() { m.again.Inc() }
