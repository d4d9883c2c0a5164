package voiceserver

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

const (
	// outboxSize is how many messages may wait to be written: a resume repeats up
	// to replayLimit of them at once.
	outboxSize = replayLimit + 64
	// frameLimit bounds a client's message; MLS commits of big calls reach 30 kB.
	frameLimit = 1 << 20
	// patienceBeats is how many intervals may pass without a heartbeat.
	patienceBeats = 2
)

// socket is one websocket of a client. Its handler goroutine reads and acts; a
// second goroutine writes.
type socket struct {
	server *Server
	conn   *websocket.Conn
	outbox chan message
	ending chan closeCode // holds the code to close with, at most one
	stop   context.CancelFunc
	beat   atomic.Int64  // unix nanoseconds of the last heartbeat
	every  time.Duration // heartbeats, as Hello says

	session *session // of the reading goroutine; nil before op 0 or 7
}

// serve takes a client's websocket until it ends.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.enter() {
		http.Error(w, "closing", http.StatusServiceUnavailable)
		return
	}
	defer s.sockets.Done()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // no browser's origin to check
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(frameLimit)
	k := &socket{server: s, conn: conn, outbox: make(chan message, outboxSize), ending: make(chan closeCode, 1)}
	k.every = s.faults.interval(s.opts.HeartbeatInterval)
	k.beat.Store(time.Now().UnixNano())
	if v := r.URL.Query().Get("v"); v != "8" {
		s.record.add(Violation{Kind: GatewayVersion, Detail: "v=" + v})
	}
	k.run(r.Context())
}

// enter counts a socket in, unless the server is closing.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return false
	}
	s.sockets.Add(1)
	return true
}

// run says hello and serves until the socket ends.
func (k *socket) run(ctx context.Context) {
	ctx, k.stop = context.WithCancel(ctx)
	var writer sync.WaitGroup
	writer.Go(func() { k.write(ctx) })
	k.read(ctx)
	k.stop()
	writer.Wait()
	if k.session != nil {
		k.session.detach(k)
	}
}

// read acts on the client's messages until the connection ends.
func (k *socket) read(ctx context.Context) {
	code := k.hello()
	for {
		if code != stay {
			k.finish(code) // and discard what the client still says
		}
		typ, data, err := k.conn.Read(ctx)
		if err != nil {
			return
		}
		if code == stay {
			code = k.act(ctx, typ, data)
		}
	}
}

func (k *socket) hello() closeCode {
	if code := k.at(StepConnect); code != stay {
		return code
	}
	ms := float64(k.every) / float64(time.Millisecond)
	k.send(opHello, map[string]any{"v": 8, "heartbeat_interval": ms})
	return k.at(StepHello)
}

// act decodes and handles one message.
func (k *socket) act(ctx context.Context, typ websocket.MessageType, data []byte) closeCode {
	f, err := decodeFrame(typ, data)
	if err != nil {
		k.violation(Undecodable, err.Error())
		return closeDecode
	}
	k.server.log.Debug("voice gateway received", "op", int(f.op), "binary", f.isBin, "bytes", len(data))
	return k.handle(ctx, f)
}

// write sends what is in the outbox, and drops a client that shows no life.
func (k *socket) write(ctx context.Context) {
	limit := patienceBeats * k.every
	dead := time.NewTimer(limit)
	defer dead.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-k.outbox:
			if k.conn.Write(ctx, m.typ, m.data) != nil {
				return
			}
		case code := <-k.ending:
			k.drain(ctx)
			_ = k.conn.Close(websocket.StatusCode(code), closeReasons[code])
			return
		case <-dead.C:
			silent := time.Since(time.Unix(0, k.beat.Load()))
			if silent >= limit {
				k.violation(NoHeartbeat, "none for "+silent.Round(time.Millisecond).String())
				k.cut()
				return
			}
			dead.Reset(limit - silent)
		}
	}
}

// drain writes what was sent before the close.
func (k *socket) drain(ctx context.Context) {
	for {
		select {
		case m := <-k.outbox:
			if k.conn.Write(ctx, m.typ, m.data) != nil {
				return
			}
		default:
			return
		}
	}
}

// push hands a message to the writer; a client that does not read is cut off.
func (k *socket) push(m message) {
	select {
	case k.outbox <- m:
	default:
		k.cut()
	}
}

// send tells the client something outside a session.
func (k *socket) send(op opcode, d any) {
	k.push(message{typ: websocket.MessageText, data: encodeText(op, d, 0)})
}

// finish closes the socket with code once what was pushed is written.
func (k *socket) finish(code closeCode) {
	if code == cutOff {
		k.cut()
		return
	}
	select {
	case k.ending <- code:
	default: // already ending
	}
}

// cut ends the connection without a close frame: a read whose context ends
// closes what it reads from.
func (k *socket) cut() { k.stop() }

func (k *socket) violation(kind Kind, detail string) {
	v := Violation{Kind: kind, Detail: detail}
	if k.session != nil {
		v.Session = k.session.Session
	}
	k.server.record.add(v)
}
