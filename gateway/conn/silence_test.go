package conn_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"busker/gateway/conn"
	"busker/internal/bubble"
)

func TestSilentDiscord(t *testing.T) {
	for name, script := range map[string]func(*peer){
		"no hello": func(p *peer) { p.stay() },
		"no ready": func(p *peer) {
			p.hello(10 * time.Second)
			p.expect(2)
			p.stay()
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				began := time.Now()
				d := newDiscord(t, script, func(p *peer) {
					p.login("s1")
					p.stay()
				})
				d.run(func(o *conn.Options) { o.Timeout = 20 * time.Second }).want("READY", 1)
				if took := time.Since(began); took < 20*time.Second || took > 22*time.Second {
					t.Errorf("tried again after %v", took)
				}
			})
		})
	}
}

func TestALongReplayIsNoSilence(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		d := newDiscord(t, func(p *peer) {
			p.hello(time.Minute)
			p.expect(6)
			go func() {
				for i := range 10 {
					sleep(3 * time.Second)
					p.event(i+2, "TYPING_START", "{}")
				}
				p.event(12, "RESUMED", "{}")
			}()
			p.stay()
		})
		s := d.run(func(o *conn.Options) {
			o.Timeout = 5 * time.Second
			o.Session = conn.Session{ID: "s1", Seq: 1}
		})
		for i := range int64(10) {
			s.want("TYPING_START", i+2)
			if i < 9 && s.Up() {
				t.Error("up before RESUMED")
			}
		}
		s.want("RESUMED", 12)
	})
}

func TestADeadResumeAddressIsGoneAround(t *testing.T) {
	for _, address := range []string{"ws://nowhere", "ws://%zz", "mailto:x", ""} {
		bubble.Test(t, func(t *testing.T) {
			d := newDiscord(t, func(p *peer) {
				p.resumed(8)
				p.stay()
			})
			s := d.run(func(o *conn.Options) {
				o.Session = conn.Session{ID: "s1", ResumeURL: address, Seq: 7}
			})
			s.want("RESUMED", 8)
			if !strings.HasPrefix(d.dials[0], "discord.test") {
				t.Errorf("resumed at %s", d.dials[0])
			}
		})
	}
}

func TestBackoffGrowsAndStaysBounded(t *testing.T) {
	b := conn.Backoff{First: 500 * time.Millisecond}
	for i := range 100 {
		d := b.Next()
		base := min(500*time.Millisecond<<min(i, 16), 2*time.Minute)
		if d < base*3/4 || d > base*5/4+1 {
			t.Errorf("pause %d is %v, want about %v", i, d, base)
		}
	}
}

// TestReconnectsCalmDown counts the connections of an hour in which none comes up.
func TestReconnectsCalmDown(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		d := newDiscord(t)
		s := d.run(func(o *conn.Options) { o.URL = "ws://nowhere" })
		sleep(time.Hour)
		if n := d.count("reconnects_total"); n < 25 || n > 60 {
			t.Errorf("%v tries in an hour", n)
		}
		_ = s.stop()
	})
}

func TestStop(t *testing.T) {
	for _, final := range []bool{false, true} {
		t.Run(fmt.Sprintf("final %v", final), func(t *testing.T) {
			bubble.Test(t, func(t *testing.T) {
				code := make(chan int, 1)
				d := newDiscord(t, func(p *peer) {
					p.login("s1")
					code <- p.stay()
				})
				s := d.run(nil)
				s.want("READY", 1)
				synctest.Wait()
				s.End(final)
				_ = s.stop()
				if c := <-code; (c == 1000) != final {
					t.Errorf("closed with %d", c)
				}
				if (s.Session().ID == "") != final {
					t.Errorf("left session %+v", s.Session())
				}
			})
		})
	}
}

// TestStopDoesNotWaitForTheDead stops with a peer that neither reads nor answers.
func TestStopDoesNotWaitForTheDead(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		done := make(chan struct{})
		d := newDiscord(t, func(p *peer) {
			p.login("s1")
			<-done
		})
		defer close(done)
		s := d.run(nil)
		s.want("READY", 1)
		began := time.Now()
		_ = s.stop()
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("the stop took %v", took)
		}
	})
}

// TestStopsAnywhere stops after every number of steps there is.
func TestStopsAnywhere(t *testing.T) {
	for after := range 60 {
		bubble.Test(t, func(t *testing.T) {
			d := newDiscord(t, func(p *peer) {
				sleep(5 * time.Millisecond)
				p.hello(10 * time.Millisecond)
				sleep(5 * time.Millisecond)
				p.next()
				sleep(5 * time.Millisecond)
				p.ready("s1")
				for i := range 5 {
					sleep(time.Millisecond)
					p.event(i+2, "TYPING_START", "{}")
				}
				p.close(4000)
			}, func(p *peer) {
				sleep(time.Millisecond)
				p.hello(time.Minute)
				p.next()
				p.event(9, "RESUMED", "{}")
				p.stay()
			})
			s := d.run(func(o *conn.Options) { o.ReconnectWait = time.Millisecond })
			go func() { _ = s.Send(t.Context(), 4, nil) }()
			sleep(time.Duration(after) * time.Millisecond)
			began := time.Now()
			if err := s.stop(); !errors.Is(err, context.Canceled) || s.Up() {
				t.Errorf("after %d ms: %v, up %v", after, err, s.Up())
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("the stop after %d ms took %v", after, took)
			}
		})
	}
}

func TestOptionsThatMakeNoSense(t *testing.T) {
	fine := conn.Options{Token: "t", URL: "wss://gateway.discord.gg", Shards: 1}
	if _, err := conn.New(fine); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*conn.Options){
		"no token":    func(o *conn.Options) { o.Token = "" },
		"no address":  func(o *conn.Options) { o.URL = "" },
		"no shards":   func(o *conn.Options) { o.Shards = 0 },
		"no shard":    func(o *conn.Options) { o.Shard = 1 },
		"compression": func(o *conn.Options) { o.Compression = "rar" },
	} {
		opts := fine
		change(&opts)
		if _, err := conn.New(opts); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
