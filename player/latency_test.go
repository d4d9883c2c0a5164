package player_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/player"
	"busker/track"
)

// soon is how long after a command 95 of 100 are heard at the latest.
const soon = 250 * time.Millisecond

// delays are how long it took from commands to their being heard.
type delays []time.Duration

func (d delays) judge(t *testing.T) {
	t.Helper()
	slices.Sort(d)
	at := func(share float64) time.Duration {
		return d[min(int(share*float64(len(d))), len(d)-1)].Round(time.Millisecond)
	}
	t.Logf("%d commands: p5 %v, p50 %v, p95 %v, at most %v", len(d), at(0.05), at(0.5), at(0.95), at(1))
	if at(0.95) > soon {
		t.Errorf("p95 is %v", at(0.95))
	}
}

// TestSeeksAndSkipsAreHeardSoon gives commands at all moments of the ring's round.
func TestSeeksAndSkipsAreHeardSoon(t *testing.T) {
	const trials = 60
	for _, name := range []string{"seek", "skip"} {
		t.Run(name, func(t *testing.T) {
			var took delays
			run(t, nil, func(r *rig) {
				a, b := r.shelf.put(1, 10_000), r.shelf.put(2, 10_000)
				var list []track.Track
				for range trials {
					list = append(list, a, b)
				}
				r.play(list...)
				for i := range trials {
					r.pass(time.Second + time.Duration(i)*7*time.Millisecond)
					before := r.out.all()
					last := before[len(before)-1]
					now := time.Since(r.out.start)
					if name == "seek" {
						r.do(player.Seek{At: time.Duration(1+i%2) * time.Minute})
					} else {
						r.do(player.Skip{})
					}
					r.pass(500 * time.Millisecond)
					for _, s := range r.out.all()[len(before):] {
						if s.track != last.track || math.Abs(float64(s.frame-last.frame)) > 1000 {
							took = append(took, s.at-now)
							break
						}
					}
				}
			})
			if len(took) != trials {
				t.Fatalf("%d of %d were heard", len(took), trials)
			}
			took.judge(t)
		})
	}
}

// TestChangesOfSoundAreHeardSoon switches filters and volume on and off. A change is heard
// when half of it, in dB, can be: with what the codec is behind and the glide.
func TestChangesOfSoundAreHeardSoon(t *testing.T) {
	trials := 40
	if raceEnabled {
		trials = 14
	}
	for _, tt := range []struct {
		name    string
		packets bool
		on, off player.Command
	}{
		{"filter", false, player.Filters{Settings: halved}, player.Filters{}},
		{"filter on packets", true, player.Filters{Settings: halved}, player.Filters{}},
		{"filter beside another", false, player.Filters{Settings: withReverb(halved)}, player.Filters{Settings: withReverb(dsp.Settings{})}},
		{"volume", true, player.Volume{Percent: 50}, player.Volume{Percent: 100}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var times []time.Duration
			var given []time.Duration
			heard := listen(t, func(r *rig, box *jukebox) {
				samples := (trials*11/10 + 2) * audio.SampleRate
				tr := box.wave(tone(500, 0.1), samples)
				if tt.packets {
					tr = box.disc(press(t, tone(500, 0.1), samples))
				}
				r.play(tr)
				for i := range trials {
					r.pass(time.Second + time.Duration(i%20)*7*time.Millisecond)
					given = append(given, time.Since(r.out.start))
					r.do([]player.Command{tt.on, tt.off}[i%2])
				}
				r.pass(time.Second)
				r.out.mu.Lock()
				times = slices.Clone(r.out.times)
				r.out.mu.Unlock()
			})
			got, _ := decodeAll(t, heard)
			levels := make([]float64, len(heard))
			for n := range heard {
				levels[n] = power(got[2*n*audio.FrameSamples:][:2*audio.FrameSamples])
			}
			var took delays
			for i, now := range given {
				n, _ := slices.BinarySearch(times, now)
				from := levels[n]
				to := levels[n+40]
				for ; math.Abs(levels[n]-from) < math.Abs(to-from)/2; n++ {
				}
				if took = append(took, times[n]-now); math.Abs(to-from) < 4 {
					t.Fatalf("change %d is from %.1f to %.1f dB", i, from, to)
				}
			}
			took.judge(t)
		})
	}
}

func withReverb(s dsp.Settings) dsp.Settings {
	s.Reverb.Mix, s.Reverb.Size, s.Reverb.Width = 0.1, 0.3, 0.5
	return s
}
