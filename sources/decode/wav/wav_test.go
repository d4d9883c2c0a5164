package wav_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"testing"

	"busker/sources/decode/wav"
)

// file makes a WAV file out of a fmt chunk and other chunks.
func file(format []byte, chunks ...[]byte) []byte {
	b := []byte("RIFF\xff\xff\xff\xffWAVE")
	for _, c := range append([][]byte{chunk("fmt ", format)}, chunks...) {
		b = append(b, c...)
	}
	return b
}

func chunk(id string, body []byte) []byte {
	b := append([]byte(id), binary.LittleEndian.AppendUint32(nil, uint32(len(body)))...)
	b = append(b, body...)
	if len(body)%2 == 1 {
		b = append(b, 0)
	}
	return b
}

func format(tag, channels, bits int) []byte {
	b := binary.LittleEndian.AppendUint16(nil, uint16(tag))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels))
	b = binary.LittleEndian.AppendUint32(b, 48000)
	b = binary.LittleEndian.AppendUint32(b, uint32(48000*channels*bits/8))
	b = binary.LittleEndian.AppendUint16(b, uint16(channels*bits/8))
	return binary.LittleEndian.AppendUint16(b, uint16(bits))
}

// extensible wraps a format, with a mask of speakers.
func extensible(tag, channels, bits int, mask uint32) []byte {
	b := append(format(0xFFFE, channels, bits), 22, 0, byte(bits), 0)
	b = binary.LittleEndian.AppendUint32(b, mask)
	b = binary.LittleEndian.AppendUint16(b, uint16(tag))
	return append(b, "\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"...)
}

func all(d *wav.Decoder) (values []float32, err error) {
	buf := make([]float32, 100*d.Channels)
	for {
		n, err := d.Read(buf)
		values = append(values, buf[:n]...)
		if err != nil {
			return values, err
		}
	}
}

func TestEncodings(t *testing.T) {
	f32 := binary.LittleEndian.AppendUint32(nil, math.Float32bits(-0.5))
	f64 := binary.LittleEndian.AppendUint64(nil, math.Float64bits(0.25))
	for _, tt := range []struct {
		name   string
		format []byte
		data   []byte
		want   []float32
	}{
		{"8 bit", format(1, 1, 8), []byte{0, 128, 192}, []float32{-1, 0, 0.5}},
		{"16 bit", format(1, 2, 16), []byte{0, 0x80, 0, 0x40}, []float32{-1, 0.5}},
		{"24 bit", format(1, 1, 24), []byte{0, 0, 0x80, 0, 0, 0x20}, []float32{-1, 0.25}},
		{"32 bit", format(1, 1, 32), []byte{0, 0, 0, 0xC0}, []float32{-0.5}},
		{"float", format(3, 1, 32), f32, []float32{-0.5}},
		{"double", format(3, 1, 64), f64, []float32{0.25}},
		{"A-law", format(6, 1, 8), []byte{0xD5, 0x2A}, []float32{8. / 32768, -32256. / 32768}},
		{"µ-law", format(7, 1, 8), []byte{0xFF, 0x00}, []float32{0, -32124. / 32768}},
		{"extensible", extensible(1, 2, 16, 3), []byte{0, 0x80, 0, 0x40}, []float32{-1, 0.5}},
		{"extensible float", extensible(3, 1, 32, 4), f32, []float32{-0.5}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := file(tt.format, chunk("junk", []byte{1}), chunk("data", tt.data))
			d, err := wav.NewDecoder(bytes.NewReader(b), int64(len(b)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := all(d)
			if !errors.Is(err, io.EOF) || len(got) != len(tt.want) {
				t.Fatalf("%v, %v", got, err)
			}
			for i := range got {
				if got[i] != tt.want[i] {
					t.Errorf("%v, want %v", got, tt.want)
				}
			}
			if d.Samples != int64(len(tt.want)/d.Channels) {
				t.Errorf("%d samples", d.Samples)
			}
		})
	}
}

func TestSizesThatLie(t *testing.T) {
	data := make([]byte, 1000)
	sized := func(n uint32) []byte {
		b := file(format(1, 1, 16), chunk("data", data))
		binary.LittleEndian.PutUint32(b[len(b)-1004:], n)
		return b
	}
	ds64 := make([]byte, 28)
	binary.LittleEndian.PutUint64(ds64[8:], 600)
	rf64 := append([]byte("RF64\xff\xff\xff\xffWAVE"), chunk("ds64", ds64)...)
	rf64 = append(append(rf64, chunk("fmt ", format(1, 1, 16))...), "data\xff\xff\xff\xff"...)
	rf64 = append(rf64, data...)
	for _, tt := range []struct {
		name   string
		b      []byte
		size   int64 // of the input as far as is known, relative to its true size; 1 is unknown
		values int
	}{
		{"honest", sized(1000), 0, 500},
		{"unlimited", sized(0xFFFFFFFF), 0, 500},
		{"unlimited from a pipe", sized(0xFFFFFFFF), 1, 500},
		{"zero from a pipe", sized(0), 1, 500},
		{"too long", sized(5000), 0, 500},
		{"too long from a pipe", sized(5000), 1, 500},
		{"half a sample", sized(999), 0, 499},
		{"RF64", rf64, 0, 300},
		{"RF64 from a pipe", rf64, 1, 300},
	} {
		t.Run(tt.name, func(t *testing.T) {
			size := int64(len(tt.b))
			if tt.size == 1 {
				size = -1
			}
			d, err := wav.NewDecoder(io.MultiReader(bytes.NewReader(tt.b)), size)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := all(d)
			if len(got) != tt.values {
				t.Errorf("%d values, want %d", len(got), tt.values)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    []byte
		want error
	}{
		{"other RIFF", []byte("RIFF\x04\x00\x00\x00AVI "), wav.ErrFormat},
		{"no format", append([]byte("RIFF\xff\xff\xff\xffWAVE"), chunk("data", make([]byte, 10))...), wav.ErrFormat},
		{"no channels", file(format(1, 0, 16), chunk("data", nil)), wav.ErrFormat},
		{"ADPCM", file(format(2, 1, 4), chunk("data", nil)), wav.ErrEncoding},
		{"short format", file(format(1, 1, 16)[:10], chunk("data", nil)), wav.ErrFormat},
		{"cut", file(format(1, 1, 16)), io.ErrUnexpectedEOF},
		{"a chunk that promises more", file(format(1, 1, 16), []byte("LIST\xff\xff\xff\x7f")), io.ErrUnexpectedEOF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := wav.NewDecoder(bytes.NewReader(tt.b), int64(len(tt.b))); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

func TestTail(t *testing.T) {
	b := file(format(1, 1, 16), chunk("data", make([]byte, 100)), chunk("LIST", []byte("INFOINAM\x02\x00\x00\x00T\x00")))
	d, err := wav.NewDecoder(bytes.NewReader(b), int64(len(b)))
	if err != nil || d.List != nil {
		t.Fatal(err, d.List)
	}
	if err := d.Tail(); err != nil || string(d.List) != "INAM\x02\x00\x00\x00T\x00" {
		t.Errorf("%q, %v", d.List, err)
	}
	if got, _ := all(d); len(got) != 50 {
		t.Errorf("%d values after it", len(got))
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add(file(format(1, 2, 16), chunk("LIST", []byte("INFO")), chunk("data", make([]byte, 64))))
	f.Add(file(extensible(3, 1, 32, 4), chunk("data", make([]byte, 64))))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, size := range []int64{int64(len(b)), -1} {
			d, err := wav.NewDecoder(bytes.NewReader(b), size)
			if err != nil {
				continue
			}
			got, _ := all(d)
			if len(got) > len(b) {
				t.Errorf("%d values out of %d bytes", len(got), len(b))
			}
			if err := d.Tail(); err != nil {
				t.Error(err)
			}
			if _, err := d.SeekSample(3); err != nil {
				t.Error(err)
			}
			_, _ = all(d)
		}
	})
}
