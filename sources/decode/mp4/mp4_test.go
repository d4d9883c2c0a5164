package mp4_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"busker/sources/decode/mp4"
	"busker/track"
)

func box(kind string, content ...[]byte) []byte {
	body := bytes.Join(content, nil)
	return append(append(be(uint32(len(body)+8)), kind...), body...)
}

// be writes numbers big endian.
func be(values ...any) []byte {
	var b bytes.Buffer
	for _, v := range values {
		if err := binary.Write(&b, binary.BigEndian, v); err != nil {
			panic(err)
		}
	}
	return b.Bytes()
}

// esds describes AAC with the given config.
func esds(config ...byte) []byte {
	d5 := append([]byte{5, byte(len(config))}, config...)
	d4 := append([]byte{4, byte(13 + len(d5)), 0x40, 0x15}, append(make([]byte, 11), d5...)...)
	return box("esds", be(uint32(0)), []byte{3, byte(3 + len(d4)), 0, 1, 0}, d4)
}

// movie makes a moov of one audio track, whose media lies at offset: units of the
// sizes given, two in a chunk.
func movie(offset int, sizes []int, edits []byte, more ...[]byte) []byte {
	var stsz, stco []byte
	at := offset
	for i, n := range sizes {
		if i%2 == 0 {
			stco = append(stco, be(uint32(at))...)
		}
		stsz = append(stsz, be(uint32(n))...)
		at += n
	}
	entry := box("mp4a", make([]byte, 16), be(uint16(2), uint16(16), uint32(0), uint32(44100<<16)), esds(0x12, 0x10))
	stbl := box("stbl",
		box("stsd", be(uint32(0), uint32(1)), entry),
		box("stts", be(uint32(0), uint32(1), uint32(len(sizes)), uint32(1024))),
		box("stsc", be(uint32(0), uint32(1), uint32(1), uint32(2), uint32(1))),
		box("stsz", be(uint32(0), uint32(0), uint32(len(sizes))), stsz),
		box("stco", be(uint32(0), uint32((len(sizes)+1)/2)), stco))
	mdia := box("mdia",
		box("mdhd", be(uint32(0), uint32(0), uint32(0), uint32(44100), uint32(len(sizes)*1024), uint32(0))),
		box("hdlr", make([]byte, 8), []byte("soun"), make([]byte, 12)),
		box("minf", stbl))
	video := box("trak", box("mdia", box("hdlr", make([]byte, 8), []byte("vide"), make([]byte, 12))))
	trak := box("trak", box("tkhd", be(uint32(0), uint32(0), uint32(0), uint32(2), make([]byte, 70))), edits, mdia)
	return box("moov", append([][]byte{box("mvhd", be(uint32(0), uint32(0), uint32(0), uint32(1000), make([]byte, 80))), video, trak}, more...)...)
}

var ftyp = box("ftyp", []byte("M4A \x00\x00\x00\x00"))

// file puts a movie in front of its media: units "AA", "BBB", "C", …
func file(edits []byte, more ...[]byte) []byte {
	sizes := []int{2, 3, 1, 4, 2}
	front := len(ftyp) + len(movie(0, sizes, edits, more...)) + 8
	return append(append(bytes.Clone(ftyp), movie(front, sizes, edits, more...)...), box("mdat", []byte("AABBBCDDDDEE"))...)
}

func units(t *testing.T, r *mp4.Reader) (list []string) {
	t.Helper()
	for {
		u, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			return append(list, err.Error())
		}
		list = append(list, string(u))
	}
}

func TestUnitsInOrder(t *testing.T) {
	behind := append(bytes.Clone(ftyp), box("mdat", []byte("AABBBCDDDDEE"))...)
	behind = append(behind, movie(len(ftyp)+8, []int{2, 3, 1, 4, 2}, nil)...)
	for name, b := range map[string][]byte{"index in front": file(nil), "index behind": behind} {
		r, err := mp4.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := strings.Join(units(t, r), " "); got != "AA BBB C DDDD EE" {
			t.Errorf("%s: %s", name, got)
		}
		for unit, want := range []string{"AA BBB C DDDD EE", "BBB C DDDD EE", "C DDDD EE", "DDDD EE", "EE", ""} {
			if err := r.SeekUnit(int64(unit)); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(units(t, r), " "); got != want {
				t.Errorf("%s: from %d on %q, want %q", name, unit, got, want)
			}
		}
	}
	if _, err := mp4.NewReader(io.MultiReader(bytes.NewReader(behind))); !errors.Is(err, mp4.ErrOrder) {
		t.Errorf("index behind, once: %v", err)
	}
	if r, err := mp4.NewReader(io.MultiReader(bytes.NewReader(file(nil)))); err != nil || len(units(t, r)) != 5 {
		t.Errorf("index in front, once: %v", err)
	}
}

func TestTrack(t *testing.T) {
	edit := func(entries ...any) []byte {
		return box("edts", box("elst", be(uint32(0), uint32(len(entries)/3)), be(entries...)))
	}
	smpb := box("----", box("mean", be(uint32(0)), []byte("com.apple.iTunes")), box("name", be(uint32(0)), []byte("iTunSMPB")),
		box("data", be(uint32(1), uint32(0)), []byte(" 00000000 00000840 000001CA 0000000000000FF6 00000000")))
	nam := box("\xa9nam", box("data", be(uint32(1), uint32(0)), []byte("Titel")))
	ilst := func(items ...[]byte) []byte {
		return box("udta", box("meta", be(uint32(0)), box("hdlr", make([]byte, 25)), box("ilst", items...)))
	}
	for _, tt := range []struct {
		name          string
		edits         []byte
		more          []byte
		start, length int64
		title         string
	}{
		{"plain", nil, nil, 0, 5 * 1024, ""},
		{"edit list", edit(uint32(100), int32(1024), uint32(1<<16)), nil, 1024, 4410, ""},
		{"edit to the end, in milliseconds", edit(uint32(93), int32(1024), uint32(1<<16)), nil, 1024, 4 * 1024, ""},
		{"empty edit first", edit(uint32(5), int32(-1), uint32(1<<16), uint32(100), int32(1024), uint32(1<<16)), nil, 1024, 4410, ""},
		{"edit to the end", edit(uint32(0), int32(1024), uint32(1<<16)), nil, 1024, 4 * 1024, ""},
		{"several edits", edit(uint32(50), int32(1024), uint32(1<<16), uint32(50), int32(2048), uint32(1<<16)), nil, 1024, 4 * 1024, ""},
		{"iTunes", nil, ilst(nam, smpb), 0x840, 0xFF6, "Titel"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := mp4.NewReader(bytes.NewReader(file(tt.edits, tt.more)))
			if err != nil {
				t.Fatal(err)
			}
			k := r.Track
			if k.Codec != "mp4a" || k.Object != 0x40 || string(k.Config) != "\x12\x10" || k.Timescale != 44100 || k.Units != 5 {
				t.Errorf("%+v", k)
			}
			if k.Start != tt.start || k.Length != tt.length || r.Tags.Title != tt.title {
				t.Errorf("from %d, %d long, %q; want %d, %d, %q", k.Start, k.Length, r.Tags.Title, tt.start, tt.length, tt.title)
			}
		})
	}
}

func TestLoudness(t *testing.T) {
	gain := func(name, value string) []byte {
		return box("----", box("mean", be(uint32(0)), []byte("com.apple.iTunes")), box("name", be(uint32(0)), []byte(name)),
			box("data", be(uint32(1), uint32(0)), []byte(value)))
	}
	r, err := mp4.NewReader(bytes.NewReader(file(nil, box("udta", box("meta", be(uint32(0)), box("hdlr", make([]byte, 25)),
		box("ilst", gain("replaygain_track_gain", "-8.00 dB"), gain("replaygain_track_peak", "0.9")))))))
	if want := (track.Loudness{LUFS: -10, Peak: 0.9, Known: true}); err != nil || r.Tags.Loudness != want {
		t.Errorf("%+v, %v", r.Tags.Loudness, err)
	}
}

func TestRefused(t *testing.T) {
	whole := file(nil)
	for _, tt := range []struct {
		name string
		b    []byte
		want error
	}{
		{"nothing", nil, mp4.ErrFormat},
		{"only the type", ftyp, io.ErrUnexpectedEOF},
		{"a box too small", append(bytes.Clone(ftyp), be(uint32(7), uint32(0))...), mp4.ErrFormat},
		{"a huge box", append(bytes.Clone(ftyp), be(uint32(1), []byte("moov"), uint64(1)<<62)...), mp4.ErrFormat},
		{"no tracks", append(bytes.Clone(ftyp), box("moov")...), mp4.ErrSilent},
		{"index cut off", whole[:200], mp4.ErrSilent},
	} {
		if _, err := mp4.NewReader(bytes.NewReader(tt.b)); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	r, err := mp4.NewReader(bytes.NewReader(whole[:len(whole)-4]))
	if err != nil {
		t.Fatal(err)
	}
	if got := units(t, r); len(got) != 4 || got[3] != io.ErrUnexpectedEOF.Error() {
		t.Errorf("media cut off: %q", got)
	}
}

// fragmented makes a file of two fragments.
func fragmented() []byte {
	b := append(bytes.Clone(ftyp), movie(0, nil, nil, box("mvex", box("trex", be(uint32(0), uint32(2), uint32(1), uint32(1024), uint32(2), uint32(0)))))...)
	for _, part := range []string{"AABB", "CCDDEE"} {
		n := uint32(len(part) / 2)
		moof := func(offset uint32) []byte {
			return box("moof", box("traf", box("tfhd", be(uint32(0x020000), uint32(2))), box("trun", be(uint32(1), n, offset))))
		}
		b = append(append(b, moof(uint32(len(moof(0))+8))...), box("mdat", []byte(part))...)
	}
	return b
}

func TestFragments(t *testing.T) {
	r, err := mp4.NewReader(bytes.NewReader(fragmented()))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.CountUnits(); err != nil || n != 5 || !r.Fragmented() {
		t.Errorf("%d units, %v", n, err)
	}
	for unit, want := range []string{"AA BB CC DD EE", "BB CC DD EE", "CC DD EE", "DD EE", "EE", ""} {
		if err := r.SeekUnit(int64(unit)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(units(t, r), " "); got != want {
			t.Errorf("from %d on %q, want %q", unit, got, want)
		}
	}
	once, err := mp4.NewReader(io.MultiReader(bytes.NewReader(fragmented())))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(units(t, once), " "); got != "AA BB CC DD EE" {
		t.Errorf("once: %q", got)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(file(nil))
	f.Add(file(box("edts", box("elst", be(uint32(1<<24), uint32(1), uint64(100), uint64(1024), uint32(1<<16))))))
	f.Add(fragmented())
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, in := range []io.Reader{bytes.NewReader(b), io.MultiReader(bytes.NewReader(b))} {
			r, err := mp4.NewReader(in)
			if err != nil {
				continue
			}
			for range 1000 {
				u, err := r.Next()
				if err != nil {
					break
				}
				if len(u) == 0 || len(u) > len(b) {
					t.Errorf("unit of %d bytes out of %d", len(u), len(b))
				}
			}
			_ = r.SeekUnit(2)
			_, _ = r.Next()
		}
	})
}
