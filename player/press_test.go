package player_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"busker/audio"
	"busker/opus"
	"busker/player"
	"busker/track"
)

// lookahead is how many samples the encoders in use are behind.
const lookahead = 312

// signal is a sound by the number of its sample.
type signal func(n int) (left, right float32)

// disc is a sound pressed into packets.
type disc struct {
	packets    [][]byte
	skip, tail int
}

// press encodes samples of a sound as a container does: with the encoder's delay at the
// beginning and padding at the end.
func press(t testing.TB, sound signal, samples int) *disc {
	t.Helper()
	e, err := opus.NewEncoder(opus.EncoderOptions{Bitrate: 128000})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	d := &disc{skip: e.Lookahead()}
	for at := 0; at < samples+d.skip; at += audio.FrameSamples {
		var b audio.Block
		for i := range audio.FrameSamples {
			if at+i < samples {
				b[2*i], b[2*i+1] = sound(at + i)
			}
		}
		buf := make([]byte, audio.MaxPacketBytes)
		n, err := e.Encode(buf, &b)
		if err != nil {
			t.Fatal(err)
		}
		d.packets = append(d.packets, buf[:n])
	}
	d.tail = len(d.packets)*audio.FrameSamples - samples - d.skip
	return d
}

// needle is a reader of a disc.
type needle struct {
	*disc
	next int
}

func (n *needle) ReadPacket(p *audio.Packet) error {
	if n.next >= len(n.packets) {
		return io.EOF
	}
	p.Set(n.packets[n.next])
	n.next++
	return nil
}

func (n *needle) ReadBlock(*audio.Block) error { panic("read by packets") }
func (n *needle) Close() error                 { return nil }
func (n *needle) Tail() int                    { return n.tail }

func (n *needle) Skip() int {
	if n.next > 1 {
		return 0
	}
	return n.skip
}

// wave is a reader of blocks of a sound, with padding in the last.
type wave struct {
	sound         signal
	next, samples int
}

func (w *wave) ReadBlock(b *audio.Block) error {
	if w.next >= w.samples {
		return io.EOF
	}
	for i := range audio.FrameSamples {
		b[2*i], b[2*i+1] = 0, 0
		if w.next < w.samples {
			b[2*i], b[2*i+1] = w.sound(w.next)
		}
		w.next++
	}
	return nil
}

func (w *wave) Close() error { return nil }
func (w *wave) Tail() int    { return max(w.next-w.samples, 0) }

// jukebox opens discs and waves by the title of a track.
type jukebox struct {
	mu   sync.Mutex
	open map[string]func(at time.Duration) audio.Reader
	hows []player.How
}

func (j *jukebox) Open(_ context.Context, t track.Track, at time.Duration, how player.How) (audio.Reader, error) {
	j.mu.Lock()
	j.hows = append(j.hows, how)
	open := j.open[t.Title]
	j.mu.Unlock()
	return open(at), nil
}

func (j *jukebox) opened() []player.How {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.hows)
}

// disc puts a disc into the box.
func (j *jukebox) disc(d *disc) track.Track {
	return j.put(len(d.packets), func(at time.Duration) audio.Reader {
		return &needle{disc: d, next: int(audio.Frames(at))}
	})
}

// wave puts a sound into the box.
func (j *jukebox) wave(sound signal, samples int) track.Track {
	frames := (samples + audio.FrameSamples - 1) / audio.FrameSamples
	return j.put(frames, func(at time.Duration) audio.Reader {
		return &wave{sound: sound, next: int(audio.DurationSamples(at)), samples: samples}
	})
}

func (j *jukebox) put(frames int, open func(time.Duration) audio.Reader) track.Track {
	j.mu.Lock()
	defer j.mu.Unlock()
	title := fmt.Sprintf("sound %d", len(j.open)+1)
	j.open[title] = open
	// As loud as normalisation would have it: it then changes nothing, but needs PCM.
	return track.Track{
		Source: "box", URI: title, Title: title, Seekable: true, Length: audio.Duration(int64(frames)),
		Loudness: track.Loudness{LUFS: -14, Known: true},
	}
}

// listen runs body with the real codec and returns the packets that listeners got,
// with the silence between them.
func listen(t *testing.T, body func(*rig, *jukebox), change ...func(*player.Options)) [][]byte {
	t.Helper()
	var packets [][]byte
	box := &jukebox{open: map[string]func(time.Duration) audio.Reader{}}
	run(t, func(o *player.Options, _ *rig) {
		o.Opener = box
		o.Encoder, o.Decoder = nil, nil
		for _, c := range change {
			c(o)
		}
	}, func(r *rig) {
		r.out.silent.Store(true)
		body(r, box)
		packets = r.out.got()
	})
	return packets
}

// decodeHeard decodes what listeners got, and leaves out the silence.
func decodeHeard(t testing.TB, packets [][]byte) []float32 {
	t.Helper()
	_, pcm := decodeAll(t, packets)
	return pcm
}

// decodeAll decodes what listeners got, with and without the silence.
func decodeAll(t testing.TB, packets [][]byte) (all, sound []float32) {
	t.Helper()
	d, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	buffer := make([]float32, 2*opus.MaxPacketSamples)
	for _, p := range packets {
		n, err := d.Decode(buffer, p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, buffer[:2*n]...)
		if string(p) != opus.SilenceFrame {
			sound = append(sound, buffer[:2*n]...)
		}
	}
	return all, sound
}

// residual returns how far a is from b, in dB of b: of the whole, at the same samples.
func residual(a, b []float32) float64 {
	var diff, power float64
	for i := range b {
		d := float64(a[i] - b[i])
		diff += d * d
		power += float64(b[i]) * float64(b[i])
	}
	return 10 * math.Log10((diff+1e-12)/(power+1e-12))
}

// steps returns the largest leap from one sample to the next in a.
func leap(a []float32) (most float64) {
	for i := 2; i < len(a); i++ {
		most = max(most, math.Abs(float64(a[i]-a[i-2])))
	}
	return most
}

// count returns how many packets of heard are on a disc as they are.
func (d *disc) count(heard [][]byte) (same int) {
	on := map[string]bool{}
	for _, p := range d.packets {
		on[string(p)] = true
	}
	for _, p := range heard {
		if on[string(p)] {
			same++
		}
	}
	return same
}
