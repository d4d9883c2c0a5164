package udp_test

import (
	"path/filepath"
	"testing"

	"busker/voice/udp"
)

// TestSendingWakesNobody: Go's poller would be told of every datagram that left.
func TestSendingWakesNobody(t *testing.T) {
	for kind, opts := range kinds {
		stream, _ := open(t, newSockets(t, opts), newServer(t, "127.0.0.1"))
		if udp.Watched(stream) {
			t.Errorf("%s: the poller watches the socket", kind)
		}
	}
}

// TestSocketsLeaveNoFiles, neither themselves nor what watches them.
func TestSocketsLeaveNoFiles(t *testing.T) {
	s := newSockets(t, udp.Options{Dedicated: true})
	server := newServer(t, "127.0.0.1")
	open(t, s, server) // from now on all that is made once is there
	before := files(t)
	for range 20 {
		stream, _ := open(t, s, server)
		stream.Close()
	}
	if after := files(t); after != before {
		t.Errorf("%d files more", after-before)
	}
}

func files(t *testing.T) int {
	t.Helper()
	open, err := filepath.Glob("/proc/self/fd/*")
	if err != nil || len(open) == 0 {
		t.Skip("no /proc:", err)
	}
	return len(open)
}
