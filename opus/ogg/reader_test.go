package ogg_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"busker/internal/fault"
	"busker/opus/ogg"
)

func TestFileOfAnotherMuxer(t *testing.T) {
	f, err := os.Open("testdata/tones.opus") // 2 s, made by ffmpeg
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := newReader(t, f)
	if h := r.Head(); h.Channels != 2 || h.PreSkip != 312 || h.InputRate != 48000 {
		t.Errorf("head %+v", h)
	}
	if r.Tags().Get("title") != "Two tones" || r.Tags().Get("artist") != "Nobody" {
		t.Errorf("tags %q", r.Tags())
	}
	if n, err := r.Length(); err != nil || n != 96000 {
		t.Errorf("length %d, %v", n, err)
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
	if next != 96000 {
		t.Errorf("%d samples heard", next)
	}
}

func TestRoundTrip(t *testing.T) {
	for _, tt := range []struct {
		name    string
		file    file
		samples int64
	}{
		{"plain", file{packets: 200}, 200 * frame},
		{"pre-skip", file{packets: 200, opts: ogg.WriterOptions{Head: ogg.Head{Channels: 2, PreSkip: 312}}}, 200*frame - 312},
		{"pre-skip of packets", file{packets: 120, opts: ogg.WriterOptions{Head: ogg.Head{Channels: 1, PreSkip: 3 * frame}}}, 117 * frame},
		{"trimmed end", file{packets: 123, trim: 500}, 123*frame - 500},
		{"one packet trimmed at both ends", file{packets: 1, trim: 100, opts: ogg.WriterOptions{Head: ogg.Head{Channels: 2, PreSkip: 312}}}, frame - 412},
		{"exactly one page", file{packets: 50}, 50 * frame},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReader(t, bytes.NewReader(tt.file.bytes(t)))
			if n, err := r.Length(); err != nil || n != tt.samples {
				t.Errorf("length %d, %v; want %d", n, err, tt.samples)
			}
			next := int64(0)
			all := readAll(t, r)
			for i, h := range all {
				if h.packet != i || h.at != next && h.samples > 0 {
					t.Fatalf("packet %d: %+v, want position %d", i, h, next)
				}
				next += int64(h.samples)
			}
			if len(all) != tt.file.packets || next != tt.samples {
				t.Errorf("%d packets, %d samples; want %d", len(all), next, tt.samples)
			}
		})
	}
}

func TestTagsThatSpanManyPages(t *testing.T) {
	tags := ogg.Tags{Vendor: "busker", Comments: []string{
		comment("TITLE", "x"), comment("PICTURE", strings.Repeat("p", 5*65025)), comment("ARTIST", "y"),
	}}
	r := newReader(t, bytes.NewReader(file{packets: 3, opts: ogg.WriterOptions{Tags: tags}}.bytes(t)))
	if !reflect.DeepEqual(r.Tags(), tags) {
		t.Error("tags differ")
	}
	if all := readAll(t, r); len(all) != 3 || all[0].at != 0 {
		t.Errorf("%+v", all)
	}
}

func TestOversizedTagsAreCutOffNotRefused(t *testing.T) {
	tags := ogg.Tags{Comments: []string{"TITLE=x", strings.Repeat("p", 9<<20)}}
	r := newReader(t, bytes.NewReader(file{packets: 3, opts: ogg.WriterOptions{Tags: tags}}.bytes(t)))
	if r.Tags().Get("title") != "x" || len(readAll(t, r)) != 3 {
		t.Errorf("tags %d", len(r.Tags().Comments))
	}
}

func TestPacketsContinuedOnTheNextPage(t *testing.T) {
	whole := pages(t, file{}.bytes(t))
	big := append([]byte{0xFC}, bytes.Repeat([]byte{7}, 255+255+99)...)
	small := packet(1)
	body := bytes.Join([][]byte{small, big, small, big}, nil)
	cut := len(small) + 255 // the first big one goes on after this
	lace := func(n int) byte { return byte(n) }
	one := ogg.Page{Granule: frame, Sequence: 2, Lacing: []byte{lace(len(small)), 255}, Body: body[:cut]}
	two := ogg.Page{Granule: 3 * frame, Sequence: 3, Flags: ogg.Continued, Lacing: []byte{255, 100, lace(len(small)), 255}, Body: body[cut : cut+355+len(small)+255]}
	three := ogg.Page{Granule: ogg.NoGranule, Sequence: 4, Flags: ogg.Continued, Lacing: []byte{255}, Body: body[cut+355+len(small)+255:][:255]}
	four := ogg.Page{Granule: 4 * frame, Sequence: 5, Flags: ogg.Continued | ogg.Last, Lacing: []byte{100}, Body: body[len(body)-100:]}
	for _, tt := range []struct {
		name      string
		pages     []ogg.Page
		want      [][]byte
		positions []int64
	}{
		{"all", []ogg.Page{one, two, three, four}, [][]byte{small, big, small, big}, []int64{0, frame, 2 * frame, 3 * frame}},
		{"the first page lost", []ogg.Page{two, three, four}, [][]byte{small, big}, []int64{0, frame}},
		{"a page in between lost", []ogg.Page{one, three, four}, [][]byte{small}, []int64{0}},
		{"a page of nothing but middle lost", []ogg.Page{one, two, four}, [][]byte{small, big, small}, []int64{0, frame, 2 * frame}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := bytes.Join(whole[:2], nil)
			for _, p := range tt.pages {
				b = p.Append(b)
			}
			r := newReader(t, bytes.NewReader(b))
			for i, want := range tt.want {
				p, err := r.ReadPacket()
				if err != nil || !bytes.Equal(p, want) {
					t.Fatalf("packet %d: %d bytes, %v; want %d", i, len(p), err, len(want))
				}
				if r.Info().Position != tt.positions[i] {
					t.Errorf("packet %d at %d, want %d", i, r.Info().Position, tt.positions[i])
				}
			}
			if _, err := r.ReadPacket(); !errors.Is(err, io.EOF) {
				t.Errorf("then %v", err)
			}
		})
	}
}

func TestPositionsSurviveALostPage(t *testing.T) {
	whole := pages(t, file{packets: 200}.bytes(t)) // 50 packets a page
	whole[3][40] ^= 1
	all := readAll(t, newReader(t, bytes.NewReader(bytes.Join(whole, nil))))
	if len(all) != 150 || all[50].packet != 100 || all[50].at != 100*frame {
		t.Fatalf("%d packets, %+v", len(all), all[50])
	}
}

func TestStreamCutOutOfALongerOne(t *testing.T) {
	const begins = 1 << 40
	var b []byte
	for i, p := range pages(t, file{packets: 200, opts: ogg.WriterOptions{Head: ogg.Head{Channels: 2, PreSkip: 312}}}.bytes(t)) {
		b = append(b, repage(t, p, func(p *ogg.Page) {
			if i >= 2 {
				p.Granule += begins
			}
		})...)
	}
	r := newReader(t, bytes.NewReader(b))
	if n, err := r.Length(); err != nil || n != 200*frame-312 {
		t.Errorf("length %d, %v", n, err)
	}
	if all := readAll(t, r); all[0].at != 0 || all[199].at != 199*frame-312 {
		t.Errorf("%+v … %+v", all[0], all[199])
	}
	if r.Granule() != begins+200*frame {
		t.Errorf("granule %d", r.Granule())
	}
}

func TestOtherStreamsBesideAreIgnored(t *testing.T) {
	var b []byte
	for i, p := range pages(t, file{packets: 200}.bytes(t)) {
		other := ogg.Page{Serial: 99, Sequence: uint32(i), Granule: 5, Lacing: []byte{3}, Body: []byte("abc")}
		if i == 0 {
			other.Flags = ogg.First
		}
		b = append(other.Append(b), p...)
	}
	r := newReader(t, bytes.NewReader(b))
	if n, err := r.Length(); err != nil || n != 200*frame {
		t.Errorf("length %d, %v", n, err)
	}
	if all := readAll(t, r); len(all) != 200 || all[199].at != 199*frame {
		t.Errorf("%d packets", len(all))
	}
}

// chained is three streams of 4, 2 and 3 seconds, 100 pre-skipped each.
func chained(t testing.TB) []byte {
	var b []byte
	from := 0
	for i, packets := range []int{200, 100, 150} {
		b = append(b, file{from: from, packets: packets, trim: frame - 100, opts: ogg.WriterOptions{
			Serial: uint32(i + 7),
			Head:   ogg.Head{Channels: 2, PreSkip: 100},
			Tags:   ogg.Tags{Comments: []string{comment("TITLE", i)}},
		}}.bytes(t)...)
		from += packets
	}
	return b
}

func TestChainedStreams(t *testing.T) {
	r := newReader(t, bytes.NewReader(chained(t)))
	next := int64(0)
	for i := range 450 {
		p, err := r.ReadPacket()
		if err != nil {
			t.Fatal(err)
		}
		if number(t, p) != i {
			t.Fatalf("packet %d instead of %d", number(t, p), i)
		}
		if begins := i == 200 || i == 300; r.Info().Reset != begins {
			t.Errorf("packet %d: reset %v", i, r.Info().Reset)
		}
		info := r.Info()
		if info.Position+int64(info.SkipStart) != next {
			t.Fatalf("packet %d: %+v, want %d", i, info, next)
		}
		next += int64(info.Samples - info.SkipStart - info.SkipEnd)
		if want := map[bool]string{i < 200: "0", i >= 200 && i < 300: "1", i >= 300: "2"}[true]; r.Tags().Get("title") != want {
			t.Fatalf("packet %d has title %q", i, r.Tags().Get("title"))
		}
	}
	if n, err := r.Length(); err != nil || n != next || next != (450-3)*frame {
		t.Errorf("length %d, %v; heard %d", n, err, next)
	}
}

func TestWhatIsNotOggOpus(t *testing.T) {
	vorbis := (&ogg.Page{Flags: ogg.First, Lacing: []byte{7}, Body: []byte("\x01vorbis")}).Append(nil)
	data := (&ogg.Page{Sequence: 1, Lacing: []byte{1}, Body: []byte("x")}).Append(nil)
	whole := file{packets: 3}.bytes(t)
	head := pages(t, whole)[0]
	for _, tt := range []struct {
		name string
		in   []byte
		kind fault.Kind
	}{
		{"nothing", nil, fault.Corrupt},
		{"text", []byte(strings.Repeat("hello ", 1000)), fault.Corrupt},
		{"Vorbis", append(vorbis, data...), fault.Unsupported},
		{"a head alone", head, fault.Corrupt},
		{"cut off in the tags", whole[:len(head)+10], fault.Corrupt},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := ogg.NewReader(bytes.NewReader(tt.in)); fault.KindOf(err) != tt.kind {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	r := newReader(t, bytes.NewReader(file{packets: 3000}.bytes(t)))
	for range 200 { // two pages: the buffers have their size
		if _, err := r.ReadPacket(); err != nil {
			t.Fatal(err)
		}
	}
	if n := testing.AllocsPerRun(2000, func() {
		if _, err := r.ReadPacket(); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations per packet", n)
	}
}

func FuzzReader(f *testing.F) {
	f.Add(chained(f)[:2000], uint16(1))
	f.Add(file{packets: 20, trim: 5}.bytes(f), uint16(300))
	b, err := os.ReadFile("testdata/tones.opus")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, uint16(1000))
	f.Fuzz(func(t *testing.T, b []byte, ms uint16) {
		exercise(t, b, time.Duration(ms)*time.Millisecond)
	})
}

// exercise does everything a Reader can with a file, and checks what must hold
// whatever the file.
func exercise(t *testing.T, b []byte, at time.Duration) {
	r, err := ogg.NewReader(bytes.NewReader(b))
	if err != nil {
		return
	}
	drain := func() {
		for {
			if _, err := r.ReadPacket(); err != nil {
				return
			}
			i := r.Info()
			if i.SkipStart < 0 || i.SkipEnd < 0 || i.SkipStart+i.SkipEnd > i.Samples || i.Samples > 5760 {
				t.Fatalf("%+v", i)
			}
		}
	}
	drain()
	if n, err := r.Length(); err == nil && n < 0 {
		t.Errorf("length %d", n)
	}
	if r.Seek(at) == nil {
		drain()
	}
}

// Pages with true checksums, which chance does not find.
func FuzzPages(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x05\x07\x04\x00\x00\x00\x00\x00\x00\x00\x0F\x00\x01\x03\xFF"))
	f.Fuzz(func(t *testing.T, script []byte) {
		b := bytes.Join(pages(t, file{}.bytes(t))[:2], nil)
		for sequence := uint32(2); len(script) >= 12; sequence++ {
			p := ogg.Page{Flags: script[0] & 7, Serial: uint32(script[1] >> 7), Sequence: sequence + uint32(script[1]&3)}
			for _, v := range script[2:10] {
				p.Granule = p.Granule<<8 | int64(v)
			}
			n := min(int(script[10]), len(script)-12)
			p.Lacing, script = script[11:11+n], script[11+n:]
			for _, v := range p.Lacing {
				p.Body = append(p.Body, bytes.Repeat([]byte{0xFC}, int(v))...)
			}
			b = p.Append(b)
		}
		exercise(t, b, time.Millisecond*time.Duration(len(script)*977))
	})
}
