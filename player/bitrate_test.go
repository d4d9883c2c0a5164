package player_test

import (
	"sync/atomic"
	"testing"
	"time"

	"busker/opus"
	"busker/player"
)

// A channel whose bitrate changes gets another encoder, and one where something else
// changes keeps its own. Nothing of the track is lost.
func TestTheBitrateFollowsTheChannel(t *testing.T) {
	var bitrate, made atomic.Int64
	bitrate.Store(64_000)
	run(t, func(o *player.Options, _ *rig) {
		o.Bitrate = func(player.GuildID) int { return int(bitrate.Load()) }
		o.Encoder = func(player.GuildID) (opus.Encoder, error) {
			made.Add(1)
			return &codec{}, nil
		}
	}, func(r *rig) {
		r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputAltered}) // nobody plays there
		r.play(r.shelf.put(1, 3000))
		r.pass(time.Second)
		before := made.Load()
		r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputAltered})
		r.pass(time.Second)
		if n := made.Load(); n != before {
			t.Errorf("%d encoders for nothing", n-before)
		}
		bitrate.Store(96_000)
		r.m.OutputChanged(guild, player.OutputEvent{Kind: player.OutputAltered})
		r.pass(time.Second)
		s, _ := r.m.Status(guild)
		if n := made.Load(); n != before+1 || s.Bitrate != 96_000 {
			t.Errorf("%d encoders more, %d bit/s", n-before, s.Bitrate)
		}
		if s.State != player.StatePlaying || s.Position < 2900*time.Millisecond {
			t.Errorf("%v at %v", s.State, s.Position)
		}
	})
}
