package player

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Metrics count what all players of a Manager do.
type Metrics struct {
	players       prometheus.Gauge
	started       prometheus.Counter
	failed        *prometheus.CounterVec // by fault kind
	frames        prometheus.Counter
	stalls        prometheus.Counter
	panics        prometheus.Counter
	eventsDropped prometheus.Counter
	commands      *prometheus.HistogramVec // by command
	interruptions *prometheus.HistogramVec // by how they ended
	returns       *prometheus.CounterVec   // by how they ended
	repeated      prometheus.Counter
	voice         *census
}

// NewMetrics registers the package's metrics with r; a nil r registers nothing.
func NewMetrics(r prometheus.Registerer) *Metrics {
	f := promauto.With(r)
	voice := newCensus()
	if r != nil {
		r.MustRegister(voice)
	}
	return &Metrics{
		voice: voice,
		players: f.NewGauge(prometheus.GaugeOpts{
			Name: "busker_player_players",
			Help: "Guilds that have a player.",
		}),
		started: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_player_tracks_started_total",
			Help: "Tracks whose first packet was sent.",
		}),
		failed: f.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_player_tracks_failed_total",
			Help: "Tracks that could not be played to their end, by kind of failure.",
		}, []string{"kind"}),
		frames: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_player_frames_total",
			Help: "Frames of 20 ms encoded and handed to an output.",
		}),
		stalls: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_player_stalls_total",
			Help: "Times a track's audio came too late and listeners heard a gap.",
		}),
		panics: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_player_panics_total",
			Help: "Panics caught; each cost one track.",
		}),
		eventsDropped: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_player_events_dropped_total",
			Help: "Events a slow subscriber did not take in time.",
		}),
		commands: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "busker_player_command_seconds",
			Help:    "Time from a command's arrival to its answer, by command.",
			Buckets: prometheus.ExponentialBuckets(0.00025, 4, 9),
		}, []string{"command"}),
		repeated: f.NewCounter(prometheus.CounterOpts{
			Name: "busker_player_repeated_commands_total",
			Help: "Commands that came again after they were carried out, and were not once more.",
		}),
		returns: f.NewCounterVec(prometheus.CounterOpts{
			Name: "busker_player_returns_total",
			Help: "Guilds told to go back to their channel after a start: returned, or the kind of failure.",
		}, []string{"outcome"}),
		interruptions: f.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "busker_player_interruption_seconds",
			Help:    "Time in which nothing was heard because a voice connection was being restored, by outcome.",
			Buckets: prometheus.ExponentialBuckets(0.125, 2, 12),
		}, []string{"outcome"}),
	}
}
