package webm_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"busker/internal/fault"
	"busker/opus/webm"
)

func TestFileOfAnotherMuxer(t *testing.T) {
	b, err := os.ReadFile("testdata/tones.webm") // 12 s, made by ffmpeg
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string]io.Reader{
		"seekable": bytes.NewReader(b),
		"stream":   iotest.OneByteReader(bytes.NewReader(b)),
	} {
		t.Run(name, func(t *testing.T) {
			r := newReader(t, in)
			m := r.Meta()
			if m.Title != "Two tones" || m.Artist != "Nobody" || m.Album != "Tests" || m.Duration != 12008*time.Millisecond {
				t.Errorf("meta %+v", m)
			}
			tr := r.Track()
			if tr.Channels != 2 || tr.CodecDelay != 6500*time.Microsecond || tr.SeekPreRoll != 80*time.Millisecond || len(tr.CodecPrivate) != 19 {
				t.Errorf("track %+v", tr)
			}
			next := int64(0)
			for {
				if _, err := r.ReadPacket(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
				i := r.Info()
				if i.Position+int64(i.SkipStart) != next {
					t.Fatalf("%+v is to be heard at %d", i, next)
				}
				next += int64(i.Samples - i.SkipStart - i.SkipEnd)
			}
			if next != 12*48000 {
				t.Errorf("%d samples heard", next)
			}
		})
	}
}

func TestShapesOfClusters(t *testing.T) {
	setup := append(info, tracks(track(1, 1, "V_VP9"), opusTrack(0))...)
	video := el(0xA3, append([]byte{0x81, 0, 0, 0}, make([]byte, 5000)...))
	huge := el(0xA3, append([]byte{0x40, 0x07, 0, 0, 0}, make([]byte, 2<<20)...))
	void := el(0xEC, make([]byte, 100))
	for _, tt := range []struct {
		name string
		file []byte
		want int // packets, numbered from 0, 20 ms apart
	}{
		{"simple blocks", segment(setup, cluster(0, 50), cluster(50, 80)), 80},
		{"block groups", segment(setup, el(0x1F43B675, num(0xE7, 0), group(nil, 0, packet(0)), group(nil, 20, packet(1)))), 2},
		{"live: clusters of unknown size", append(bytes.Clone(ebml), live(0x18538067, setup,
			live(0x1F43B675, clusterContent(0, 20)), live(0x1F43B675, clusterContent(20, 45)))...), 45},
		{"live: segments one after the other", bytes.Join([][]byte{
			ebml, live(0x18538067, setup, live(0x1F43B675, clusterContent(0, 20))),
			ebml, live(0x18538067, setup, live(0x1F43B675, clusterContent(20, 30))),
		}, nil), 30},
		{"video between", segment(setup, el(0x1F43B675, num(0xE7, 0), video, simple(0, 0, packet(0)), video, huge, void, simple(20, 0, packet(1)))), 2},
		{"cut off in a block", segment(setup, cluster(0, 50))[:3000], 16},
		{"everything else between", segment(void, el(0x114D9B74), setup, void, cluster(0, 2), el(0x1C53BB6B), el(0x1254C367), cluster(2, 4)), 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, in := range []io.Reader{bytes.NewReader(tt.file), onlyReader{bytes.NewReader(tt.file)}} {
				all := readAll(t, newReader(t, in))
				if len(all) != tt.want {
					t.Fatalf("%d packets, want %d", len(all), tt.want)
				}
				for i, h := range all {
					if h.packet != i || h.at != int64(i)*frame || h.samples != frame {
						t.Errorf("packet %d: %+v", i, h)
					}
				}
			}
		})
	}
}

func TestLacing(t *testing.T) {
	a, b, c := packet(0), packet(7), packet(20) // 3, 262 and 143 bytes
	if len(a) != 3 || len(b) != 262 || len(c) != 143 {
		t.Fatal(len(a), len(b), len(c))
	}
	diff := func(d int) []byte { // two bytes: centred on 8191
		v := d + 8191
		return []byte{0x40 | byte(v>>8), byte(v)}
	}
	for _, tt := range []struct {
		name  string
		block []byte
		want  [][]byte
	}{
		{"Xiph", simple(0, 0x02, []byte{2, 3, 255, 7}, a, b, c), [][]byte{a, b, c}},
		{"fixed", simple(0, 0x04, []byte{2}, a, packet(0), a), [][]byte{a, a, a}},
		{"EBML", simple(0, 0x06, []byte{2, 0x83}, diff(262-3), a, b, c), [][]byte{a, b, c}},
		{"EBML shrinking", simple(0, 0x06, []byte{2, 0x41, 0x06}, diff(3-262), b, a, c), [][]byte{b, a, c}},
		{"one frame", simple(0, 0x02, []byte{0}, b), [][]byte{b}},
		{"Xiph sizes cut off", simple(0, 0x02, []byte{2, 255}), nil},
		{"Xiph size too big", simple(0, 0x02, []byte{1, 200}, a), nil},
		{"fixed that does not divide", simple(0, 0x04, []byte{1}, a), nil},
		{"EBML size too big", simple(0, 0x06, []byte{1, 0x10, 0xFF, 0xFF, 0xFF}, a), nil},
		{"EBML size below zero", simple(0, 0x06, []byte{2, 0x83}, diff(-4), a, a), nil},
		{"no count", simple(0, 0x06), nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			file := segment(info, tracks(opusTrack(0)), el(0x1F43B675, num(0xE7, 0), tt.block, simple(500, 0, packet(9))))
			r := newReader(t, bytes.NewReader(file))
			for i, want := range append(tt.want, packet(9)) {
				p, err := r.ReadPacket()
				if err != nil || !bytes.Equal(p, want) {
					t.Fatalf("packet %d: % x, %v", i, p, err)
				}
				if i < len(tt.want) && r.Info().Position != int64(i)*frame {
					t.Errorf("packet %d at %d", i, r.Info().Position)
				}
			}
		})
	}
}

func TestTimes(t *testing.T) {
	file := segment(info, tracks(opusTrack(6_500_000)),
		el(0x1F43B675, num(0xE7, 0),
			simple(0, 0, packet(0)), // 312 samples of it are the codec's delay
			simple(21, 0, packet(1)),
			group(el(0x75A2, []byte{0xFF, 0x67, 0x69, 0x80}), 40, packet(2)), // -10 ms: at its beginning
		),
		el(0x1F43B675, num(0xE7, 1000), simple(-20, 0, packet(3)), // after a hole
			group(el(0x75A2, []byte{0, 0xCD, 0xFE, 0x60}), 0, packet(4)), // 648 samples too many
		))
	want := []heard{
		{0, 0, frame - 312, false},
		{1, frame - 312, frame, false}, // the tick is rounded, the audio goes on without a gap
		{2, 2*frame - 312 + 480, frame - 480, false},
		{3, 980*48 - 312, frame, false},
		{4, 1000*48 - 312, frame - 648, false},
	}
	all := readAll(t, newReader(t, bytes.NewReader(file)))
	if len(all) != len(want) {
		t.Fatalf("%d packets", len(all))
	}
	for i := range want {
		if all[i] != want[i] {
			t.Errorf("packet %d: %+v, want %+v", i, all[i], want[i])
		}
	}
}

func TestCodecDelayFromTheOpusHead(t *testing.T) {
	entry := el(0xAE, num(0xD7, 2), num(0x83, 2), text(0x86, "A_OPUS"), el(0x63A2, head(312)))
	r := newReader(t, bytes.NewReader(segment(info, tracks(entry), cluster(0, 2))))
	if all := readAll(t, r); all[0].samples != frame-312 || all[1].at != frame-312 {
		t.Errorf("%+v", all)
	}
}

func TestHeaderStripping(t *testing.T) {
	encodings := func(algo uint64, settings []byte) []byte {
		return el(0x6D80, el(0x6240, num(0x5033, 0), el(0x5034, num(0x4254, algo), el(0x4255, settings))))
	}
	p := packet(3)
	file := segment(info, tracks(opusTrack(0, encodings(3, p[:2]))), el(0x1F43B675, num(0xE7, 0), simple(0, 0, p[2:])))
	if all := readAll(t, newReader(t, bytes.NewReader(file))); len(all) != 1 || all[0].packet != 3 {
		t.Errorf("%+v", all)
	}
	_, err := webm.NewReader(bytes.NewReader(segment(info, tracks(opusTrack(0, encodings(0, nil))), cluster(0, 2))))
	if fault.KindOf(err) != fault.Unsupported {
		t.Errorf("zlib: %v", err)
	}
}

func tag(target uint64, pairs ...string) []byte {
	b := el(0x63C0)
	if target != 0 {
		b = el(0x63C0, num(0x68CA, target))
	}
	for i := 0; i < len(pairs); i += 2 {
		b = append(b, el(0x67C8, text(0x45A3, pairs[i]), text(0x4487, pairs[i+1]))...)
	}
	return el(0x7373, b)
}

func TestMeta(t *testing.T) {
	untitled := el(0x1549A966, num(0x2AD7B1, 500_000), float(0x4489, 4000))
	for _, tt := range []struct {
		name                 string
		info                 []byte
		tags                 []byte
		title, artist, album string
		length               time.Duration
	}{
		{"nothing", nil, nil, "", "", "", 0},
		{"info alone", info, nil, "The title", "", "", 4 * time.Second},
		{"ticks of half a millisecond", untitled, nil, "", "", "", 2 * time.Second},
		{"plain tags", untitled, tag(0, "title", "T", "Artist", "A", "ALBUM", "L"), "T", "A", "L", 2 * time.Second},
		{"song and album", nil, append(tag(50, "TITLE", "The album", "ARTIST", "Band"), tag(30, "TITLE", "The song")...), "The song", "Band", "The album", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReader(t, onlyReader{bytes.NewReader(segment(tt.info, tracks(opusTrack(0)), el(0x1254C367, tt.tags), cluster(0, 1)))})
			m := r.Meta()
			if m.Title != tt.title || m.Artist != tt.artist || m.Album != tt.album || m.Duration != tt.length {
				t.Errorf("%+v", m)
			}
		})
	}
}

func TestTagsWithoutEndAreNotKept(t *testing.T) {
	parts := [][]byte{info, tracks(opusTrack(0)), cluster(0, 1), el(0x1254C367, tag(0, "ARTIST", "A", "LYRICS", strings.Repeat("la", 1<<20)))}
	for i := range 1000 { // as an endless stream can bring them
		parts = append(parts, el(0x1254C367, tag(0, "NAME"+strconv.Itoa(i), "value")))
	}
	r := newReader(t, onlyReader{bytes.NewReader(segment(parts...))})
	readAll(t, r)
	if m := r.Meta(); m.Artist != "A" || len(m.Tags) > 256 || m.Tags["LYRICS"] != "" {
		t.Errorf("%d tags of %q are kept, and %d bytes of lyrics", len(m.Tags), m.Artist, len(m.Tags["LYRICS"]))
	}
}

func TestTagsBehindTheAudio(t *testing.T) {
	tags := el(0x1254C367, tag(0, "ARTIST", "A"))
	build := func(at uint64) []byte {
		seek := el(0x114D9B74, el(0x4DBB, el(0x53AB, idBytes(0x1254C367)), el(0x53AC, []byte{byte(at >> 24), byte(at >> 16), byte(at >> 8), byte(at)})))
		return bytes.Join([][]byte{seek, info, tracks(opusTrack(0)), cluster(0, 50)}, nil)
	}
	at := uint64(len(build(0)))
	file := segment(build(at), tags)
	if m := newReader(t, bytes.NewReader(file)).Meta(); m.Artist != "A" {
		t.Errorf("seekable: %+v", m)
	}
	r := newReader(t, onlyReader{bytes.NewReader(file)})
	if all := readAll(t, r); len(all) != 50 || r.Meta().Artist != "A" {
		t.Errorf("stream: %d packets, %+v", len(all), r.Meta())
	}
	for _, lie := range []uint64{0, 3, at + 1, 1 << 31} {
		r := newReader(t, bytes.NewReader(segment(build(lie), tags)))
		if all := readAll(t, r); len(all) != 50 {
			t.Errorf("seek head says %d: %d packets", lie, len(all))
		}
	}
}

func TestWhatCanNotBePlayed(t *testing.T) {
	for _, tt := range []struct {
		name  string
		file  []byte
		kind  fault.Kind
		codec string
	}{
		{"nothing", nil, fault.Corrupt, ""},
		{"text", []byte(strings.Repeat("hello ", 100)), fault.Corrupt, ""},
		{"another document type", append(el(0x1A45DFA3, text(0x4282, "books")), segment()...), fault.Unsupported, ""},
		{"Vorbis", segment(info, tracks(track(1, 1, "V_VP9"), track(2, 2, "A_VORBIS"), track(3, 2, "A_AAC")), cluster(0, 1)), fault.Unsupported, "A_VORBIS"},
		{"video alone", segment(info, tracks(track(1, 1, "V_VP9")), cluster(0, 1)), fault.Unsupported, ""},
		{"no tracks", segment(info, cluster(0, 1)), fault.Corrupt, ""},
		{"cut off in the headers", segment(info, tracks(opusTrack(0)))[:60], fault.Corrupt, ""},
		{"no cluster", segment(info, tracks(opusTrack(0))), fault.Corrupt, ""},
		{"a size of a petabyte", segment(append(idBytes(0x1654AE6B), 0x01, 4, 0, 0, 0, 0, 0, 0)), fault.Corrupt, ""},
		{"tracks of unknown size", segment(live(0x1654AE6B)), fault.Corrupt, ""},
		{"an id of five bytes", segment([]byte{0x08, 1, 2, 3, 4, 0x81, 0}), fault.Corrupt, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := webm.NewReader(onlyReader{bytes.NewReader(tt.file)})
			if fault.KindOf(err) != tt.kind {
				t.Errorf("error %v of kind %v, want %v", err, fault.KindOf(err), tt.kind)
			}
			var codec *webm.CodecError
			if errors.As(err, &codec) != (tt.codec != "") || codec != nil && codec.Codec != tt.codec {
				t.Errorf("codec in %v", err)
			}
		})
	}
}

func TestInputErrorsPassThrough(t *testing.T) {
	b := segment(info, tracks(opusTrack(0)), cluster(0, 50))
	r := newReader(t, io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(io.ErrClosedPipe)))
	for {
		if _, err := r.ReadPacket(); err != nil {
			if !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("error %v", err)
			}
			if _, again := r.ReadPacket(); !errors.Is(again, err) {
				t.Errorf("then %v", again)
			}
			return
		}
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	r := newReader(t, bytes.NewReader(segment(info, tracks(opusTrack(0)), cluster(0, 1600))))
	for range 500 { // the buffers have their size
		if _, err := r.ReadPacket(); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := r.ReadPacket(); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations per packet", n)
	}
}
