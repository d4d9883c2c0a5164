package ogg_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"testing"

	"busker/opus/ogg"
)

const frame = 960 // samples in the packets of packet

// packet returns a 20 ms packet that says which one it is, of up to about 200 bytes.
func packet(i int) []byte {
	p := []byte{0xFC, byte(i >> 16), byte(i >> 8), byte(i)}
	return append(p, bytes.Repeat([]byte{byte(i)}, i*37%197)...)
}

func number(t testing.TB, p []byte) int {
	t.Helper()
	if len(p) < 4 {
		t.Fatalf("foreign packet % x", p)
	}
	i := int(p[1])<<16 | int(p[2])<<8 | int(p[3])
	if !bytes.Equal(p, packet(i)) {
		t.Fatalf("packet %d is damaged", i)
	}
	return i
}

// file is what a test wants in a stream.
type file struct {
	opts    ogg.WriterOptions
	from    int // number of the first packet
	packets int
	trim    int // samples off the end
}

func (f file) bytes(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := ogg.NewWriter(&b, f.opts)
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.packets {
		samples := frame
		if i == f.packets-1 {
			samples -= f.trim
		}
		if err := w.WritePacket(packet(f.from+i), samples); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func newReader(t testing.TB, r io.Reader) *ogg.Reader {
	t.Helper()
	d, err := ogg.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// heard is what a listener gets from a packet: from position at, samples samples.
type heard struct {
	packet  int
	at      int64
	samples int
	reset   bool
}

func readAll(t testing.TB, r *ogg.Reader) (all []heard) {
	t.Helper()
	for {
		p, err := r.ReadPacket()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		i := r.Info()
		all = append(all, heard{number(t, p), i.Position + int64(i.SkipStart), i.Samples - i.SkipStart - i.SkipEnd, i.Reset})
	}
}

// onlyReader hides Seek.
type onlyReader struct{ io.Reader }

// pages cuts a file into its pages.
func pages(t testing.TB, b []byte) (all [][]byte) {
	t.Helper()
	r := ogg.NewPageReader(bytes.NewReader(b))
	for {
		_, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b[r.Start():r.End()])
	}
}

// repage changes a page's bytes and makes its checksum right again.
func repage(t testing.TB, b []byte, change func(p *ogg.Page)) []byte {
	t.Helper()
	p, err := ogg.NewPageReader(bytes.NewReader(b)).Next()
	if err != nil {
		t.Fatal(err)
	}
	change(p)
	return p.Append(nil)
}

func pictureBlock(kind int, mime string, data []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(kind))
	b = binary.BigEndian.AppendUint32(b, uint32(len(mime)))
	b = append(b, mime...)
	b = binary.BigEndian.AppendUint32(b, 3)
	b = append(b, "art"...)
	b = append(b, make([]byte, 16)...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}

func comment(name string, v any) string { return fmt.Sprintf("%s=%v", name, v) }
