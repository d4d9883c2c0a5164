package voice_test

import (
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"busker/voice"
)

// TestNobodyListensAnyMore: the media server is gone, the voice gateway is not. The
// call goes through the main gateway to another one.
func TestNobodyListensAnyMore(t *testing.T) {
	for name, audio := range map[string]bool{"playing": true, "paused": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *voice.HubOptions) { o.Clock = hasty{time.Now()} })
			conn := w.join(channel)
			w.event(voice.Connected)
			first := w.now()
			w.play(conn, 0, 3)
			w.heard(first, 8)
			w.moveMedia()
			if audio {
				w.play(conn, 3, 10)
			}
			if e := w.event(voice.Interrupted); e.Err == nil {
				t.Error("interrupted without a reason")
			}
			w.event(voice.Connected)
			w.wait("the old socket's end", func() bool { return slices.Equal(first.codes, []int{1000}) })
			w.play(conn, 13, 5)
			w.heard(w.now(), 5)
			if st := conn.Status(); st.Rejoins != 1 || st.LastCause == nil || time.Since(st.LastReconnect) > time.Minute {
				t.Errorf("status %+v", st)
			}
		})
	}
}

// moveMedia closes the media socket and opens another: nobody listens at the old one.
func (w *world) moveMedia() {
	w.t.Helper()
	udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		w.t.Fatal(err)
	}
	var old *net.UDPConn
	w.do(func() { old, w.udp = w.udp, udp })
	old.Close() // its goroutine ends with it
	w.wg.Go(func() { w.media(udp) })
}

// hasty is a clock that goes 50 times too fast: keepalives go out every 100 ms.
type hasty struct{ start time.Time }

func (h hasty) Now() time.Duration { return 50 * time.Since(h.start) }

func (h hasty) SleepUntil(at time.Duration) time.Duration {
	pass((at - h.Now()) / 50)
	return h.Now()
}
