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
	"busker/internal/bubble"
	"busker/internal/fault"
)

func TestIdentifies(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
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
	bubble.Test(t, func(t *testing.T) {
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
			bubble.Test(t, func(t *testing.T) {
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
	bubble.Test(t, func(t *testing.T) {
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
	bubble.Test(t, func(t *testing.T) {
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
	bubble.Test(t, func(t *testing.T) {
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
			bubble.Test(t, func(t *testing.T) {
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
	bubble.Test(t, func(t *testing.T) {
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
	bubble.Test(t, func(t *testing.T) {
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
	bubble.Test(t, func(t *testing.T) {
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
