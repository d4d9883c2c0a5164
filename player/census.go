package player

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// How a player's voice connection is; labels of a metric.
const (
	voiceEncrypted   = "encrypted"   // end to end
	voicePlain       = "plain"       // a stage, or nobody to share keys with
	voiceInterrupted = "interrupted" // being restored
)

// census counts players in voice channels by how their connection is, at the moment
// the figures are read.
type census struct {
	about *prometheus.Desc
	count atomic.Pointer[func() map[string]int]
}

func newCensus() *census {
	return &census{about: prometheus.NewDesc("busker_player_voice_connections",
		"Players in a voice channel, by how their connection is.", []string{"state"}, nil)}
}

// Describe implements prometheus.Collector.
func (c *census) Describe(to chan<- *prometheus.Desc) { to <- c.about }

// Collect implements prometheus.Collector.
func (c *census) Collect(to chan<- prometheus.Metric) {
	count := c.count.Load()
	if count == nil {
		return
	}
	for state, n := range (*count)() {
		to <- prometheus.MustNewConstMetric(c.about, prometheus.GaugeValue, float64(n), state)
	}
}

// census counts the players; each state is there, if only with 0.
func (m *Manager) census() map[string]int {
	m.mu.Lock()
	players := make([]*player, 0, len(m.players))
	for _, p := range m.players {
		players = append(players, p)
	}
	m.mu.Unlock()
	n := map[string]int{voiceEncrypted: 0, voicePlain: 0, voiceInterrupted: 0}
	for _, p := range players {
		switch s := p.now(); {
		case s.Channel == 0:
		case s.Interrupted || !s.Voice.Connected:
			n[voiceInterrupted]++
		case s.Voice.Encrypted:
			n[voiceEncrypted]++
		default:
			n[voicePlain]++
		}
	}
	return n
}
