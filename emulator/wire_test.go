package emulator_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"github.com/klauspost/compress/zstd"
)

// wire is a gateway client that does only what the test says.
type wire struct {
	t      *testing.T
	ctx    context.Context //nolint:containedctx // of one test, whose fixture this is
	ws     *websocket.Conn
	stream *inflater // of a stream that is compressed
	binary int       // messages that came compressed
}

type frame struct {
	Op int             `json:"op"`
	D  json.RawMessage `json:"d"`
	S  int             `json:"s"`
	T  string          `json:"t"`
}

func (s *stage) dial(t *testing.T, query string) *wire {
	t.Helper()
	ws, _, err := websocket.Dial(s.ctx, "ws"+strings.TrimPrefix(s.URL(), "http")+"/?"+query, nil)
	need(t, err)
	ws.SetReadLimit(4 << 20)
	t.Cleanup(func() { _ = ws.CloseNow() }) // most tests end with it closed
	return &wire{t: t, ctx: s.ctx, ws: ws}
}

func (w *wire) send(op int, d any) {
	w.t.Helper()
	data, err := json.Marshal(map[string]any{"op": op, "d": d})
	need(w.t, err)
	w.sendText(string(data))
}

func (w *wire) sendText(text string) {
	w.t.Helper()
	need(w.t, w.ws.Write(w.ctx, websocket.MessageText, []byte(text)))
}

func (w *wire) next() frame {
	w.t.Helper()
	kind, data, err := w.ws.Read(w.ctx)
	need(w.t, err)
	if kind == websocket.MessageBinary {
		w.binary++
		data = w.inflate(data)
	}
	var f frame
	need(w.t, json.Unmarshal(data, &f))
	return f
}

func (w *wire) inflate(data []byte) []byte {
	w.t.Helper()
	if w.stream != nil {
		out, err := w.stream.next(data)
		need(w.t, err)
		return out
	}
	z, err := zlib.NewReader(bytes.NewReader(data))
	need(w.t, err)
	out, err := io.ReadAll(z)
	need(w.t, err)
	return out
}

// inflater reads a compressed stream: one context over all messages.
type inflater struct {
	zstd bool // else zlib
	in   bytes.Buffer
	out  io.Reader
}

func (s *inflater) next(data []byte) ([]byte, error) {
	if !s.zstd && !bytes.HasSuffix(data, []byte{0, 0, 0xff, 0xff}) {
		return nil, errors.New("no flush at the end of a message")
	}
	s.in.Write(data)
	if s.out == nil {
		var err error
		if s.zstd {
			s.out, err = zstd.NewReader(struct{ io.Reader }{&s.in}, zstd.WithDecoderConcurrency(1)) // a bare Buffer is read at once
		} else {
			s.out, err = zlib.NewReader(&s.in)
		}
		if err != nil {
			return nil, err
		}
	}
	var raw json.RawMessage
	err := json.NewDecoder(&oneByte{s.out}).Decode(&raw)
	return raw, err
}

// oneByte keeps the decoder from reading into the next message.
type oneByte struct{ r io.Reader }

func (o *oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:1]) }

// until reads frames up to one with that op (and name).
func (w *wire) until(op int, name string) frame {
	w.t.Helper()
	for {
		if f := w.next(); f.Op == op && f.T == name {
			return f
		}
	}
}

// closed reads until the socket is closed and returns the code.
func (w *wire) closed() int {
	w.t.Helper()
	for {
		if _, _, err := w.ws.Read(w.ctx); err != nil {
			return int(websocket.CloseStatus(err))
		}
	}
}

// hello is an identify's data with changes; a nil value takes a field out.
func (s *stage) hello(changes map[string]any) map[string]any {
	d := map[string]any{
		"token": s.bot.Token, "intents": 1 | 1<<7 | 1<<9,
		"properties": map[string]any{"os": "linux", "browser": "test", "device": "test"},
	}
	for k, v := range changes {
		d[k] = v
		if v == nil {
			delete(d, k)
		}
	}
	return d
}

func (s *stage) identified(t *testing.T, query string, changes map[string]any) (*wire, string) {
	t.Helper()
	w := s.dial(t, query)
	if strings.Contains(query, "compress=") {
		w.stream = &inflater{zstd: strings.Contains(query, "zstd")}
	}
	w.until(10, "")
	w.send(2, s.hello(changes))
	var ready struct {
		SessionID string `json:"session_id"`
		ResumeURL string `json:"resume_gateway_url"`
	}
	need(t, json.Unmarshal(w.until(0, "READY").D, &ready))
	if ready.SessionID == "" || !strings.HasPrefix(ready.ResumeURL, "ws://") {
		t.Fatalf("ready %+v", ready)
	}
	return w, ready.SessionID
}
