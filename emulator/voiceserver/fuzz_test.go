package voiceserver

import (
	"net/netip"
	"testing"
	"time"

	"github.com/coder/websocket"

	"busker/emulator/listen"
)

// FuzzFrame decodes what a client may send over the websocket.
func FuzzFrame(f *testing.F) {
	f.Add(false, []byte(`{"op":3,"d":{"t":1,"seq_ack":-1}}`))
	f.Add(false, []byte(`{"op":0,"d":null}`))
	f.Add(true, []byte{28, 1, 2, 3})
	f.Fuzz(func(t *testing.T, binary bool, data []byte) {
		typ := websocket.MessageText
		if binary {
			typ = websocket.MessageBinary
		}
		got, err := decodeFrame(typ, data)
		if err != nil {
			return
		}
		if got.isBin != binary || binary && len(got.binary)+1 != len(data) {
			t.Fatalf("decoded %+v from %q", got, data)
		}
		_ = got.op.known(binary)
	})
}

// FuzzDatagram feeds what may arrive at the UDP port to a server with one session,
// encrypted well and not at all.
func FuzzDatagram(f *testing.F) {
	f.Add([]byte{0x80, 0x78, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7}, []byte("payload"))
	f.Add([]byte{0xB1, 0x78, 0, 1, 0, 0, 0, 1, 0, 0, 0, 7, 1, 2, 3, 4, 0xBE, 0xDE, 0, 1}, []byte("extnpayload\x00\x02"))
	f.Add([]byte{0, 1, 0, 70}, make([]byte, 70))
	f.Add([]byte{0x13, 0x37, 0xCA, 0xFE, 0, 0, 0, 1}, []byte{})
	f.Fuzz(func(t *testing.T, head, body []byte) {
		s := &Server{opts: Options{DAVE: Off}, calls: make(map[callKey]*call)}
		live := newSession(Session{Guild: 1, Channel: 2, User: 3}, 7, 0)
		live.speak(1)
		key, err := newTransport(ModeAES256GCM, [32]byte{1})
		if err != nil {
			t.Fatal(err)
		}
		live.transport.Store(key)
		c := s.call(1, 2)
		p := &person{call: c, user: 4}
		p.ear.Store(&ear{user: 4, listener: listen.New(listen.Options{CountOnly: true, Keep: -1}), faults: &s.faults})
		c.people[4] = p
		c.changed()
		live.call.Store(c)
		s.routes.Store(live.ssrc, live)
		sealed := key.seal(nil, head, body)
		for _, b := range [][]byte{append(head[:len(head):len(head)], body...), sealed} {
			if _, discovery := parseDiscovery(b); discovery || len(b) > datagramBytes {
				return // answered through a socket that is not there
			}
			if _, ping := keepalive(b); ping {
				return
			}
			s.datagram(nil, b, netip.AddrPort{}, time.Now())
		}
	})
}
