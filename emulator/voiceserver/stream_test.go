package voiceserver_test

import (
	"testing"
	"time"

	"busker/emulator/voiceserver"
)

// TestStepsOfTheTimestamp: a pause explains a step, also one that is seen late because
// the packet before it was.
func TestStepsOfTheTimestamp(t *testing.T) {
	const ms = time.Millisecond
	type packet struct {
		after  time.Duration // the one before
		frames uint32        // its timestamp is beyond that one's
	}
	for _, tt := range []struct {
		name    string
		packets []packet
		broken  int
	}{
		{"in time", []packet{{20 * ms, 1}, {20 * ms, 1}}, 0},
		{"a stall, and its frames left out", []packet{{120 * ms, 6}, {20 * ms, 1}}, 0},
		{"a stall seen with the packet before", []packet{{120 * ms, 1}, {20 * ms, 6}, {20 * ms, 1}}, 0},
		{"a stall explains one step", []packet{{120 * ms, 1}, {20 * ms, 6}, {20 * ms, 6}}, 1},
		{"frames left out for nothing", []packet{{20 * ms, 1}, {20 * ms, 6}}, 1},
		{"no whole frames", []packet{{120 * ms, 1}, {20 * ms, 0}}, 1},
		{"a pause", []packet{{20 * ms, 1}, {5000 * ms, 250}, {20 * ms, 1}}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, now := voiceserver.NewStream(), time.Unix(1000, 0)
			broken := len(s.Check(0, now))
			for _, p := range tt.packets {
				now = now.Add(p.after)
				broken += len(s.Check(p.frames, now))
			}
			if broken != tt.broken {
				t.Errorf("%d violations, want %d", broken, tt.broken)
			}
		})
	}
}
