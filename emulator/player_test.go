package emulator_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/audio"
	"busker/emulator"
	eg "busker/emulator/gateway"
	"busker/emulator/listen"
	"busker/emulator/voiceserver"
	"busker/gateway"
	"busker/voice"
)

// player is the product's own gateway and voice, playing for ever.
type player struct {
	*stage
	other *emulator.Channel
	conn  *voice.Conn
	ear   *emulator.Listener
}

// newPlayer joins ann, who listens, in a voice channel with these options.
func newPlayer(t *testing.T, policy voiceserver.DAVE, in emulator.ChannelOptions) *player {
	t.Helper()
	s := newStage(t, emulator.Options{
		Gateway: eg.Limits{IdentifyEvery: 10 * time.Millisecond},
		Voice:   voiceserver.Options{HeartbeatInterval: 2500 * time.Millisecond, DAVE: policy},
	})
	s.voice = s.guild.AddVoiceChannel("Inside", in)
	p := &player{stage: s, other: s.guild.AddVoiceChannel("Other")}
	var hub *voice.Hub
	base, err := url.Parse(s.URL())
	need(t, err)
	g, err := gateway.New(gateway.Options{
		Token: gateway.Token(s.bot.Token), API: base, Transport: &http.Transport{DisableKeepAlives: true},
		IdentifyEvery: 12 * time.Millisecond, ResumeWait: 50 * time.Millisecond, ReconnectWait: 10 * time.Millisecond,
		OnVoiceState: func(v gateway.VoiceState) {
			switch {
			case v.Self && v.Lost:
				hub.HandleLost(v.Guild)
			case v.Self:
				hub.HandleState(voice.StateUpdate{Guild: v.Guild, Channel: v.Channel, User: v.User, SessionID: v.SessionID})
			}
		},
		OnVoiceServer: func(v gateway.VoiceServer) {
			hub.HandleServer(voice.ServerUpdate{Guild: v.Guild, Token: v.Token, Endpoint: v.Endpoint})
		},
	})
	need(t, err)
	hub = voice.NewHub(voice.HubOptions{
		Shard: g, User: g.UserID, Online: g.Online, TLS: &tls.Config{RootCAs: s.TLSRoots()},
		Timeouts: voice.Timeouts{Backoff: 50 * time.Millisecond, Follow: 2 * time.Second},
	})
	p.ear, err = s.ann.JoinVoice(s.voice, listen.Options{CountOnly: true, Keep: -1})
	need(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { ended(t, "gateway", g.Run(ctx)) })
	running.Go(func() { ended(t, "hub", hub.Run(ctx)) })
	p.conn = hub.Conn(s.guild.ID)
	need(t, g.WaitReady(s.ctx))
	need(t, p.conn.Join(s.ctx, s.voice.ID))
	running.Go(func() { p.play(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return p
}

func ended(t *testing.T, what string, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("the %s ended with %v", what, err)
	}
}

// play sends packets that are no music but as long as some.
func (p *player) play(ctx context.Context) {
	for ctx.Err() == nil {
		room, err := p.conn.Await(ctx)
		for range room {
			packet := audio.NewPacket()
			packet.SetLen(copy(packet.Buffer(), strings.Repeat("la", 60)))
			err = errors.Join(err, p.conn.Send(packet))
		}
		if err != nil {
			timer := time.NewTimer(20 * time.Millisecond) // out of voice for now
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		}
	}
}

// heard waits until ann hears more.
func (p *player) heard(t *testing.T) {
	t.Helper()
	before := p.ear.Report().Packets
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for p.ear.Report().Packets < before+10 {
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			t.Fatalf("ann hears nothing any more, %v\n%v", p.conn.Status(), p.ear.Report())
		}
	}
}

func TestStagesAreNotEncrypted(t *testing.T) {
	p := newPlayer(t, voiceserver.Required, emulator.ChannelOptions{Stage: true})
	p.guild.InviteToSpeak(p.bot)
	p.heard(t)
	if r := p.ear.Report(); r.Plain == 0 || r.Epochs != 0 || p.conn.Status().DAVE != 0 {
		t.Errorf("on a stage, in version %d, ann hears\n%v", p.conn.Status().DAVE, r)
	}
}

func TestAPersonWithoutDAVE(t *testing.T) {
	p := newPlayer(t, voiceserver.Optional, emulator.ChannelOptions{})
	p.heard(t)
	bob := p.guild.AddUser("bob")
	bob.WithoutDAVE()
	plain, err := bob.JoinVoice(p.voice, listen.Options{CountOnly: true})
	need(t, err)
	p.heard(t)
	annsEar := p.ear
	p.ear = plain
	p.heard(t)
	bob.LeaveVoice()
	p.ear = annsEar
	p.heard(t)
	p.inStep(t)
	p.heard(t)
	if r := plain.Report(); r.Plain != r.Packets || r.Epochs != 0 {
		t.Errorf("bob heard\n%v", r)
	}
	if r := annsEar.Report(); r.Plain == 0 || r.Epochs < 1 || r.Undecryptable != 0 {
		t.Errorf("ann heard\n%v", r)
	}
}
