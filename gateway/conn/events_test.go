package conn_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"busker/gateway/conn"
	"busker/internal/bubble"
)

// TestAccountsForEventsAfterTheyWereHandled stops while an event is being handled: the
// session is one that brings it again.
func TestAccountsForEventsAfterTheyWereHandled(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		d := newDiscord(t, func(p *peer) {
			p.login("s1")
			p.event(2, "ONE", "{}")
			p.event(3, "TWO", "{}")
			p.stay()
		})
		known, seen := make(chan *shard, 1), make(chan int64, 3)
		known <- d.run(func(o *conn.Options) {
			o.OnEvent = func(conn.Event) {
				s := <-known
				known <- s
				seen <- s.Session().Seq
			}
		})
		for _, want := range []int64{0, 1, 2} {
			if got := <-seen; got != want {
				t.Errorf("while event %d is handled the session is at %d", want+1, got)
			}
		}
	})
}

func TestHold(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		d := newDiscord(t, func(p *peer) {
			p.login("s1")
			p.event(2, "ONE", "{}")
			sleep(time.Second)
			p.event(3, "TWO", "{}")
			p.stay()
		}, func(p *peer) {
			p.resumed(4)
			p.stay()
		})
		s := d.run(nil)
		s.want("READY", 1)
		s.want("ONE", 2)
		if err := s.Hold(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Hold(ctx); err == nil {
			t.Error("held twice")
		}
		sleep(10 * time.Second)
		if len(s.events) != 0 || s.Session().Seq != 2 {
			t.Errorf("an event came through, at %+v", s.Session())
		}
		s.Release()
		s.want("TWO", 3)
		if err := s.Hold(t.Context()); err != nil {
			t.Fatal(err)
		}
		_ = s.stop()
		if s.Session().Seq != 3 {
			t.Errorf("left at %+v", s.Session())
		}
		s.Release()
	})
}

func TestAPanicCostsOneEvent(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		d := newDiscord(t, func(p *peer) {
			p.login("s1")
			for i := range 3 {
				p.event(i+2, "ONE", "{}")
			}
			p.stay()
		})
		var seen atomic.Int32
		s := d.run(func(o *conn.Options) {
			o.OnEvent = func(e conn.Event) {
				if seen.Add(1); e.Seq == 3 {
					panic("bad luck")
				}
			}
		})
		sleep(time.Second)
		if n := seen.Load(); n != 4 || s.Session().Seq != 4 || d.count("panics_total") != 1 {
			t.Errorf("%d events, at %+v", n, s.Session())
		}
	})
}

func TestWhatCannotBeReadIsSkipped(t *testing.T) {
	bad := []string{
		``, `{`, `null`, `[]`, `7`, `"x"`, `{}`, `{"op":"0"}`, `{"op":0,"s":7,"d":{}}`, `{"op":-3}`, `{"op":0,"s":-1,"t":"X"}`,
		`{"op":0,"s":2,"t":"READY","d":{}}`, `{"op":0,"s":2,"t":"READY","d":null}`, `{"op":1.5}`,
	}
	for _, how := range []string{conn.None, conn.Zlib, conn.Zstd} {
		t.Run(how, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				d := newDiscord(t, func(p *peer) {
					p.login("s1")
					for _, text := range bad {
						p.send("%s", text)
					}
					p.send(`{"op":77,"d":1}`) // new, and of no interest
					p.event(2, "LARGE", `"`+strings.Repeat("x", 1<<20)+`"`)
					p.event(3, "FINE", `{}`)
					p.stay()
				})
				s := d.run(func(o *conn.Options) {
					o.Compression = how
					o.MaxPayload = 1 << 20
					if how == conn.None {
						o.MaxPayload *= 2 // a message on the wire that is too large ends the connection
					}
				})
				s.want("READY", 1)
				if how == conn.None {
					s.want("LARGE", 2)
				}
				s.want("FINE", 3)
				want := len(bad)
				if how != conn.None {
					want++ // the large one
				}
				if n := d.count("unreadable_total"); n != float64(want) {
					t.Errorf("%v messages skipped, want %d", n, want)
				}
			})
		})
	}
}

// TestTooLargeOnTheWire has an event come that a resume would only bring again.
func TestTooLargeOnTheWire(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		d := newDiscord(t, func(p *peer) {
			p.login("s1") // a heartbeat may meet the socket while it is being closed
			p.event(2, "LARGE", `"`+strings.Repeat("x", 1<<20)+`"`)
			p.stay()
		}, func(p *peer) {
			p.login("s2")
			p.stay()
		})
		s := d.run(func(o *conn.Options) { o.MaxPayload = 1 << 20 })
		s.want("READY", 1)
		s.want("READY", 1)
	})
}

func TestCompressions(t *testing.T) {
	for _, how := range []string{"", conn.Zlib, conn.Zstd} {
		t.Run("as "+how, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				texts := []string{`{}`, `"` + strings.Repeat("y", 1<<10) + `"`, `"` + noise(300<<10) + `"`, `{"a":"` + noise(64<<10) + `"}`, `[]`}
				d := newDiscord(t, func(p *peer) {
					p.login("s1")
					for i, text := range texts {
						p.event(i+2, "X", text)
					}
					for range 3 { // boundaries of buffers
						p.event(9, "X", `"`+strings.Repeat("z", 32<<10)+`"`)
					}
					p.stay()
				}, func(p *peer) {
					p.resumed(10) // in a context of its own
					p.stay()
				})
				s := d.run(func(o *conn.Options) { o.Compression = how })
				s.want("READY", 1)
				for i, text := range texts {
					if e := s.want("X", int64(i)+2); string(e.Data) != text {
						t.Errorf("text %d has %d bytes, want %d", i, len(e.Data), len(text))
					}
				}
				want := how
				if want == "" {
					want = conn.Zstd
				}
				if !strings.Contains(d.dials[0], "compress="+want) {
					t.Errorf("connected to %s", d.dials[0])
				}
			})
		})
	}
}

// noise is text that does not compress well.
func noise(n int) string { return static()[:n] }

var static = sync.OnceValue(func() string {
	var b strings.Builder
	for x := uint32(1); b.Len() < 512<<10; x = x*1664525 + 1013904223 {
		b.WriteByte("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[x>>26])
	}
	return b.String()
})

// TestZlibInPieces spreads one payload over several messages, which Discord may do.
func TestZlibInPieces(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		d := newDiscord(t, func(p *peer) {
			whole := p.pack
			p.pack = nil
			p.mute = true // it cannot acknowledge
			say := func(text string) {
				packed := whole([]byte(text))
				for _, piece := range [][]byte{packed[:1], packed[1:7], packed[7:]} {
					p.send("%s", piece)
				}
			}
			say(`{"op":10,"d":{"heartbeat_interval":60000}}`)
			p.expect(2)
			say(`{"op":0,"s":1,"t":"READY","d":{"session_id":"s1"}}`)
			p.stay()
		})
		d.run(func(o *conn.Options) { o.Compression = conn.Zlib }).want("READY", 1)
	})
}

func TestBrokenStreamReconnects(t *testing.T) {
	for _, how := range []string{conn.Zlib, conn.Zstd} {
		t.Run(how, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				d := newDiscord(t, func(p *peer) {
					p.login("s1")
					p.pack = func([]byte) []byte { return []byte{1, 2, 3, 0x00, 0x00, 0xff, 0xff} }
					p.send("x")
					p.stay()
				}, func(p *peer) {
					p.resumed(2)
					p.stay()
				})
				s := d.run(func(o *conn.Options) { o.Compression = how })
				s.want("READY", 1)
				s.want("RESUMED", 2)
			})
		})
	}
}

func TestHeartbeats(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		const every = 40 * time.Second
		var at []time.Time
		began := time.Now()
		d := newDiscord(t, func(p *peer) {
			p.hello(every)
			p.expect(2)
			p.ready("s1")
			for len(at) < 4 {
				f, _ := p.read()
				if f.Op == 1 && string(f.Data) != "1" {
					t.Errorf("heartbeat with %s", f.Data)
				}
				at = append(at, f.at)
			}
			p.send(`{"op":1,"d":null}`)
			f, _ := p.read()
			if f.Op != 1 || f.at != at[3] {
				t.Errorf("asked for a heartbeat, and got op %d after %v", f.Op, f.at.Sub(at[3]))
			}
			f, _ = p.read()
			at = append(at, f.at)
			p.stay()
		})
		s := d.run(nil)
		s.want("READY", 1)
		sleep(6 * every)
		synctest.Wait()
		if first := at[0].Sub(began); first <= 0 || first > every {
			t.Errorf("the first after %v", first)
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i].Sub(at[i-1]); gap != every {
				t.Errorf("%v between heartbeats", gap)
			}
		}
		if d.count("zombies_total") != 0 || len(d.dials) != 1 {
			t.Error("given up")
		}
	})
}

// TestASilentConnectionIsGivenUp when a heartbeat is due and the one before was not
// acknowledged, as Discord asks; however late an acknowledgement comes before that, it counts.
func TestASilentConnectionIsGivenUp(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		const every = 10 * time.Second
		d := newDiscord(t, func(p *peer) {
			p.hello(every)
			p.expect(2)
			p.ready("s1")
			p.mute = true
			for range 5 {
				_, _ = p.read()
				sleep(every - time.Millisecond)
				p.send(`{"op":11}`)
			}
			_, _ = p.read()
			last := time.Now()
			if code := p.stay(); code == 1000 || code == 1001 {
				t.Errorf("closed with %d, which ends the session", code)
			}
			if took := time.Since(last); took != every && took != every+time.Second {
				t.Errorf("given up %v after the last", took)
			}
		}, func(p *peer) {
			p.resumed(2)
			p.stay()
		})
		s := d.run(nil)
		s.want("READY", 1)
		s.want("RESUMED", 2)
		if d.count("zombies_total") != 1 {
			t.Errorf("%v zombies", d.count("zombies_total"))
		}
	})
}
