package voice_test

import (
	"bytes"
	"testing"

	"busker/voice"
	"busker/voice/rtp"
)

// TestAKeyHasOneSealer, whichever session it is of: nonces are never used twice.
func TestAKeyHasOneSealer(t *testing.T) {
	var k voice.Keyring
	sealer := func(mode rtp.Mode, n byte) *rtp.Sealer {
		t.Helper()
		s, err := k.Sealer(mode, bytes.Repeat([]byte{n}, rtp.KeyBytes))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first, other := sealer(rtp.AES256GCM, 0), sealer(rtp.AES256GCM, 1)
	if first == other || first == sealer(rtp.XChaCha20Poly1305, 0) {
		t.Error("two keys share a sealer")
	}
	if first != sealer(rtp.AES256GCM, 0) {
		t.Error("a key that came back has a new sealer")
	}
	if _, err := k.Sealer(rtp.AES256GCM, make([]byte, rtp.KeyBytes-1)); err == nil {
		t.Error("a short key passes for another")
	}
	for n := range byte(100) {
		sealer(rtp.AES256GCM, 100+n)
		if first != sealer(rtp.AES256GCM, 0) {
			t.Fatal("a key in use was forgotten")
		}
	}
	if other == sealer(rtp.AES256GCM, 1) {
		t.Error("keys are remembered without a bound")
	}
}
