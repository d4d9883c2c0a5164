package conn_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"busker/gateway/conn"
	"busker/internal/fault"
)

func TestIdentifies(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sent := make(chan frame, 1)
		d := newDiscord(t, func(p *peer) {
			sent <- p.login("s1")
			p.event(2, "GUILD_CREATE", `{"id":"1"}`)
			p.stay()
		})
		up := make(chan bool, 1)
		s := d.run(func(o *conn.Options) { o.OnUp = func(resumed bool) { up <- resumed } })
		var id struct {
			Token      string            `json:"token"`
			Intents    int               `json:"intents"`
			Shard      [2]int            `json:"shard"`
			Properties map[string]string `json:"properties"`
		}
		if err := json.Unmarshal((<-sent).Data, &id); err != nil {
			t.Fatal(err)
		}
		if id.Token != "t0ken" || id.Intents != 129 || id.Shard != [2]int{1, 4} || id.Properties["browser"] != "Busker" {
			t.Errorf("identified with %+v", id)
		}
		s.want("READY", 1)
		if e := s.want("GUILD_CREATE", 2); string(e.Data) != `{"id":"1"}` {
			t.Errorf("data %s", e.Data)
		}
		if <-up {
			t.Error("a new session counts as resumed")
		}
		synctest.Wait()
		if got, want := s.Session(), (conn.Session{ID: "s1", ResumeURL: "ws://resume.test", Seq: 2}); got != want || !s.Up() {
			t.Errorf("session %+v, up %v", got, s.Up())
		}
		if d.dials[0] != "discord.test?encoding=json&v=10" {
			t.Errorf("connected to %s", d.dials[0])
		}
		if err := s.stop(); !errors.Is(err, context.Canceled) || s.Up() {
			t.Errorf("ended with %v, up %v", err, s.Up())
		}
	})
}

func TestTakesUpASessionOfAnotherProcess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		sent := make(chan frame, 1)
		d := newDiscord(t, func(p *peer) {
			p.hello(time.Minute)
			sent <- p.expect(6)
			p.event(42, "VOICE_STATE_UPDATE", `{}`)
			p.event(43, "RESUMED", `{}`)
			p.stay()
		})
		s := d.run(func(o *conn.Options) {
			o.Session = conn.Session{ID: "other", ResumeURL: "ws://elsewhere.test/", Seq: 41}
			o.Permit = func(context.Context) error { return errors.New("a resume needs no permit") }
		})
		if f := <-sent; string(f.Data) != `{"token":"t0ken","session_id":"other","seq":41}` {
			t.Errorf("resumed with %s", f.Data)
		}
		s.want("VOICE_STATE_UPDATE", 42)
		s.want("RESUMED", 43)
		synctest.Wait()
		if got := s.Session(); got.ID != "other" || got.Seq != 43 {
			t.Errorf("session %+v", got)
		}
		if d.dials[0] != "elsewhere.test?encoding=json&v=10" {
			t.Errorf("connected to %s", d.dials[0])
		}
	})
}

// TestEndsOfAConnection says after every end of a connection whether the next resumes.
func TestEndsOfAConnection(t *testing.T) {
	for name, tt := range map[string]struct {
		end    func(*peer)
		resume bool
	}{
		"op 7":           {func(p *peer) { p.send(`{"op":7,"d":null}`) }, true},
		"op 9 true":      {func(p *peer) { p.send(`{"op":9,"d":true}`) }, true},
		"op 9 false":     {func(p *peer) { p.send(`{"op":9,"d":false}`) }, false},
		"op 9 and no d":  {func(p *peer) { p.send(`{"op":9}`) }, false},
		"close 4000":     {func(p *peer) { p.close(4000) }, true},
		"close 4001":     {func(p *peer) { p.close(4001) }, true},
		"close 4007":     {func(p *peer) { p.close(4007) }, false},
		"close 4008":     {func(p *peer) { p.close(4008) }, true},
		"close 4009":     {func(p *peer) { p.close(4009) }, false},
		"close 1000":     {func(p *peer) { p.close(1000) }, true},
		"close 1001":     {func(p *peer) { p.close(1001) }, true},
		"cut":            {func(p *peer) { _ = p.ws.CloseNow() }, true},
		"hello of no ms": {func(p *peer) { p.send(`{"op":10,"d":{"heartbeat_interval":0}}`) }, true},
		"mute":           {func(p *peer) { p.mute = true }, true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				code, again := make(chan int, 1), make(chan frame, 1)
				d := newDiscord(t, func(p *peer) {
					p.login("s1")
					tt.end(p)
					code <- p.stay()
				}, func(p *peer) {
					p.hello(time.Minute)
					f, _ := p.next()
					again <- f
					if f.Op == 6 {
						p.event(2, "RESUMED", "{}")
					} else {
						p.ready("s2")
					}
					p.stay()
				})
				s := d.run(nil)
				s.want("READY", 1)
				f := <-again
				if (f.Op == 6) != tt.resume {
					t.Errorf("came back with op %d", f.Op)
				}
				if c := <-code; c == 1000 && name != "close 1000" || c == 1001 && name != "close 1001" {
					t.Errorf("closed with %d, which ends the session", c)
				}
				if tt.resume {
					s.want("RESUMED", 2)
				} else {
					s.want("READY", 1)
				}
				host, _, _ := strings.Cut(d.dials[1], "?")
				if want := map[bool]string{true: "resume.test", false: "discord.test"}[tt.resume]; host != want {
					t.Errorf("came back to %s", host)
				}
			})
		})
	}
}

// TestABrokenSessionIsGivenUp has Discord close every connection that wants to resume.
func TestABrokenSessionIsGivenUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var scripts []func(*peer)
		for range 6 {
			scripts = append(scripts, func(p *peer) {
				p.hello(time.Minute)
				p.expect(6)
				_ = p.ws.CloseNow()
			})
		}
		d := newDiscord(t, append(scripts, func(p *peer) {
			p.login("s2")
			p.stay()
		})...)
		began := time.Now()
		d.run(func(o *conn.Options) { o.Session = conn.Session{ID: "s1", Seq: 5} }).want("READY", 1)
		if took := time.Since(began); took > 45*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// TestAReplayInPiecesIsNotInVain: a connection that was lost in the middle of what it
// missed goes on from there.
func TestAReplayInPiecesIsNotInVain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const pieces = 10
		var scripts []func(*peer)
		for i := range pieces {
			scripts = append(scripts, func(p *peer) {
				p.hello(time.Minute)
				p.expect(6)
				p.event(6+i, "GUILD_UPDATE", "{}")
				p.close(1011)
			})
		}
		d := newDiscord(t, append(scripts, func(p *peer) {
			p.resumed(6 + pieces)
			p.stay()
		})...)
		s := d.run(func(o *conn.Options) { o.Session = conn.Session{ID: "s1", Seq: 5} })
		for i := range pieces {
			s.want("GUILD_UPDATE", int64(6+i))
		}
		s.want("RESUMED", 6+pieces)
	})
}

func TestInvalidSessionWaits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const times = 20
		at := make(chan time.Time, 2*times+1)
		var scripts []func(*peer)
		for range times {
			scripts = append(scripts, func(p *peer) {
				p.hello(time.Minute)
				p.expect(2)
				p.send(`{"op":9,"d":false}`)
				at <- time.Now()
				p.stay()
			})
		}
		d := newDiscord(t, append(scripts, func(p *peer) {
			p.login("s1")
			p.stay()
		})...)
		permits := 0
		s := d.run(func(o *conn.Options) {
			o.ReconnectWait = 1
			o.Permit = func(context.Context) error {
				at <- time.Now()
				permits++
				return nil
			}
		})
		s.want("READY", 1)
		<-at
		for range times {
			if wait := -(<-at).Sub(<-at); wait < time.Second || wait > 5*time.Second {
				t.Errorf("identified again after %v", wait)
			}
		}
		if permits != times+1 {
			t.Errorf("%d permits for %d identifies", permits, times+1)
		}
	})
}

func TestFatalCloses(t *testing.T) {
	for code, want := range map[int]string{
		4004: "refused the token", 4010: "shard number", 4011: "more shards",
		4012: "version", 4013: "intents", 4014: "does not allow",
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				d := newDiscord(t, func(p *peer) {
					p.hello(time.Minute)
					p.expect(2)
					p.close(code)
				})
				s := d.run(nil)
				err := <-s.ended
				s.ended <- err
				if m, _ := fault.Message(err); !strings.Contains(m, want) || strings.Contains(err.Error(), "t0ken") {
					t.Errorf("ended with %v: %q", err, m)
				}
				if err := s.Send(context.Background(), 4, nil); !errors.Is(err, conn.ErrDown) {
					t.Errorf("send after the end: %v", err)
				}
			})
		})
	}
}

// TestAsksBeforeItConnects: a socket that Discord closed, perhaps because another
// process resumed the session, is followed by no other without leave.
func TestAsksBeforeItConnects(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiscord(t, func(p *peer) {
			p.login("s1")
			p.close(4000)
		})
		no := errors.New("it is somebody else's")
		asked := 0
		s := d.run(func(o *conn.Options) {
			o.MayConnect = func(context.Context) error {
				if asked++; asked > 1 {
					return no
				}
				return nil
			}
		})
		if err := <-s.ended; !errors.Is(err, no) || asked != 2 {
			t.Errorf("asked %d times, ended with %v", asked, err)
		}
		s.ended <- nil
		if len(d.dials) != 1 || s.Session().ID != "s1" {
			t.Errorf("%d connections, session %+v", len(d.dials), s.Session())
		}
	})
}

func TestPermitDecides(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiscord(t, func(p *peer) {
			p.hello(time.Second)
			p.stay() // heartbeats come while it waits
			if p.beat < 5 {
				t.Errorf("%d heartbeats while it waited", p.beat)
			}
		})
		no := errors.New("the day's are used up")
		s := d.run(func(o *conn.Options) {
			o.Permit = func(context.Context) error {
				sleep(10 * time.Second)
				return no
			}
		})
		if err := <-s.ended; !errors.Is(err, no) {
			t.Errorf("ended with %v", err)
		}
		s.ended <- nil
	})
}

func TestPermitEndsWithTheConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		d := newDiscord(t, func(p *peer) {
			p.hello(time.Second)
			sleep(time.Second)
			p.close(4000)
		}, func(p *peer) {
			p.login("s1")
			p.stay()
		})
		asked := 0
		s := d.run(func(o *conn.Options) {
			o.Permit = func(ctx context.Context) error {
				if asked++; asked > 1 {
					return nil
				}
				<-ctx.Done()
				return ctx.Err()
			}
		})
		s.want("READY", 1)
	})
}

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
			bubble(t, func(t *testing.T) {
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
	bubble(t, func(t *testing.T) {
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
		bubble(t, func(t *testing.T) {
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
	bubble(t, func(t *testing.T) {
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
			bubble(t, func(t *testing.T) {
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
	bubble(t, func(t *testing.T) {
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
		bubble(t, func(t *testing.T) {
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
