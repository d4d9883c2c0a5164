package signal_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"testing"

	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

// unheard is a socket that takes whatever it is given.
type unheard struct{}

func (unheard) WriteText(context.Context, signal.Op, any) error      { return nil }
func (unheard) WriteBinary(context.Context, signal.Op, []byte) error { return nil }

// voided is a dave.Session that answers into the void.
type voided struct{ *dave.Session }

func (v voided) HandleDAVE(ctx context.Context, _ signal.Writer, f signal.Frame) error {
	return v.Session.HandleDAVE(ctx, unheard{}, f)
}

// FuzzBinaryFrame feeds binary messages to a socket with a session behind it that
// waits to be let into a group.
func FuzzBinaryFrame(f *testing.F) {
	key, err := mls.NewSignatureKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	external := mls.ExternalSender{SignatureKey: key.Public(), Credential: mls.Credential{Identity: []byte{0}}}
	f.Add(append([]byte{0, 1, 25}, external.Marshal()...))
	f.Add([]byte{0xFF, 0xFF, 27, 0, 4, 0, 1, 0, 1})
	f.Add([]byte{0, 2, 27, 1, 0})
	f.Add([]byte{0, 3, 29, 0, 0, 0, 1, 0, 1})
	f.Add([]byte{0, 4, 30, 0xFF, 0xFF, 0, 2, 0})
	f.Add([]byte{0, 5, 3})
	ctx := context.Background()
	begin := func(t testing.TB) voided {
		s := voided{dave.NewSession(dave.Options{User: 1, Key: key, Channel: func() snowflake.ID { return 2 }})}
		for _, text := range []string{`{"op":4,"d":{"dave_protocol_version":1}}`, `{"op":11,"d":{"user_ids":["1","2"]}}`} {
			frame, err := signal.DecodeText([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if err := s.HandleDAVE(ctx, nil, frame); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.HandleDAVE(ctx, nil, signal.Frame{Op: signal.OpMLSExternalSender, Binary: true, Data: external.Marshal()}); err != nil {
			t.Fatal(err)
		}
		return s
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var seq signal.Seq
		session := begin(t)
		before := bytes.Clone(b)
		err := signal.Dispatch(signal.Options{
			Seq: &seq, DAVE: session,
			Handle: func(_ context.Context, m signal.Message) { t.Errorf("a binary message became %+v", m) },
		})(ctx, b)
		if err != nil && !errors.Is(err, signal.ErrEncryption) {
			t.Errorf("%v", err)
		}
		want := int64(signal.NoSeq)
		if len(b) >= 3 {
			want = int64(b[0])<<8 | int64(b[1])
		}
		if seq.Last() != want || !bytes.Equal(b, before) {
			t.Errorf("number %d of % x", seq.Last(), b)
		}
		if _, err := session.SealFrame(nil, []byte("plaintext")); err == nil {
			t.Errorf("a frame could be sent after % x", b)
		}
	})
}

func FuzzDecodeBinary(f *testing.F) {
	f.Add([]byte{0, 1, 25, 1, 2})
	f.Add([]byte{0xFF, 0xFF, 30})
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := signal.DecodeBinary(b)
		if err != nil {
			return
		}
		again := append([]byte{byte(frame.Seq >> 8), byte(frame.Seq), byte(frame.Op)}, frame.Data...)
		if frame.Seq < 0 || frame.Seq > 0xFFFF || !bytes.Equal(again, b) {
			t.Fatalf("%+v of % x", frame, b)
		}
	})
}
