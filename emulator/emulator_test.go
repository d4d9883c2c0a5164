package emulator_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"busker/emulator"
	"busker/emulator/discord"
	"busker/emulator/world"
	"busker/internal/fault"
)

func TestTLS(t *testing.T) {
	s := newStage(t)
	pem, err := os.ReadFile(s.CAFile())
	need(t, err)
	fromFile := x509.NewCertPool()
	if !fromFile.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in the file")
	}
	for name, roots := range map[string]*x509.CertPool{"roots": s.TLSRoots(), "file": fromFile} {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
		client := &http.Client{Transport: transport}
		defer transport.CloseIdleConnections()
		for _, base := range []string{s.TLSURL(), strings.Replace(s.TLSURL(), "127.0.0.1", "localhost", 1)} {
			resp, err := client.Get(base + "/api/v10/gateway")
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("%s, %s: %v", name, base, err)
				continue
			}
			resp.Body.Close()
		}
		ws, _, err := websocket.Dial(s.ctx, s.TLSURL()+"/?v=10&encoding=json", &websocket.DialOptions{HTTPClient: client})
		need(t, err)
		_ = ws.CloseNow()
	}
	if resp, err := http.Get(s.TLSURL() + "/api/v10/gateway"); err == nil {
		resp.Body.Close()
		t.Error("a stranger trusts the certificate")
	}
}

func TestRunReleasesEverything(t *testing.T) {
	t.Parallel()
	for range 10 {
		e, err := emulator.New(emulator.Options{})
		need(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- e.Run(ctx) }()
		ws, _, err := websocket.Dial(t.Context(), strings.Replace(e.URL(), "http", "ws", 1)+"/?v=10", nil)
		need(t, err)
		if _, _, err := ws.Read(t.Context()); err != nil { // hello: the socket is being served
			t.Fatal(err)
		}
		cancel()
		need(t, <-done)
		if _, _, err := ws.Read(t.Context()); err == nil {
			t.Error("the socket is still open")
		}
		_ = ws.CloseNow()
		if _, err := os.Stat(e.CAFile()); err == nil {
			t.Error("the certificate is still there")
		}
	}
	if _, err := emulator.New(emulator.Options{Addr: "256.0.0.1:0"}); err == nil {
		t.Error("an impossible address was taken")
	}
}

// register gives the bot commands without a client.
func (s *stage) register(t *testing.T, commands ...discord.Command) {
	t.Helper()
	_, err := s.World().SetCommands(s.bot.ID, 0, commands)
	need(t, err)
}

func TestCommandIsTypedLikeInAClient(t *testing.T) {
	s := newStage(t)
	least, most, short := 0.0, 200.0, 3
	admin := discord.ManageGuild
	option := func(kind discord.OptionType, change func(*discord.CommandOption)) []discord.CommandOption {
		o := discord.CommandOption{Type: kind, Name: "o", Description: "d", Required: true}
		if change != nil {
			change(&o)
		}
		return []discord.CommandOption{o}
	}
	s.register(t,
		discord.Command{Name: "text", Description: "d", Options: option(discord.StringOption, func(o *discord.CommandOption) { o.MaxLength = &short })},
		discord.Command{Name: "number", Description: "d", Options: option(discord.IntegerOption, func(o *discord.CommandOption) { o.MinValue, o.MaxValue = &least, &most })},
		discord.Command{Name: "choice", Description: "d", Options: option(discord.StringOption, func(o *discord.CommandOption) {
			o.Choices = []discord.Choice{{Name: "Whole queue", Value: "queue"}}
		})},
		discord.Command{Name: "flag", Description: "d", Options: option(discord.BooleanOption, nil)},
		discord.Command{Name: "user", Description: "d", Options: option(discord.UserOption, nil)},
		discord.Command{Name: "channel", Description: "d", Options: option(discord.ChannelOption, func(o *discord.CommandOption) {
			o.ChannelTypes = []discord.ChannelType{discord.VoiceChannel}
		})},
		discord.Command{Name: "file", Description: "d", Options: option(discord.AttachmentOption, nil)},
		discord.Command{Name: "queue", Description: "d", Options: []discord.CommandOption{{Type: discord.SubCommandOption, Name: "show", Description: "d"}}},
		discord.Command{Name: "admin", Description: "d", DefaultMemberPermissions: &admin},
	)
	for _, tt := range []struct {
		name, command string
		args          emulator.Args
		want          any // the value in the interaction; nil: refused
	}{
		{"text", "text", emulator.Args{"o": "abc"}, "abc"},
		{"text too long", "text", emulator.Args{"o": "abcd"}, nil},
		{"text missing", "text", nil, nil},
		{"another option", "text", emulator.Args{"o": "a", "p": "b"}, nil},
		{"number", "number", emulator.Args{"o": 200}, int64(200)},
		{"number typed", "number", emulator.Args{"o": "7"}, int64(7)},
		{"number too large", "number", emulator.Args{"o": 201}, nil},
		{"number broken", "number", emulator.Args{"o": 1.5}, nil},
		{"number of letters", "number", emulator.Args{"o": "many"}, nil},
		{"choice by value", "choice", emulator.Args{"o": "queue"}, "queue"},
		{"choice by name", "choice", emulator.Args{"o": "whole queue"}, "queue"},
		{"no such choice", "choice", emulator.Args{"o": "all"}, nil},
		{"flag", "flag", emulator.Args{"o": false}, false},
		{"flag typed", "flag", emulator.Args{"o": "True"}, true},
		{"user", "user", emulator.Args{"o": s.ann}, s.ann.ID},
		{"user mentioned", "user", emulator.Args{"o": "<@" + s.bot.ID.String() + ">"}, s.bot.ID},
		{"nobody", "user", emulator.Args{"o": "<@123>"}, nil},
		{"channel", "channel", emulator.Args{"o": s.voice}, s.voice.ID},
		{"channel of another type", "channel", emulator.Args{"o": s.text}, nil},
		{"no file", "file", emulator.Args{"o": "a.mp3"}, nil},
		{"group", "queue", nil, nil},
		{"no such sub-command", "queue hide", nil, nil},
		{"no such command", "dance", nil, nil},
		{"not allowed", "admin", nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			watch := s.Watch()
			defer watch.Close()
			_, err := s.ann.Command(s.ctx, s.text, tt.command, tt.args)
			if tt.want == nil {
				if message, ok := fault.Message(err); err == nil || !ok || message == "" {
					t.Errorf("taken, or refused without a reason: %v", err)
				}
				return
			}
			need(t, err)
			change, err := watch.Next(s.ctx)
			need(t, err)
			data := change.(world.InteractionMade).Interaction.Data.(discord.CommandData)
			if got := data.Options[0].Value; got != tt.want {
				t.Errorf("the bot is told %v (%T), want %v (%T)", got, got, tt.want, tt.want)
			}
		})
	}
	if _, err := s.ann.Command(s.ctx, s.text, "queue show", nil); err != nil {
		t.Error(err)
	}
	if n := len(s.ann.Commands(s.text)); n != 8 {
		t.Errorf("ann is offered %d commands", n)
	}
	need(t, s.ann.Grant(discord.ManageGuild))
	if _, err := s.ann.Command(s.ctx, s.text, "admin", nil); err != nil {
		t.Error(err)
	}
	need(t, s.text.Deny(discord.UseApplicationCommands))
	if _, err := s.guild.AddUser("bob").Command(s.ctx, s.text, "flag", emulator.Args{"o": true}); fault.KindOf(err) != fault.Denied {
		t.Errorf("without permission: %v", err)
	}
}

func TestPressing(t *testing.T) {
	s := newStage(t)
	body := discord.MessageBody{Components: discord.Field[[]discord.Component]{Set: true, Value: []discord.Component{
		{Type: discord.ActionRow, Components: []discord.Component{
			{Type: discord.Button, Style: discord.PrimaryButton, CustomID: "go", Label: "Go"},
			{Type: discord.Button, Style: discord.PrimaryButton, CustomID: "off", Label: "Off", Disabled: true},
		}},
		{Type: discord.ActionRow, Components: []discord.Component{
			{Type: discord.StringSelect, CustomID: "menu", Options: []discord.Option{{Label: "A", Value: "a"}}},
		}},
	}}}
	m, err := s.World().CreateMessage(s.bot.ID, s.text.ID, body)
	need(t, err)
	for _, tt := range []struct {
		id     string
		values []string
		taken  bool
	}{
		{"go", nil, true},
		{"off", nil, false},
		{"gone", nil, false},
		{"go", []string{"x"}, false},
		{"menu", []string{"a"}, true},
		{"menu", []string{"b"}, false},
		{"menu", nil, false},
	} {
		if _, err := s.ann.Press(s.ctx, m, tt.id, tt.values...); (err == nil) != tt.taken {
			t.Errorf("press %s %v: %v", tt.id, tt.values, err)
		}
	}
}

func TestNobodyAnswers(t *testing.T) {
	s := newStage(t, emulator.Options{AckWithin: 1})
	s.register(t, discord.Command{Name: "play", Description: "d"})
	i, err := s.ann.Command(s.ctx, s.text, "play", nil)
	need(t, err)
	if _, err := i.Response(s.ctx); !errors.Is(err, emulator.ErrNoAnswer) {
		t.Errorf("got %v", err)
	}
}

func TestPeopleInVoice(t *testing.T) {
	s := newStage(t)
	first, err := s.ann.JoinVoice(s.voice)
	need(t, err)
	other := s.guild.AddVoiceChannel("other")
	second, err := s.ann.JoinVoice(other)
	need(t, err)
	if first == second {
		t.Error("the listener did not move")
	}
	if states := s.World().VoiceStates(s.guild.ID); len(states) != 1 || states[0].ChannelID != other.ID {
		t.Errorf("voice states %+v", states)
	}
	if _, err := s.ann.JoinVoice(s.text); fault.KindOf(err) != fault.Denied {
		t.Errorf("a text channel: %v", err)
	}
	need(t, other.Delete())
	if states := s.World().VoiceStates(s.guild.ID); len(states) != 0 {
		t.Errorf("in a deleted channel: %+v", states)
	}
	s.ann.LeaveVoice() // already out
}
