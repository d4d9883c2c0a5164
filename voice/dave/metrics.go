package dave

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics counts what sessions do. Several sessions may share one.
type Metrics struct {
	epochs      prometheus.Counter
	transitions *prometheus.CounterVec
	sent, won   prometheus.Counter
	recoveries  prometheus.Counter
	dropped     prometheus.Counter
	processing  prometheus.Histogram
}

// NewMetrics registers the package's metrics with r; nil registers nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	commits := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "busker_dave_commits_total",
		Help: "Commits of ours: sent to the voice server, and won, which means that it chose them.",
	}, []string{"stage"})
	m := &Metrics{
		epochs: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "busker_dave_epochs_total",
			Help: "Epochs of encryption groups entered, by commit or by Welcome.",
		}),
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_dave_transitions_total",
			Help: "Transitions executed, by how frames are sent afterwards.",
		}, []string{"sending"}),
		sent: commits.WithLabelValues("sent"),
		won:  commits.WithLabelValues("won"),
		recoveries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "busker_dave_recoveries_total",
			Help: "Commits and Welcomes that failed, so that we asked to be added again.",
		}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "busker_dave_frames_dropped_total",
			Help: "Frames not sent for want of a key.",
		}),
		processing: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "busker_dave_mls_seconds",
			Help:    "Time taken by one message of the group's key agreement.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1},
		}),
	}
	for s := Nothing; s <= Encrypted; s++ {
		m.transitions.WithLabelValues(s.String())
	}
	if r != nil {
		r.MustRegister(commits, m.epochs, m.transitions, m.recoveries, m.dropped, m.processing)
	}
	return m
}

// took observes the time since start.
func (m *Metrics) took(start time.Time) { m.processing.Observe(time.Since(start).Seconds()) }
