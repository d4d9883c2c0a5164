package udp

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what goes over the sockets. Threads feed it without allocating.
type Metrics struct {
	sockets             prometheus.Gauge
	batches             prometheus.Histogram
	full, closed, other prometheus.Counter
	refused             prometheus.Counter
}

// NewMetrics registers the package's metrics with r; nil registers nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	dropped := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "busker_udp_dropped_total",
		Help: "Datagrams that were not sent: the socket's buffer was full, the socket was closed, or the system gave another reason.",
	}, []string{"reason"})
	m := &Metrics{
		sockets: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "busker_udp_sockets",
			Help: "Open media sockets, each shared by many streams.",
		}),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "busker_udp_batch_packets",
			Help:    "Datagrams handed to a socket at a time.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64},
		}),
		full: dropped.WithLabelValues("full"), closed: dropped.WithLabelValues("closed"), other: dropped.WithLabelValues("other"),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "busker_udp_refused_total",
			Help: "Datagrams that a remote host said nobody took.",
		}),
	}
	if r != nil {
		r.MustRegister(dropped, m.sockets, m.batches, m.refused)
	}
	return m
}
