package player_test

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"busker/audio"
	"busker/player"
)

func TestPacketsAreSentAsTheyAre(t *testing.T) {
	d := press(t, chirpAt, 100*audio.FrameSamples)
	heard := listen(t, func(r *rig, box *jukebox) {
		r.play(box.disc(d))
		r.pass(time.Second)
		if s := r.status(); s.Mode != player.ModePassthrough || s.Position != time.Second || s.Speed != 1 {
			r.Errorf("%v at %v, speed %v", s.Mode, s.Position, s.Speed)
		}
		r.pass(3 * time.Second)
		if how := box.opened(); len(how) != 1 || !how[0].Plain {
			r.Errorf("opened %+v", how)
		}
	})
	if len(heard) != len(d.packets)+silenceFrames {
		t.Fatalf("%d packets for %d and the silence", len(heard), len(d.packets))
	}
	for i, p := range d.packets {
		if !bytes.Equal(heard[i], p) {
			t.Fatalf("packet %d is another", i)
		}
	}
}

// TestToPCMAndBack has the pump make frames of an Opus track for a while, several
// times, and change nothing about them. What a listener decodes is compared with what
// the track decodes to, frame by frame, at the very same samples.
func TestToPCMAndBack(t *testing.T) {
	const frames = 400
	d := press(t, chirpAt, frames*audio.FrameSamples)
	heard := listen(t, func(r *rig, box *jukebox) {
		r.play(box.disc(d))
		for range 4 {
			r.pass(730 * time.Millisecond)
			r.do(player.Normalise{On: true})
			r.pass(570 * time.Millisecond)
			if s := r.status(); s.Mode != player.ModeEncoding {
				r.Errorf("mode %v", s.Mode)
			}
			r.do(player.Normalise{})
			r.pass(400 * time.Millisecond)
			if s := r.status(); s.Mode != player.ModePassthrough {
				r.Errorf("mode %v", s.Mode)
			}
		}
		r.pass(10 * time.Second)
	})
	if same := d.count(heard); same < frames-150 || same > frames-80 {
		t.Errorf("%d packets were passed on", same)
	}
	got, want := decodeHeard(t, heard), decodeHeard(t, d.packets)
	follows(t, got, want, -9)
	clicks(t, heard, leap(want))
}

// follows compares what was heard with what should have been, frame by frame.
func follows(t *testing.T, got, want []float32, most float64) {
	t.Helper()
	if len(got) < len(want) {
		t.Fatalf("%d samples heard, want %d", len(got)/2, len(want)/2)
	}
	const frame = 2 * audio.FrameSamples
	worst, where := -200.0, 0
	for at := frame; at+frame <= len(want); at += frame {
		if r := residual(got[at:at+frame], want[at:at+frame]); r > worst {
			worst, where = r, at/frame
		}
	}
	t.Logf("worst frame %d: %.1f dB beside", where, worst)
	if worst > most {
		t.Errorf("frame %d is %.1f dB beside", where, worst)
	}
}

// clicks checks that what a listener hears, silence included, has no larger leaps than
// the sound itself.
func clicks(t *testing.T, packets [][]byte, most float64) {
	t.Helper()
	pcm, _ := decodeAll(t, packets)
	if l := leap(pcm); l > 1.3*most {
		t.Errorf("it clicks: leaps of %.3f, should be %.3f", l, most)
	}
}

// TestResumedPacketsDoNotFadeIn pauses a track of packets; listeners hear silence
// meanwhile.
func TestResumedPacketsDoNotFadeIn(t *testing.T) {
	const frames = 300
	d := press(t, chirpAt, frames*audio.FrameSamples)
	heard := listen(t, func(r *rig, box *jukebox) {
		r.play(box.disc(d))
		for range 3 {
			r.pass(1310 * time.Millisecond)
			r.do(player.Pause{})
			r.pass(time.Second)
			r.do(player.Resume{})
		}
		r.pass(10 * time.Second)
	})
	if same := d.count(heard); same < frames-10 || same > frames-8 {
		t.Errorf("%d packets were passed on", same)
	}
	want := decodeHeard(t, d.packets)
	follows(t, decodeHeard(t, heard), want, -7)
	clicks(t, heard, leap(want))
}

// TestNoSwitchLosesAFrame gives commands that change nothing of the sound at moments
// nobody chose, some in the middle of what the one before began.
func TestNoSwitchLosesAFrame(t *testing.T) {
	const frames = 400
	seeds := uint64(12)
	if raceEnabled {
		seeds = 3
	}
	d := press(t, chirpAt, frames*audio.FrameSamples)
	want := decodeHeard(t, d.packets)
	for seed := range seeds {
		random := rand.New(rand.NewPCG(seed, 1))
		heard := listen(t, func(r *rig, box *jukebox) {
			r.play(box.disc(d))
			on := false
			for r.status().State == player.StatePlaying {
				r.pass(time.Duration(random.IntN(400)) * time.Millisecond)
				switch random.IntN(3) {
				case 0:
					_, _ = r.m.Do(r.Context(), guild, player.Pause{}) // it may be over
					r.pass(time.Duration(random.IntN(2)*(40+random.IntN(200))) * time.Millisecond)
					_, _ = r.m.Do(r.Context(), guild, player.Resume{})
				default:
					on = !on
					r.do(player.Normalise{On: on})
				}
			}
			r.pass(time.Second)
		}, func(o *player.Options) { o.Pool = newPool(t, 10) })
		got := decodeHeard(t, heard)
		if extra := len(got) - len(want); extra < 0 || extra > 2*2*audio.FrameSamples {
			t.Errorf("seed %d: %d samples more than there were", seed, extra/2)
		}
		follows(t, got, want[:len(want)-2*audio.FrameSamples], -6) // the last may be padding
		clicks(t, heard, 1.2*leap(want))                           // a pause may come anywhere
	}
}
