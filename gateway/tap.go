package gateway

import (
	"bytes"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// errUnpaid stops discordgo from identifying on its own: it answers op 9, Invalid
// Session, with an identify at once, however many shards do the same. The shard
// starts a new session instead, when its bucket allows.
var errUnpaid = errors.New("identify without a permit")

// writeTimeout is for one websocket frame; a peer that takes longer is gone.
const writeTimeout = 10 * time.Second

// tap is a shard's socket below discordgo's websocket. It sees the frames go out
// and so can do what discordgo 0.29 leaves out: refuse identifies nobody granted,
// tell when heartbeats go out, and end the connection without a close frame, which
// keeps the session open for a resume.
//
// A tap is one connection; a reconnect makes another. It is safe for concurrent use
// as far as net.Conn is.
type tap struct {
	net.Conn

	permits atomic.Int32   // identifies that may still pass
	paid    func()         // told of each one that does
	invalid atomic.Bool    // an identify was refused: the session is gone
	beats   chan time.Time // when each heartbeat went out; read by the shard

	mu     sync.Mutex
	closed chan struct{} // closed by Close
}

func newTap(permits int32, paid func()) *tap {
	t := &tap{
		paid:   paid,
		beats:  make(chan time.Time, 4), // the shard reads at once
		closed: make(chan struct{}),
	}
	t.permits.Store(permits)
	return t
}

// Write looks at a frame on its way out. gorilla/websocket hands over whole frames
// for messages as small as the ones looked for.
func (t *tap) Write(b []byte) (int, error) {
	switch opcode(b) {
	case '1':
		select {
		case t.beats <- time.Now():
		default:
		}
	case '2':
		if t.permits.Add(-1) < 0 {
			t.invalid.Store(true)
			_ = t.Close()
			return 0, errUnpaid
		}
		t.paid()
	}
	if err := t.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return t.Conn.Write(b)
}

// attach gives the tap its socket, unless it is closed already.
func (t *tap) attach(c net.Conn) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.closed:
		return errors.Join(net.ErrClosed, c.Close())
	default:
		t.Conn = c
		return nil
	}
}

// Close closes the socket; it may be called at any time and more than once.
func (t *tap) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.closed:
		return nil
	default:
	}
	close(t.closed)
	if t.Conn == nil {
		return nil
	}
	return t.Conn.Close()
}

// opcode returns the digit of a one-digit gateway opcode in a masked client text
// frame, 0 for anything else (RFC 6455 §5.2):
//
//	0x81 | 1 len7 | [16 or 64 bit length] | mask[4] | {"op":N,… ^ mask
func opcode(frame []byte) byte {
	const head = `{"op":`
	if len(frame) < 2 || frame[0] != 0x81 || frame[1]&0x80 == 0 {
		return 0
	}
	at := 2
	switch frame[1] & 0x7f {
	case 126:
		at += 2
	case 127:
		at += 8
	}
	if len(frame) < at+4+len(head)+2 {
		return 0
	}
	var text [len(head) + 2]byte
	for i := range text {
		text[i] = frame[at+4+i] ^ frame[at+i%4]
	}
	if !bytes.HasPrefix(text[:], []byte(head)) || text[len(head)+1] != ',' {
		return 0
	}
	return text[len(head)]
}
