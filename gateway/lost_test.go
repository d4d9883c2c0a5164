package gateway_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"busker/gateway"
	"busker/internal/fault"
	"busker/internal/snowflake"
)

// begin does what Discord does up to READY of a session that serves some guilds.
func (p *peer) begin(session, guilds string) {
	p.hello(1000 * time.Hour) // a heartbeat counts as a command, and comes at random
	p.expect(2)
	p.send(`{"op":0,"s":1,"t":"READY","d":{"v":9,"session_id":"%s","user":{"id":"900"},"application":{"id":"901"},"guilds":[%s]}}`, session, guilds)
}

const away = `{"id":"1","unavailable":true}`

// own sends the bot's voice state in guild 1.
func (p *peer) own(session, channel string) {
	p.send(`{"op":0,"s":5,"t":"VOICE_STATE_UPDATE","d":{"guild_id":"1","channel_id":%s,"user_id":"900","session_id":"%s"}}`, channel, session)
}

// create sends guild 1 with some voice states.
func (p *peer) create(states string) {
	p.send(`{"op":0,"s":3,"t":"GUILD_CREATE","d":{"id":"1","channels":[{"id":"5","type":2}],"voice_states":[%s]}}`, states)
}

// mark makes the end of what a peer sends visible: a voice state of somebody else.
func (p *peer) mark() {
	p.send(`{"op":0,"s":9,"t":"VOICE_STATE_UPDATE","d":{"guild_id":"1","channel_id":"5","user_id":"42","session_id":"x"}}`)
	p.stay()
}

// seat has the bot in channel 5 of guild 1, by session s1.
func (p *peer) seat() {
	p.begin("s1", away)
	p.create("")
	p.own("s1", `"5"`)
}

// refuseResume is a connection on which the session turns out to be lost.
func refuseResume(p *peer) {
	p.hello(time.Minute)
	p.expect(6)
	p.close(4009)
	p.stay()
}

// telling are options for a gateway whose voice states a test reads.
func (d *discord) telling() (gateway.Options, <-chan gateway.VoiceState) {
	opts, told := d.options(), make(chan gateway.VoiceState, 16)
	opts.OnVoiceState = func(v gateway.VoiceState) { told <- v }
	return opts, told
}

// TestALostVoiceStateIsNoKick (failure mode 10.19) has the bot in channel 5 of guild 1
// by session s1, and then takes that session away.
func TestALostVoiceStateIsNoKick(t *testing.T) {
	t.Parallel()
	lost := gateway.VoiceState{Guild: 1, User: 900, Self: true, Lost: true}
	out := gateway.VoiceState{Guild: 1, User: 900, Self: true}
	in := gateway.VoiceState{Guild: 1, Channel: 5, User: 900, Self: true, SessionID: "s2"}
	for name, tt := range map[string]struct {
		same bool // the session goes on
		then func(*peer)
		want []gateway.VoiceState
	}{
		"the new session knows nothing of it": {false, func(p *peer) {
			p.begin("s2", away)
			p.create("")
		}, []gateway.VoiceState{lost}},
		"the guild comes back after an outage": {true, func(p *peer) {
			p.send(`{"op":0,"s":2,"t":"GUILD_DELETE","d":{"id":"1","unavailable":true}}`)
			p.create("")
		}, []gateway.VoiceState{lost}},
		"the guild comes late, after an outage": {false, func(p *peer) {
			p.begin("s2", away)
			p.send(`{"op":0,"s":2,"t":"GUILD_DELETE","d":{"id":"1","unavailable":true}}`)
			p.send(`{"op":0,"s":2,"t":"GUILD_CREATE","d":{"id":"1","unavailable":true}}`)
			p.create("")
		}, []gateway.VoiceState{lost}},
		"the old session's state is still there": {false, func(p *peer) {
			p.begin("s2", away)
			p.create(`{"user_id":"900","channel_id":"5","session_id":"s1"}`)
		}, []gateway.VoiceState{lost}},
		"the old session's state ends later": {false, func(p *peer) {
			p.begin("s2", away)
			p.create(`{"user_id":"900","channel_id":"5","session_id":"s1"}`)
			p.own("s1", "null")
		}, []gateway.VoiceState{lost, lost}},
		"the old session's state ends after the bot is in again": {false, func(p *peer) {
			p.begin("s2", away)
			p.create("")
			p.own("s2", `"5"`)
			p.own("s1", "null")
		}, []gateway.VoiceState{lost, in}},
		"the bot is in already": {false, func(p *peer) {
			p.begin("s2", away)
			p.own("s2", `"5"`)
			p.create(`{"user_id":"900","channel_id":"5","session_id":"s2"}`)
		}, []gateway.VoiceState{in}},
		"removed from the guild meanwhile": {false, func(p *peer) {
			p.begin("s2", `{"id":"2","unavailable":true}`)
		}, []gateway.VoiceState{out}},
		"removed from the guild": {true, func(p *peer) {
			p.send(`{"op":0,"s":2,"t":"GUILD_DELETE","d":{"id":"1"}}`)
		}, []gateway.VoiceState{out}},
		"kicked": {true, func(p *peer) { p.own("s1", "null") }, []gateway.VoiceState{
			{Guild: 1, User: 900, Self: true, SessionID: "s1"},
		}},
		"kicked, and the session lost": {true, func(p *peer) {
			p.own("s1", "null")
			p.create("")
		}, []gateway.VoiceState{{Guild: 1, User: 900, Self: true, SessionID: "s1"}}},
		"kicked by the new session": {false, func(p *peer) {
			p.begin("s2", away)
			p.create("")
			p.own("s2", `"5"`)
			p.own("s2", "null")
		}, []gateway.VoiceState{lost, in, {Guild: 1, User: 900, Self: true, SessionID: "s2"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := func(p *peer) {
				p.seat()
				if tt.same {
					tt.then(p)
					p.mark()
				}
				p.close(4000)
				p.stay()
			}
			d := newDiscord(t, first, refuseResume, func(p *peer) {
				tt.then(p)
				p.mark()
			})
			opts, told := d.telling()
			run(t, opts)
			if v := get(t, told); v.Channel != 5 || v.Lost {
				t.Fatalf("first told of %+v", v)
			}
			for _, want := range append(tt.want, gateway.VoiceState{Guild: 1, Channel: 5, User: 42, SessionID: "x"}) {
				if v := get(t, told); v != want {
					t.Errorf("told of %+v, want %+v", v, want)
				}
			}
		})
	}
}

// TestALossOutlivesSessions loses a second session before the guild is there again.
func TestALossOutlivesSessions(t *testing.T) {
	t.Parallel()
	d := newDiscord(t, func(p *peer) {
		p.seat()
		p.close(4000)
		p.stay()
	}, refuseResume, func(p *peer) {
		p.begin("s2", away)
		p.close(4000)
		p.stay()
	}, refuseResume, func(p *peer) {
		p.begin("s3", away)
		p.create("")
		p.close(4000)
		p.stay()
	}, refuseResume, func(p *peer) {
		p.begin("s4", away)
		p.create("")        // nobody has brought the bot back so far
		p.own("s1", "null") // Discord has taken its time
		p.mark()
	})
	opts, told := d.telling()
	run(t, opts)
	for i, want := range []string{"900 5 false", "900 0 true", "900 0 true", "900 0 true", "42 5 false"} {
		if v := get(t, told); fmt.Sprintf("%d %d %v", v.User, v.Channel, v.Lost) != want {
			t.Errorf("event %d: %+v, want %s", i, v, want)
		}
	}
}

// TestWhoHasLeftHasLostNothing asks to be out of voice before the session is lost.
func TestWhoHasLeftHasLostNothing(t *testing.T) {
	t.Parallel()
	d := newDiscord(t, func(p *peer) {
		p.seat()
		p.expect(4) // and no answer
		p.create("")
		p.mark()
	})
	opts, told := d.telling()
	g, _ := run(t, opts)
	get(t, told)
	if err := g.SendVoiceState(soon(t), 1, 0, false, true); err != nil {
		t.Fatal(err)
	}
	if v := get(t, told); v.User != 42 {
		t.Errorf("told of %+v", v)
	}
}

// TestTheEndOfWhatWasLeftIsNoLoss asks to be out of voice, and sees only the next
// session say that it is.
func TestTheEndOfWhatWasLeftIsNoLoss(t *testing.T) {
	t.Parallel()
	d := newDiscord(t, func(p *peer) {
		p.seat()
		p.expect(4)
		p.close(4000)
		p.stay()
	}, refuseResume, func(p *peer) {
		p.begin("s2", away)
		p.create(`{"user_id":"900","channel_id":"5","session_id":"s1"}`)
		p.own("s1", "null")
		p.mark()
	})
	opts, told := d.telling()
	g, _ := run(t, opts)
	get(t, told)
	if err := g.SendVoiceState(soon(t), 1, 0, false, true); err != nil {
		t.Fatal(err)
	}
	out := gateway.VoiceState{Guild: 1, User: 900, Self: true, SessionID: "s1"}
	if v := get(t, told); v != out {
		t.Errorf("told of %+v, want %+v", v, out)
	}
	if v := get(t, told); v.User != 42 {
		t.Errorf("then told of %+v", v)
	}
}

func TestOnline(t *testing.T) {
	t.Parallel()
	steps, done := make(chan struct{}), make(chan struct{})
	next := func(p *peer, n int) {
		p.send(`{"op":0,"s":%d,"t":"VOICE_SERVER_UPDATE","d":{"guild_id":"9"}}`, n)
		<-steps
	}
	d := newDiscord(t, func(p *peer) {
		p.begin("s1", away)
		next(p, 2)
		p.create("")
		next(p, 3)
		p.send(`{"op":0,"s":4,"t":"GUILD_DELETE","d":{"id":"1","unavailable":true}}`)
		next(p, 5)
		p.create("")
		next(p, 6)
		p.close(4000)
		p.stay()
	}, func(p *peer) {
		<-done
	})
	opts := d.options()
	seen := make(chan struct{}, 1)
	opts.OnVoiceServer = func(gateway.VoiceServer) { seen <- struct{}{} }
	g, _ := run(t, opts)
	defer close(done)
	for i, want := range []bool{false, true, false, true} {
		get(t, seen)
		if is := g.Online(1); is != want {
			t.Errorf("step %d: online %v", i, is)
		}
		if g.Online(2) {
			t.Error("a guild nobody has heard of is online")
		}
		steps <- struct{}{}
	}
	late := soon(t)
	for g.Online(1) { // until the close has arrived
		select {
		case <-time.After(time.Millisecond):
		case <-late.Done():
			t.Fatal("online without a connection")
		}
	}
}

// TestANewConnectionHasABudgetOfItsOwn loses a connection that has used up its burst
// of commands: those that wait need not wait for the rest of its minute.
func TestANewConnectionHasABudgetOfItsOwn(t *testing.T) {
	t.Parallel()
	const burst, rest = 109, 90 // with the identify, what a connection takes at once
	got := make(chan struct{}, burst+rest)
	d := newDiscord(t, func(p *peer) {
		p.begin("s1", away)
		for range burst {
			p.expect(4)
			got <- struct{}{}
		}
		p.close(4000)
		p.stay()
	}, func(p *peer) {
		p.hello(time.Minute)
		p.expect(6)
		p.send(`{"op":0,"s":3,"t":"RESUMED","d":{}}`)
		for range rest {
			p.expect(4)
			got <- struct{}{}
		}
		p.stay()
	})
	g, _ := run(t, d.options())
	for i := range burst + rest {
		go func() {
			if err := g.SendVoiceState(t.Context(), snowflake.ID(i+1), 5, false, true); err != nil {
				t.Errorf("command %d: %v", i, err)
			}
		}()
	}
	began := time.Now()
	for range burst + rest {
		get(t, got)
	}
	if took := time.Since(began); took > rest*time.Second/2 {
		t.Errorf("%d commands took %v", burst+rest, took)
	}
}

// TestATurnThatComesTooLateIsRefusedAtOnce uses up the burst first.
func TestATurnThatComesTooLateIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	d := newDiscord(t, func(p *peer) {
		p.begin("s1", away)
		p.stay()
	})
	g, _ := run(t, d.options())
	for range 109 { // with the identify, all there is room for
		if err := g.SendVoiceState(soon(t), 1, 5, false, true); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // the next turn comes after 60
	defer cancel()
	if err := g.SendVoiceState(ctx, 1, 5, false, true); fault.KindOf(err) != fault.Busy || ctx.Err() != nil {
		t.Errorf("refused with %v, %v", err, ctx.Err())
	}
}
