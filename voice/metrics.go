package voice

import (
	"errors"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busker/voice/dave"
	"busker/voice/line"
	"busker/voice/signal"
	"busker/voice/udp"
)

// Metrics counts what the connections and the pacer do. The pacer feeds it without
// allocating. Those of voice/dave, voice/line and voice/udp belong to it.
type Metrics struct {
	line        *line.Metrics
	udp         *udp.Metrics
	lateness    prometheus.Histogram
	members     *prometheus.GaugeVec
	resyncs     prometheus.Counter
	stills      prometheus.Counter
	replaced    prometheus.Counter
	connections prometheus.Gauge
	joins       prometheus.Histogram
	closes      *prometheus.CounterVec
	dave        *dave.Metrics
}

// NewMetrics registers all of them with r; nil registers nowhere.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		dave: dave.NewMetrics(r), line: line.NewMetrics(r), udp: udp.NewMetrics(r),
		lateness: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "busker_voice_send_lateness_seconds",
			Help:    "How long after its deadline the pacer began a slot of 1 ms.",
			Buckets: []float64{.0001, .00025, .0005, .001, .002, .0045, .01, .02, .04, .06, .1, .25, 1},
		}),
		resyncs: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "busker_voice_resyncs_total",
			Help: "Times a thread of the pacer was too late to catch up and skipped frames instead.",
		}),
		stills: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "busker_voice_standstills_total",
			Help: "Times a thread of the pacer found that the process had stood still for more than a second.",
		}),
		replaced: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "busker_voice_replaced_total",
			Help: "Calls given up because the guild is another process's.",
		}),
		members: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "busker_voice_pacer_members",
			Help: "Calls each thread of the pacer sends for.",
		}, []string{"thread"}),
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "busker_voice_connections",
			Help: "Voice connections able to send.",
		}),
		joins: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "busker_voice_join_seconds",
			Help:    "Time from asking to join to being able to send.",
			Buckets: prometheus.ExponentialBuckets(.05, 2, 10),
		}),
		closes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_voice_closes_total",
			Help: "Voice gateway sockets lost, by what was done about it and the close code or what else was the cause.",
		}, []string{"reaction", "cause"}),
	}
	if r != nil {
		r.MustRegister(m.lateness, m.resyncs, m.stills, m.replaced, m.members,
			m.connections, m.joins, m.closes)
	}
	return m
}

// closed counts the loss of a socket.
func (m *Metrics) closed(reaction signal.Reaction, err error) {
	m.closes.WithLabelValues(reaction.String(), cause(err)).Inc()
}

// cause is the close code, of the closed set that has rules, or a word.
func cause(err error) string {
	var closed *signal.Closed
	switch {
	case errors.As(err, &closed) && closed.Code < 4000:
		return "network"
	case errors.As(err, &closed) && signal.Known(closed.Code):
		return strconv.Itoa(closed.Code)
	case errors.Is(err, signal.ErrZombie):
		return "heartbeat"
	case errors.Is(err, line.ErrPath):
		return "media"
	case errors.Is(err, signal.ErrEncryption):
		return "encryption"
	case errors.Is(err, errNoAnswer):
		return "timeout"
	}
	return "other"
}

// tick records one slot of the pacer; it is the pacer's Observe.
func (m *Metrics) tick(late time.Duration, skipped bool) {
	m.lateness.Observe(late.Seconds())
	if skipped {
		m.resyncs.Inc()
	}
}

// paced records how many members a thread of the pacer has.
func (m *Metrics) paced(thread, members int) {
	m.members.WithLabelValues(strconv.Itoa(thread)).Set(float64(members))
}
