package voice_test

import (
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"busker/voice"
	"busker/voice/rtp"
)

// keepalives is the number of ticks from one to the next: 5 s.
const keepalives = 250

// TestPathFallsSilent: a media server that answered keepalives and stops is given up
// 15 to 20 s later; one that never answered is left alone.
func TestPathFallsSilent(t *testing.T) {
	reply := func(n uint32) []byte { return rtp.AppendKeepaliveReply(nil, n) }
	for name, tt := range map[string]struct {
		answers func(n uint32) []byte // nil: none
		want    int                   // keepalives sent until it is given up; 0: never
	}{
		"never answered":     {func(uint32) []byte { return nil }, 0},
		"always answered":    {reply, 0},
		"one in three":       {func(n uint32) []byte { return map[bool][]byte{true: reply(n)}[n%3 == 0] }, 0},
		"a loop behind":      {func(n uint32) []byte { return reply(n - 1) }, 0},
		"answers end":        {func(n uint32) []byte { return map[bool][]byte{true: reply(n)}[n <= 5] }, 9},
		"others' noise":      {func(uint32) []byte { return []byte("\x80\x78not for us") }, 0},
		"noise in its place": {func(n uint32) []byte { return map[bool][]byte{true: reply(n), false: make([]byte, 9)}[n <= 5] }, 9},
		"answers to nothing": {func(n uint32) []byte { return reply(n + 1<<31 - 1) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			rig, _ := newRig(t, nil)
			for n := uint32(1); n <= 30; n++ {
				for range keepalives {
					rig.Tick(0)
				}
				if rig.Lost() != nil {
					if int(n) != tt.want {
						t.Errorf("given up at keepalive %d: %v", n, rig.Lost())
					}
					return
				}
				if b := tt.answers(n); b != nil {
					rig.Heard(b)
				}
			}
			if tt.want != 0 {
				t.Error("not given up")
			}
		})
	}
}

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
