package studio_test

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"busker/audio"
	"busker/opus"
	"busker/studio"
	"busker/track"
)

// band plays a sweep in stereo, exact at whatever time it is opened.
type band struct {
	ended  func() error
	sample int64
	length int64
}

// wave is the sound at a sample: two tones that beat, so that no two moments are alike.
func wave(n int64) (left, right float32) {
	t := float64(n) / audio.SampleRate
	phase := 2 * math.Pi * (200*t + 40*t*t)
	return float32(0.4 * math.Sin(phase)), float32(0.4 * math.Sin(1.5*phase))
}

func (b *band) ReadBlock(block *audio.Block) error {
	if b.sample >= b.length {
		return io.EOF
	}
	for i := range audio.FrameSamples {
		block[2*i], block[2*i+1] = 0, 0
		if b.sample < b.length {
			block[2*i], block[2*i+1] = wave(b.sample)
		}
		b.sample++
	}
	return b.ended()
}

func (b *band) Tail() int    { return int(max(0, b.sample-b.length)) }
func (b *band) Close() error { return nil }

const bandSamples = 6*audio.SampleRate + 333

// useBand has a rig play real sound through a real encoder.
func useBand(o *studio.Options) {
	o.Encoder = nil
	o.Opener.(*shelf).open = func(ctx context.Context, _ track.Track, at time.Duration) audio.Reader {
		return &band{ended: ctx.Err, sample: audio.DurationSamples(at), length: bandSamples}
	}
}

// packets reads to the end, as slowly as it is heard.
func (r *rig) packets(p audio.PacketReader, n int) (list [][]byte) {
	r.Helper()
	packet := audio.NewPacket()
	defer packet.Release()
	for i := range n {
		if i >= 20 && i%5 == 0 {
			pass(5 * audio.FrameTime)
		}
		err := p.ReadPacket(packet)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r.Fatal(err)
		}
		list = append(list, slices.Clone(packet.Bytes()))
	}
	return list
}

// decode returns the sound of packets: skip and tail samples are none.
func (r *rig) decode(packets [][]byte, skip, tail int) (pcm []float32) {
	r.Helper()
	d, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		r.Fatal(err)
	}
	defer d.Close()
	var b audio.Block
	for _, p := range packets {
		n, err := d.Decode(b[:], p)
		if err != nil || n != audio.FrameSamples {
			r.Fatalf("%d samples, %v", n, err)
		}
		pcm = append(pcm, b[:]...)
	}
	return pcm[2*skip : len(pcm)-2*tail]
}

// likeness returns how far above the difference to the band's sound the sound is, in
// dB, for each 20 ms.
func likeness(pcm []float32, from int64) (worst, mean float64) {
	var all, off float64
	worst = math.Inf(1)
	for at := 0; at+len(audio.Block{}) <= len(pcm); at += len(audio.Block{}) {
		var signal, noise float64
		for i := at; i < at+len(audio.Block{}); i += 2 {
			l, r := wave(from + int64(i/2))
			dl, dr := float64(pcm[i]-l), float64(pcm[i+1]-r)
			signal += float64(l*l + r*r)
			noise += dl*dl + dr*dr
		}
		worst = min(worst, 10*math.Log10(signal/noise))
		all, off = all+signal, off+noise
	}
	return worst, 10 * math.Log10(all/off)
}

func TestTheSoundIsTheSameForAll(t *testing.T) {
	run(t, useBand, func(r *rig) {
		a, b := r.open(song, 0), r.open(song, 0)
		defer a.Close()
		defer b.Close()
		late := r.packets(b, 40) // then it pauses, and loses its place
		first := r.packets(a, 1000)
		late = append(late, r.packets(b, 1000)...)
		if r.value("moves_total") != 1 || !slices.Equal(first[0], late[0]) {
			t.Errorf("%v moves", r.value("moves_total"))
		}
		for name, p := range map[string]struct {
			audio.PacketReader
			packets [][]byte
		}{"first": {a, first}, "late": {b, late}} {
			pcm := r.decode(p.packets, p.Skip(), p.PacketReader.(audio.Ending).Tail())
			if len(pcm) != 2*bandSamples {
				t.Errorf("%s: %d samples, want %d", name, len(pcm)/2, bandSamples)
			}
			worst, mean := likeness(pcm, 0)
			t.Logf("%s: %.1f dB, at worst %.1f", name, mean, worst)
			if worst < 10 || mean < 20 {
				t.Errorf("%s: %.1f dB, at worst %.1f", name, mean, worst)
			}
			// The seam may not be heard: it is no worse than what is around it.
			seam, _ := likeness(pcm[2*35*960:2*50*960], 35*960)
			around, _ := likeness(pcm[2*20*960:2*35*960], 20*960)
			if seam < around-6 {
				t.Errorf("%s: %.1f dB at the seam, %.1f before", name, seam, around)
			}
		}
	})
}

// TestASpliceIsExact begins in the middle, with what a decoder needs before that.
func TestASpliceIsExact(t *testing.T) {
	const lead = 5 // packets
	for _, others := range []bool{false, true} {
		run(t, useBand, func(r *rig) {
			cut := 1234567 * time.Microsecond
			if others { // who joins decodes what began earlier
				a := r.open(song, cut-audio.Duration(40))
				defer a.Close()
				r.packets(a, 45)
			}
			b := r.open(song, cut-audio.Duration(lead))
			defer b.Close()
			list := r.packets(b, 1000)
			pcm := r.decode(list, b.Skip()+lead*audio.FrameSamples, b.(audio.Ending).Tail())
			from := audio.DurationSamples(cut)
			if len(pcm) != 2*int(bandSamples-from) {
				t.Errorf("%d samples, want %d", len(pcm)/2, bandSamples-from)
			}
			if worst, mean := likeness(pcm, from); worst < 20 || mean < 30 {
				t.Errorf("%.1f dB, at worst %.1f", mean, worst)
			}
			if r.shelf.opened() != 1 {
				t.Errorf("opened %d times", r.shelf.opened())
			}
		})
	}
}

func TestBlocksOfAShare(t *testing.T) {
	for _, at := range []time.Duration{0, time.Second, 5999 * time.Millisecond} {
		run(t, useBand, func(r *rig) {
			p := r.open(song, at)
			defer p.Close()
			var pcm []float32
			var b audio.Block
			for {
				err := p.ReadBlock(&b)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				pcm = append(pcm, b[:]...)
				if len(pcm)%9600 == 0 {
					pass(5 * audio.FrameTime)
				}
			}
			tail := 2 * p.(audio.Ending).Tail()
			from := audio.DurationSamples(at)
			if n := len(pcm) - tail; n != 2*int(bandSamples-from) {
				t.Errorf("%d samples, want %d", n/2, bandSamples-from)
			}
			for _, v := range pcm[len(pcm)-tail:] {
				if v != 0 {
					t.Error("the padding is not silent")
					break
				}
			}
			if worst, mean := likeness(pcm[:len(pcm)-tail], from); at == 0 && (worst < 10 || mean < 20) {
				t.Errorf("%.1f dB, at worst %.1f", mean, worst)
			}
			if err := p.ReadBlock(&b); !errors.Is(err, io.EOF) {
				t.Errorf("after the end: %v", err)
			}
		})
	}
}

func TestBlocksEndWithClose(t *testing.T) {
	run(t, useBand, func(r *rig) {
		p := r.open(song, 0)
		var b audio.Block
		if err := p.ReadBlock(&b); err != nil {
			t.Fatal(err)
		}
		p.Close()
		if err := p.ReadBlock(&b); err == nil {
			t.Error("a closed reader reads")
		}
		q := r.openAs(station, 0, plain)
		if err := q.ReadBlock(&b); err != nil {
			t.Fatal(err)
		}
		q.Close()
		synctest.Wait()
	})
}
