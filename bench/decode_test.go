package bench_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"busker/audio"
	"busker/opus"
	"busker/sources/decode"
)

// The files to decode. Those of ffmpeg are longer: its start, 55 ms, is part of what it
// costs.
var (
	oggOpus = content{format: "opus", rate: 48000, build: func(tb testing.TB) []byte { return oggFile(tb, 1) }}
	webm    = content{format: "webm", file: "a.webm", rate: 48000, args: []string{"-c:a", "libopus", "-b:a", "96k"}}
	dcas    = content{format: "dca", rate: 48000, build: func(tb testing.TB) []byte { return dcaFile(tb) }}
	opus60  = content{format: "opus60", file: "a.opus", rate: 48000, args: []string{"-c:a", "libopus", "-b:a", "96k", "-frame_duration", "60"}}

	inProcess = []content{
		{format: "wav", rate: 48000, build: func(tb testing.TB) []byte { return wave(sound(tb)) }},
		{format: "wav", file: "a.wav", rate: 44100, args: []string{"-c:a", "pcm_s16le"}},
		{format: "flac", file: "a.flac", rate: 48000, args: []string{"-c:a", "flac", "-sample_fmt", "s16"}},
		{format: "flac", file: "a.flac", rate: 44100, args: []string{"-c:a", "flac", "-sample_fmt", "s16"}},
		{format: "mp3", file: "a.mp3", rate: 48000, args: []string{"-c:a", "libmp3lame", "-b:a", "192k"}},
		{format: "mp3", file: "a.mp3", rate: 44100, args: []string{"-c:a", "libmp3lame", "-b:a", "192k"}},
		{format: "vorbis", file: "a.ogg", rate: 48000, args: []string{"-c:a", "libvorbis", "-b:a", "128k"}},
		{format: "vorbis", file: "a.ogg", rate: 44100, args: []string{"-c:a", "libvorbis", "-b:a", "128k"}},
		{format: "aac", file: "a.aac", rate: 48000, args: []string{"-c:a", "aac", "-b:a", "128k"}},
		{format: "m4a", file: "a.m4a", rate: 48000, args: []string{"-c:a", "aac", "-b:a", "128k"}},
		{format: "m4a", file: "a.m4a", rate: 44100, args: []string{"-c:a", "aac", "-b:a", "128k"}},
		oggOpus, webm, dcas, opus60,
	}
	byFFmpeg = []content{
		{format: "aiff", file: "a.aiff", rate: 48000, loops: 6},
		{format: "alac", file: "a.m4a", rate: 48000, args: []string{"-c:a", "alac"}, loops: 6},
		{format: "oggflac", file: "a.oga", rate: 48000, args: []string{"-c:a", "flac"}, loops: 6},
		{format: "webmvorbis", file: "a.webm", rate: 48000, args: []string{"-c:a", "libvorbis", "-b:a", "128k"}, loops: 6},
		{format: "wma", file: "a.wma", rate: 48000, args: []string{"-c:a", "wmav2", "-b:a", "128k"}, loops: 6},
		{format: "ac3", file: "a.ac3", rate: 48000, args: []string{"-c:a", "ac3"}, loops: 6},
		{format: "tta", file: "a.tta", rate: 44100, loops: 6},
	}
)

// BenchmarkDecode is 20 ms of every format that is read, from memory into blocks, in this
// process or by a child process whose processor time counts.
func BenchmarkDecode(b *testing.B) { measure(b, formats()) }

func formats() (list []work) {
	for _, c := range inProcess {
		list = append(list, work{name: fmt.Sprintf("format=%s/rate=%d/by=process", c.format, c.rate), open: func(tb testing.TB) *job {
			return blocksOf(tb, c.bytes(tb), decode.Options{})
		}, child: c.file != ""})
	}
	for _, c := range byFFmpeg {
		list = append(list, work{name: fmt.Sprintf("format=%s/rate=%d/by=ffmpeg", c.format, c.rate), open: func(tb testing.TB) *job {
			f, err := decode.NewFFmpeg(decode.FFmpegOptions{Starts: 1000})
			if err != nil {
				tb.Skip("ffmpeg is not installed, which decodes this")
			}
			return blocksOf(tb, c.bytes(tb), decode.Options{FFmpeg: f})
		}, child: true})
	}
	return list
}

// playing is content being read, over and over from its beginning.
type playing struct {
	audio.Reader

	tb      testing.TB
	content []byte
	from    time.Duration
	options decode.Options
}

func (p *playing) open() (err error) {
	if p.Reader != nil {
		if err = p.Close(); err != nil {
			return err
		}
	}
	in := decode.Input{Reader: bytes.NewReader(p.content), Size: int64(len(p.content))}
	p.Reader, err = decode.Open(p.tb.Context(), in, p.from, p.options)
	p.from = 0
	return err
}

// play begins to read content at a time.
func play(tb testing.TB, content []byte, from time.Duration, o decode.Options) *playing {
	tb.Helper()
	p := &playing{tb: tb, content: content, from: from, options: o}
	if err := p.open(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.Close() })
	return p
}

func blocksOf(tb testing.TB, content []byte, o decode.Options) *job {
	tb.Helper()
	p := play(tb, content, 0, o)
	var block audio.Block
	return &job{
		frame: func(int) error { return p.ReadBlock(&block) },
		again: p.open,
		end:   func() error { return p.Close() },
	}
}

// BenchmarkDemux is 20 ms of Opus out of its container, as it is; of opus60 three packets
// are made out of one.
func BenchmarkDemux(b *testing.B) { measure(b, containers()) }

func containers() (list []work) {
	for _, c := range []content{oggOpus, webm, dcas, opus60} {
		list = append(list, work{name: "container=" + c.format, open: func(tb testing.TB) *job { return packetsOf(tb, c.bytes(tb)) }, child: c.file != ""})
	}
	return list
}

func packetsOf(tb testing.TB, content []byte) *job {
	tb.Helper()
	p := play(tb, content, 0, decode.Options{})
	packet := audio.NewPacket()
	tb.Cleanup(packet.Release)
	return &job{
		frame: func(int) error { return p.Reader.(audio.PacketReader).ReadPacket(packet) },
		again: p.open,
	}
}

// BenchmarkDecodeOpus is every Opus decoder of this build.
func BenchmarkDecodeOpus(b *testing.B) { measure(b, decoders()) }

func decoders() (list []work) {
	for _, backend := range opus.Backends() {
		for _, kbps := range []int{64, 96, 128} {
			list = append(list, work{name: fmt.Sprintf("backend=%s/kbps=%d", backend, kbps), open: func(tb testing.TB) *job {
				return decoding(tb, backend, kbps*1000)
			}})
		}
	}
	return list
}

func decoding(tb testing.TB, backend string, bitrate int) *job {
	tb.Helper()
	d, err := opus.NewDecoder(opus.DecoderOptions{Backend: backend})
	if err != nil {
		tb.Skip(err)
	}
	tb.Cleanup(func() { d.Close() })
	blocks := sound(tb)
	e := coding{"", opus.DefaultComplexity, bitrate, ""}.encoder(tb)
	list := make([][]byte, len(blocks))
	for i := range blocks {
		p := make([]byte, audio.MaxPacketBytes)
		n, err := e.Encode(p, &blocks[i])
		if err != nil {
			tb.Fatal(err)
		}
		list[i] = p[:n]
	}
	pcm := make([]float32, opus.MaxPacketSamples*audio.Channels)
	return &job{frame: func(i int) error { _, err := d.Decode(pcm, list[i%len(list)]); return err }}
}
