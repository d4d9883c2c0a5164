package ogg_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"testing/iotest"

	"busker/internal/fault"
	"busker/opus/ogg"
)

func TestPagesOfAnotherMuxerComeBackTheSame(t *testing.T) {
	b, err := os.ReadFile("testdata/tones.opus") // made by ffmpeg
	if err != nil {
		t.Fatal(err)
	}
	var again []byte
	r := ogg.NewPageReader(iotest.OneByteReader(bytes.NewReader(b)))
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		again = p.Append(again)
	}
	if !bytes.Equal(again, b) {
		t.Error("a page or its checksum differs")
	}
}

func TestPageReaderFindsPagesInGarbage(t *testing.T) {
	whole := pages(t, file{packets: 300}.bytes(t))
	damaged := bytes.Clone(whole[3])
	damaged[len(damaged)/2] ^= 1
	liar := bytes.Clone(whole[4][:60]) // claims a body that holds the next pages
	for _, tt := range []struct {
		name string
		in   [][]byte
		want [][]byte
	}{
		{"garbage in front", [][]byte{[]byte("ID3 junk OggS OggS\x01"), whole[0]}, whole[:1]},
		{"garbage between", [][]byte{whole[0], bytes.Repeat([]byte("OggS"), 20000), whole[1]}, whole[:2]},
		{"damaged page", [][]byte{whole[2], damaged, whole[4]}, [][]byte{whole[2], whole[4]}},
		{"header that lies", [][]byte{whole[2], liar, whole[5], whole[6]}, [][]byte{whole[2], whole[5], whole[6]}},
		{"cut off at the end", [][]byte{whole[2], whole[3][:100]}, whole[2:3]},
		{"cut off in a header", [][]byte{whole[2], whole[3][:20]}, whole[2:3]},
		{"unknown version", [][]byte{[]byte("OggS\x01"), whole[0]}, whole[:1]},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := bytes.Join(tt.in, nil)
			r := ogg.NewPageReader(bytes.NewReader(in))
			for i, want := range tt.want {
				if _, err := r.Next(); err != nil {
					t.Fatalf("page %d: %v", i, err)
				}
				if !bytes.Equal(in[r.Start():r.End()], want) {
					t.Fatalf("page %d at %d..%d is another one", i, r.Start(), r.End())
				}
			}
			if _, err := r.Next(); !errors.Is(err, io.EOF) {
				t.Errorf("after the last page: %v", err)
			}
		})
	}
}

// endless is an input without pages that counts what is taken from it.
type endless struct{ read int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = "OggS"[(e.read+i)%4]
	}
	e.read += len(p)
	return len(p), nil
}

func TestEndlessGarbageIsGivenUp(t *testing.T) {
	var in endless
	_, err := ogg.NewReader(&in)
	if fault.KindOf(err) != fault.Corrupt {
		t.Errorf("error %v", err)
	}
	if in.read > 2<<20 {
		t.Errorf("%d bytes read", in.read)
	}
}

func TestInputErrorsPassThrough(t *testing.T) {
	b := file{packets: 300}.bytes(t)
	r := newReader(t, io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(io.ErrUnexpectedEOF)))
	for {
		if _, err := r.ReadPacket(); err != nil {
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("error %v", err)
			}
			if _, again := r.ReadPacket(); !errors.Is(again, err) {
				t.Errorf("then %v", again)
			}
			return
		}
	}
}

func FuzzPageReader(f *testing.F) {
	b := file{packets: 5}.bytes(f)
	f.Add(b)
	f.Add(b[:len(b)-3])
	f.Add(append([]byte("OggSOggS"), b...))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := ogg.NewPageReader(bytes.NewReader(b))
		for end := int64(0); ; end = r.End() {
			p, err := r.Next()
			if err != nil {
				return
			}
			if r.Start() < end || r.End() > int64(len(b)) || !bytes.Equal(p.Append(nil), b[r.Start():r.End()]) {
				t.Fatalf("page at %d..%d after %d", r.Start(), r.End(), end)
			}
		}
	})
}
