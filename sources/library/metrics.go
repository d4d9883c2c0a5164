package library

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics are the index in figures.
type Metrics struct {
	files                                *prometheus.GaugeVec // by state
	waiting, watching                    prometheus.Gauge
	described, refused, measured, passes prometheus.Counter
	search                               prometheus.Histogram
}

// NewMetrics registers the package's metrics with r; a nil r registers nothing.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	counter := func(name, help string) prometheus.Counter {
		return f.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	gauge := func(name, help string) prometheus.Gauge {
		return f.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	return &Metrics{
		files: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "busker_library_files",
			Help: "Files of the music folders by what is known of them: named, described, refused or listed.",
		}, []string{"state"}),
		waiting:   gauge("busker_library_waiting_files", "Files that wait to be described."),
		watching:  gauge("busker_library_watching", "1 while changes of the music folders are noticed at once, 0 while they are only looked for from time to time."),
		described: counter("busker_library_described_total", "Files that were asked what they are."),
		refused:   counter("busker_library_refused_total", "Files among them that cannot be played."),
		measured:  counter("busker_library_measured_total", "Files whose loudness was measured."),
		passes:    counter("busker_library_passes_total", "Times all music folders were read."),
		search: f.NewHistogram(prometheus.HistogramOpts{
			Name: "busker_library_search_seconds", Help: "Time a search took.",
			Buckets: []float64{.0005, .001, .002, .005, .01, .02, .05, .1, .2},
		}),
	}
}

var stateNames = [states]string{"named", "described", "refused", "listed"}

// report updates the gauges.
func (c *clerk) report() {
	for s, n := range c.cat.counts {
		c.opts.Metrics.files.WithLabelValues(stateNames[s]).Set(float64(n))
	}
	c.opts.Metrics.waiting.Set(float64(c.scan.of - c.scan.done))
	watching := 0.0
	if c.scan.watching {
		watching = 1
	}
	c.opts.Metrics.watching.Set(watching)
}
