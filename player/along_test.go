package player_test

import (
	"testing"
	"time"

	"busker/audio"
	"busker/player"
	"busker/track"
)

// TestPacketsMoveAsTheyAre: the new owner passes on the very packets the old one does at
// the time, or makes sound of them.
func TestPacketsMoveAsTheyAre(t *testing.T) {
	d := press(t, chirpAt, 800*audio.FrameSamples)
	for name, normalise := range map[string]bool{"passed on": false, "made": true} {
		t.Run(name, func(t *testing.T) {
			live(t, func(l *lives) {
				box := &jukebox{open: map[string]func(time.Duration) audio.Reader{}}
				l.tune = func(o *player.Options) { o.Opener, o.Encoder, o.Decoder = box, nil, nil }
				a := l.owner(5)
				a.do(guild, player.Normalise{On: normalise})
				a.do(guild, player.Play{Tracks: []track.Track{box.disc(d)}, Channel: lobby})
				a.pass(5 * time.Second)
				a.handOver()
				a.pass(300 * time.Millisecond)
				l.slowly(400 * time.Millisecond)
				b := l.owner(6)
				b.follow()
				b.pass(4 * time.Second)
				near(t, "the new owner", b.status(guild).Position, a.status(guild).Position, 39*time.Millisecond)
				a.m.Release(nil)
				b.pass(20 * time.Second)
				theirs, at := a.outputs[guild].dated()
				ours, since := b.outputs[guild].dated()
				if normalise {
					_, pcm := decodeAll(t, d.packets)
					_, got := decodeAll(t, ours)
					got = got[:400*audio.FrameSamples] // before the sound gets so high that encoding it twice is heard
					if most := leap(got); most > 1.1*leap(pcm) {
						t.Errorf("it clicks: %v, else %v", most, leap(pcm))
					}
					return
				}
				index := map[string]int{}
				for i, p := range d.packets {
					index[string(p)] = i
				}
				same := 0
				for i, p := range ours {
					was, known := index[string(p)], false
					for j := range theirs {
						if gap := since[i].Sub(at[j]); gap >= 0 && gap < audio.FrameTime {
							apart := was - index[string(theirs[j])]
							known = apart >= -1 && apart <= 1
						}
					}
					if known {
						same++
					}
				}
				if same < 150 {
					t.Errorf("%d packets are those of the old owner at the time", same)
				}
				if n := d.count(ours); n < 400 || n > 540 {
					t.Errorf("%d packets were passed on", n)
				}
			})
		})
	}
}

// dated returns the packets that listeners got, and when.
func (o *output) dated() (packets [][]byte, at []time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range o.times {
		at = append(at, o.start.Add(t))
	}
	return o.packets, at
}
