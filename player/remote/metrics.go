package remote

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics count what goes between processes. A Doer and a Server may share them.
type Metrics struct {
	commands *prometheus.HistogramVec
	again    *prometheus.CounterVec
	served   *prometheus.CounterVec
	events   *prometheus.CounterVec
}

// NewMetrics registers the package's metrics with r; a nil r registers nothing.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	return &Metrics{
		commands: f.NewHistogramVec(prometheus.HistogramOpts{
			Name: "busker_remote_command_seconds", Buckets: prometheus.ExponentialBuckets(0.001, 3, 10),
			Help: "Time until a command of a guild elsewhere was answered, by what came of it.",
		}, []string{"result"}),
		again: f.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_remote_again_total",
			Help: "Commands and questions that were sent again, by why.",
		}, []string{"why"}),
		served: f.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_remote_served_total",
			Help: "Commands and questions of other processes, by what was answered.",
		}, []string{"result"}),
		events: f.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_remote_events_total",
			Help: "Events by what became of them: published, unpublished, received, unreadable, old (of a former owner), missed (while away) or dropped (a subscriber was too slow).",
		}, []string{"fate"}),
	}
}
