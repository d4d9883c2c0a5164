package player_test

import (
	"math"
	"testing"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/opus"
	"busker/player"
)

// swell is music that is loud in odd seconds and soft in even ones.
func swell() signal {
	second := make([][2]float32, audio.SampleRate)
	for i := range 20 {
		hertz, level := math.Round(80*math.Pow(1.28, float64(i))), 0.2/math.Pow(1.2, float64(i))
		for n := range second {
			v := float32(level * math.Sin(2*math.Pi*hertz*float64(n+i*i*17)/audio.SampleRate))
			second[n][0] += v
			second[n][1] += v * float32(1-i%2*2)
		}
	}
	return func(n int) (left, right float32) {
		level := float32(0.05)
		if n/audio.SampleRate%2 == 1 {
			level = 0.9
		}
		now := second[n%audio.SampleRate]
		return now[0] * level, now[1] * level
	}
}

// power is the level of pcm in dB.
func power(pcm []float32) float64 { return residual(pcm, make([]float32, len(pcm))) - 120 }

// TestASeekIsHeardAtItsLevel goes from where a track of packets is loud to where it is
// soft, and back: a decoder that believed to be elsewhere would fade.
func TestASeekIsHeardAtItsLevel(t *testing.T) {
	d := press(t, swell(), 7*audio.SampleRate)
	whole := decodeHeard(t, d.packets)
	for _, tt := range []struct {
		name     string
		from, to time.Duration
		filters  dsp.Settings
		want     float64 // dB
		most     float64 // that listeners may hear beside
	}{
		{"loud to soft", 1500 * time.Millisecond, 4300 * time.Millisecond, dsp.Settings{}, 0, 3},
		{"soft to loud", 2500 * time.Millisecond, 5300 * time.Millisecond, dsp.Settings{}, 0, 3},
		{"loud to soft, filtered", 1500 * time.Millisecond, 4300 * time.Millisecond, halved, -6, 3},
		{"soft to loud, filtered", 2500 * time.Millisecond, 5300 * time.Millisecond, halved, -6, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, late := 0, 0 // where the first packet lies, and by how many values made sound is behind
			if !tt.filters.Neutral() {
				late = 2 * lookahead
			}
			heard := listen(t, func(r *rig, box *jukebox) {
				r.do(player.Filters{Settings: tt.filters})
				r.play(box.disc(d))
				r.pass(tt.from)
				r.do(player.Seek{At: tt.to})
				from = len(r.out.got())
				r.pass(time.Second)
				if at := r.status().Position; at < tt.to+900*time.Millisecond || at > tt.to+time.Second {
					t.Errorf("a second later at %v", at)
				}
			}, func(o *player.Options) { o.Pool = newPool(t, 10) })
			got, _ := decodeAll(t, heard)
			const frame = 2 * audio.FrameSamples
			there := 2 * int(audio.DurationSamples(tt.to))
			for n := 2; n < 15; n++ { // the first two go over from the sound before
				a, b := got[(from+n)*frame+late:][:frame], whole[there+n*frame:][:frame]
				if off := power(a) - power(b); math.Abs(off-tt.want) > tt.most {
					t.Errorf("frame %d after the seek: %.1f dB, want %.1f", n, off, tt.want)
				}
			}
		})
	}
}

var halved = dsp.Settings{ChannelMix: dsp.ChannelMix{On: true, LeftToLeft: 0.5, RightToRight: 0.5}}

// TestSeeksWhileItIsFast goes forth and back in a track that plays twice as fast, and
// looks where the chirp is and where Status says it is.
func TestSeeksWhileItIsFast(t *testing.T) {
	const seconds = 30
	d := press(t, chirpAt, seconds*audio.SampleRate)
	for _, packets := range []bool{false, true} {
		listen(t, func(r *rig, box *jukebox) {
			tr := box.wave(chirpAt, seconds*audio.SampleRate)
			if packets {
				tr = box.disc(d)
			}
			r.play(tr)
			r.pass(time.Second)
			r.do(player.Filters{Settings: dsp.Settings{Timescale: dsp.Timescale{Speed: 2}}})
			r.pass(time.Second)
			for _, to := range []time.Duration{20 * time.Second, 5 * time.Second} {
				if s := r.do(player.Seek{At: to}); s.Position != to {
					t.Errorf("at %v at once, want %v", s.Position, to)
				}
				r.pass(2 * time.Second)
				if at := r.status().Position - to; at < 3700*time.Millisecond || at > 4*time.Second {
					t.Errorf("2 s later %v further", at)
				}
			}
			r.do(player.Filters{})
			r.pass(time.Second)
			at := r.status().Position
			r.pass(4 * time.Second)
			if passed := r.status().Position - at; passed < 3980*time.Millisecond || passed > 4020*time.Millisecond {
				t.Errorf("4 s later %v further", passed)
			}
			if s := r.status(); packets && s.Mode != player.ModePassthrough {
				t.Errorf("mode %v", s.Mode)
			}
			r.pass(20 * time.Second)
			r.expectEnds(1)
		})
	}
}

// TestDamagedPacketsCostThemselves plays a track of packets some of which are none.
func TestDamagedPacketsCostThemselves(t *testing.T) {
	const frames = 300
	for name, tt := range map[string]struct {
		bad  []byte
		made bool
	}{
		"empty":            {nil, false},
		"of 60 ms":         {[]byte{0x18, 1, 2, 3}, false},
		"impossible":       {[]byte{3, 0}, false},
		"noise":            {[]byte{0xFC, 0xFF, 0xFF, 0x13, 0xFF}, false},
		"empty, made":      {nil, true},
		"impossible, made": {[]byte{3, 0}, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := press(t, tone(500, 0.1), frames*audio.FrameSamples)
			whole := decodeHeard(t, d.packets)
			for _, n := range []int{50, 100, 101, 102, 150} {
				d.packets[n] = tt.bad
			}
			heard := listen(t, func(r *rig, box *jukebox) {
				r.do(player.Normalise{On: tt.made})
				r.play(box.disc(d))
				r.pass(10 * time.Second)
				r.expectEnds(1)
			})
			for i, p := range heard {
				if length, err := opus.PacketDuration(p); err != nil || length != audio.FrameTime {
					t.Fatalf("packet %d: % x", i, p)
				}
			}
			got := decodeHeard(t, heard)
			if len(got) < len(whole) {
				t.Fatalf("%d samples heard of %d", len(got)/2, len(whole)/2)
			}
			for _, frame := range []int{40, 99, 140, 200, 290} {
				part := got[2*frame*audio.FrameSamples:][:2*audio.FrameSamples]
				if level := 20 * math.Log10(share(part, 500)/0.1); math.Abs(level) > 0.5 {
					t.Errorf("frame %d: %.1f dB", frame, level)
				}
			}
		})
	}
}

// TestATrackThatIsOnlyDamageFails does not play made up sound for ever.
func TestATrackThatIsOnlyDamageFails(t *testing.T) {
	d := press(t, tone(500, 0.1), 300*audio.FrameSamples)
	for n := 100; n < 300; n++ {
		d.packets[n] = []byte{3, 0}
	}
	listen(t, func(r *rig, box *jukebox) {
		tr := box.disc(d)
		r.play(tr)
		r.pass(10 * time.Second)
		r.expect("joined", "started "+tr.Title, "failed "+tr.Title+" corrupt", "failed "+tr.Title, "queue ended")
	})
}
