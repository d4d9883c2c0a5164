package interop_test

import (
	"slices"
	"testing"

	"busker/emulator"
	"busker/emulator/discord"
)

func TestDiscordJSReadsForms(t *testing.T) {
	v := newVenue(t, emulator.Options{})
	node := v.run(t, "forms.mjs")
	act := must[*emulator.Interaction](t)
	form := must[emulator.Modal](t)
	node.Send(map[string]any{"do": "register"})
	var registered struct{ Names, German []string }
	node.Event("registered", &registered)
	if !slices.Equal(registered.German, []string{"spielen", "Zur Warteschlange", ""}) {
		t.Errorf("registered %+v", registered)
	}
	dj := v.guild.AddRole("DJ", 0)
	must[any](t)(nil, v.ann.Give(dj))
	must[any](t)(nil, v.ann.SetLocale("de"))
	must[any](t)(nil, v.guild.SetLocale("fr"))

	said := must[discord.Message](t)(v.ann.Say(v.text, "a song"))
	texts := form(act(v.ann.MessageCommand(v.ctx, said, "Zur Warteschlange")).Modal(v.ctx))
	var message struct{ Name, Content, Locale, GuildLocale string }
	node.Event("message", &message)
	if message.Name != "Add to queue" || message.Content != "a song" || message.Locale != "de" || message.GuildLocale != "fr" {
		t.Errorf("message command %+v", message)
	}
	act(v.ann.Submit(v.ctx, texts, emulator.Args{
		"name": "Ann", "files": []emulator.Upload{{Name: "a.m3u"}, {Name: "b.m3u"}}, "radio": "b",
	}))
	var filled struct {
		Name, Radio   string
		Files, Checks []string
	}
	node.Event("texts", &filled)
	if filled.Name != "Ann" || filled.Radio != "b" || !slices.Equal(filled.Files, []string{"a.m3u", "b.m3u"}) || len(filled.Checks) != 0 {
		t.Errorf("texts %+v", filled)
	}

	menus := form(act(v.ann.UserCommand(v.ctx, v.text, v.bot.ID, "Block")).Modal(v.ctx))
	var user struct {
		Name, Target string
		Roles        []string
	}
	node.Event("user", &user)
	if user.Target != "jukebox" || !slices.Equal(user.Roles, []string{"@everyone", "DJ"}) {
		t.Errorf("user command %+v", user)
	}
	act(v.ann.Submit(v.ctx, menus, emulator.Args{
		"check": true, "mode": "b", "who": []string{v.ann.ID.String(), dj.ID.String()}, "where": v.voice,
	}))
	var chosen struct {
		Check                       bool
		Mode, Users, Roles, Channel []string
	}
	node.Event("menus", &chosen)
	if !chosen.Check || !slices.Equal(chosen.Mode, []string{"b"}) || !slices.Equal(chosen.Users, []string{"ann"}) ||
		!slices.Equal(chosen.Roles, []string{"DJ"}) || !slices.Equal(chosen.Channel, []string{"Stage door"}) {
		t.Errorf("menus %+v", chosen)
	}
}

func TestDiscordJSHearsOfTheGuild(t *testing.T) {
	v := newVenue(t, emulator.Options{})
	node := v.run(t, "forms.mjs")
	check := must[any](t)
	v.guild.AddRole("DJ", 0)
	node.Event("role", nil)
	check(nil, v.guild.SetLocale("ja"))
	node.Event("guild", nil)
	check(nil, v.voice.SetBitrate(96000))
	var channel struct{ Bitrate int }
	node.Event("channel", &channel)
	check(nil, v.bot.Grant(v.guild, discord.SetVoiceChannelStatus|discord.ManageChannels))
	node.Send(map[string]any{"do": "status", "channel": v.voice.ID, "status": "A song"})
	var status struct{ ID, Status string }
	node.Event("status", &status)
	if channel.Bitrate != 96000 || status.ID != v.voice.ID.String() || status.Status != "A song" || v.voice.Status() != "A song" {
		t.Errorf("channel %+v, status %+v", channel, status)
	}
	check(nil, v.guild.Outage(true))
	node.Event("unavailable", nil)
	check(nil, v.guild.Outage(false))
	node.Event("available", nil)
	v.guild.Kick(v.bot)
	node.Event("removed", nil)
	v.guild.Invite(v.bot, 0)
	node.Event("invited", nil)
}
