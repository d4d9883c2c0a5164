package interop_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"busker/emulator/interop"
	"busker/internal/bubble"
	"busker/internal/snowflake"
	"busker/voice/mls"
)

// A key seals 2^24 frames, 93 h of audio, and its successor no receiver believes in
// before 27 h: the test lets that time pass on both sides.
const (
	generation = 1 << 24
	wait       = 28 * time.Hour
)

// TestGenerationsWithDavey lets both sides open frames of later generations than the
// first, made from the secrets of the epoch as the reference describes them, and
// refuse them as long as nobody can have got that far.
func TestGenerationsWithDavey(t *testing.T) {
	d := newDavey(t, interop.Options{Env: []string{"LD_PRELOAD=" + clock(t)}})
	bubble.Test(t, func(t *testing.T) {
		s := newService(t, d)
		watches, us, them := s.seatWatcher(1), s.seatOurs(2), s.seatForeign(3)
		s.flush()
		s.found(func(list []offer) offer { return list[0] })
		group := watches.peer.(*watcher).group
		said := []byte("a frame of a later generation")

		open := func(listener, speaker *seat, nonce uint32, want bool) {
			t.Helper()
			sealed := frame(t, group, speaker.user, nonce, said)
			listener.peer.open(speaker.user, sealed, func(opened []byte, failure string) {
				if heard := bytes.Equal(opened, said); heard != want {
					t.Errorf("%v opens nonce %#x of %v: %v (%s), want %v", listener.user, nonce, speaker.user, heard, failure, want)
				}
			})
			d.flush()
		}
		for _, pair := range [][2]*seat{{us, them}, {them, us}} {
			open(pair[0], pair[1], 3, true)
			open(pair[0], pair[1], generation, false)
		}
		<-time.After(wait)
		d.ask(call{Do: "ahead", Seconds: int(wait.Seconds())})
		for _, pair := range [][2]*seat{{us, them}, {them, us}} {
			open(pair[0], pair[1], generation-1, true)
			open(pair[0], pair[1], generation, true)
			open(pair[0], pair[1], generation+1, true)
			open(pair[0], pair[1], generation+1, false) // again
			open(pair[0], pair[1], generation-2, true)  // late, but not yet forgotten
			open(pair[0], pair[1], 2*generation, false) // nobody can be there yet
		}
	})
}

// TestOurSenderReachesTheNextGeneration seals 2^24 frames and lets davey open those
// around the change of key. The others prove the same in two parts: that our sender
// changes its key there, in voice/dave, and that davey opens what a sender who did
// sends, above.
func TestOurSenderReachesTheNextGeneration(t *testing.T) {
	if !*everything {
		t.Skip("seals sixteen million frames, with -args -everything only")
	}
	d := newDavey(t, interop.Options{Env: []string{"LD_PRELOAD=" + clock(t)}})
	s := newService(t, d)
	us, them := s.seatOurs(2), s.seatForeign(3)
	s.flush()
	s.found(func(list []offer) offer { return list[0] })
	d.ask(call{Do: "ahead", Seconds: int(wait.Seconds())})
	session := us.peer.(*ours).session
	said := []byte("heard over the change of key")
	var sealed []byte
	var err error
	for nonce := range generation + 2 { // one less
		if sealed, err = session.SealFrame(sealed[:0], said); err != nil {
			t.Fatalf("seal frame %d: %v", nonce, err)
		}
		if nonce > 1 && nonce < generation-3 {
			continue
		}
		them.peer.open(us.user, sealed, func(opened []byte, failure string) {
			if !bytes.Equal(opened, said) {
				t.Errorf("davey opens nonce %#x as %q: %s", nonce+1, opened, failure)
			}
		})
		d.flush()
	}
}

// clock builds what lets davey's clock run ahead, and skips the test without a C
// compiler.
func clock(t *testing.T) (library string) {
	t.Helper()
	library = filepath.Join(t.TempDir(), "clock.so")
	ctx, cancel := context.WithTimeout(t.Context(), interop.Wait)
	defer cancel()
	if _, err := exec.LookPath("cc"); err != nil {
		t.Skip("no C compiler: davey's clock can not be moved")
	}
	if out, err := exec.CommandContext(ctx, "cc", "-shared", "-fPIC", "-o", library, "testdata/clock.c").CombinedOutput(); err != nil {
		t.Fatalf("build the clock: %v\n%s", err, out)
	}
	return library
}

// frame seals one frame of a member (reference 4.9 and 4.10).
func frame(t *testing.T, group *mls.Group, user snowflake.ID, nonce uint32, opus []byte) []byte {
	t.Helper()
	secret := group.Export("Discord Secure Frames v0", binary.LittleEndian.AppendUint64(nil, uint64(user)), 16)
	for g := range nonce / generation {
		secret = mls.ExpandWithLabel(secret, "secret", binary.BigEndian.AppendUint32(nil, g), 32)
	}
	key := mls.ExpandWithLabel(secret, "key", binary.BigEndian.AppendUint32(nil, nonce/generation), 16)
	gcm := must[cipher.AEAD](t)(cipher.NewGCM(must[cipher.Block](t)(aes.NewCipher(key))))
	sealed := gcm.Seal(nil, binary.LittleEndian.AppendUint32(make([]byte, 8), nonce), opus, nil)
	sealed = binary.AppendUvarint(sealed[:len(opus)+8], uint64(nonce))
	return append(sealed, byte(len(sealed)-len(opus)+3), 0xfa, 0xfa)
}
