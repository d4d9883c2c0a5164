package dca_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus/dca"
)

// packet is one of 20 ms of stereo CELT with a number in it.
func packet(number, size int) []byte {
	p := make([]byte, max(size, 5))
	p[0] = 0xFC
	binary.LittleEndian.PutUint32(p[1:], uint32(number))
	return p
}

func number(p []byte) int { return int(binary.LittleEndian.Uint32(p[1:])) }

// memory is a file one can write over.
type memory struct{ bytes.Buffer }

func (m *memory) patch(b []byte) { copy(m.Bytes(), b) }

// indexed returns a DCA1 file of n packets with all that can be known of it.
func indexed(t testing.TB, n, skip, tail int) []byte {
	t.Helper()
	var f memory
	w, err := dca.NewIndexed(&f, dca.Metadata{Info: dca.Info{Title: "Song"}})
	if err != nil {
		t.Fatal(err)
	}
	sizes := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		if err := w.WritePacket(packet(i, sizes.IntN(400))); err != nil {
			t.Fatal(err)
		}
	}
	h, err := w.Header(skip, tail, &dca.Loudness{LUFS: -14.5, Peak: 0.9})
	if err != nil {
		t.Fatal(err)
	}
	f.patch(h)
	return f.Bytes()
}

// raw returns a DCA0 file.
func raw(t testing.TB, packets ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := dca.NewRaw(&b)
	for _, p := range packets {
		if err := w.WritePacket(p); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func open(t testing.TB, r io.Reader) *dca.Reader {
	t.Helper()
	d, err := dca.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func readAll(t testing.TB, r *dca.Reader) (all [][]byte) {
	t.Helper()
	for {
		p, err := r.ReadPacket()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bytes.Clone(p))
	}
}

// plain hides that b can seek.
func plain(b []byte) io.Reader { return struct{ io.Reader }{bytes.NewReader(b)} }

func TestRoundTrip(t *testing.T) {
	file := indexed(t, 1000, 312, 100)
	r := open(t, plain(file))
	m := r.Metadata()
	if m.DCA.Version != 1 || m.DCA.Tool.Name != "busker" || m.Opus.FrameSize != 960 || m.Opus.Channels != 2 ||
		m.Opus.SampleRate != 48000 || m.Opus.Mode != "audio" || m.Info.Title != "Song" {
		t.Errorf("metadata %+v", m)
	}
	if e := m.Extra; e.Skip != 312 || e.Tail != 100 || e.Samples != 960_000 || e.Loudness.LUFS != -14.5 ||
		e.Index == nil || len(e.Index.Bytes) != 4 {
		t.Errorf("extra %+v", e)
	}
	if d, ok := r.Length(); !ok || d != audio.SamplesDuration(960_000-412) {
		t.Errorf("length %v, %v", d, ok)
	}
	if r.Position() != -312 {
		t.Errorf("begins at %d", r.Position())
	}
	for i, p := range readAll(t, r) {
		if number(p) != i {
			t.Fatalf("packet %d is %d", i, number(p))
		}
	}
	if r.Position() != 960_000-312 {
		t.Errorf("ends at %d", r.Position())
	}
}

func TestRawHasNoMetadata(t *testing.T) {
	r := open(t, plain(raw(t, packet(0, 50), packet(1, 60))))
	if _, known := r.Length(); known || r.Metadata() != (dca.Metadata{}) {
		t.Errorf("metadata of nothing: %+v", r.Metadata())
	}
	if all := readAll(t, r); len(all) != 2 || len(all[1]) != 60 {
		t.Errorf("%d packets", len(all))
	}
}

func TestEmptyFileIsAnEnd(t *testing.T) {
	if all := readAll(t, open(t, plain(nil))); len(all) != 0 {
		t.Errorf("%d packets", len(all))
	}
}

func TestDamage(t *testing.T) {
	good := indexed(t, 3, 0, 0)
	ok := raw(t, packet(0, 50))
	for _, tt := range []struct {
		name    string
		file    []byte
		kind    fault.Kind
		is      error
		packets int
	}{
		{"future version", []byte("DCA2\x02\x00\x00\x00{}"), fault.Unsupported, nil, 0},
		{"no header length", []byte("DCA1\x02\x00"), fault.Corrupt, io.ErrUnexpectedEOF, 0},
		{"negative header length", []byte("DCA1\xff\xff\xff\xff{}"), fault.Corrupt, nil, 0},
		{"header length too small", []byte("DCA1\x01\x00\x00\x00{}"), fault.Corrupt, nil, 0},
		{"header length over 16 MiB", []byte("DCA1\x01\x00\x00\x01{}"), fault.Corrupt, nil, 0},
		{"header longer than the file", []byte("DCA1\x00\x00\x00\x01{}"), fault.Corrupt, io.ErrUnexpectedEOF, 0},
		{"cut in a packet", good[:len(good)-1], fault.Corrupt, io.ErrUnexpectedEOF, 2},
		{"cut in a length", append(bytes.Clone(ok), 9), fault.Corrupt, io.ErrUnexpectedEOF, 1},
		{"length 0", append(bytes.Clone(ok), 0, 0, 1), fault.Corrupt, nil, 1},
		{"length -1", append(bytes.Clone(ok), 0xff, 0xff, 1), fault.Corrupt, nil, 1},
		{"length over the limit", append(bytes.Clone(ok), make([]byte, 9000)...), fault.Corrupt, nil, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			r, err := dca.NewReader(bytes.NewReader(tt.file))
			for err == nil {
				if _, err = r.ReadPacket(); err == nil {
					n++
				}
			}
			if n != tt.packets || fault.KindOf(err) != tt.kind || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("%d packets, %v; want %d, %v", n, err, tt.packets, tt.kind)
			}
			if r != nil {
				if _, again := r.ReadPacket(); !errors.Is(again, err) {
					t.Errorf("then %v", again)
				}
			}
		})
	}
}

func TestStrangeMetadata(t *testing.T) {
	for name, text := range map[string]string{
		"unknown keys":      `{"dca":{"version":1,"x":[1]},"info":{"title":"T"},"y":{}}`,
		"wrong types":       `{"dca":7,"opus":{"abr":"96k"},"info":{"title":"T","cover":3},"extra":[1]}`,
		"nulls":             `{"opus":{"abr":null},"info":{"title":"T","cover":null},"origin":null,"extra":null}`,
		"nonsense in extra": `{"info":{"title":"T"},"extra":{"skip":-1,"samples":-5,"index":{"packet":0,"every":-1,"bytes":[-1]}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			file := binary.LittleEndian.AppendUint32([]byte("DCA1"), uint32(len(text)))
			file = append(append(file, text...), raw(t, packet(7, 90))...)
			r := open(t, bytes.NewReader(file))
			if r.Metadata().Info.Title != "T" || r.Position() != 0 {
				t.Errorf("%+v", r.Metadata())
			}
			if all := readAll(t, r); len(all) != 1 || number(all[0]) != 7 {
				t.Errorf("%d packets", len(all))
			}
			if err := r.Seek(0); err != nil {
				t.Error(err)
			}
		})
	}
	file := append([]byte("DCA1\x04\x00\x00\x00{{{{"), raw(t, packet(7, 90))...)
	if all := readAll(t, open(t, plain(file))); len(all) != 1 {
		t.Errorf("%d packets behind what is no JSON", len(all))
	}
}

func TestWhatIsNoPacketIsLeftOut(t *testing.T) {
	file := append(raw(t, packet(0, 50)), 2, 0, 0xFF, 0x00) // code 3 with no frames
	file = append(file, raw(t, packet(1, 50))...)
	r := open(t, bytes.NewReader(file))
	if all := readAll(t, r); len(all) != 2 || number(all[1]) != 1 || r.Position() != 2*960 {
		t.Errorf("%d packets, %d samples", len(all), r.Position())
	}
}

func TestSeek(t *testing.T) {
	const packets, skip = 3000, 312 // a minute
	with := indexed(t, packets, skip, 0)
	without := with[bytes.Index(with, []byte{0xFC})-2:]
	for _, tt := range []struct {
		name   string
		reader *dca.Reader
		skip   int
	}{
		{"by its index", open(t, bytes.NewReader(with)), skip},
		{"by lengths", open(t, bytes.NewReader(without)), 0},
		{"behind something else", open(t, behind(t, without)), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, at := range []time.Duration{
				0, 59 * time.Second, 30 * time.Second, 30*time.Second + time.Millisecond, 4999 * time.Millisecond,
				5 * time.Second, 5001 * time.Millisecond, 0, time.Hour, time.Minute - time.Millisecond, 12 * time.Second, -time.Millisecond, -time.Hour,
			} {
				if err := tt.reader.Seek(at); err != nil {
					t.Fatal(err)
				}
				sample := max(0, audio.DurationSamples(at)+int64(tt.skip))
				begins := tt.reader.Position() + int64(tt.skip)
				p, err := tt.reader.ReadPacket()
				if want := sample / 960; want >= packets {
					if !errors.Is(err, io.EOF) {
						t.Errorf("%v: %v, want the end", at, err)
					}
				} else if err != nil || int64(number(p)) != want || begins != want*960 {
					t.Errorf("%v: packet %d at %d, %v; want %d", at, number(p), begins, err, want)
				}
			}
		})
	}
}

// behind returns b in the middle of something that seeks.
func behind(t *testing.T, b []byte) io.Reader {
	t.Helper()
	r := strings.NewReader("something else" + string(b))
	if _, err := r.Seek(14, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSeekWithoutSeeking(t *testing.T) {
	r := open(t, plain(indexed(t, 500, 0, 0)))
	for _, want := range []int{10, 400, 450} {
		if err := r.Seek(audio.Duration(int64(want))); err != nil {
			t.Fatal(err)
		}
		if p, err := r.ReadPacket(); err != nil || number(p) != want {
			t.Fatalf("packet %d, %v; want %d", number(p), err, want)
		}
	}
	if err := r.Seek(0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("back: %v", err)
	}
	if p, err := r.ReadPacket(); err != nil || number(p) != 451 {
		t.Errorf("after a refusal: packet %d, %v", number(p), err)
	}
	for range 2 {
		if err := r.Seek(time.Hour); err != nil {
			t.Error(err)
		}
		if _, err := r.ReadPacket(); !errors.Is(err, io.EOF) {
			t.Errorf("behind the end: %v", err)
		}
	}
}

func TestSeekByLengthsRemembersTheWay(t *testing.T) {
	var packets [][]byte
	for i := range 15000 { // 5 minutes
		packets = append(packets, packet(i, 250))
	}
	c := &counted{Reader: bytes.NewReader(raw(t, packets...))}
	r := open(t, c)
	if err := r.Seek(4 * time.Minute); err != nil {
		t.Fatal(err)
	}
	c.n = 0
	if err := r.Seek(3 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if p, _ := r.ReadPacket(); number(p) != 9000 || c.n > 100_000 {
		t.Errorf("packet %d after %d bytes", number(p), c.n)
	}
}

type counted struct {
	*bytes.Reader
	n int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += n
	return n, err
}

func TestIndexOfALongFile(t *testing.T) {
	w, err := dca.NewIndexed(io.Discard, dca.Metadata{})
	if err != nil {
		t.Fatal(err)
	}
	const hours = 12
	p := packet(0, 1200)
	for range hours * 3600 * 50 {
		if err := w.WritePacket(p); err != nil {
			t.Fatal(err)
		}
	}
	h, err := w.Header(0, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	x := open(t, bytes.NewReader(h)).Metadata().Extra.Index
	if x == nil || len(x.Bytes) < 256 || len(x.Bytes)*x.Every > hours*3600*50 || x.Bytes[0] != x.Every*1202 {
		t.Errorf("index %+v", x)
	}
}

func TestMixedDurationsHaveNoIndex(t *testing.T) {
	w, _ := dca.NewIndexed(io.Discard, dca.Metadata{})
	for i := range 1000 {
		p := packet(i, 50)
		if i == 500 {
			p[0] = 0xF4 // 10 ms
		}
		if err := w.WritePacket(p); err != nil {
			t.Fatal(err)
		}
	}
	h, err := w.Header(0, 0, nil)
	if err != nil || bytes.Contains(h, []byte("index")) {
		t.Errorf("%s, %v", h, err)
	}
}

func TestWriterRefuses(t *testing.T) {
	w := dca.NewRaw(io.Discard)
	if w.WritePacket(nil) == nil || w.WritePacket([]byte{0xFF, 0}) == nil || w.WritePacket(packet(0, dca.MaxPacketBytes+1)) == nil {
		t.Error("it took what no reader takes")
	}
	if _, err := w.Header(0, 0, nil); err == nil {
		t.Error("a header where there is none")
	}
	if err := w.WritePacket(packet(0, 9)); err != nil {
		t.Error(err)
	}
}

func TestSniff(t *testing.T) {
	var long [][]byte
	for i := range 20 {
		long = append(long, packet(i, 100))
	}
	for _, tt := range []struct {
		name    string
		head    []byte
		ended   bool
		version int
		ok      bool
	}{
		{"DCA1", []byte("DCA1\x02\x00"), false, 1, true},
		{"a later one", []byte("DCA7"), false, 7, true},
		{"DCA0", raw(t, long...), false, 0, true},
		{"DCA0 cut by the end of head", raw(t, long...)[:1900], false, 0, true},
		{"short DCA0", raw(t, long[:2]...), true, 0, true},
		{"too little to tell", raw(t, long[:2]...), false, 0, false},
		{"nothing", nil, true, 0, false},
		{"text", []byte(strings.Repeat("all work and no play ", 500)), true, 0, false},
		{"zeros", make([]byte, 9000), true, 0, false},
		{"mixed durations", raw(t, append(slices.Clone(long), []byte{0xF4, 1})...), true, 0, false},
	} {
		if version, ok := dca.Sniff(tt.head, tt.ended); version != tt.version || ok != tt.ok {
			t.Errorf("%s: %d, %v", tt.name, version, ok)
		}
	}
}

func TestReadingAllocatesNothing(t *testing.T) {
	r := open(t, bytes.NewReader(indexed(t, 5000, 0, 0)))
	n := testing.AllocsPerRun(2000, func() {
		if _, err := r.ReadPacket(); err != nil {
			t.Fatal(err)
		}
	})
	w := dca.NewRaw(io.Discard)
	p := packet(0, 300)
	m := testing.AllocsPerRun(2000, func() { _ = w.WritePacket(p) })
	if n > 0 || m > 0 {
		t.Errorf("%v allocations per packet read, %v written", n, m)
	}
}

func TestVerify(t *testing.T) {
	good := indexed(t, 500, 312, 0)
	check := func(file []byte) error {
		r := open(t, bytes.NewReader(file))
		if err := r.Complete(int64(len(file))); err != nil {
			return err
		}
		if err := r.Verify(); err != nil {
			return err
		}
		if p, err := r.ReadPacket(); err != nil || number(p) != 0 {
			t.Errorf("then %v", err)
		}
		return nil
	}
	if err := check(good); err != nil {
		t.Error(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-7] ^= 1
	for name, file := range map[string][]byte{
		"flipped bit": flipped, "cut off": good[:len(good)-1], "too long": append(bytes.Clone(good), 0),
		"never finished": raw(t, packet(0, 9)),
	} {
		if err := check(file); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPipeIsReadWithoutSeeking(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.Write(indexed(t, 20, 0, 0)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if all := readAll(t, open(t, r)); len(all) != 20 {
		t.Errorf("%d packets", len(all))
	}
}

func BenchmarkSeekByLengths(b *testing.B) {
	var packets [][]byte
	for i := range 12000 { // 4 minutes, 3 MB
		packets = append(packets, packet(i, 250))
	}
	file := raw(b, packets...)
	for b.Loop() {
		if err := open(b, bytes.NewReader(file)).Seek(239 * time.Second); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadPacket(b *testing.B) {
	r := open(b, bytes.NewReader(indexed(b, 3000, 0, 0)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.ReadPacket(); err != nil {
			_ = r.Seek(0)
		}
	}
}
