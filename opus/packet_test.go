package opus_test

import (
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus"
)

func TestPacketDuration(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name   string
		packet string
		want   time.Duration
	}{
		{"silk 10 ms", "\x00", 10 * ms},
		{"silk 60 ms", "\x18", 60 * ms},
		{"silk wideband 40 ms", "\x50", 40 * ms},
		{"hybrid 10 ms", "\x60", 10 * ms},
		{"hybrid 20 ms", "\x78", 20 * ms},
		{"celt 2.5 ms", "\x80", 2500 * time.Microsecond},
		{"celt 5 ms", "\xE8", 5 * ms},
		{"Discord's silence", opus.SilenceFrame, 20 * ms},
		{"two equal frames", "\xF9", 40 * ms},
		{"two unequal frames", "\xFA", 40 * ms},
		{"two frames of 60 ms", "\x19", 120 * ms},
		{"three of 20 ms", "\xFB\x03", 60 * ms},
		{"six of 20 ms, vbr and padding", "\xFB\xC6", 120 * ms},
		{"48 of 2.5 ms", "\x83\x30", 120 * ms},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := opus.PacketDuration([]byte(tt.packet)); err != nil || got != tt.want {
				t.Errorf("%v, %v; want %v", got, err, tt.want)
			}
		})
	}
	for _, tt := range []struct{ name, packet string }{
		{"nothing", ""},
		{"count missing", "\xFB"},
		{"no frames", "\xFB\x00"},
		{"140 ms", "\xFB\x07"},
		{"three of 60 ms", "\x1B\x03"},
		{"49 of 2.5 ms", "\x83\x31"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := opus.PacketDuration([]byte(tt.packet)); fault.KindOf(err) != fault.Corrupt {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

// Whatever the packet, a decoder either gives as much audio as PacketDuration
// said or fails; and one that fails still works.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(opus.SilenceFrame))
	f.Add([]byte("\xFB\xC3\x01\x01\x01abc\x00"))
	f.Add([]byte("\x83\x30"))
	f.Add([]byte("\x00\xFF\x80\x12\x34\x56"))
	f.Add([]byte("\x7A\x05abcdefgh"))
	e := newEncoder(f, opus.EncoderOptions{})
	for _, p := range encode(f, e, music(3)) {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, packet []byte) {
		if len(packet) == 0 {
			return
		}
		want, durationErr := opus.PacketDuration(packet)
		for _, b := range opus.Backends() {
			d := newDecoder(t, opus.DecoderOptions{Backend: b})
			pcm := make([]float32, opus.MaxPacketSamples*audio.Channels)
			n, err := d.Decode(pcm, packet)
			if err == nil {
				for _, v := range pcm[:n*audio.Channels] {
					if v-v != 0 {
						t.Fatalf("%s decoded %v", b, v)
					}
				}
			}
			switch {
			case err == nil && durationErr != nil:
				t.Errorf("%s decoded a packet of no duration", b)
			case err == nil && audio.SamplesDuration(int64(n)) != want:
				t.Errorf("%s: %d samples, want %v", b, n, want)
			}
			if n, err := d.Decode(pcm, []byte(opus.SilenceFrame)); err != nil || n != audio.FrameSamples {
				t.Errorf("%s afterwards: %d samples, %v", b, n, err)
			}
		}
	})
}
