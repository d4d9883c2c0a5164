package gateway_test

import (
	"bytes"
	"testing"

	"github.com/gorilla/websocket"

	"busker/gateway"
)

// masked builds a client text frame with the mask key.
func masked(text string, key [4]byte) []byte {
	f := []byte{0x81}
	switch n := len(text); {
	case n < 126:
		f = append(f, 0x80|byte(n))
	default:
		f = append(f, 0x80|126, byte(n>>8), byte(n))
	}
	f = append(f, key[:]...)
	for i := range text {
		f = append(f, text[i]^key[i%4])
	}
	return f
}

func TestOpcode(t *testing.T) {
	key := [4]byte{0xde, 0xad, 0xbe, 0xef}
	long := string(bytes.Repeat([]byte("x"), 400))
	for _, tt := range []struct {
		name  string
		frame []byte
		want  byte
	}{
		{"heartbeat", masked(`{"op":1,"d":251}`, key), '1'},
		{"identify", masked(`{"op":2,"d":{"token":"`+long+`"}}`, key), '2'},
		{"voice state", masked(`{"op":4,"d":{}}`, key), '4'},
		{"two digits", masked(`{"op":14,"d":{}}`, key), 0},
		{"something else", masked(`{"d":{},"op":2}`, key), 0},
		{"request line", []byte("GET /?v=9 HTTP/1.1\r\n"), 0},
		{"close", []byte{0x88, 0x82, 1, 2, 3, 4, 5, 6}, 0},
		{"not masked", []byte(`` + "\x81\x10" + `{"op":1,"d":251}`), 0},
		{"empty", nil, 0},
		{"cut", masked(`{"op":`, key), 0},
	} {
		if got := gateway.Opcode(tt.frame); got != tt.want {
			t.Errorf("%s: opcode %q, want %q", tt.name, got, tt.want)
		}
	}
}

func FuzzOpcode(f *testing.F) {
	f.Add(masked(`{"op":1,"d":251}`, [4]byte{1, 2, 3, 4}))
	f.Add([]byte{0x81, 0xff, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, frame []byte) {
		if op := gateway.Opcode(frame); op != 0 && (len(frame) < 14 || frame[0] != 0x80|websocket.TextMessage) {
			t.Errorf("opcode %q in %x", op, frame)
		}
	})
}
