package gateway_test

import (
	"context"
	"testing"

	"github.com/bwmarrin/discordgo"
	"github.com/prometheus/client_golang/prometheus"

	"busker/gateway"
)

func TestABadEventStopsNothing(t *testing.T) {
	t.Parallel()
	d := newDiscord(t, func(p *peer) {
		p.login()
		for _, bad := range []string{
			`{"op":0,"s":2,"t":"INTERACTION_CREATE","d":{"id":"1","token":"x","type":3,"data":{"custom_id":7}}}`,
			`{"op":0,"s":3,"t":"INTERACTION_CREATE","d":null}`,
			`{"op":0,"s":4,"t":"VOICE_STATE_UPDATE","d":{"guild_id":"x","channel_id":{},"user_id":"900"}}`,
			`{"op":0,"s":6,"t":"GUILD_CREATE","d":{"id":"x","roles":[null],"channels":[{"id":"c","type":2,"permission_overwrites":[null]}]}}`,
			`{"op":0,"s":6,"t":"GUILD_UPDATE","d":{"id":"x","roles":[null]}}`,
			`{"op":0,"s":7,"t":"GUILD_ROLE_UPDATE","d":{"guild_id":"1"}}`,
			`{"op":0,"s":8,"t":"CHANNEL_UPDATE","d":null}`,
			`{"op":0,"s":8,"t":"VOICE_STATE_UPDATE","d":null}`,
			`{"op":0,"s":8,"t":"GUILD_CREATE","d":null}`,
			`{"op":0,"s":9,"t":"SOMETHING_NEW","d":{"a":1}}`,
			`{"op":0,"s":`, `null`, `7`, `{}`,
			`{"op":99,"d":{}}`,
			`{"op":0,"s":10,"t":"VOICE_SERVER_UPDATE","d":{"guild_id":"13"}}`, // its function panics
		} {
			p.send("%s", bad)
		}
		p.send(`{"op":0,"s":11,"t":"VOICE_SERVER_UPDATE","d":{"guild_id":"1","token":"ok"}}`)
		p.stay()
	})
	opts := d.options()
	got := make(chan string, 1)
	opts.OnVoiceServer = func(v gateway.VoiceServer) {
		if v.Guild == 13 {
			panic("bad luck")
		}
		got <- v.Token
	}
	opts.OnInteraction = func(context.Context, *discordgo.InteractionCreate) { panic("bad luck") }
	run(t, opts)
	if tok := get(t, got); tok != "ok" {
		t.Errorf("got %q", tok)
	}
	if n := d.count.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestABusyBotDropsInteractionsAndReadsOn(t *testing.T) {
	t.Parallel()
	d := newDiscord(t, func(p *peer) {
		p.login()
		for i := range 50 {
			p.send(`{"op":0,"s":%d,"t":"INTERACTION_CREATE","d":{"id":"%d","token":"x","type":2,"data":{"name":"play"}}}`, i+2, i+1)
		}
		p.send(`{"op":0,"s":99,"t":"VOICE_SERVER_UPDATE","d":{"guild_id":"1","token":"ok"}}`)
		p.stay()
	})
	opts := d.options()
	opts.Interactions, opts.InteractionBuffer = 1, 1
	reg := prometheus.NewRegistry()
	opts.Metrics = gateway.NewMetrics(reg)
	release, got := make(chan struct{}), make(chan string, 1)
	opts.OnInteraction = func(context.Context, *discordgo.InteractionCreate) { <-release }
	opts.OnVoiceServer = func(v gateway.VoiceServer) { got <- v.Token }
	run(t, opts)
	get(t, got)
	// One is handled, one waits for its worker, one more in the buffer.
	if n := count(t, reg, "busker_gateway_interactions_dropped_total"); n < 47 {
		t.Errorf("%v dropped", n)
	}
	close(release)
}

func TestSlowInteractionsDoNotDelayOthers(t *testing.T) {
	t.Parallel()
	const n = 400
	d := newDiscord(t, func(p *peer) {
		p.login()
		for i := range n {
			p.send(`{"op":0,"s":%d,"t":"INTERACTION_CREATE","d":{"id":"%d","token":"x","type":2,"data":{"name":"play"}}}`, i+2, i+1)
		}
		p.stay()
	})
	opts := d.options()
	opts.InteractionBuffer = n // none is to be dropped on a busy machine
	begun := make(chan struct{}, n)
	opts.OnInteraction = func(ctx context.Context, _ *discordgo.InteractionCreate) {
		begun <- struct{}{}
		<-ctx.Done()
	}
	run(t, opts)
	for range n {
		get(t, begun)
	}
}
