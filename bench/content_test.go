package bench_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"busker/audio"
	"busker/opus"
	"busker/opus/dca"
	"busker/opus/ogg"
)

// content is a file to decode, made out of the corpus.
type content struct {
	format string   // of the benchmark's name
	file   string   // whose ending tells ffmpeg the container; "" = made without it
	rate   int      // Hz
	args   []string // for ffmpeg
	loops  int      // times the corpus; 0 = once
	build  func(tb testing.TB) []byte
}

// made are the files there are already, by what they were made of.
var made sync.Map

// bytes returns the file, and leaves the measurement out where it can not be made.
func (c content) bytes(tb testing.TB) []byte {
	tb.Helper()
	if b, ok := made.Load(c.key(tb)); ok {
		return b.([]byte)
	}
	var b []byte
	if c.file == "" {
		b = c.build(tb)
	} else {
		b = c.encode(tb)
	}
	made.Store(c.key(tb), b)
	return b
}

func (c content) key(tb testing.TB) string {
	return fmt.Sprint(c.file, c.format, c.rate, several(tb, c.loops))
}

func (c content) encode(tb testing.TB) []byte {
	tb.Helper()
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		tb.Skip("ffmpeg is not installed, which makes the file to decode")
	}
	dir := tb.TempDir()
	in, out := filepath.Join(dir, "in.wav"), filepath.Join(dir, c.file)
	if err := os.WriteFile(in, wave(sound(tb)), 0o600); err != nil {
		tb.Fatal(err)
	}
	args := []string{"-v", "error", "-nostdin", "-stream_loop", fmt.Sprint(max(several(tb, c.loops)-1, 0)), "-i", in}
	args = append(append(args, c.args...), "-ar", fmt.Sprint(c.rate), out)
	if said, err := exec.CommandContext(tb.Context(), program, args...).CombinedOutput(); err != nil {
		tb.Skipf("ffmpeg makes no %s here: %v %s", c.format, err, said)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// wave is a file of 16 bits at 48 kHz: "RIFF" size "WAVE" "fmt " 16 format:1 channels:2
// rate:4 bytes/s:4 frame:2 bits:2 "data" size, all little endian.
func wave(blocks []audio.Block) []byte {
	const pcm, sample = 1, 2
	size := uint32(len(blocks) * len(audio.Block{}) * sample)
	b := binary.LittleEndian.AppendUint32([]byte("RIFF"), size+36)
	b = binary.LittleEndian.AppendUint32(append(b, "WAVEfmt "...), 16)
	b = binary.LittleEndian.AppendUint16(b, pcm)
	b = binary.LittleEndian.AppendUint16(b, audio.Channels)
	b = binary.LittleEndian.AppendUint32(b, audio.SampleRate)
	b = binary.LittleEndian.AppendUint32(b, audio.SampleRate*audio.Channels*sample)
	b = binary.LittleEndian.AppendUint16(b, audio.Channels*sample)
	b = binary.LittleEndian.AppendUint16(b, 8*sample)
	b = binary.LittleEndian.AppendUint32(append(b, "data"...), size)
	for i := range blocks {
		for _, v := range blocks[i] {
			b = binary.LittleEndian.AppendUint16(b, uint16(int16(math.MaxInt16*max(-1, min(1, v)))))
		}
	}
	return b
}

// packets is the corpus in Opus at the default bitrate, so many times over, and what of it
// is before the sound, in samples.
func packets(tb testing.TB, loops int) (list [][]byte, skip int) {
	tb.Helper()
	e, err := opus.NewEncoder(opus.EncoderOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	defer e.Close()
	blocks, packet := sound(tb), make([]byte, audio.MaxPacketBytes)
	for i := range loops * len(blocks) {
		n, err := e.Encode(packet, &blocks[i%len(blocks)])
		if err != nil {
			tb.Fatal(err)
		}
		list = append(list, bytes.Clone(packet[:n]))
	}
	return list, e.Lookahead()
}

func oggFile(tb testing.TB, loops int) []byte {
	tb.Helper()
	list, skip := packets(tb, loops)
	var b bytes.Buffer
	w, err := ogg.NewWriter(&b, ogg.WriterOptions{Serial: 1, Head: ogg.Head{Channels: audio.Channels, PreSkip: skip}})
	for _, p := range list {
		if err == nil {
			err = w.WritePacket(p, audio.FrameSamples)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func dcaFile(tb testing.TB) []byte {
	tb.Helper()
	list, skip := packets(tb, 1)
	var b bytes.Buffer
	w, err := dca.NewWriter(&b, dca.Metadata{Extra: dca.Extra{Skip: skip}})
	for _, p := range list {
		if err == nil {
			err = w.WritePacket(p)
		}
	}
	if err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}
