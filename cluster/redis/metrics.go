package redis

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/sony/gobreaker/v2"
)

// Metrics count what is asked of Redis.
type Metrics struct {
	busMetrics
	calls     *prometheus.HistogramVec // by call and result
	open      prometheus.Gauge
	trips     prometheus.Counter
	reachable prometheus.Gauge
	alone     prometheus.Counter
}

// How calls end.
const (
	resultOK      = "ok"
	resultRefused = "refused" // the server answered, with an error
	resultLost    = "lost"    // it did not
	resultOpen    = "open"    // it was not asked: the breaker is open
	resultUnheard = "unheard" // nobody waited for as long as an answer may take, or no connection was free
)

// NewMetrics registers the package's metrics with r; a nil r registers nothing.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	return &Metrics{
		busMetrics: newBusMetrics(r),
		calls: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "busker_cluster_call_seconds",
			Help:    "How long calls to Redis took, by call and result: ok, refused, lost, open or unheard.",
			Buckets: []float64{.0002, .0005, .001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2},
		}, []string{"call", "result"}),
		open:      f.NewGauge(prometheus.GaugeOpts{Name: "busker_cluster_breakers_open", Help: "Redis servers that are not asked because they did not answer."}),
		trips:     f.NewCounter(prometheus.CounterOpts{Name: "busker_cluster_breaker_trips_total", Help: "How often a Redis server stopped being asked because it did not answer."}),
		reachable: f.NewGauge(prometheus.GaugeOpts{Name: "busker_cluster_reachable", Help: "Whether Redis answered the newest calls."}),
		alone: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_cluster_unreplicated_grants_total",
			Help: "Leases granted that no replica had confirmed in time.",
		}),
	}
}

func (m *Metrics) observe(call, result string, took time.Duration) {
	m.calls.WithLabelValues(call, result).Observe(took.Seconds())
	switch result {
	case resultOK, resultRefused:
		m.reachable.Set(1)
	case resultUnheard:
	default:
		m.reachable.Set(0)
	}
}

func outcome(err error) string {
	switch {
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return resultOpen
	case lost(err):
		return resultLost
	case err != nil && answered(err) && err.Error() != "redis: nil":
		return resultRefused
	}
	return resultOK
}
