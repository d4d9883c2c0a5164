package listen_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"busker/audio"
	"busker/emulator/listen"
	"busker/opus"
	"busker/opus/ogg"
)

const speaker = 77

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// talker makes the packets of a speaker.
type talker struct {
	encoder   opus.Encoder
	sequence  uint16
	timestamp uint32
	now       time.Time
	ssrc      uint32
}

func newTalker(t testing.TB) *talker {
	t.Helper()
	e, err := opus.NewEncoder(opus.EncoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return &talker{encoder: e, sequence: 65530, timestamp: 0xFFFFF000, now: epoch, ssrc: 1}
}

// packets encodes pcm and paces it at 20 ms.
func (k *talker) packets(t testing.TB, pcm []float32) []listen.Packet {
	t.Helper()
	var all []listen.Packet
	for len(pcm) > 0 {
		var b audio.Block
		pcm = pcm[copy(b[:], pcm):]
		buf := make([]byte, audio.MaxPacketBytes)
		n, err := k.encoder.Encode(buf, &b)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, k.packet(buf[:n]))
	}
	return all
}

func (k *talker) packet(payload []byte) listen.Packet {
	p := listen.Packet{
		Speaker: speaker, SSRC: k.ssrc, Sequence: k.sequence, Timestamp: k.timestamp,
		Payload: payload, Arrival: k.now,
	}
	k.sequence++
	k.timestamp += uint32(audio.FrameSamples)
	k.now = k.now.Add(audio.FrameTime)
	return p
}

func (k *talker) silence(n int) (all []listen.Packet) {
	for range n {
		all = append(all, k.packet([]byte(opus.SilenceFrame)))
	}
	return all
}

func hear(l *listen.Listener, packets []listen.Packet) {
	for _, p := range packets {
		l.Hear(p)
	}
}

// music is d of two slow sweeps with a beat, different left and right: unlike a tone, it
// matches only in one place.
func music(d time.Duration) []float32 {
	n := int(audio.DurationSamples(d))
	pcm := make([]float32, n*audio.Channels)
	for i := range n {
		s := float64(i) / audio.SampleRate
		beat := 0.6 + 0.4*math.Sin(2*math.Pi*(0.7+0.05*s)*s)
		pcm[2*i] = float32(0.4 * beat * math.Sin(2*math.Pi*(200+37*s)*s))
		pcm[2*i+1] = float32(0.3 * beat * math.Sin(2*math.Pi*(310+61*s)*s))
	}
	return pcm
}

func sine(hertz, amplitude float64, d time.Duration) []float32 {
	n := int(audio.DurationSamples(d))
	pcm := make([]float32, n*audio.Channels)
	for i := range n {
		v := float32(amplitude * math.Sin(2*math.Pi*hertz*float64(i)/audio.SampleRate))
		pcm[2*i], pcm[2*i+1] = v, v
	}
	return pcm
}

func TestCleanStreamIsHeardWhole(t *testing.T) {
	reference := music(5 * time.Second)
	k, l := newTalker(t), listen.New(listen.Options{})
	hear(l, k.packets(t, reference))
	r := l.Report()
	if r.Packets != 250 || r.Lost+r.Late+r.Reordered+r.Duplicated+r.Undecodable != 0 || r.GapCount != 0 {
		t.Errorf("a clean stream was reported as\n%v", r)
	}
	if r.Length != 5*time.Second || math.Abs(r.Rate-50) > 0.01 || r.Deviation.Max != 0 {
		t.Errorf("length %v, rate %v, deviation %v", r.Length, r.Rate, r.Deviation)
	}
	s, err := l.Similarity(listen.Samples(reference))
	if err != nil {
		t.Fatal(err)
	}
	if s.Coefficient < 0.98 || s.Worst < 0.95 || s.LagSamples != 312 {
		t.Errorf("similarity %v, lag %d samples, want the codec's 312", s, s.LagSamples)
	}
	if math.Abs(s.Level[0]) > 0.3 || math.Abs(s.Level[1]) > 0.3 {
		t.Errorf("level %v dB, want 0", s.Level)
	}
	l.Close()
	if got := l.Report(); got.Packets != 250 {
		t.Errorf("the report is gone after Close: %v", got)
	}
}

func TestLossReorderingAndDuplicates(t *testing.T) {
	reference := music(2 * time.Second)
	for _, tt := range []struct {
		name                              string
		change                            func(p []listen.Packet) []listen.Packet
		lost, late, reordered, duplicated int64
		gaps                              []listen.Gap
	}{
		{"three lost", func(p []listen.Packet) []listen.Packet {
			return append(p[:20:20], p[23:]...)
		}, 3, 0, 0, 0, []listen.Gap{{Kind: listen.Lost, At: 400 * time.Millisecond, Length: 60 * time.Millisecond}}},
		{"two swapped", func(p []listen.Packet) []listen.Packet {
			p[30], p[31] = p[31], p[30]
			return p
		}, 0, 0, 1, 0, nil},
		{"one twice", func(p []listen.Packet) []listen.Packet {
			return append(append(p[:41:41], p[40]), p[41:]...)
		}, 0, 0, 0, 1, nil},
		{"one after its turn", func(p []listen.Packet) []listen.Packet {
			moved := append(append([]listen.Packet(nil), p[:10]...), p[11:20]...)
			return append(append(moved, p[10]), p[20:]...)
		}, 0, 1, 0, 0, []listen.Gap{{Kind: listen.Lost, At: 200 * time.Millisecond, Length: 20 * time.Millisecond}}},
		{"loss across the wrap of the sequence", func(p []listen.Packet) []listen.Packet {
			return append(p[:5:5], p[7:]...)
		}, 2, 0, 0, 0, []listen.Gap{{Kind: listen.Lost, At: 100 * time.Millisecond, Length: 40 * time.Millisecond}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, l := newTalker(t), listen.New(listen.Options{})
			hear(l, tt.change(k.packets(t, reference)))
			l.Close()
			r := l.Report()
			if r.Lost != tt.lost || r.Late != tt.late || r.Reordered != tt.reordered || r.Duplicated != tt.duplicated {
				t.Errorf("lost %d, late %d, reordered %d, duplicated %d", r.Lost, r.Late, r.Reordered, r.Duplicated)
			}
			if len(r.Gaps) != len(tt.gaps) || len(r.Gaps) > 0 && r.Gaps[0] != tt.gaps[0] {
				t.Errorf("gaps %v, want %v", r.Gaps, tt.gaps)
			}
			if r.Length != 2*time.Second {
				t.Errorf("length %v: what follows a loss must keep its place", r.Length)
			}
			s, err := l.Similarity(listen.Samples(reference))
			if err != nil {
				t.Fatal(err)
			}
			if s.Coefficient < 0.93 || s.LagSamples < 311 || s.LagSamples > 313 {
				t.Errorf("similarity %v", s)
			}
		})
	}
}

func TestPauses(t *testing.T) {
	reference := sine(440, 0.5, time.Second)
	for _, tt := range []struct {
		name       string
		pause      func(k *talker) []listen.Packet
		kind       listen.GapKind
		length     time.Duration // listed
		recording  time.Duration
		tellsPause bool
	}{
		{"announced, the timestamp stands", func(k *talker) []listen.Packet {
			p := k.silence(5)
			k.now = k.now.Add(3 * time.Second)
			return p
		}, listen.Paused, 3 * time.Second, 2100 * time.Millisecond, true},
		{"announced, the timestamp runs", func(k *talker) []listen.Packet {
			p := k.silence(5)
			k.now = k.now.Add(3 * time.Second)
			k.timestamp += 3 * audio.SampleRate
			return p
		}, "", 0, 5100 * time.Millisecond, false},
		{"a stall", func(k *talker) []listen.Packet {
			k.now = k.now.Add(300 * time.Millisecond)
			return nil
		}, listen.Stalled, 300 * time.Millisecond, 2 * time.Second, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, l := newTalker(t), listen.New(listen.Options{})
			defer l.Close()
			hear(l, k.packets(t, reference))
			hear(l, tt.pause(k))
			hear(l, k.packets(t, reference))
			r := l.Report()
			if r.Length != tt.recording {
				t.Errorf("recording of %v, want %v", r.Length, tt.recording)
			}
			all := append(r.Gaps, r.Pauses...)
			if tt.kind == "" && len(all) > 0 {
				t.Errorf("interruptions %v, want none", all)
			}
			if tt.kind != "" && (len(all) != 1 || all[0].Kind != tt.kind || all[0].Length != tt.length) {
				t.Errorf("interruptions %v, want one %s of %v", all, tt.kind, tt.length)
			}
			if got := r.PauseCount == 1; got != tt.tellsPause {
				t.Errorf("%d pauses", r.PauseCount)
			}
		})
	}
}

func TestReconnectContinuesTheRecording(t *testing.T) {
	k, l := newTalker(t), listen.New(listen.Options{})
	defer l.Close()
	hear(l, k.packets(t, sine(440, 0.5, time.Second)))
	k.ssrc, k.sequence, k.timestamp = 2, 12345, 99
	k.now = k.now.Add(time.Second)
	hear(l, k.packets(t, sine(440, 0.5, time.Second)))
	r := l.Report()
	if r.Restarts != 1 || r.Lost != 0 || r.Jumps != 0 || r.Length != 2*time.Second {
		t.Errorf("a reconnect was reported as\n%v", r)
	}
	if r.GapCount != 1 || r.Gaps[0].Length != time.Second {
		t.Errorf("gaps %v, want one of a second", r.Gaps)
	}
}

// TestSources: a speaker's sessions are told apart, and heard one after the other or not.
func TestSources(t *testing.T) {
	const ms = time.Millisecond
	for name, tt := range map[string]struct {
		second  time.Duration // when the second session begins, after a first of 200 ms
		gap     time.Duration
		doubled time.Duration
	}{
		"after a pause": {700 * ms, 520 * ms, 0},
		"at once":       {200 * ms, 20 * ms, 0},
		"doubled":       {100 * ms, -80 * ms, 80 * ms},
		"within":        {40 * ms, -140 * ms, 140 * ms},
	} {
		t.Run(name, func(t *testing.T) {
			k, l := newTalker(t), listen.New(listen.Options{CountOnly: true})
			for range 10 {
				hear(l, []listen.Packet{k.packet([]byte("audio"))})
			}
			hear(l, k.silence(5)) // silence doubles nothing
			l.Refused(listen.Packet{Speaker: speaker, SSRC: 1, Arrival: k.now})
			k.ssrc, k.now = 2, epoch.Add(tt.second)
			for range 10 {
				hear(l, []listen.Packet{k.packet([]byte("audio"))})
			}
			l.Refused(listen.Packet{Speaker: speaker, SSRC: 3, Arrival: k.now})
			l.Refused(listen.Packet{Speaker: 1, SSRC: 4, Arrival: k.now})
			r := l.Report()
			want := []listen.Source{
				{SSRC: 1, First: epoch, Last: epoch.Add(180 * ms), Packets: 10, Refused: 1, LastRefused: epoch.Add(300 * ms)},
				{SSRC: 2, First: epoch.Add(tt.second), Last: epoch.Add(tt.second + 180*ms), Packets: 10, Gap: tt.gap},
				{SSRC: 3, Refused: 1, LastRefused: k.now},
			}
			if !slices.Equal(r.Sources, want) || r.Doubled != tt.doubled {
				t.Errorf("doubled for %v\n%+v, want\n%+v", r.Doubled, r.Sources, want)
			}
		})
	}
}

func TestDeviation(t *testing.T) {
	k, l := newTalker(t), listen.New(listen.Options{CountOnly: true})
	for i := range 1000 {
		p := k.packet([]byte(opus.SilenceFrame)) // content does not matter here
		if i%100 == 50 {
			p.Arrival = p.Arrival.Add(8 * time.Millisecond)
		} else {
			p.Arrival = p.Arrival.Add(time.Duration(i%2) * time.Millisecond)
		}
		l.Hear(p)
	}
	d := l.Report().Deviation
	near := func(got, want time.Duration) bool { return (got - want).Abs() < want/50 }
	if !near(d.P50, time.Millisecond) || !near(d.P99, 7*time.Millisecond) || d.Max != 7*time.Millisecond {
		t.Errorf("deviation %+v", d)
	}
}

func TestLevelsAndSilence(t *testing.T) {
	k, l := newTalker(t), listen.New(listen.Options{})
	defer l.Close()
	hear(l, k.packets(t, sine(1000, 0.5, 2*time.Second)))
	hear(l, k.packets(t, make([]float32, 2*audio.SampleRate*audio.Channels)))
	r := l.Report()
	want := 20*math.Log10(0.5) - 3.01 - 3.01 // half amplitude, sine, half of the time
	if math.Abs(r.RMS[0]-want) > 0.3 || math.Abs(r.RMS[1]-want) > 0.3 {
		t.Errorf("RMS %v dBFS, want %.1f", r.RMS, want)
	}
	if r.Peak < -7 || r.Peak > -4.5 {
		t.Errorf("peak %.1f dBFS, want about -6", r.Peak)
	}
	if math.Abs(r.Silence-0.5) > 0.02 {
		t.Errorf("silence %.3f, want a half", r.Silence)
	}
	pcm, err := l.Recording().Samples()
	if err != nil {
		t.Fatal(err)
	}
	hertz, level := listen.Tone(pcm[9600:], 1)
	if math.Abs(hertz-1000) > 0.5 || math.Abs(level-(20*math.Log10(0.5)-3.01)) > 0.3 {
		t.Errorf("tone %.2f Hz at %.2f dBFS", hertz, level)
	}
}

func TestOthersAndRubbish(t *testing.T) {
	k, l := newTalker(t), listen.New(listen.Options{Speaker: speaker})
	defer l.Close()
	other := k.packet([]byte(opus.SilenceFrame))
	other.Speaker = 5
	l.Hear(other)
	l.Hear(k.packet([]byte{0xFF, 0x80, 0xFF})) // code 3 with a padding that never ends
	l.Hear(k.packet(nil))
	r := l.Report()
	if r.Others != 1 || r.Packets != 2 || r.Undecodable == 0 {
		t.Errorf("others %d, packets %d, undecodable %d", r.Others, r.Packets, r.Undecodable)
	}
	if r.Length != 40*time.Millisecond {
		t.Errorf("length %v", r.Length)
	}
}

func TestKeepBoundsTheRecording(t *testing.T) {
	for _, tt := range []struct {
		name string
		keep time.Duration
		want time.Duration
	}{
		{"everything", 0, 10 * time.Second},
		{"two seconds", 2 * time.Second, 2 * time.Second},
		{"nothing", -1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			k, l := newTalker(t), listen.New(listen.Options{Keep: tt.keep})
			defer l.Close()
			hear(l, k.packets(t, sine(440, 0.5, 10*time.Second)))
			if got := l.Recording().Length(); got != tt.want {
				t.Errorf("kept %v, want %v", got, tt.want)
			}
			if got := l.Report().Length; got != 10*time.Second {
				t.Errorf("report of %v", got)
			}
		})
	}
}

func TestSubscription(t *testing.T) {
	k, l := newTalker(t), listen.New(listen.Options{})
	fast, slow := l.Subscribe(100), l.Subscribe(10)
	hear(l, k.packets(t, sine(440, 0.5, time.Second)))
	slow.Close()
	slow.Close()
	l.Close()
	n := 0
	for f := range fast.Frames() {
		if f.At != time.Duration(n)*audio.FrameTime || len(f.PCM) != 1920 {
			t.Fatalf("frame %d at %v with %d samples", n, f.At, len(f.PCM))
		}
		n++
	}
	if n != 50 || fast.Dropped() != 0 {
		t.Errorf("%d frames, %d dropped", n, fast.Dropped())
	}
	if slow.Dropped() != 40 {
		t.Errorf("the slow one missed %d, want 40", slow.Dropped())
	}
	if _, open := <-l.Subscribe(1).Frames(); open {
		t.Error("a closed listener gave a frame")
	}
}

func TestWAV(t *testing.T) {
	k, l := newTalker(t), listen.New(listen.Options{})
	defer l.Close()
	hear(l, k.packets(t, sine(440, 0.5, time.Second)))
	var b bytes.Buffer
	if err := l.Recording().WriteWAV(&b); err != nil {
		t.Fatal(err)
	}
	wav := b.Bytes()
	if len(wav) != 44+48000*4 || string(wav[:4]) != "RIFF" || string(wav[8:16]) != "WAVEfmt " {
		t.Fatalf("%d bytes, % x", len(wav), wav[:44])
	}
	if size := binary.LittleEndian.Uint32(wav[4:]); int(size) != len(wav)-8 {
		t.Errorf("RIFF size %d of %d bytes", size, len(wav))
	}
	pcm := make([]float32, (len(wav)-44)/2)
	for i := range pcm {
		pcm[i] = float32(int16(binary.LittleEndian.Uint16(wav[44+2*i:]))) / 32768
	}
	if hertz, _ := listen.Tone(pcm, 0); math.Abs(hertz-440) > 1 {
		t.Errorf("%.1f Hz in the file", hertz)
	}
}

func TestOgg(t *testing.T) {
	reference := music(3 * time.Second)
	k, l := newTalker(t), listen.New(listen.Options{})
	defer l.Close()
	packets := k.packets(t, reference)
	hear(l, append(packets[:50:50], packets[55:]...))
	var b bytes.Buffer
	if err := l.Recording().WriteOgg(&b); err != nil {
		t.Fatal(err)
	}
	r, err := ogg.NewReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for ; ; n++ {
		if _, err := r.ReadPacket(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if n != 150 {
		t.Errorf("%d packets, want 150 with the five lost ones filled", n)
	}
	checkWithFFmpeg(t, b.Bytes())
}

// checkWithFFmpeg lets a decoder nobody here wrote play the file, where there is one.
func checkWithFFmpeg(t *testing.T, file []byte) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		return
	}
	path := filepath.Join(t.TempDir(), "heard.ogg")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "warning", "-i", path, "-f", "null", "-").CombinedOutput()
	if err != nil || len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("ffmpeg: %v: %s", err, out)
	}
}

func TestReportReadsWell(t *testing.T) {
	k, l := newTalker(t), listen.New(listen.Options{})
	defer l.Close()
	packets := k.packets(t, sine(440, 0.5, time.Second))
	hear(l, append(packets[:10:10], packets[12:]...))
	text := l.Report().String()
	for _, want := range []string{"1s, 48 packets", "2 lost", "lost at 200ms for 40ms", "level"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
