package dave_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"busker/internal/bubble"
	"busker/internal/snowflake"
	"busker/voice/dave"
)

// vectors reads a file of test vectors, which lie beside the repository.
func vectors(t testing.TB, name string, into any) {
	t.Helper()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for ; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			break
		}
		if root == filepath.Dir(root) {
			t.Fatal("no go.mod above")
		}
	}
	b, err := os.ReadFile(filepath.Join(root, "..", "shared", "vectors", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no vectors here: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// hexBytes are bytes written in hexadecimal.
type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

const (
	alice snowflake.ID = 1<<60 + iota
	bob
	carol
)

type unitVectors struct {
	Frames struct {
		Base   hexBytes `json:"sender_base_secret"`
		Frames []struct {
			Nonce, Generation uint32
			Opus, Frame       hexBytes
		} `json:"frames"`
	} `json:"frames"`
	DisplayCode []struct {
		Code          string   `json:"code"`
		Data          hexBytes `json:"data"`
		Group, Length int
	} `json:"displayable_code"`
	KeyFingerprint []struct {
		Fingerprint hexBytes     `json:"fingerprint"`
		User        snowflake.ID `json:"user_id"`
	} `json:"key_fingerprint"`
	Pairwise []struct {
		KeyA  string       `json:"key_a"`
		KeyB  string       `json:"key_b"`
		UserA snowflake.ID `json:"user_a"`
		UserB snowflake.ID `json:"user_b"`
		Out   hexBytes     `json:"out"`
	} `json:"pairwise_fingerprint"`
	Wrapped [][3]uint32 `json:"wrapped_generation"`
}

func TestFrameVectors(t *testing.T) {
	var v unitVectors
	vectors(t, "dave-unit.json", &v)
	if len(v.Frames.Frames) != 13 {
		t.Fatalf("%d frames", len(v.Frames.Frames))
	}
	for _, f := range v.Frames.Frames {
		s := dave.NewSession(dave.Options{User: alice})
		if f.Nonce > 0 { // frames of ours begin at 1
			s.SealWith(v.Frames.Base, f.Nonce)
			sealed, err := s.SealFrame([]byte("before"), f.Opus)
			if err != nil || string(sealed[:6]) != "before" || !bytes.Equal(sealed[6:], f.Frame) {
				t.Errorf("nonce %d sealed as %x, %v, want %x", f.Nonce, sealed, err, f.Frame)
			}
		}
		bubble.Test(t, func(t *testing.T) {
			s.OpenWith(bob, v.Frames.Base)
			<-time.After(28 * time.Hour * time.Duration(f.Generation))
			opened, err := s.OpenFrame([]byte("before"), bob, f.Frame)
			possible := f.Generation <= 250
			if possible && (err != nil || string(opened) != "before"+string(f.Opus)) {
				t.Errorf("nonce %d opened as %x, %v", f.Nonce, opened, err)
			}
			if !possible && (!errors.Is(err, dave.ErrGeneration) || string(opened) != "before") {
				t.Errorf("generation %d from 0: %v, %d bytes", f.Generation, err, len(opened))
			}
		})
	}
}

func TestUnwrapGenerationVectors(t *testing.T) {
	var v unitVectors
	vectors(t, "dave-unit.json", &v)
	for _, w := range v.Wrapped {
		if got := dave.UnwrapGeneration(w[0], w[1]); got != w[2] {
			t.Errorf("%d from %d on is %d, want %d", w[1], w[0], got, w[2])
		}
	}
}

func TestCodeVectors(t *testing.T) {
	var v unitVectors
	vectors(t, "dave-unit.json", &v)
	for _, c := range v.DisplayCode {
		if code, err := dave.DisplayCode(c.Data, c.Length, c.Group); err != nil || code != c.Code {
			t.Errorf("%x gives %s, %v, want %s", c.Data, code, err, c.Code)
		}
	}
	for _, f := range v.KeyFingerprint {
		if got := dave.KeyFingerprint(make([]byte, 33), f.User); len(f.Fingerprint) == 43 && !bytes.Equal(got, f.Fingerprint) {
			t.Errorf("fingerprint %x, want %x", got, f.Fingerprint)
		}
	}
	for _, p := range v.Pairwise {
		a, b := dave.KeyFingerprint(key(t, p.KeyA), p.UserA), dave.KeyFingerprint(key(t, p.KeyB), p.UserB)
		for range 2 {
			if got, err := dave.PairwiseFingerprint(a, b); err != nil || !bytes.Equal(got, p.Out) {
				t.Errorf("pairwise fingerprint %x, %v, want %x", got, err, p.Out)
			}
			a, b = b, a
		}
	}
}

// key reads a key that is given in hexadecimal, or as "00 x 33".
func key(t *testing.T, s string) []byte {
	switch s {
	case "00 x 33":
		return make([]byte, 33)
	case "00 x 65":
		return make([]byte, 65)
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDisplayCodeRefusesShapes(t *testing.T) {
	data := make([]byte, 64)
	for _, shape := range [][2]int{{30, 0}, {30, 9}, {31, 5}, {65, 5}} {
		if code, err := dave.DisplayCode(data, shape[0], shape[1]); err == nil {
			t.Errorf("%v gives %q", shape, code)
		}
	}
}

// base is a base secret like any other.
var base = []byte("sixteen bytes..!")

func TestOpenFrameErrors(t *testing.T) {
	opus := []byte("an Opus frame")
	speaker := dave.NewSession(dave.Options{User: bob})
	speaker.SealWith(base, 1)
	sealed, err := speaker.SealFrame(nil, opus)
	if err != nil {
		t.Fatal(err)
	}
	change := func(i int) []byte {
		b := bytes.Clone(sealed)
		b[(i+len(b))%len(b)] ^= 0x10
		return b
	}
	video := append(bytes.Clone(opus), make([]byte, 8)...)
	video = append(video, 1, 0, 4, 14, 0xFA, 0xFA)
	overlap := append(bytes.Clone(opus), make([]byte, 8)...)
	overlap = append(overlap, 1, 0, 4, 3, 1, 16, 0xFA, 0xFA)
	beyond := append(bytes.Clone(opus), make([]byte, 8)...)
	beyond = append(beyond, 1, 9, 5, 14, 0xFA, 0xFA)
	for name, tt := range map[string]struct {
		from  snowflake.ID
		frame []byte
		want  error
	}{
		"genuine":            {bob, sealed, nil},
		"silence":            {bob, []byte{0xF8, 0xFF, 0xFE}, nil},
		"silence of nobody":  {carol, []byte{0xF8, 0xFF, 0xFE}, nil},
		"nearly silence":     {bob, []byte{0xF8, 0xFF, 0xFF}, dave.ErrPlaintext},
		"empty":              {bob, nil, dave.ErrPlaintext},
		"plain":              {bob, opus, dave.ErrPlaintext},
		"of another":         {carol, sealed, dave.ErrNoReceiver},
		"ciphertext changed": {bob, change(0), dave.ErrTag},
		"tag changed":        {bob, change(len(opus)), dave.ErrTag},
		"tag's end changed":  {bob, change(len(opus) + 7), dave.ErrTag},
		"nonce changed":      {bob, change(len(opus) + 8), dave.ErrTag},
		"size changed":       {bob, change(-3), dave.ErrPlaintext},
		"marker changed":     {bob, change(-1), dave.ErrPlaintext},
		"marker alone":       {bob, []byte{0xFA, 0xFA}, dave.ErrPlaintext},
		"size beyond":        {bob, []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 0xFA, 0xFA}, dave.ErrPlaintext},
		"no nonce":           {bob, []byte{1, 2, 3, 4, 5, 6, 7, 8, 11, 0xFA, 0xFA}, dave.ErrPlaintext},
		"nonce of 33 bits":   {bob, []byte{1, 2, 3, 4, 5, 6, 7, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 16, 0xFA, 0xFA}, dave.ErrPlaintext},
		"nonce of 6 bytes":   {bob, []byte{1, 2, 3, 4, 5, 6, 7, 8, 0x81, 0x80, 0x80, 0x80, 0x80, 0, 17, 0xFA, 0xFA}, dave.ErrPlaintext},
		"generation 1":       {bob, []byte{1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0x80, 0x80, 8, 15, 0xFA, 0xFA}, dave.ErrGeneration},
		"video":              {bob, video, dave.ErrVideo},
		"ranges overlap":     {bob, overlap, dave.ErrPlaintext},
		"range beyond":       {bob, beyond, dave.ErrPlaintext},
	} {
		t.Run(name, func(t *testing.T) {
			s := dave.NewSession(dave.Options{User: alice})
			s.OpenWith(bob, base)
			opened, err := s.OpenFrame([]byte{1}, tt.from, tt.frame)
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if err != nil && !bytes.Equal(opened, []byte{1}) {
				t.Errorf("error %v, and yet %x", err, opened)
			}
		})
	}
}

func TestReplayedFramesAreRefused(t *testing.T) {
	speaker, listener := dave.NewSession(dave.Options{User: bob}), dave.NewSession(dave.Options{User: alice})
	speaker.SealWith(base, 1)
	listener.OpenWith(bob, base)
	var frames [][]byte
	for i := range 1200 {
		frame, err := speaker.SealFrame(nil, []byte{byte(i), 1, 2})
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, frame)
	}
	for _, step := range []struct {
		frame int
		want  error
	}{
		{5, nil},
		{5, dave.ErrReplay},
		{4, dave.ErrReplay}, // before the first: not missing
		{1100, nil},
		{1099, nil},
		{1099, dave.ErrReplay},
		{1100, dave.ErrReplay},
		{99, dave.ErrReplay},
		{100, nil},
		{100, dave.ErrReplay},
		{600, nil},
		{1101, nil},
		{101, nil},
		{100, dave.ErrReplay},
	} {
		if _, err := listener.OpenFrame(nil, bob, frames[step.frame]); !errors.Is(err, step.want) {
			t.Errorf("frame %d: %v, want %v", step.frame, err, step.want)
		}
	}
}

// TestReplayAsDescribed compares the window with the list of missing nonces that the
// protocol describes.
func TestReplayAsDescribed(t *testing.T) {
	var r dave.Replay
	missing, newest, started := map[uint64]bool{}, uint64(0), false
	seed := uint64(1)
	for range 6000 {
		seed = seed*6364136223846793005 + 1442695040888963407
		n := newest + (seed>>33)%40 - min(newest, (seed>>43)%60)
		if seed>>60 == 0 {
			n = newest + (seed>>33)%5000
		}
		want := !started || n > newest || missing[n]
		if got := r.Fresh(n); got != want {
			t.Fatalf("nonce %d after %d: fresh %t, want %t", n, newest, got, want)
		}
		if !want || seed>>58 == 1 {
			continue
		}
		r.Use(n)
		delete(missing, n)
		if n > newest {
			for m := newest + 1; started && m < n; m++ {
				missing[m] = true
			}
			newest = n
		}
		for m := range missing {
			if m+1000 < newest {
				delete(missing, m)
			}
		}
		started = true
	}
}

func TestSenderStopsBeforeItsNoncesRepeat(t *testing.T) {
	s := dave.NewSession(dave.Options{User: alice})
	s.SealWith(base, math.MaxUint32)
	frame, err := s.SealFrame(nil, []byte("last"))
	if nonce, ok := dave.FrameNonce(frame); err != nil || !ok || nonce != math.MaxUint32 {
		t.Errorf("nonce %d, %v", nonce, err)
	}
	for range 2 {
		if frame, err := s.SealFrame(nil, []byte("more")); !errors.Is(err, dave.ErrNoKey) {
			t.Errorf("%x, %v", frame, err)
		}
	}
}

// TestGenerations goes through key generations as days of audio do.
func TestGenerations(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		speaker, listener := dave.NewSession(dave.Options{User: bob}), dave.NewSession(dave.Options{User: alice})
		speaker.SealWith(base, 1)
		listener.OpenWith(bob, base)
		late, _ := speaker.SealFrame(nil, []byte("late"))
		later, _ := speaker.SealFrame(nil, []byte("later"))
		latest, _ := speaker.SealFrame(nil, []byte("latest"))
		open := func(frame []byte, want error) {
			t.Helper()
			if _, err := listener.OpenFrame(nil, bob, frame); !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
		}
		open(late, nil)
		speaker.SkipTo(1<<24 - 1)
		border, _ := speaker.SealFrame(nil, []byte("the last of generation 0"))
		next, _ := speaker.SealFrame(nil, []byte("the first of generation 1"))
		if n, _ := dave.FrameNonce(next); n != 1<<24 {
			t.Fatalf("nonce %d", n)
		}
		const first = 1 << 24 / 170 * time.Second // when generation 1 can be reached
		<-time.After(first)
		open(next, dave.ErrGeneration)
		<-time.After(time.Second)
		open(next, nil)
		open(next, dave.ErrReplay)
		open(border, nil)
		open(later, dave.ErrReplay) // genuine, but outside of the window
		<-time.After(11 * time.Second)
		open(latest, dave.ErrGeneration) // its key is gone
		speaker.SkipTo(3 << 24)
		jump, _ := speaker.SealFrame(nil, []byte("generation 3"))
		<-time.After(3 * first)
		open(jump, nil)
	})
}

func TestSealFrameAllocatesNothing(t *testing.T) {
	opus, buffer := make([]byte, 320), make([]byte, 0, 320+dave.Overhead)
	for name, prepare := range map[string]func(*dave.Session){
		"encrypted": func(s *dave.Session) { s.SealWith(base, 1) },
		"nothing":   func(*dave.Session) {},
	} {
		s := dave.NewSession(dave.Options{User: alice})
		prepare(s)
		if n := testing.AllocsPerRun(1000, func() { _, _ = s.SealFrame(buffer, opus) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestOpenFrameAllocatesNothing(t *testing.T) {
	speaker, listener := dave.NewSession(dave.Options{User: bob}), dave.NewSession(dave.Options{User: alice})
	speaker.SealWith(base, 1)
	listener.OpenWith(bob, base)
	opus, sealed, opened := make([]byte, 320), make([]byte, 0, 400), make([]byte, 0, 400)
	n := testing.AllocsPerRun(1000, func() {
		frame, _ := speaker.SealFrame(sealed, opus)
		if _, err := listener.OpenFrame(opened, bob, frame); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzFrame(f *testing.F) {
	speaker := dave.NewSession(dave.Options{User: bob})
	speaker.SealWith(base, 1)
	for _, opus := range []string{"", "x", "an Opus frame"} {
		frame, err := speaker.SealFrame(nil, []byte(opus))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame)
	}
	f.Add([]byte{0xF8, 0xFF, 0xFE})
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 1, 0, 4, 3, 1, 16, 0xFA, 0xFA})
	f.Fuzz(func(t *testing.T, frame []byte) {
		s := dave.NewSession(dave.Options{User: alice})
		s.OpenWith(bob, base)
		before := bytes.Clone(frame)
		opened, err := s.OpenFrame(nil, bob, frame)
		if !bytes.Equal(frame, before) {
			t.Error("the frame was written to")
		}
		if err != nil && opened != nil {
			t.Error("an error and media")
		}
		nonce, sealed := dave.FrameNonce(frame)
		if err != nil || !sealed || nonce == 0 {
			return
		}
		s.SealWith(base, nonce)
		if again, err := s.SealFrame(nil, opened); err != nil || !bytes.Equal(again[:len(opened)+8], frame[:len(opened)+8]) {
			t.Errorf("%x was taken for genuine", frame)
		}
	})
}
