package bot

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busker/internal/fault"
)

// Metrics are the bot's figures. Use NewMetrics.
type Metrics struct {
	interactions *prometheus.CounterVec   // by name of the command or button, and outcome
	seconds      *prometheus.HistogramVec // from hand-over to the final answer
	ack          prometheus.Histogram
	claims       *prometheus.CounterVec // by answer
	refused      *prometheus.CounterVec // first answers Discord did not take, by why
	panics       prometheus.Counter
	cards        *prometheus.CounterVec // by what was done
}

// NewMetrics makes the figures and registers them with r, unless r is nil.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		interactions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_bot_interactions_total", Help: "Interactions answered.",
		}, []string{"name", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "busker_bot_interaction_seconds", Help: "Time to the final answer.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"name"}),
		ack: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "busker_bot_ack_seconds", Help: "Time to the first answer; Discord waits 3 s.",
			Buckets: []float64{.025, .05, .1, .25, .5, 1, 2, 3},
		}),
		claims: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_bot_claims_total",
			Help: "Interactions by who may answer them: this process (first), another (taken), this one but Discord said it again (twice), unknown.",
		}, []string{"answer"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_bot_refused_answers_total",
			Help: "First answers that Discord did not take, after which nothing was done: somebody else's was first (answered), it came too late (expired), or other.",
		}, []string{"why"}),
		panics: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "busker_bot_panics_total", Help: "Panics caught while answering.",
		}),
		cards: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_bot_cards_total", Help: "Writes of now-playing cards.",
		}, []string{"write"}),
	}
	if r != nil {
		r.MustRegister(m.interactions, m.seconds, m.ack, m.claims, m.refused, m.panics, m.cards)
	}
	return m
}

// outcome is err as a label.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.KindOf(err).String()
}

func (m *Metrics) answered(name string, err error, began time.Time) {
	m.interactions.WithLabelValues(name, outcome(err)).Inc()
	m.seconds.WithLabelValues(name).Observe(time.Since(began).Seconds())
}
