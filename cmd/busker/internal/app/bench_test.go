package app_test

import (
	"slices"
	"testing"
	"time"

	"busker/audio"
	"busker/emulator"
)

// commandPace keeps a join and a leave each time below what Discord grants a shard,
// which the gateway would otherwise wait for.
const commandPace = 2 * time.Second

// BenchmarkPlayToFirstPacket measures from a person's pressing enter on /play to
// the arrival of the first packet at a listener, the bot being in no channel yet:
// interaction, resolving, joining voice, opening, encoding. Run it with
// -benchtime 50x; p50 and p95 are what counts, ns/op includes leaving and the pause after it.
func BenchmarkPlayToFirstPacket(b *testing.B) {
	s := newStage(b, nil)
	var took []time.Duration
	for b.Loop() {
		feed := s.ears.Subscribe(audio.FramesPerSecond)
		started := time.Now()
		i, err := s.you.Command(s.ctx, s.text, "play", emulator.Args{"query": song})
		if err != nil {
			b.Fatal(err)
		}
		<-feed.Frames()
		took = append(took, time.Since(started))
		feed.Close()
		if _, err := i.Response(s.ctx); err != nil {
			b.Fatal(err)
		}
		s.command(b, "leave", nil)
		if err := s.bot.WaitVoice(s.ctx, s.guild, nil); err != nil {
			b.Fatal(err)
		}
		<-time.After(commandPace)
	}
	slices.Sort(took)
	at := func(share float64) float64 {
		return float64(took[min(int(share*float64(len(took))), len(took)-1)].Microseconds()) / 1000
	}
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.95), "p95-ms")
	b.ReportMetric(at(1), "max-ms")
}
