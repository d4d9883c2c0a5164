package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"busker/audio"
	"busker/bench"
	"busker/emulator"
	"busker/opus"
)

// command is what people type, after /play or instead.
type command struct {
	name string
	args emulator.Args
}

// kind is one way to make the bot work.
type kind struct {
	about string
	file  string // extension of each guild's file
	radio bool   // all play one endless stream instead
	then  []command
}

var repeat = command{"loop", emulator.Args{"mode": "track"}}

var kinds = map[string]kind{
	"passthrough": {about: "Opus, sent as it is", file: ".opus", then: []command{repeat}},
	"encode":      {about: "PCM, encoded", file: ".wav", then: []command{repeat}},
	"transcode": {
		about: "Opus at 90 % volume: decoded and encoded", file: ".opus",
		then: []command{repeat, {"volume", emulator.Args{"percent": 90}}},
	},
	"filter": {
		about: "Opus with a filter: decoded, filtered, encoded", file: ".opus",
		then: []command{repeat, {"effects", emulator.Args{"preset": "bassboost"}}},
	},
	"equalizer": {
		about: "Opus through an equalizer: decoded, filtered, encoded", file: ".opus",
		then: []command{repeat, {"effects", emulator.Args{"preset": "rock"}}},
	},
	"radio": {about: "one radio station, PCM, for all", radio: true},
}

func kindNames() string {
	names := make([]string, 0, len(kinds))
	for name, k := range kinds {
		names = append(names, fmt.Sprintf("%s (%s)", name, k.about))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// station is what the radio is asked for; the address is filled in when it is open.
var station string

func (k kind) query(n int) string {
	if k.radio {
		return station
	}
	return trackName(n) + k.file
}

func trackName(n int) string { return fmt.Sprintf("track-%04d", n) }

// length of a guild's track, in seconds: it loops.
const length = 120

// music is a folder with a file of its own for every guild, so that nothing is shared
// that the kind does not mean to be, or a radio.
type music struct {
	dir   string
	radio *http.Server
	done  errgroup.Group
}

func newMusic(ctx context.Context, k kind, o options) (*music, error) {
	dir, err := os.MkdirTemp("", "busker-load-")
	if err != nil {
		return nil, err
	}
	m := &music{dir: dir}
	if k.radio {
		return m, m.broadcast(ctx)
	}
	first := filepath.Join(dir, trackName(0)+k.file)
	if err := write(ctx, first, k.file); err != nil {
		return m, err
	}
	for n := 1; n < o.guilds; n++ {
		if err := os.Link(first, filepath.Join(dir, trackName(n)+k.file)); err != nil {
			return m, err
		}
	}
	return m, nil
}

func (m *music) close() {
	if m.radio != nil {
		_ = m.radio.Close()
		_ = m.done.Wait()
	}
	_ = os.RemoveAll(m.dir)
}

func write(ctx context.Context, name, extension string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	blocks := sound(ctx)
	if extension == ".opus" {
		err = bench.WriteOpus(f, blocks, length*audio.FramesPerSecond, opus.EncoderOptions{})
	} else {
		err = writeWAV(f, blocks, length*audio.FramesPerSecond)
	}
	if err != nil {
		return err
	}
	return f.Sync()
}

// sound is ten seconds of real music where there is some, else of a chord.
func sound(ctx context.Context) []audio.Block {
	const frames = 10 * audio.FramesPerSecond
	if s, err := bench.Music(ctx, frames, bench.MusicFiles(".")...); err == nil {
		return s.Blocks
	}
	return bench.Synthetic(frames)[0].Blocks
}

func writeWAV(w io.Writer, blocks []audio.Block, frames int) error {
	if err := wavHeader(w, uint32(frames*audio.FrameSamples*audio.Channels*2)); err != nil {
		return err
	}
	for n := range frames {
		if err := binary.Write(w, binary.LittleEndian, pcm16(&blocks[n%len(blocks)])); err != nil {
			return err
		}
	}
	return nil
}

// wavHeader is RIFF with 16 bits, stereo, 48 kHz.
func wavHeader(w io.Writer, size uint32) error {
	_, err := io.WriteString(w, "RIFF")
	for _, v := range []any{
		size + 36, []byte("WAVEfmt "), uint32(16), uint16(1), uint16(audio.Channels), uint32(audio.SampleRate),
		uint32(audio.SampleRate * audio.Channels * 2), uint16(audio.Channels * 2), uint16(16), []byte("data"), size,
	} {
		if err == nil {
			err = binary.Write(w, binary.LittleEndian, v)
		}
	}
	return err
}

func pcm16(b *audio.Block) []int16 {
	out := make([]int16, len(b))
	for i, v := range b {
		out[i] = int16(max(-1, min(1, v)) * 32767)
	}
	return out
}

// broadcast opens a radio station that sends endless WAV in real time.
func (m *music) broadcast(ctx context.Context) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	station = "http://" + l.Addr().String() + "/live.wav"
	blocks := sound(ctx)
	m.radio = &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Icy-Name", "Load FM")
		w.Header().Set("Content-Type", "audio/wav")
		stream(r.Context(), w, blocks)
	})}
	m.done.Go(func() error { return m.radio.Serve(l) })
	return nil
}

// stream sends two seconds at once and then keeps the time.
func stream(ctx context.Context, w io.Writer, blocks []audio.Block) {
	if wavHeader(w, 0x7FFFFFFF) != nil {
		return
	}
	start := time.Now()
	for n := 0; ; n++ {
		due := start.Add(audio.Duration(int64(n)) - 2*time.Second)
		if rest(ctx, time.Until(due)) != nil || binary.Write(w, binary.LittleEndian, pcm16(&blocks[n%len(blocks)])) != nil {
			return
		}
	}
}
