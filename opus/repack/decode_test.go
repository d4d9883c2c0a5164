package repack_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"testing"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
	"busker/opus/ogg"
	"busker/opus/repack"
	"busker/opus/toc"
)

// stream is made by ffmpeg: 4 s of tones and noise.
func stream(t testing.TB, args ...string) (packets [][]byte) {
	t.Helper()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		t.Skip(err)
	}
	args = slices.Concat([]string{
		"-v", "error", "-f", "lavfi", "-i",
		"aevalsrc='0.3*sin(2*PI*(200+300*t)*t)+0.1*random(0)|0.3*sin(2*PI*330*t)*sin(9*t)':d=4:s=48000",
		"-c:a", "libopus",
	}, args, []string{"-f", "ogg", "-"})
	file, err := exec.Command("ffmpeg", args...).Output()
	if err != nil {
		t.Skipf("ffmpeg: %v", err)
	}
	r, err := ogg.NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	for {
		p, err := r.ReadPacket()
		if errors.Is(err, io.EOF) {
			return packets
		}
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, bytes.Clone(p))
	}
}

func decode(t testing.TB, packets [][]byte) (pcm []float32) {
	t.Helper()
	d, err := opus.NewDecoder(opus.DecoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var b [opus.MaxPacketSamples * audio.Channels]float32
	for i, p := range packets {
		n, err := d.Decode(b[:], p)
		if err != nil {
			t.Fatalf("packet %d: %v", i, err)
		}
		pcm = append(pcm, b[:n*audio.Channels]...)
	}
	return pcm
}

func TestSoundsTheSame(t *testing.T) {
	for _, tt := range []struct {
		ms, application, bitrate string
	}{
		{"2.5", "audio", "160k"},
		{"5", "audio", "128k"},
		{"10", "audio", "96k"},
		{"20", "audio", "96k"},
		{"40", "audio", "96k"},
		{"60", "audio", "128k"},
		{"10", "voip", "20k"},
		{"10", "voip", "36k"},
		{"20", "voip", "16k"},
		{"80", "audio", "96k"},
		{"100", "audio", "96k"},
		{"120", "audio", "96k"},
	} {
		t.Run(fmt.Sprintf("%s ms %s %s", tt.ms, tt.application, tt.bitrate), func(t *testing.T) {
			in := stream(t, "-frame_duration", tt.ms, "-application", tt.application, "-b:a", tt.bitrate)
			var r repack.Repacker
			var out [][]byte
			for i, p := range in {
				if err := r.Push(p); err != nil {
					t.Fatalf("packet %d (%#x): %v", i, p[0], err)
				}
				out = append(out, pull(&r)...)
			}
			tail := 0
			if p, n, ok := r.Drain(); ok {
				out, tail = append(out, bytes.Clone(p)), n
			}
			for i, p := range out {
				if n, err := toc.Samples(p); err != nil || n != audio.FrameSamples || len(p) > audio.MaxPacketBytes {
					t.Fatalf("packet %d: %d samples, %d bytes, %v", i, n, len(p), err)
				}
			}
			want, got := decode(t, in), decode(t, out)
			got = got[:len(got)-tail*audio.Channels]
			if len(want) < 4*audio.SampleRate*audio.Channels || !slices.Equal(got, want) {
				t.Errorf("%d samples, want %d, or they differ", len(got)/2, len(want)/2)
			}
		})
	}
}

func TestLongSpeechFramesAreRefused(t *testing.T) {
	for _, ms := range []string{"40", "60"} {
		in := stream(t, "-frame_duration", ms, "-application", "voip", "-b:a", "9k", "-ac", "1")
		var r repack.Repacker
		if err := r.Push(in[50]); fault.KindOf(err) != fault.Unsupported || repack.Possible(in[50][0]) {
			t.Errorf("%s ms: %v", ms, err)
		}
	}
}

// FuzzPush holds that whatever goes in comes out as packets of 20 ms that sound the same.
func FuzzPush(f *testing.F) {
	f.Add([]byte{celt10, 1, 2, 3}, []byte{celt10, 4})
	f.Add([]byte{celt20 | 3, 0x83, 1, 2, 9, 8, 8, 7, 7}, []byte{celt20})
	f.Add([]byte{celt5 | 3, 0x44, 2, 1, 2, 3, 4, 0, 0}, []byte{celt2 | 3, 8, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{silk10 | 2, 1, 9, 8, 8, 7, 7}, []byte{silk40, 1})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var r repack.Repacker
		var in, out [][]byte
		for _, p := range [][]byte{a, b, a} {
			if err := r.Push(p); err != nil {
				if k := fault.KindOf(err); k != fault.Corrupt && k != fault.Unsupported {
					t.Fatalf("%v: %v", k, err)
				}
				continue
			}
			in, out = append(in, p), append(out, pull(&r)...)
		}
		tail := 0
		if p, n, ok := r.Drain(); ok {
			out, tail = append(out, bytes.Clone(p)), n
		}
		for _, p := range out {
			if n, err := toc.Samples(p); err != nil || n != audio.FrameSamples || len(p) > audio.MaxPacketBytes {
				t.Fatalf("%d samples, %d bytes, %v", n, len(p), err)
			}
		}
		want, got := decode(t, in), decode(t, out)
		if got = got[:len(got)-tail*audio.Channels]; !slices.Equal(got, want) {
			t.Fatalf("%x sounds otherwise than %x", out, in)
		}
	})
}
