package gateway_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"busker/emulator"
	ed "busker/emulator/discord"
	eg "busker/emulator/gateway"
	"busker/gateway"
	"busker/gateway/conn"
	"busker/internal/fault"
)

// square is a guild of the emulator with our bot in it.
type square struct {
	*emulator.Emulator
	bot     *emulator.Bot
	guild   *emulator.Guild
	voice   *emulator.Channel
	ann     *emulator.User
	opts    gateway.Options
	states  chan gateway.VoiceState
	servers chan gateway.VoiceServer
}

func newSquare(t *testing.T, limits eg.Limits) *square {
	t.Helper()
	t.Parallel()
	if limits.IdentifyEvery == 0 {
		limits.IdentifyEvery = 10 * time.Millisecond
	}
	s := &square{
		Emulator: emulator.Start(t, emulator.Options{Gateway: limits}),
		states:   make(chan gateway.VoiceState, 64), servers: make(chan gateway.VoiceServer, 64),
	}
	s.bot = s.AddBot("busker")
	s.guild = s.AddGuild("Square", s.bot)
	s.voice = s.guild.AddVoiceChannel("Stage door")
	s.ann = s.guild.AddUser("ann")
	base, err := url.Parse(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	s.opts = gateway.Options{
		Token: gateway.Token(s.bot.Token), API: base, Transport: &http.Transport{DisableKeepAlives: true},
		IdentifyEvery: limits.IdentifyEvery * 5 / 4, ResumeWait: 50 * time.Millisecond, ReconnectWait: 10 * time.Millisecond,
		OnVoiceState:  func(v gateway.VoiceState) { s.states <- v },
		OnVoiceServer: func(v gateway.VoiceServer) { s.servers <- v },
	}
	return s
}

// login runs the gateway and waits until it is ready.
func (s *square) login(t *testing.T) *gateway.Gateway {
	t.Helper()
	g, _ := run(t, s.opts)
	if err := g.WaitReady(soon(t)); err != nil {
		t.Fatal(err)
	}
	return g
}

// joinVoice goes into the voice channel and checks both events.
func (s *square) joinVoice(t *testing.T, g *gateway.Gateway) {
	t.Helper()
	if err := g.SendVoiceState(soon(t), s.guild.ID, s.voice.ID, false, true); err != nil {
		t.Fatal(err)
	}
	for {
		v := get(t, s.states)
		if v.Self && v.Channel == s.voice.ID && v.SessionID != "" {
			break
		}
	}
	if v := get(t, s.servers); v.Guild != s.guild.ID || v.Token == "" || v.Endpoint == "" {
		t.Errorf("voice server %+v", v)
	}
	if err := s.bot.WaitVoice(soon(t), s.guild, s.voice); err != nil {
		t.Fatal(err)
	}
}

func TestEmulatorCompressions(t *testing.T) {
	for _, how := range []string{conn.Zstd, conn.Zlib, conn.None} {
		t.Run(how, func(t *testing.T) {
			s := newSquare(t, eg.Limits{})
			s.opts.Compression = how
			s.joinVoice(t, s.login(t))
			s.bot.DropGateway(4000)
			s.after(t)
		})
	}
}

func TestEmulatorVoice(t *testing.T) {
	s := newSquare(t, eg.Limits{})
	g := s.login(t)
	if g.UserID() != s.bot.ID {
		t.Errorf("we are %v, want %v", g.UserID(), s.bot.ID)
	}
	if _, err := s.ann.JoinVoice(s.voice); err != nil {
		t.Fatal(err)
	}
	if v := get(t, s.states); v.User != s.ann.ID || v.Self {
		t.Errorf("heard of %+v", v)
	}
	if c, ok := g.VoiceChannelOf(s.guild.ID, s.ann.ID); !ok || c != s.voice.ID {
		t.Errorf("ann is in %v, %v", c, ok)
	}
	s.joinVoice(t, g)
	if info, ok := g.ChannelInfo(s.voice.ID); !ok || len(info.Members) != 2 || info.Bitrate != 64000 || info.Name != "Stage door" {
		t.Errorf("channel %+v, %v", info, ok)
	}
	if err := g.SendVoiceState(soon(t), s.guild.ID, 0, false, false); err != nil {
		t.Fatal(err)
	}
	if err := s.bot.WaitVoice(soon(t), s.guild, nil); err != nil {
		t.Fatal(err)
	}
}

func TestEmulatorPermissions(t *testing.T) {
	s := newSquare(t, eg.Limits{})
	g := s.login(t)
	s.joinVoice(t, g) // the guild has arrived
	if a := g.VoiceAccess(s.voice.ID); len(a.Missing) != 0 || a.Full {
		t.Errorf("access %+v", a)
	}
	for _, tt := range []struct {
		deny ed.Permissions
		want []string
	}{
		{ed.Speak, []string{"Speak"}},
		{ed.Connect | ed.Speak, []string{"Connect", "Speak"}},
	} {
		c := s.guild.AddVoiceChannel("closed", emulator.ChannelOptions{Deny: tt.deny})
		s.after(t)
		if a := g.VoiceAccess(c.ID); !slices.Equal(a.Missing, tt.want) {
			t.Errorf("denied %v: missing %v", tt.deny, a.Missing)
		}
	}
	small := s.guild.AddVoiceChannel("booth", emulator.ChannelOptions{UserLimit: 1})
	if _, err := s.ann.JoinVoice(small); err != nil {
		t.Fatal(err)
	}
	s.after(t)
	if a := g.VoiceAccess(small.ID); !a.Full {
		t.Errorf("a full channel gives %+v", a)
	}
}

// after returns once every event up to now has arrived.
func (s *square) after(t *testing.T) {
	t.Helper()
	u := s.guild.AddUser("messenger")
	if _, err := u.JoinVoice(s.voice); err != nil {
		t.Fatal(err)
	}
	for get(t, s.states).User != u.ID {
		continue
	}
}

func TestEmulatorReconnects(t *testing.T) {
	for name, disturb := range map[string]func(*emulator.Bot) bool{
		"op 7":                (*emulator.Bot).Reconnect,
		"op 9, resumable":     func(b *emulator.Bot) bool { return b.Invalidate(true) },
		"op 9, not resumable": func(b *emulator.Bot) bool { return b.Invalidate(false) },
		"close 4000":          func(b *emulator.Bot) bool { return b.DropGateway(4000) },
		"close 4009":          func(b *emulator.Bot) bool { return b.DropGateway(4009) },
		"close 1001":          func(b *emulator.Bot) bool { return b.DropGateway(1001) },
		"cut without a word":  func(b *emulator.Bot) bool { return b.DropGateway(0) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSquare(t, eg.Limits{})
			reg := prometheus.NewRegistry()
			s.opts.Metrics = gateway.NewMetrics(reg)
			g := s.login(t)
			for range 2 {
				before := count(t, reg, "busker_gateway_reconnects_total")
				if !disturb(s.bot) {
					t.Fatal("nothing to disturb")
				}
				waitCount(t, reg, "busker_gateway_reconnects_total", before+1)
				s.joinVoice(t, g)
				if err := g.SendVoiceState(soon(t), s.guild.ID, 0, false, false); err != nil {
					t.Fatal(err)
				}
				if err := s.bot.WaitVoice(soon(t), s.guild, nil); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestEmulatorAsksForAHeartbeat(t *testing.T) {
	s := newSquare(t, eg.Limits{})
	g := s.login(t)
	if !s.bot.RequestHeartbeat() {
		t.Fatal("nobody to ask")
	}
	s.joinVoice(t, g)
}

func TestEmulatorZombie(t *testing.T) {
	s := newSquare(t, eg.Limits{Heartbeat: 2 * time.Second})
	reg := prometheus.NewRegistry()
	s.opts.Metrics = gateway.NewMetrics(reg)
	g := s.login(t)
	s.bot.HoldACKs(true)
	waitCount(t, reg, "busker_gateway_zombies_total", 1)
	s.bot.HoldACKs(false)
	s.joinVoice(t, g)
}

func TestEmulatorShards(t *testing.T) {
	s := newSquare(t, eg.Limits{Shards: 3, IdentifyEvery: 200 * time.Millisecond})
	second := s.AddGuild("Second Square", s.bot) // of another shard
	voice := second.AddVoiceChannel("Stage door")
	g := s.login(t)
	if err := s.bot.WaitSessions(soon(t), 3); err != nil {
		t.Fatal(err)
	}
	s.joinVoice(t, g)
	if err := g.SendVoiceState(soon(t), second.ID, voice.ID, false, true); err != nil {
		t.Fatal(err)
	}
	if err := s.bot.WaitVoice(soon(t), second, voice); err != nil {
		t.Fatal(err)
	}
}

func TestEmulatorKnowsNoSuchToken(t *testing.T) {
	s := newSquare(t, eg.Limits{})
	s.opts.Token = "wrong"
	g, err := gateway.New(s.opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Run(soon(t)); fault.KindOf(err) != fault.Denied {
		t.Errorf("run: %v", err)
	}
}
