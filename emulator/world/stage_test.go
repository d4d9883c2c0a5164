package world_test

import (
	"errors"
	"testing"
	"time"

	"busker/emulator/discord"
	"busker/emulator/world"
)

func TestWhoMaySpeakOnAStage(t *testing.T) {
	yes, no, now := true, false, time.Now()
	ask := discord.Field[*time.Time]{Set: true, Value: &now}
	take := discord.Field[*time.Time]{Set: true}
	for _, tt := range []struct {
		name        string
		allow, deny discord.Permissions // of the bot
		own         bool                // its state, or ann's
		change      world.VoiceChange
		want        error
		suppress    bool
		asks        bool
	}{
		{"may not unsuppress itself", 0, 0, true, world.VoiceChange{Suppress: &no}, discord.ErrMissingPermissions, true, false},
		{"may as a moderator", discord.MuteMembers, 0, true, world.VoiceChange{Suppress: &no}, nil, false, false},
		{"always suppresses itself", 0, 0, true, world.VoiceChange{Suppress: &yes}, nil, true, false},
		{"asks", 0, 0, true, world.VoiceChange{Request: ask}, nil, true, true},
		{"may not ask", 0, discord.RequestToSpeak, true, world.VoiceChange{Request: ask}, discord.ErrMissingPermissions, true, false},
		{"always takes it back", 0, discord.RequestToSpeak, true, world.VoiceChange{Request: take}, nil, true, false},
		{"may not invite", 0, 0, false, world.VoiceChange{Suppress: &no}, discord.ErrMissingPermissions, true, false},
		{"invites as a moderator", discord.MuteMembers, 0, false, world.VoiceChange{Suppress: &no}, nil, false, true},
		{"asks for nobody else", discord.MuteMembers, 0, false, world.VoiceChange{Request: ask}, discord.ErrMissingPermissions, true, false},
		{"in another channel", discord.MuteMembers, 0, true, world.VoiceChange{Channel: 1, Suppress: &no}, discord.ErrUnknownVoiceState, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			bot, user := s.bot.User.ID, s.ann
			if tt.own {
				user = bot
			}
			if _, err := s.AddRole(s.guild, "bot", tt.allow, bot); err != nil {
				t.Fatal(err)
			}
			stage, err := s.AddChannel(s.guild, discord.Channel{
				Name: "Stage", Type: discord.StageChannel, PermissionOverwrites: []discord.Overwrite{{ID: s.guild, Deny: tt.deny}},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range []discord.ID{bot, s.ann} {
				if _, _, err := s.PlaceVoice(world.VoiceJoin{User: id, Guild: s.guild, Channel: stage.ID, SessionID: "x"}); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.EditVoice(bot, s.guild, user, tt.change); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			state, _ := s.VoiceState(s.guild, user)
			if state.Suppress != tt.suppress || (state.RequestToSpeakTimestamp != nil) != tt.asks {
				t.Errorf("suppressed %v, asks at %v", state.Suppress, state.RequestToSpeakTimestamp)
			}
		})
	}
}

func TestAVoiceChannelIsNoStage(t *testing.T) {
	s := newScene(t)
	no := false
	if _, _, err := s.PlaceVoice(world.VoiceJoin{User: s.bot.User.ID, Guild: s.guild, Channel: s.voice, SessionID: "x"}); err != nil {
		t.Fatal(err)
	}
	if err := s.EditVoice(s.bot.User.ID, s.guild, s.bot.User.ID, world.VoiceChange{Suppress: &no}); err == nil {
		t.Error("it was taken")
	}
}

// A speaker stays one when only their own mute changes, and not in another channel.
func TestASpeakerStaysOne(t *testing.T) {
	var silent []bool
	w := world.New(world.Options{OnSilence: func(_, _ discord.ID, s bool) { silent = append(silent, s) }})
	app := w.AddApp("busker", false)
	guild := w.AddGuild("Square").ID
	w.AddBot(guild, app, 0)
	stage, err := w.AddChannel(guild, discord.Channel{Name: "Stage", Type: discord.StageChannel})
	other, err2 := w.AddChannel(guild, discord.Channel{Name: "Other", Type: discord.StageChannel})
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	join := func(c discord.ID, mute bool) {
		t.Helper()
		if _, _, err := w.PlaceVoice(world.VoiceJoin{User: app.User.ID, Guild: guild, Channel: c, SessionID: "x", SelfMute: mute}); err != nil {
			t.Fatal(err)
		}
	}
	suppressed := func(want bool, when string) {
		t.Helper()
		if s, _ := w.VoiceState(guild, app.User.ID); s.Suppress != want || silent[len(silent)-1] != want {
			t.Errorf("%s: suppressed %v, silent %v", when, s.Suppress, silent)
		}
	}
	join(stage.ID, false)
	suppressed(true, "at first")
	w.ChangeVoice(guild, app.User.ID, func(s *discord.VoiceState) { s.Suppress = false })
	suppressed(false, "invited")
	join(stage.ID, true)
	suppressed(false, "muted by itself")
	join(other.ID, false)
	suppressed(true, "elsewhere")
}
