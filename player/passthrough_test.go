package player_test

import (
	"context"
	"io"
	"math"
	"testing"
	"time"

	"busker/audio"
	"busker/dsp"
	"busker/internal/fault"
	"busker/opus"
	"busker/opus/pool"
	"busker/player"
	"busker/track"
)

// cassette is a reader of Opus packets, which can also be read by blocks in principle.
type cassette struct {
	packets [][]byte
	next    int
}

func (c *cassette) ReadPacket(p *audio.Packet) error {
	if c.next == len(c.packets) {
		return io.EOF
	}
	p.Set(c.packets[c.next])
	c.next++
	return nil
}

func (c *cassette) ReadBlock(*audio.Block) error { panic("a reader of packets was read by blocks") }
func (c *cassette) Skip() int                    { return 0 }
func (c *cassette) Close() error                 { return nil }

// chord is real sound: what codecs make of it can be compared.
func chord(frames int) []audio.Block {
	b := make([]audio.Block, frames)
	for i := range frames * audio.FrameSamples {
		t := float64(i) / audio.SampleRate
		v := 0.0
		for _, hertz := range []float64{220, 277.2, 329.6, 1046.5} {
			v += 0.12 * math.Sin(2*math.Pi*hertz*t*(1+0.01*t))
		}
		b[i/audio.FrameSamples][2*(i%audio.FrameSamples)] = float32(v)
		b[i/audio.FrameSamples][2*(i%audio.FrameSamples)+1] = float32(0.7 * v)
	}
	return b
}

func encodeAll(t *testing.T, blocks []audio.Block) (packets [][]byte) {
	t.Helper()
	e, err := opus.NewEncoder(opus.EncoderOptions{Bitrate: 128000})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for i := range blocks {
		var buf [audio.MaxPacketBytes]byte
		n, err := e.Encode(buf[:], &blocks[i])
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, append([]byte(nil), buf[:n]...))
	}
	return packets
}

func decodeAll(t *testing.T, packets [][]byte) (pcm []float32) {
	t.Helper()
	d, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	buf := make([]float32, opus.MaxPacketSamples*audio.Channels)
	for _, p := range packets {
		n, err := d.Decode(buf, p)
		if err != nil {
			t.Fatal(err)
		}
		pcm = append(pcm, buf[:n*audio.Channels]...)
	}
	return pcm
}

// likeness is the signal to noise ratio in dB of frames from..to of got, moved by lag
// samples, against want.
func likeness(want, got []float32, from, to, lag int) float64 {
	var signal, rest float64
	for i := from * 1920; i < to*1920; i++ {
		j := i + lag*audio.Channels
		if j < 0 || j >= len(got) {
			continue
		}
		d := float64(want[i] - got[j])
		signal += float64(want[i]) * float64(want[i])
		rest += d * d
	}
	return 10 * math.Log10(signal/(rest+1e-12))
}

// playing runs a rig with the real codec and one cassette of the given packets.
func playing(t *testing.T, packets [][]byte, body func(r *rig, song track.Track)) {
	t.Helper()
	real := func(o *player.Options, r *rig) {
		o.Encoder = func(player.GuildID) (opus.Encoder, error) {
			return opus.NewEncoder(opus.EncoderOptions{Bitrate: 128000})
		}
	}
	run(t, real, func(r *rig) {
		r.shelf.tapes["song"] = func(context.Context, time.Duration) (audio.Reader, error) {
			return &cassette{packets: packets}, nil
		}
		body(r, track.Track{Source: "shelf", URI: "song", Title: "song", Length: audio.Duration(int64(len(packets)))})
	})
}

func TestPacketsPassThroughUntouched(t *testing.T) {
	packets := encodeAll(t, chord(100))
	playing(t, packets, func(r *rig, song track.Track) {
		r.play(song)
		r.pass(time.Second)
		if s := r.status(); s.Mode != player.ModePassthrough || s.Position < 900*time.Millisecond || s.Position > time.Second {
			r.Errorf("mode %v at %v", s.Mode, s.Position)
		}
		r.pass(2 * time.Second)
		if len(r.out.sentPackets()) != len(packets) {
			r.Fatalf("%d packets sent, want %d", len(r.out.sentPackets()), len(packets))
		}
		for i := range packets {
			if string(r.out.sentPackets()[i]) != string(packets[i]) {
				r.Fatalf("packet %d was changed", i)
			}
		}
		r.expect("joined", "started song", "finished song", "queue ended")
	})
}

// A volume that changes next to nothing has packets decoded and encoded anew, and then
// passed through again. Listeners must hear neither of the two.
func TestPassthroughIsLeftAndEnteredUnheard(t *testing.T) {
	packets := encodeAll(t, chord(300))
	want := decodeAll(t, packets)
	playing(t, packets, func(r *rig, song track.Track) {
		r.play(song)
		r.pass(1990 * time.Millisecond)
		r.do(player.Volume{Percent: 99})
		r.pass(2 * time.Second)
		if m := r.status().Mode; m != player.ModeEncoding {
			r.Errorf("mode %v with the volume turned", m)
		}
		r.do(player.Volume{Percent: 100})
		r.pass(3 * time.Second)
		if len(r.out.sentPackets()) != len(packets) {
			r.Fatalf("%d packets sent, want %d", len(r.out.sentPackets()), len(packets))
		}
		first, last := changed(packets, r.out.sentPackets())
		if first < 95 || first > 112 || last < 195 || last > 212 {
			r.Fatalf("packets %d to %d were made anew", first, last)
		}
		got := decodeAll(t, r.out.sentPackets())
		for n := first - 2; n < last+20; n++ {
			if snr := likeness(want, got, n, n+1, 0); snr < 14 {
				r.Errorf("frame %d of %d..%d made: %.1f dB like the origin", n, first, last, snr)
			}
		}
		here := likeness(want, got, first+5, last-5, 0)
		for _, lag := range []int{-312, -24, -4, 4, 24, 312} {
			if there := likeness(want, got, first+5, last-5, lag); there > here-3 {
				r.Errorf("moved by %d samples it is %.1f dB like the origin, in place %.1f", lag, there, here)
			}
		}
		if snr := likeness(want, got, last+15, len(packets), 0); snr < 40 {
			r.Errorf("%.1f dB like the origin long after", snr)
		}
	})
}

// changed returns the first and last packet that differ.
func changed(a, b [][]byte) (first, last int) {
	first = -1
	for i := range min(len(a), len(b)) {
		if string(a[i]) != string(b[i]) {
			if last = i; first < 0 {
				first = i
			}
		}
	}
	return first, last
}

func TestFiltersAreHeardWithinARingAndKeepTheTime(t *testing.T) {
	packets := encodeAll(t, chord(400))
	playing(t, packets, func(r *rig, song track.Track) {
		r.play(song)
		r.pass(990 * time.Millisecond)
		double := dsp.Settings{Timescale: dsp.Timescale{Rate: 2}}
		r.do(player.Filters{Settings: double, Effects: []dsp.Part{{Preset: "x", Strength: 1}}})
		if s := r.status(); s.Filters != double || len(s.Effects) != 1 {
			r.Errorf("status %+v, %v", s.Filters, s.Effects)
		}
		r.pass(250 * time.Millisecond)
		if first, _ := changed(packets, r.out.sentPackets()); first < 0 || first > 61 {
			r.Errorf("heard from packet %d on", first)
		}
		before := r.status().Position
		r.pass(time.Second)
		if d := r.status().Position - before; d < 1900*time.Millisecond || d > 2100*time.Millisecond {
			r.Errorf("a second took %v of the track", d)
		}
		r.do(player.Filters{})
		r.pass(8 * time.Second)
		if s := r.status(); s.State != player.StateIdle {
			r.Errorf("still %v at %v", s.State, s.Position)
		}
		r.seamless()
		if n := len(r.out.sentPackets()); n < 310 || n > 350 {
			r.Errorf("%d packets for 8 s of which some at double speed", n)
		}
		r.refuse(player.Filters{Settings: dsp.Settings{Volume: math.NaN()}}, fault.Invalid)
	})
}

// An effect with a long tail rings out after the last track.
func TestTailsRingOut(t *testing.T) {
	packets := encodeAll(t, chord(50))
	hall, err := dsp.Mix(dsp.Part{Preset: "vaporwave", Strength: 1})
	if err != nil {
		t.Fatal(err)
	}
	hall.Timescale = dsp.Timescale{}
	playing(t, packets, func(r *rig, song track.Track) {
		r.do(player.Filters{Settings: hall})
		r.play(song)
		r.pass(20 * time.Second)
		if n := len(r.out.sentPackets()); n < 55 {
			r.Errorf("%d packets: no tail", n)
		}
		if s := r.status(); s.State != player.StateIdle {
			r.Errorf("still %v", s.State)
		}
	})
}

func TestAFullMachineRefusesAndRecovers(t *testing.T) {
	tight, err := pool.New(pool.Options{Cores: 1, Limit: 1e-9, Nice: -1, Costs: pool.Costs{}})
	if err != nil {
		t.Fatal(err)
	}
	run(t, func(o *player.Options, _ *rig) { o.Pool = tight }, func(r *rig) {
		r.refuse(player.Play{Tracks: []track.Track{r.shelf.put(1, 10)}, Channel: lobby}, fault.Busy)
		if n := r.out.joins.Load(); n != 0 {
			r.Errorf("joined %d times for nothing", n)
		}
		r.expect()
	})
}
