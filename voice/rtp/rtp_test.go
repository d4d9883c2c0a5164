package rtp_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"testing"

	"golang.org/x/crypto/chacha20poly1305"

	"busker/voice/rtp"
)

var (
	key    = bytes.Repeat([]byte{0x42}, rtp.KeyBytes)
	header = rtp.Header{Sequence: 0x913d, Timestamp: 0x5623a8b0, SSRC: 0x1092}
	frame  = []byte("an opus frame, or what stands for one")
)

func TestHeaderOnTheWire(t *testing.T) {
	// The worked example of a capture: 80 78 | sequence | timestamp | SSRC.
	const want = "8078913d5623a8b000001092"
	b := header.Append(nil)
	if got := hex.EncodeToString(b); got != want {
		t.Fatalf("header %s, want %s", got, want)
	}
	if got, err := rtp.Parse(b); err != nil || got != header {
		t.Fatalf("parsed %+v, %v", got, err)
	}
}

func TestParseRefusesWhatIsNotAudio(t *testing.T) {
	rtcp := header.Append(nil)
	rtcp[1] = 200
	version1 := header.Append(nil)
	version1[0] = 0x40
	for name, b := range map[string][]byte{
		"nothing":   nil,
		"short":     header.Append(nil)[:11],
		"RTCP":      rtcp,
		"version 1": version1,
		"keepalive": rtp.AppendKeepalive(nil, 7),
		"discovery": rtp.AppendDiscovery(nil, 1),
	} {
		if _, err := rtp.Parse(b); !errors.Is(err, rtp.ErrNotRTP) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSealIsWhatTheModeSays(t *testing.T) {
	for _, mode := range rtp.Modes {
		t.Run(string(mode), func(t *testing.T) {
			sealer, err := rtp.NewSealer(mode, key)
			if err != nil {
				t.Fatal(err)
			}
			aead := independent(t, mode)
			for n := range uint32(3) {
				packet, err := sealer.Seal([]byte("before"), header, frame)
				if err != nil {
					t.Fatal(err)
				}
				packet = packet[len("before"):]
				if len(packet) != len(frame)+rtp.Overhead {
					t.Fatalf("packet of %d bytes", len(packet))
				}
				if suffix, ok := rtp.Suffix(packet); !ok || suffix != n {
					t.Fatalf("suffix %d, want %d", suffix, n)
				}
				nonce := make([]byte, aead.NonceSize())
				binary.BigEndian.PutUint32(nonce, n)
				plain, err := aead.Open(nil, nonce, packet[12:len(packet)-4], packet[:12])
				if err != nil || !bytes.Equal(plain, frame) {
					t.Fatalf("opened %q, %v", plain, err)
				}
			}
		})
	}
}

// independent builds the AEAD of a mode without the package under test.
func independent(t *testing.T, mode rtp.Mode) cipher.AEAD {
	t.Helper()
	if mode == rtp.XChaCha20Poly1305 {
		aead, err := chacha20poly1305.NewX(key)
		if err != nil {
			t.Fatal(err)
		}
		return aead
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return aead
}

func TestOpenUndoesSeal(t *testing.T) {
	for _, mode := range rtp.Modes {
		sealer, _ := rtp.NewSealer(mode, key)
		opener, _ := rtp.NewOpener(mode, key)
		packet, err := sealer.Seal(nil, header, frame)
		if err != nil {
			t.Fatal(err)
		}
		kept := bytes.Clone(packet)
		h, media, err := opener.Open(make([]byte, 3, 100), packet)
		if err != nil || h != header || !bytes.Equal(media, frame) {
			t.Errorf("%s: %+v %q %v", mode, h, media, err)
		}
		if !bytes.Equal(packet, kept) {
			t.Errorf("%s: Open changed the packet", mode)
		}
		for _, i := range []int{3, 9, 12, len(packet) - 5, len(packet) - 1} {
			bad := bytes.Clone(packet)
			bad[i] ^= 1
			if _, _, err := opener.Open(nil, bad); err == nil {
				t.Errorf("%s: a change of byte %d went unnoticed", mode, i)
			}
		}
	}
}

// foreign seals a packet with the clear part and the plaintext given, as a client
// with CSRCs, extensions and padding would.
func foreign(t *testing.T, clear, plain []byte) []byte {
	t.Helper()
	aead := independent(t, rtp.AES256GCM)
	nonce := make([]byte, aead.NonceSize())
	copy(nonce, "\x01\x02\x03\x04")
	packet := aead.Seal(bytes.Clone(clear), nonce, plain, clear)
	return append(packet, nonce[:4]...)
}

// TestOpenForeignShapes (10.13): padding and extensions go before DAVE sees the frame.
func TestOpenForeignShapes(t *testing.T) {
	plainHeader := header.Append(nil)
	with := func(bits byte, more ...byte) []byte {
		b := bytes.Clone(plainHeader)
		b[0] |= bits
		return append(b, more...)
	}
	preamble := []byte{0xBE, 0xDE, 0, 1}
	element := []byte{0x10, 0x7F, 0, 0}
	csrc := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	for _, tt := range []struct {
		name         string
		clear, plain []byte
		corrupt      bool
	}{
		{"plain", with(0), frame, false},
		{"marker", func() []byte { b := with(0); b[1] |= 0x80; return b }(), frame, false},
		{"csrc", with(2, csrc...), frame, false},
		{"extension", with(0x10, preamble...), concat(element, frame), false},
		{"padding", with(0x20), concat(frame, []byte{0, 0, 3}), false},
		{"all of it", with(0x32, concat(csrc, preamble)...), concat(element, frame, []byte{1}), false},
		{"padding of zero", with(0x20), concat(frame, []byte{0}), true},
		{"padding beyond the frame", with(0x20), concat(frame, []byte{255}), true},
		{"padding of nothing", with(0x20), nil, true},
		{"extension beyond the frame", with(0x10, 0xBE, 0xDE, 1, 0), frame, true},
		{"padding eats the extension", with(0x30, preamble...), []byte{0, 2, 2}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			opener, _ := rtp.NewOpener(rtp.AES256GCM, key)
			h, media, err := opener.Open(nil, foreign(t, tt.clear, tt.plain))
			if h != header {
				t.Errorf("header %+v", h)
			}
			if tt.corrupt != errors.Is(err, rtp.ErrCorrupt) {
				t.Fatalf("error %v", err)
			}
			if !tt.corrupt && !bytes.Equal(media, frame) {
				t.Fatalf("media %q", media)
			}
		})
	}
}

func concat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func TestOpenRefusesTruncation(t *testing.T) {
	sealer, _ := rtp.NewSealer(rtp.AES256GCM, key)
	opener, _ := rtp.NewOpener(rtp.AES256GCM, key)
	packet, _ := sealer.Seal(nil, header, frame)
	for n := range packet {
		if _, _, err := opener.Open(nil, packet[:n]); err == nil {
			t.Fatalf("%d of %d bytes were accepted", n, len(packet))
		}
	}
}

func TestChoose(t *testing.T) {
	for _, tt := range []struct {
		name    string
		offered []rtp.Mode
		want    rtp.Mode
	}{
		{"prefers gcm", []rtp.Mode{rtp.XChaCha20Poly1305, rtp.AES256GCM}, rtp.AES256GCM},
		{"takes what there is", []rtp.Mode{"xsalsa20_poly1305", rtp.XChaCha20Poly1305}, rtp.XChaCha20Poly1305},
		{"nothing we know", []rtp.Mode{"xsalsa20_poly1305"}, ""},
		{"nothing", nil, ""},
	} {
		if got, ok := rtp.Choose(tt.offered); got != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %q, %v", tt.name, got, ok)
		}
	}
}

func TestKeysAndModesAreChecked(t *testing.T) {
	if _, err := rtp.NewSealer(rtp.AES256GCM, key[:16]); err == nil {
		t.Error("a 16 byte key made a sealer")
	}
	if _, err := rtp.NewOpener("xsalsa20_poly1305", key); err == nil {
		t.Error("a dead mode made an opener")
	}
}

func TestNothingIsAllocated(t *testing.T) {
	for _, mode := range rtp.Modes {
		sealer, _ := rtp.NewSealer(mode, key)
		opener, _ := rtp.NewOpener(mode, key)
		packet := make([]byte, 0, 2000)
		media := make([]byte, 0, 2000)
		if n := testing.AllocsPerRun(1000, func() {
			sealed, err := sealer.Seal(packet[:0], header, frame)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := opener.Open(media[:0], sealed); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations per packet", mode, n)
		}
	}
}

func FuzzOpen(f *testing.F) {
	sealer, _ := rtp.NewSealer(rtp.AES256GCM, key)
	packet, _ := sealer.Seal(nil, header, frame)
	f.Add(packet)
	f.Add(append([]byte{0xBF}, packet[1:]...))
	aead, _ := rtp.NewOpener(rtp.AES256GCM, key)
	xchacha, _ := rtp.NewOpener(rtp.XChaCha20Poly1305, key)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, opener := range []*rtp.Opener{aead, xchacha} {
			if _, media, err := opener.Open(nil, b); err == nil && len(media)+rtp.Overhead > len(b) {
				t.Fatalf("%d bytes of media from %d", len(media), len(b))
			}
		}
		if h, err := rtp.Parse(b); err == nil {
			if again, err := rtp.Parse(h.Append(nil)); err != nil || again != h {
				t.Fatalf("%+v became %+v, %v", h, again, err)
			}
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	for _, mode := range rtp.Modes {
		b.Run(string(mode), func(b *testing.B) {
			sealer, _ := rtp.NewSealer(mode, key)
			dst, payload := make([]byte, 0, 2000), make([]byte, 240) // 96 kb/s
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sealer.Seal(dst, header, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
