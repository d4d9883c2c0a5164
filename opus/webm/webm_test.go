package webm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"

	"busker/opus/webm"
)

const frame = 960 // samples in the packets of packet

// packet returns a 20 ms packet that says which one it is.
func packet(i int) []byte {
	return append([]byte{0xFC, byte(i >> 8), byte(i)}, bytes.Repeat([]byte{byte(i)}, i*37%300)...)
}

func number(t testing.TB, p []byte) int {
	t.Helper()
	if len(p) < 3 {
		t.Fatalf("foreign packet % x", p)
	}
	i := int(p[1])<<8 | int(p[2])
	if !bytes.Equal(p, packet(i)) {
		t.Fatalf("packet %d is damaged", i)
	}
	return i
}

// el makes an element; its size is written in eight bytes now and then.
func el(id uint32, content ...[]byte) []byte {
	body := bytes.Join(content, nil)
	b := idBytes(id)
	if len(body)%3 == 0 {
		b = binary.BigEndian.AppendUint64(b, 1<<56|uint64(len(body)))
	} else {
		b = binary.BigEndian.AppendUint32(b, 1<<28|uint32(len(body)))
	}
	return append(b, body...)
}

// live makes an element of unknown size.
func live(id uint32, content ...[]byte) []byte {
	return append(append(idBytes(id), 0xFF), bytes.Join(content, nil)...)
}

func idBytes(id uint32) (b []byte) {
	for shift := 24; shift >= 0; shift -= 8 {
		if v := byte(id >> shift); v != 0 || len(b) > 0 {
			b = append(b, v)
		}
	}
	return b
}

func num(id uint32, v uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, v)
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return el(id, b)
}

func text(id uint32, s string) []byte { return el(id, []byte(s)) }

func float(id uint32, v float64) []byte {
	return el(id, binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
}

var (
	ebml = el(0x1A45DFA3, text(0x4282, "webm"))
	info = el(0x1549A966, num(0x2AD7B1, 1_000_000), float(0x4489, 4000), text(0x7BA9, "The title"))
)

func head(preSkip uint16) []byte {
	b := append([]byte("OpusHead\x01\x02"), byte(preSkip), byte(preSkip>>8))
	return append(b, 0x80, 0xBB, 0, 0, 0, 0, 0)
}

// opusTrack has number 2; delay is in ns.
func opusTrack(delay uint64, more ...[]byte) []byte {
	return el(0xAE, num(0xD7, 2), num(0x83, 2), text(0x86, "A_OPUS"), el(0x63A2, head(0)),
		num(0x56AA, delay), num(0x56BB, 80_000_000), el(0xE1, num(0x9F, 2)), bytes.Join(more, nil))
}

func track(number, kind uint64, codec string) []byte {
	return el(0xAE, num(0xD7, number), num(0x83, kind), text(0x86, codec))
}

func tracks(entries ...[]byte) []byte { return el(0x1654AE6B, entries...) }

// block is the content of a block of track 2.
func block(ticks int16, flags byte, content ...[]byte) []byte {
	return bytes.Join(append([][]byte{{0x82, byte(uint16(ticks) >> 8), byte(ticks), flags}}, content...), nil)
}

func simple(ticks int16, flags byte, content ...[]byte) []byte {
	return el(0xA3, block(ticks, flags, content...))
}

func group(more []byte, ticks int16, content []byte) []byte {
	return el(0xA0, el(0xA1, block(ticks, 0, content)), more)
}

// cluster holds packets from..to, in simple blocks 20 ms apart.
func cluster(from, to int) []byte {
	return el(0x1F43B675, clusterContent(from, to))
}

func clusterContent(from, to int) []byte {
	b := num(0xE7, uint64(from)*20)
	for i := from; i < to; i++ {
		b = append(b, simple(int16((i-from)*20), 0x80, packet(i))...)
	}
	return b
}

func segment(content ...[]byte) []byte {
	return append(bytes.Clone(ebml), el(0x18538067, content...)...)
}

func newReader(t testing.TB, r io.Reader) *webm.Reader {
	t.Helper()
	d, err := webm.NewReader(r)
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

func readAll(t testing.TB, r *webm.Reader) (all []heard) {
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
