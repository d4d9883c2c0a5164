package voiceserver

import (
	"slices"

	"github.com/coder/websocket"
)

// replayLimit bounds how many messages wait for an acknowledgement: minutes of a
// busy call. A client that is further behind can not resume without loss.
const replayLimit = 4096

// message is a frame of the server, ready to be written.
type message struct {
	typ  websocket.MessageType
	data []byte
	seq  uint16 // if it is numbered
}

// replay numbers a session's messages and keeps those not yet acknowledged. JSON
// and binary messages share the count, which wraps.
type replay struct {
	next    uint16
	acked   uint16 // meaningful once some is
	some    bool
	pending []message
}

// take returns the next number.
func (r *replay) take() uint16 {
	seq := r.next
	r.next++
	return seq
}

func (r *replay) keep(m message) {
	if len(r.pending) == replayLimit {
		r.pending = slices.Delete(r.pending, 0, 1)
	}
	r.pending = append(r.pending, m)
}

// ack frees what the client has seen up to seq; −1 is nothing. It reports whether
// that number is one the client can have.
func (r *replay) ack(seq int) bool {
	if seq == -1 {
		return !r.some
	}
	if seq < 0 || seq > 0xFFFF {
		return false
	}
	if r.some && uint16(seq) == r.acked {
		return true
	}
	for i, m := range r.pending {
		if m.seq == uint16(seq) {
			r.acked, r.some = m.seq, true
			r.pending = slices.Delete(r.pending, 0, i+1)
			return true
		}
	}
	return false
}
