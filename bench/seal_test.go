package bench_test

import (
	"crypto/rand"
	"fmt"
	"testing"

	"busker/voice/dave"
	"busker/voice/rtp"
)

// BenchmarkSeal is one packet, encrypted for the transport, end to end, or both, as it is
// sent; with one key in the caches, and with hundreds in round robin.
func BenchmarkSeal(b *testing.B) { measure(b, seals()) }

func seals() (list []work) {
	for _, bytes := range []int{160, 240, 330} { // 20 ms at 64, 96 and 132 kbit/s
		for _, keys := range []int{1, 500} {
			list = append(list, work{
				name: fmt.Sprintf("layer=dave/mode=none/bytes=%d/keys=%d", bytes, keys),
				open: func(tb testing.TB) *job { return sealing(tb, "", true, bytes, keys) },
			})
			for _, mode := range rtp.Modes {
				for _, layer := range []string{"transport", "both"} {
					list = append(list, work{
						name: fmt.Sprintf("layer=%s/mode=%s/bytes=%d/keys=%d", layer, short[mode], bytes, keys),
						open: func(tb testing.TB) *job { return sealing(tb, mode, layer == "both", bytes, keys) },
					})
				}
			}
		}
	}
	return list
}

var short = map[rtp.Mode]string{rtp.AES256GCM: "aes256gcm", rtp.XChaCha20Poly1305: "xchacha20"}

// envelope is what one stream seals with.
type envelope struct {
	frames        *dave.Session // nil: not end to end
	sealer        *rtp.Sealer   // nil: not for the transport
	header        rtp.Header
	frame, packet []byte
}

func (e *envelope) seal(opus []byte) (err error) {
	if e.frames != nil {
		if e.frame, err = e.frames.SealFrame(e.frame[:0], opus); err != nil {
			return err
		}
		opus = e.frame
	}
	if e.sealer == nil {
		return nil
	}
	e.header.Sequence++
	e.packet, err = e.sealer.Seal(e.packet[:0], e.header, opus)
	return err
}

func sealing(tb testing.TB, mode rtp.Mode, frames bool, bytes, n int) *job {
	tb.Helper()
	list := make([]envelope, several(tb, n))
	for i := range list {
		list[i] = envelope{frame: make([]byte, 0, 900), packet: make([]byte, 0, 900)}
		if frames {
			list[i].frames = keys(tb, len(list))[i]
		}
		if mode != "" {
			list[i].sealer = newSealer(tb, mode)
		}
	}
	opus := make([]byte, bytes)
	_, _ = rand.Read(opus) // it never fails; silence would not be encrypted
	return &job{frame: func(i int) error { return list[i%len(list)].seal(opus) }}
}

func newSealer(tb testing.TB, mode rtp.Mode) *rtp.Sealer {
	tb.Helper()
	key := make([]byte, rtp.KeyBytes)
	_, _ = rand.Read(key) // it never fails
	s, err := rtp.NewSealer(mode, key)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
