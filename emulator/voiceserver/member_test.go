package voiceserver_test

import (
	"context"
	"crypto/rand"
	"slices"
	"testing"

	"github.com/coder/websocket"

	"busker/emulator/voiceserver"
	"busker/internal/snowflake"
	"busker/voice/dave"
	"busker/voice/mls"
	"busker/voice/signal"
)

// member is a client that takes part in the key agreement: with every message it
// reads, and in between it does what the test says.
type member struct {
	*client
	session *dave.Session
}

// encrypted gives a client a session of its own.
func (c *client) encrypted(user, in snowflake.ID) *member {
	c.t.Helper()
	key, err := mls.NewSignatureKey(rand.Reader)
	if err != nil {
		c.t.Fatal(err)
	}
	m := &member{client: c, session: dave.NewSession(dave.Options{
		User: user, Key: key, Channel: func() snowflake.ID { return in },
	})}
	c.hook = m.take
	return m
}

// daveOps are what the session has to know of.
var daveOps = []int{4, 11, 13, 21, 22, 24, 25, 27, 29, 30}

func (m *member) take(e event, binary bool) error {
	if !slices.Contains(daveOps, e.Op) {
		return nil
	}
	f := signal.Frame{Op: signal.Op(e.Op), Seq: signal.NoSeq, Binary: binary, Data: e.D}
	return m.session.HandleDAVE(context.Background(), m, f)
}

// WriteText is signal.Writer.
func (m *member) WriteText(ctx context.Context, op signal.Op, d any) error {
	return m.write(ctx, int(op), d)
}

// WriteBinary is signal.Writer.
func (m *member) WriteBinary(ctx context.Context, op signal.Op, payload []byte) error {
	return m.ws.Write(ctx, websocket.MessageBinary, append([]byte{byte(op)}, payload...))
}

// member connects a client that takes part, up to a first op 5.
func (w *world) member(t testing.TB, s voiceserver.Session) *member {
	t.Helper()
	w.Expect(s)
	c := w.dial(t)
	m := c.encrypted(s.User, s.Channel)
	c.version = 1
	c.await(8, nil)
	c.identify(s)
	c.media(voiceserver.ModeAES256GCM)
	c.speak(1)
	return m
}

// say sends sound encrypted.
func (m *member) say(sound string) []byte {
	m.t.Helper()
	frame, err := m.session.SealFrame(nil, []byte(sound))
	if err != nil {
		m.t.Fatal(err)
	}
	m.play(string(frame))
	return frame
}

// until reads and takes part until the client is in an epoch and has a key.
func (m *member) until(epoch uint64) {
	m.t.Helper()
	for m.session.Status().Epoch != epoch || m.session.Status().Sending != dave.Encrypted {
		m.next()
	}
}

// resumes goes on with the session on another socket.
func (m *member) resumes(again *client, seen int) {
	m.t.Helper()
	again.hook, again.udp, again.ssrc = m.hook, m.udp, m.ssrc
	again.aead, again.nonce, again.sequence, again.timestamp = m.aead, m.nonce, m.sequence, m.timestamp
	m.client = again
	again.resume(session(bot), seen)
	again.await(9, nil)
}
