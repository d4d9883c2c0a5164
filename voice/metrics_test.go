package voice_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busker/voice"
)

func TestMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	w := newWorld(t, func(o *voice.HubOptions) { o.Metrics = voice.NewMetrics(registry) })
	conn := w.join(channel)
	w.play(conn, 0, 10)
	w.heard(w.now(), 15)
	if err := conn.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := gather(t, registry)
	for name, want := range map[string]float64{
		"busker_voice_packets_total audio":   10,
		"busker_voice_packets_dropped_total": 0,
		"busker_voice_connections":           0,
		"busker_voice_join_seconds":          1,
	} {
		if n, ok := got[name]; !ok || n != want {
			t.Errorf("%s is %v, want %v", name, n, want)
		}
	}
	if got["busker_voice_packets_total silence"] < 5 { // more where a busy machine ran out of packets
		t.Errorf("%v frames of silence", got["busker_voice_packets_total silence"])
	}
	if got["busker_voice_send_lateness_seconds"] < 15 {
		t.Errorf("%v slots observed", got["busker_voice_send_lateness_seconds"])
	}
}

// gather returns what metrics say: values of counters and gauges, and how much
// histograms saw.
func gather(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return got
}

// TestClosesAreCountedByWhatWasDone: a session that could not be resumed was replaced.
func TestClosesAreCountedByWhatWasDone(t *testing.T) {
	registry := prometheus.NewRegistry()
	onStage(t, func(s *stage) {
		_, p := s.joined()
		p.Resume(closedWith(4015))
		p.End(fmt.Errorf("5 resumes: %w", closedWith(1006)))
		s.event(voice.Interrupted)
		s.back().End(closedWith(4014))
		s.event(voice.Interrupted)
		pass(time.Second)
	}, func(o *voice.HubOptions) { o.Metrics = voice.NewMetrics(registry) })
	got := gather(t, registry)
	for _, name := range []string{"4014 follow", "4015 resume", "network rejoin"} {
		if got["busker_voice_closes_total "+name] != 1 {
			t.Errorf("not %s: %v", name, got)
		}
	}
}
