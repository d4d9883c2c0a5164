package decode_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"busker/opus/ogg"
	"busker/sources/decode"
)

// pack makes an Ogg stream of packets, one page each, with right checksums.
func pack(packets ...[]byte) (b []byte) {
	for i, p := range packets {
		p = p[:min(len(p), 254*255)]
		page := ogg.Page{Serial: 7, Sequence: uint32(i), Body: p, Lacing: append(bytes.Repeat([]byte{255}, len(p)/255), byte(len(p)%255))}
		if i == 0 {
			page.Flags = ogg.First
		}
		if i > 2 {
			page.Granule = int64(i-2) * 1024
		}
		b = page.Append(b)
	}
	return b
}

// unpack returns the packets of an Ogg file.
func unpack(t testing.TB, b []byte) (packets [][]byte) {
	t.Helper()
	r := ogg.NewPageReader(bytes.NewReader(b))
	var packet []byte
	for {
		p, err := r.Next()
		if errors.Is(err, io.EOF) {
			return packets
		}
		if err != nil {
			t.Fatal(err)
		}
		body := p.Body
		for _, l := range p.Lacing {
			packet = append(packet, body[:l]...)
			body = body[l:]
			if l < 255 {
				packets = append(packets, packet)
				packet = nil
			}
		}
	}
}

// FuzzVorbis reaches what the checksums of pages keep from FuzzOpen: the headers
// and packets of Vorbis.
func FuzzVorbis(f *testing.F) {
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		f.Skip("ffmpeg is not installed: there is no Vorbis to begin with")
	}
	for _, channels := range []int{1, 2, 6} {
		b, err := os.ReadFile(encode(f, "a.ogg", 48000, channels, 100*time.Millisecond, "-c:a", "libvorbis"))
		if err != nil {
			f.Fatal(err)
		}
		p := unpack(f, b)
		f.Add(p[0], p[1], p[2], p[4])
	}
	f.Fuzz(func(t *testing.T, id, comment, setup, sound []byte) {
		b := pack(id, comment, setup, sound, sound, sound)
		_, err := decode.Probe(t.Context(), bytesInput(b), decode.Options{})
		spoken(t, err)
		for _, at := range []time.Duration{0, 30 * time.Millisecond} {
			r, err := decode.Open(t.Context(), bytesInput(b), at, decode.Options{})
			spoken(t, err)
			if err == nil {
				listen(t, r)
				_ = r.Close()
			}
		}
	})
}

func TestVorbisHeadersThatAskForTooMuch(t *testing.T) {
	b, err := os.ReadFile(encode(t, "a.ogg", 48000, 2, 100*time.Millisecond, "-c:a", "libvorbis"))
	if err != nil {
		t.Fatal(err)
	}
	good := unpack(t, b)
	change := func(packet, at int, v ...byte) []byte {
		p := make([][]byte, len(good))
		for i := range good {
			p[i] = bytes.Clone(good[i])
		}
		copy(p[packet][at:], v)
		return pack(p...)
	}
	if _, err := decode.Probe(t.Context(), bytesInput(pack(good...)), decode.Options{}); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"channels":            change(0, 11, 255),
		"no channels":         change(0, 11, 0),
		"rate":                change(0, 12, 0, 0, 0, 0),
		"block sizes":         change(0, 28, 0xFF),
		"block sizes swapped": change(0, 28, 0x8B),
		"entries":             change(2, 13, 0xFF, 0xFF, 0xFF),
		"no entries":          change(2, 13, 0, 0, 0),
		"dimensions":          change(2, 11, 0xFF, 0xFF),
		"no dimensions":       change(2, 11, 0, 0),
	} {
		_, err := decode.Probe(t.Context(), bytesInput(b), decode.Options{})
		if err == nil {
			t.Errorf("%s: taken", name)
		}
		spoken(t, err)
	}
	// A comment header is read as far as it is true.
	if _, err := decode.Probe(t.Context(), bytesInput(change(1, 7, 0xFF, 0xFF, 0xFF, 0xFF)), decode.Options{}); err != nil {
		t.Errorf("a comment header that lies: %v", err)
	}
}
