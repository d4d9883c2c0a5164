package decode_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
	"busker/opus/dca"
	"busker/opus/ogg"
	"busker/sources/decode"
)

// song48 is a test song in stereo at 48 kHz of exactly so many samples.
func song48(samples int) []float32 {
	return song(48000, 2, audio.SamplesDuration(int64(samples))+time.Millisecond)[:2*samples]
}

// encoded is pcm as packets of 20 ms, with what the encoder delays added at the end.
func encoded(t testing.TB, pcm []float32) (packets [][]byte, preSkip int) {
	t.Helper()
	e, err := opus.NewEncoder(opus.EncoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for at := 0; at < len(pcm)+2*e.Lookahead(); at += len(audio.Block{}) {
		var b audio.Block
		copy(b[:], pcm[min(at, len(pcm)):])
		p := make([]byte, audio.MaxPacketBytes)
		n, err := e.Encode(p, &b)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, p[:n])
	}
	return packets, e.Lookahead()
}

// oggFile is an Ogg file of packets, of which so many samples are heard.
func oggFile(t testing.TB, serial uint32, gain, preSkip, samples int, packets [][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := ogg.NewWriter(&b, ogg.WriterOptions{Serial: serial, Head: ogg.Head{Channels: 2, PreSkip: preSkip, OutputGain: gain}})
	left := preSkip + samples
	for _, p := range packets {
		n := int(audio.DurationSamples(must(opus.PacketDuration(p))))
		if err == nil {
			err = w.WritePacket(p, min(n, left))
		}
		left -= min(n, left)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// dcaFile is the same as a DCA1 file that knows where its sound is.
func dcaFile(t testing.TB, preSkip, samples int, packets [][]byte) []byte {
	t.Helper()
	all := len(packets) * audio.FrameSamples
	var b bytes.Buffer
	m := dca.Metadata{Extra: dca.Extra{Skip: preSkip, Samples: int64(all), Tail: all - preSkip - samples}}
	w, err := dca.NewWriter(&b, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packets {
		if err := w.WritePacket(p); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// webmFile is an Ogg file as WebM.
func webmFile(t testing.TB, b []byte) []byte {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.opus"), filepath.Join(dir, "out.webm")
	if err := os.WriteFile(in, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := exec.Command(tool(t, "ffmpeg"), "-v", "error", "-nostdin", "-i", in, "-c", "copy", out).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	return must(os.ReadFile(out))
}

// handOn opens in to be read by packets, and fails where it can not.
func handOn(t testing.TB, in decode.Input, at time.Duration) audio.PacketReader {
	t.Helper()
	r, err := decode.Open(t.Context(), in, at, decode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	p, ok := r.(audio.PacketReader)
	if !ok {
		t.Fatal("it cannot be read by packets")
	}
	return p
}

// packetsOf reads r to its end.
func packetsOf(t testing.TB, r audio.PacketReader) (packets [][]byte) {
	t.Helper()
	p := audio.NewPacket()
	defer p.Release()
	for {
		err := r.ReadPacket(p)
		if errors.Is(err, io.EOF) {
			return packets
		}
		if err != nil {
			t.Fatalf("packet %d: %v", len(packets), err)
		}
		packets = append(packets, bytes.Clone(p.Bytes()))
	}
}

// decoded is what packets hold, with their padding.
func decoded(t testing.TB, packets [][]byte) (pcm []float32) {
	t.Helper()
	d := must(opus.NewDecoder(opus.DecoderOptions{}))
	defer d.Close()
	buf := make([]float32, opus.MaxPacketSamples*2)
	for _, p := range packets {
		n := must(d.Decode(buf, p))
		pcm = append(pcm, buf[:2*n]...)
	}
	return pcm
}

// containers hold the same packets.
func containers(t testing.TB, preSkip, samples int, packets [][]byte) map[string][]byte {
	b := oggFile(t, 1, 0, preSkip, samples, packets)
	list := map[string][]byte{"ogg": b, "dca": dcaFile(t, preSkip, samples, packets)}
	if _, err := exec.LookPath("ffmpeg"); err == nil {
		list["webm"] = webmFile(t, b)
	}
	return list
}

func TestPacketsAreHandedOn(t *testing.T) {
	const samples = 3*48000 + 777
	want, preSkip := encoded(t, song48(samples))
	tail := len(want)*audio.FrameSamples - preSkip - samples
	for name, b := range containers(t, preSkip, samples, want) {
		t.Run(name, func(t *testing.T) {
			r := handOn(t, bytesInput(b), 0)
			got := packetsOf(t, r)
			if !slices.EqualFunc(got, want, bytes.Equal) {
				t.Fatalf("%d packets, not the %d that were put in", len(got), len(want))
			}
			if r.Skip() != preSkip || r.(audio.Ending).Tail() != tail {
				t.Errorf("skip %d, tail %d, want %d and %d", r.Skip(), r.(audio.Ending).Tail(), preSkip, tail)
			}
			pcm := decoded(t, got)
			blocks := play(t, bytesInput(b), 0, decode.Options{})
			if !slices.Equal(pcm[2*preSkip:2*(preSkip+samples)], blocks[:2*samples]) {
				t.Error("packets and blocks are not the same sound")
			}
		})
	}
}

func TestPacketsFromTheMiddle(t *testing.T) {
	const samples = 3 * 48000
	const at = 1234567 * time.Microsecond
	all, preSkip := encoded(t, song48(samples))
	goal := preSkip + int(audio.DurationSamples(at))
	first := goal / audio.FrameSamples
	for name, b := range containers(t, preSkip, samples, all) {
		for from, in := range map[string]decode.Input{"file": bytesInput(b), "stream": streamInput(b)} {
			t.Run(name+" "+from, func(t *testing.T) {
				r := handOn(t, in, at)
				got := packetsOf(t, r)
				if len(got) != len(all)-first || !bytes.Equal(got[0], all[first]) {
					t.Errorf("%d packets of %d, want those from the %dth", len(got), len(all), first)
				}
				slack := 0
				if name == "webm" {
					slack = 48 // its clock ticks in milliseconds
				}
				if d := r.Skip() - goal%audio.FrameSamples; d < -slack || d > slack {
					t.Errorf("skip %d, want %d", r.Skip(), goal%audio.FrameSamples)
				}
			})
		}
	}
}

// TestWholePacketsAreLeftOut has a pre-skip and a padding of several packets.
func TestWholePacketsAreLeftOut(t *testing.T) {
	all, _ := encoded(t, song48(48000))
	all = all[:27]
	const preSkip, samples = 3*960 + 100, 20*960 + 50
	for name, b := range containers(t, preSkip, samples, all) {
		if name == "webm" {
			continue // says no more than one packet of padding
		}
		r := handOn(t, bytesInput(b), 0)
		got := packetsOf(t, r)
		if len(got) != 21 || r.Skip() != 100 || r.(audio.Ending).Tail() != 960-150 {
			t.Errorf("%s: %d packets, skip %d, tail %d", name, len(got), r.Skip(), r.(audio.Ending).Tail())
		}
	}
}

// TestOtherPacketsAreMade has packets that are shorter and longer than 20 ms.
func TestOtherPacketsAreMade(t *testing.T) {
	const length = 2345 * time.Millisecond
	frames := []string{"10", "60", "2.5", "5", "40"}
	if racing {
		frames = frames[:2]
	}
	for _, frame := range frames {
		t.Run(frame, func(t *testing.T) {
			b := must(os.ReadFile(encode(t, "a.opus", 48000, 2, length, "-c:a", "libopus", "-frame_duration", frame, "-b:a", "128k")))
			want := exactly(t, bytesInput(b), 0, decode.Options{})
			r := handOn(t, bytesInput(b), 0)
			pcm := decoded(t, packetsOf(t, r))
			tail := r.(audio.Ending).Tail()
			got := pcm[2*r.Skip() : len(pcm)-2*tail]
			if !slices.Equal(got, want) {
				t.Errorf("%d samples with %d to skip and a tail of %d; as blocks %d", len(got)/2, r.Skip(), tail, len(want)/2)
			}
			const at = 777 * time.Millisecond
			late := handOn(t, bytesInput(b), at)
			if pcm := decoded(t, packetsOf(t, late)); similar(pcm[2*(late.Skip()+4800):], want[2*(int(audio.DurationSamples(at))+4800):]) < 0.99 {
				t.Error("from the middle it is another sound")
			}
		})
	}
}

func TestTheFirstCallDecides(t *testing.T) {
	all, preSkip := encoded(t, song48(4800))
	b := oggFile(t, 1, 0, preSkip, 4800, all)
	var block audio.Block
	p := audio.NewPacket()
	defer p.Release()
	one, two := handOn(t, bytesInput(b), 0), handOn(t, bytesInput(b), 0)
	if err := errors.Join(one.ReadPacket(p), two.ReadBlock(&block)); err != nil {
		t.Fatal(err)
	}
	if one.ReadBlock(&block) == nil || two.ReadPacket(p) == nil {
		t.Error("a reader is read both ways")
	}
}

func TestWhatIsNotHandedOn(t *testing.T) {
	all, preSkip := encoded(t, song48(48000))
	for name, b := range map[string][]byte{
		"gain": oggFile(t, 1, 256, preSkip, 48000, all),
		"wave": waveFile(song48(48000), 48000, 2),
	} {
		r := must(decode.Open(t.Context(), bytesInput(b), 0, decode.Options{}))
		if _, ok := r.(audio.PacketReader); ok {
			t.Errorf("%s can be read by packets", name)
		}
		_ = r.Close()
	}
}

// TestChainedStreams has a radio that goes over to what cannot be handed on.
func TestChainedStreams(t *testing.T) {
	one, preSkip := encoded(t, song48(48000))
	two, _ := encoded(t, song48(96000))
	for name, gain := range map[string]int{"alike": 0, "with a gain": 512} {
		t.Run(name, func(t *testing.T) {
			b := append(oggFile(t, 1, 0, preSkip, 48000, one), oggFile(t, 2, gain, preSkip, 96000, two)...)
			got := packetsOf(t, handOn(t, streamInput(b), 0))
			if n := len(one) + len(two); len(got) < n-1 || len(got) > n {
				t.Fatalf("%d packets of %d", len(got), n)
			}
			if !bytes.Equal(got[len(one)-1], one[len(one)-1]) {
				t.Error("the first stream was not handed on")
			}
			if same := bytes.Equal(got[len(one)+20], two[20]); same != (gain == 0) {
				t.Errorf("the second stream was handed on: %v", same)
			}
			pcm := decoded(t, got)[2*len(one)*audio.FrameSamples:]
			if gain == 0 {
				pcm = pcm[2*preSkip:]
			} else {
				pcm = pcm[2*preSkip:] // of the second encoder
			}
			if c := similar(pcm[9600:], song48(96000)[9600:]); c < 0.97 {
				t.Errorf("correlation %.3f with the second song", c)
			}
			if loud := level(pcm[9600:90000]) / level(song48(96000)[9600:90000]); gain > 0 && (loud < 1.2 || loud > 1.3) {
				t.Errorf("a gain of 2 dB makes it %.2f times as loud", loud)
			}
		})
	}
}

// level is the root of the mean square.
func level(pcm []float32) float64 {
	sum := 0.0
	for _, v := range pcm {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(pcm)))
}

func TestDCA(t *testing.T) {
	const samples = 4*48000 - 33
	all, preSkip := encoded(t, song48(samples))
	var zero bytes.Buffer
	w := dca.NewRaw(&zero)
	for _, p := range all {
		if err := w.WritePacket(p); err != nil {
			t.Fatal(err)
		}
	}
	foreign := append([]byte("DCA1\x2f\x00\x00\x00"), `{"info":{"title":"A song","artist":"Somebody"}}`...)
	for name, tt := range map[string]struct {
		b     []byte
		title string
		whole bool
	}{
		"DCA0":    {zero.Bytes(), "", true},
		"foreign": {append(foreign, zero.Bytes()...), "A song", true},
		"ours":    {dcaFile(t, preSkip, samples, all), "", false},
	} {
		t.Run(name, func(t *testing.T) {
			info, err := decode.Probe(t.Context(), bytesInput(tt.b), decode.Options{})
			length := audio.SamplesDuration(samples)
			if tt.whole {
				length = audio.Duration(int64(len(all)))
			}
			if err != nil || info.Format != "DCA" || info.Title != tt.title || !info.Seekable || tt.whole && info.Length != length {
				t.Errorf("probe: %+v, %v", info, err)
			}
			whole := play(t, bytesInput(tt.b), 0, decode.Options{})
			if tt.whole {
				whole = whole[2*preSkip:]
			}
			if c := similar(whole, song48(samples)); c < 0.98 {
				t.Errorf("correlation %.3f", c)
			}
			const at = 2 * time.Second
			late := play(t, bytesInput(tt.b), at, decode.Options{})
			if c := similar(late, play(t, bytesInput(tt.b), 0, decode.Options{})[2*96000:]); c < 0.999 {
				t.Errorf("from 2 s on: correlation %.4f", c)
			}
		})
	}
	later := []byte("DCA2\x02\x00\x00\x00{}")
	if _, err := decode.Probe(t.Context(), bytesInput(later), decode.Options{}); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("another version: %v", err)
	}
}
