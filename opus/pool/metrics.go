package pool

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the figures of one Pool. Run brings all but the waits and refusals up to
// date, four times a second.
type Metrics struct {
	load, complexity, waiting, seats, capacity prometheus.Gauge
	turns, frames, misses, loans, refusals     prometheus.Counter
	wait                                       prometheus.Histogram
}

// NewMetrics makes the figures and registers them with r, unless r is nil.
func NewMetrics(r prometheus.Registerer) *Metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "busker_pool_" + name, Help: help})
	}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "busker_pool_" + name, Help: help})
	}
	m := &Metrics{
		load:       gauge("load_ratio", "Share of the cores in use over the last second."),
		complexity: gauge("complexity", "Complexity encoders are set to, 0 to 10."),
		waiting:    gauge("waiting_turns", "Streams waiting for a core."),
		seats:      gauge("seats", "Streams admitted."),
		capacity:   gauge("capacity_seats", "About how many transcoded streams fit at the present complexity."),
		turns:      counter("turns_total", "Jobs done with a core."),
		frames:     counter("frames_total", "Frames of 20 ms made."),
		misses:     counter("deadline_misses_total", "Jobs that ended after their deadline."),
		loans:      counter("loans_total", "Cores given out again because a stream kept its for more than 20 ms."),
		refusals:   counter("refusals_total", "Streams refused because the machine was full."),
		wait: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "busker_pool_wait_seconds",
			Help:    "How long streams waited for a core, when none was free.",
			Buckets: []float64{.0001, .0005, .001, .0025, .005, .01, .025, .05, .1, .2, .5},
		}),
	}
	if r != nil {
		r.MustRegister(m.load, m.complexity, m.waiting, m.seats, m.capacity,
			m.turns, m.frames, m.misses, m.loans, m.refusals, m.wait)
	}
	return m
}

// report brings the metrics up to date. Only Run calls it.
func (p *Pool) report() {
	m, now, last := p.metrics, p.Status(), p.reported
	m.load.Set(now.Load)
	m.complexity.Set(float64(now.Complexity))
	m.waiting.Set(float64(now.Waiting))
	m.seats.Set(float64(now.Seats))
	m.capacity.Set(float64(now.Capacity))
	m.turns.Add(float64(now.Turns - last.Turns))
	m.frames.Add(float64(now.Frames - last.Frames))
	m.misses.Add(float64(now.Misses - last.Misses))
	m.loans.Add(float64(now.Loans - last.Loans))
	p.reported = now
}
