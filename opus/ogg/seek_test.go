package ogg_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"busker/audio"
	"busker/internal/fault"
	"busker/opus/ogg"
)

func TestSeek(t *testing.T) {
	long := file{packets: 3000, trim: 77, opts: ogg.WriterOptions{Head: ogg.Head{Channels: 2, PreSkip: 312}}}
	for _, tt := range []struct {
		name string
		file []byte
	}{
		{"one stream", long.bytes(t)},
		{"chained", chained(t)},
		{"with garbage", bytes.Join(pages(t, long.bytes(t)), []byte("OggS garbage"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newReader(t, bytes.NewReader(tt.file))
			length, err := r.Length()
			if err != nil {
				t.Fatal(err)
			}
			begins := heardPackets(readAll(t, r))
			for _, at := range []int64{0, 1, 959, 960, 3839, 3840, 50_000, length / 2, length/2 + 1, length - 1, 4*48000 - 860, 3, length - 70_000} {
				seekTo(t, r, at, begins)
			}
			if err := r.Seek(audio.SamplesDuration(length) + time.Hour); err != nil {
				t.Fatal(err)
			}
			for _, h := range readAll(t, r) {
				if h.samples != 0 {
					t.Errorf("behind the end: %+v", h)
				}
			}
		})
	}
}

// heardPackets maps packets to where they begin to be heard.
func heardPackets(all []heard) map[int]int64 {
	m := make(map[int]int64)
	for _, h := range all {
		m[h.packet] = h.at
	}
	return m
}

func seekTo(t *testing.T, r *ogg.Reader, at int64, begins map[int]int64) {
	t.Helper()
	// Half a sample more, against rounding down.
	if err := r.Seek(audio.SamplesDuration(at) + 10*time.Microsecond); err != nil {
		t.Fatal(err)
	}
	converged, first := 0, true
	for {
		p, err := r.ReadPacket()
		if err != nil {
			t.Fatalf("after seek to %d: %v", at, err)
		}
		i := r.Info()
		if i.Reset != first {
			t.Errorf("seek to %d: reset %v", at, i.Reset)
		}
		first = false
		if i.SkipStart == i.Samples {
			converged += i.Samples
			continue
		}
		converged += i.SkipStart
		if i.Position+int64(i.SkipStart) != at {
			t.Errorf("seek to %d: first heard %+v", at, i)
		}
		if want := begins[number(t, p)]; at < want || at >= want+frame {
			t.Errorf("seek to %d: packet %d begins at %d", at, number(t, p), want)
		}
		if converged > 8*frame+312 {
			t.Errorf("seek to %d: %d samples to converge", at, converged)
		}
		return
	}
}

func TestSeekGivesTheDecoderTimeToConverge(t *testing.T) {
	r := newReader(t, bytes.NewReader(file{packets: 500}.bytes(t)))
	for i := range 20 {
		if err := r.Seek(5*time.Second + time.Duration(i)*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		before := 0
		for {
			if _, err := r.ReadPacket(); err != nil {
				t.Fatal(err)
			}
			before += r.Info().SkipStart
			if r.Info().SkipStart < r.Info().Samples {
				break
			}
		}
		if before < 3840 {
			t.Errorf("only %d samples before the goal", before)
		}
	}
}

func TestLengthLeavesTheReaderWhereItIs(t *testing.T) {
	r := newReader(t, bytes.NewReader(chained(t)))
	for i := range 450 {
		if i%7 == 3 {
			if _, err := r.Length(); err != nil {
				t.Fatal(err)
			}
		}
		if p, err := r.ReadPacket(); err != nil || number(t, p) != i {
			t.Fatalf("packet %d: %v", i, err)
		}
	}
}

func TestInputThatCanNotSeek(t *testing.T) {
	r := newReader(t, onlyReader{bytes.NewReader(file{packets: 3}.bytes(t))})
	if err := r.Seek(0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Seek: %v", err)
	}
	if _, err := r.Length(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Length: %v", err)
	}
	if all := readAll(t, r); len(all) != 3 {
		t.Errorf("%d packets", len(all))
	}
}

func TestLastGranuleOfAnotherCodec(t *testing.T) {
	var b []byte
	for i := range 3000 {
		p := ogg.Page{Serial: 5, Sequence: uint32(i), Granule: int64(i) * 1024, Lacing: []byte{200}, Body: make([]byte, 200)}
		b = p.Append(b)
	}
	for range 4000 { // another stream goes on for much longer
		p := ogg.Page{Serial: 6, Granule: 7, Lacing: []byte{200}, Body: make([]byte, 200)}
		b = p.Append(b)
	}
	if n, err := ogg.LastGranule(bytes.NewReader(b), 5); err != nil || n != 2999*1024 {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := ogg.LastGranule(bytes.NewReader(b), 8); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("missing stream: %v", err)
	}
}
