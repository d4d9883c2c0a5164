package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"busker/gateway"
	"busker/internal/bubble"
	"busker/internal/fault"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil { // these tests mostly wait
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func TestIdentifiesAndDelivers(t *testing.T) {
	t.Parallel()
	identify := make(chan frame, 1)
	d := newDiscord(t, func(p *peer) {
		identify <- p.login()
		p.send(`{"op":0,"s":2,"t":"VOICE_STATE_UPDATE","d":{"guild_id":"1","channel_id":"5","user_id":"900","session_id":"vs"}}`)
		p.send(`{"op":0,"s":3,"t":"VOICE_SERVER_UPDATE","d":{"guild_id":"1","token":"vt","endpoint":"h:443"}}`)
		p.send(`{"op":0,"s":4,"t":"INTERACTION_CREATE","d":{"id":"77","token":"x","type":2,"channel":{"id":"31","type":11,"parent_id":"30"},"data":{"name":"play"}}}`)
		p.stay()
	})
	opts := d.options()
	states, servers := make(chan gateway.VoiceState, 4), make(chan gateway.VoiceServer, 4)
	interactions := make(chan string, 4)
	opts.OnVoiceState = func(v gateway.VoiceState) { states <- v }
	opts.OnVoiceServer = func(v gateway.VoiceServer) { servers <- v }
	opts.OnInteraction = func(_ context.Context, i *discordgo.InteractionCreate) { interactions <- i.ID }
	g, _ := run(t, opts)

	var id struct {
		Token   string `json:"token"`
		Intents int    `json:"intents"`
		Shard   []int  `json:"shard"`
	}
	if err := json.Unmarshal(get(t, identify).Data, &id); err != nil {
		t.Fatal(err)
	}
	if id.Token != "Bot t0ken" || id.Intents != 1<<0|1<<7 {
		t.Errorf("identified with %+v", id)
	}
	if err := g.WaitReady(soon(t)); err != nil {
		t.Fatal(err)
	}
	if g.UserID() != 900 || g.ApplicationID() != 901 {
		t.Errorf("we are %v of application %v", g.UserID(), g.ApplicationID())
	}
	if v, want := get(t, states), (gateway.VoiceState{Guild: 1, Channel: 5, User: 900, SessionID: "vs", Self: true}); v != want {
		t.Errorf("voice state %+v", v)
	}
	if v, want := get(t, servers), (gateway.VoiceServer{Guild: 1, Token: "vt", Endpoint: "h:443"}); v != want {
		t.Errorf("voice server %+v", v)
	}
	if i := get(t, interactions); i != "77" {
		t.Errorf("interaction %s", i)
	}
	if thread, channel := g.ThreadParent(31), g.ThreadParent(30); thread != 30 || channel != 0 {
		t.Errorf("the thread belongs to %d, its channel to %d", thread, channel)
	}
}

func TestVoiceStateGoesOut(t *testing.T) {
	t.Parallel()
	commands := make(chan frame, 2)
	d := newDiscord(t, func(p *peer) {
		p.login()
		commands <- p.expect(4)
		commands <- p.expect(4)
		p.stay()
	})
	g, _ := run(t, d.options())
	for _, tt := range []struct {
		channel uint64
		want    string
	}{
		{5, `{"guild_id":"1","channel_id":"5","self_mute":false,"self_deaf":true}`},
		{0, `{"guild_id":"1","channel_id":null,"self_mute":false,"self_deaf":true}`},
	} {
		if err := g.SendVoiceState(soon(t), 1, id(tt.channel), false, true); err != nil {
			t.Fatal(err)
		}
		if f := get(t, commands); string(f.Data) != tt.want {
			t.Errorf("sent %s, want %s", f.Data, tt.want)
		}
	}
}

func TestReconnectOnOp7ResumesWhereReadySaid(t *testing.T) {
	t.Parallel()
	resume := make(chan frame, 1)
	second := newDiscord(t, func(p *peer) {
		p.hello(time.Minute)
		resume <- p.expect(6)
		p.send(`{"op":0,"s":3,"t":"RESUMED","d":{}}`)
		p.expect(4)
		p.stay()
	})
	first := newDiscord(t, func(p *peer) {
		p.hello(time.Minute)
		p.expect(2)
		p.ready(`,"resume_gateway_url":"` + second.wsURL() + `"`)
		p.send(`{"op":0,"s":2,"t":"GUILD_CREATE","d":{"id":"1"}}`)
		p.send(`{"op":7,"d":null}`)
		p.stay()
	})
	g, _ := run(t, first.options())
	var r struct {
		Session string `json:"session_id"`
		Seq     int    `json:"seq"`
	}
	if err := json.Unmarshal(get(t, resume).Data, &r); err != nil || r.Session != "s1" || r.Seq != 2 {
		t.Errorf("resumed with %+v, %v", r, err)
	}
	if err := g.SendVoiceState(soon(t), 1, 5, false, true); err != nil {
		t.Errorf("after the resume: %v", err)
	}
}

func TestRefusedResumeIdentifiesOnceAndInTime(t *testing.T) {
	t.Parallel()
	times := make(chan time.Time, 2)
	d := newDiscord(t,
		func(p *peer) {
			times <- p.login().at
			p.send(`{"op":7,"d":null}`)
			p.stay()
		},
		func(p *peer) {
			p.hello(time.Minute)
			p.expect(6)
			p.send(`{"op":9,"d":false}`)
			if f, ok := p.next(); ok {
				t.Errorf("op 9 was answered at once with op %d", f.Op)
			}
		},
		func(p *peer) {
			times <- p.login().at
			p.stay()
		},
	)
	opts := d.options()
	opts.IdentifyEvery = 1500 * time.Millisecond
	run(t, opts)
	if gap := -get(t, times).Sub(get(t, times)); gap < 1400*time.Millisecond {
		t.Errorf("identified again after %v", gap)
	}
}

func TestOp9ToAnIdentifyWaitsForAPermit(t *testing.T) {
	t.Parallel()
	times := make(chan time.Time, 2)
	d := newDiscord(t,
		func(p *peer) {
			p.hello(time.Minute)
			times <- p.expect(2).at
			p.send(`{"op":9,"d":false}`)
			if f, ok := p.next(); ok {
				t.Errorf("op 9 was answered at once with op %d", f.Op)
			}
		},
		func(p *peer) {
			times <- p.login().at
			p.stay()
		},
	)
	opts := d.options()
	opts.IdentifyEvery = 500 * time.Millisecond
	g, _ := run(t, opts)
	if gap := -get(t, times).Sub(get(t, times)); gap < 400*time.Millisecond {
		t.Errorf("identified again after %v", gap)
	}
	if err := g.WaitReady(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestOp9InTheMiddleStartsANewSession(t *testing.T) {
	t.Parallel()
	again := make(chan frame, 1)
	d := newDiscord(t,
		func(p *peer) {
			p.login()
			p.send(`{"op":9,"d":false}`)
			p.stay()
		},
		func(p *peer) {
			again <- p.login()
			p.stay()
		},
	)
	run(t, d.options())
	get(t, again)
}

func TestOp7InsteadOfReady(t *testing.T) {
	t.Parallel()
	d := newDiscord(t,
		func(p *peer) {
			p.hello(time.Minute)
			p.expect(2)
			p.send(`{"op":7,"d":null}`)
			p.stay()
		},
		func(p *peer) {
			p.login()
			p.stay()
		},
	)
	opts := d.options()
	opts.OpenTimeout = time.Second
	g, _ := run(t, opts)
	if err := g.WaitReady(soon(t)); err != nil {
		t.Error(err)
	}
}

func TestFatalCloseStopsWithAClearMessage(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		4004: "refused the token", 4010: "shard number", 4011: "more shards",
		4012: "version", 4013: "intents", 4014: "does not allow",
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			d := newDiscord(t, func(p *peer) {
				p.hello(time.Minute)
				p.expect(2)
				p.close(code)
				p.stay()
			})
			g, err := gateway.New(d.options())
			if err != nil {
				t.Fatal(err)
			}
			err = g.Run(soon(t))
			if m, _ := fault.Message(err); !strings.Contains(m, want) {
				t.Errorf("stopped with %v: %q", err, m)
			}
		})
	}
}

func TestRefusedTokenStopsBeforeConnecting(t *testing.T) {
	t.Parallel()
	d := newDiscord(t)
	d.status = 401
	g, err := gateway.New(d.options())
	if err != nil {
		t.Fatal(err)
	}
	err = g.Run(soon(t))
	if m, _ := fault.Message(err); !strings.Contains(m, "refused the token") || fault.KindOf(err) != fault.Denied {
		t.Errorf("stopped with %v", err)
	}
	if strings.Contains(err.Error(), "t0ken") {
		t.Errorf("the error tells the token: %v", err)
	}
}

func TestExhaustedSessionsStop(t *testing.T) {
	t.Parallel()
	d := newDiscord(t)
	d.limit = discordgo.SessionInformation{Total: 1000, Remaining: 0, ResetAfter: 3600_000, MaxConcurrency: 1}
	g, err := gateway.New(d.options())
	if err != nil {
		t.Fatal(err)
	}
	err = g.Run(soon(t))
	if m, _ := fault.Message(err); !strings.Contains(m, "1h0m0s") {
		t.Errorf("stopped with %v", err)
	}
}

func TestUnacknowledgedHeartbeatsReconnect(t *testing.T) {
	t.Parallel()
	resumed := make(chan struct{}, 1)
	d := newDiscord(t,
		func(p *peer) {
			p.hello(2 * time.Second)
			p.expect(2)
			p.ready("")
			for { // heartbeats come, and nobody answers
				if _, _, err := p.Read(context.Background()); err != nil {
					return
				}
			}
		},
		func(p *peer) {
			p.hello(time.Minute)
			p.expect(6)
			resumed <- struct{}{}
			p.send(`{"op":0,"s":3,"t":"RESUMED","d":{}}`)
			p.stay()
		},
	)
	run(t, d.options())
	get(t, resumed)
}

func TestStop(t *testing.T) {
	t.Parallel()
	for _, end := range []bool{false, true} {
		t.Run(fmt.Sprintf("end sessions %v", end), func(t *testing.T) {
			t.Parallel()
			code := make(chan int, 1)
			d := newDiscord(t, func(p *peer) {
				p.login()
				p.stay()
				code <- int(websocket.CloseStatus(p.gone)) // -1 when the socket just closed
			})
			opts := d.options()
			opts.EndSessions = end
			g, stop := run(t, opts)
			if err := g.WaitReady(soon(t)); err != nil {
				t.Fatal(err)
			}
			if err := stop(); err != nil {
				t.Errorf("stop: %v", err)
			}
			if c := get(t, code); (c == 1000 || c == 1001) != end {
				t.Errorf("closed with %d: 1000 and 1001 end the session, all else leaves it", c)
			}
			if err := g.SendVoiceState(canceled(), 1, 2, false, false); !errors.Is(err, context.Canceled) {
				t.Errorf("send after the stop: %v", err)
			}
		})
	}
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestTokenHides(t *testing.T) {
	var log bytes.Buffer
	tok := gateway.Token("hunter2")
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", tok, "in", struct{ T gateway.Token }{tok})
	j, err := json.Marshal(gateway.Options{Token: tok}.Token)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		log.String(), string(j), fmt.Sprint(tok), fmt.Sprintf("%q %x %#v %+v %d", tok, tok, tok, tok, tok),
		fmt.Sprintf("%+v", struct{ T gateway.Token }{tok}),
	} {
		if strings.Contains(s, "hunter2") || strings.Contains(s, "68756e74657232") {
			t.Errorf("told: %s", s)
		}
	}
}

func TestIdentifiesArePacedPerBucket(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		wait := gateway.Identifies(2, 5*time.Second)
		began := time.Now()
		for _, tt := range []struct {
			shard int
			at    time.Duration
		}{{0, 0}, {1, 0}, {2, 5 * time.Second}, {3, 5 * time.Second}, {5, 10 * time.Second}, {4, 10 * time.Second}} {
			if err := wait(t.Context(), tt.shard); err != nil {
				t.Fatal(err)
			}
			if at := time.Since(began).Round(time.Millisecond); at != tt.at {
				t.Errorf("shard %d identified at %v, want %v", tt.shard, at, tt.at)
			}
		}
	})
}
