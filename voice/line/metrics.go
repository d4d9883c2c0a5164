package line

import "github.com/prometheus/client_golang/prometheus"

// Metrics counts what Lines send. They feed it without allocating.
type Metrics struct {
	audio, silence, keepalives prometheus.Counter
	dropped                    prometheus.Counter
	underruns                  prometheus.Counter
}

// NewMetrics registers the package's metrics with r; nil registers nowhere. They bear
// the name of voice, whose sending half this is.
func NewMetrics(r prometheus.Registerer) *Metrics {
	packets := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "busker_voice_packets_total",
		Help: "UDP packets handed to the network, by what they carry.",
	}, []string{"kind"})
	m := &Metrics{
		audio:      packets.WithLabelValues("audio"),
		silence:    packets.WithLabelValues("silence"),
		keepalives: packets.WithLabelValues("keepalive"),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "busker_voice_packets_dropped_total",
			Help: "Packets that could not be sealed; frames without a key are busker_dave_frames_dropped_total, what the network refused is busker_udp_dropped_total.",
		}),
		underruns: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "busker_voice_underruns_total",
			Help: "Times a connection ran out of packets for at most five frames.",
		}),
	}
	if r != nil {
		r.MustRegister(packets, m.dropped, m.underruns)
	}
	return m
}
