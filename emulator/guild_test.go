package emulator_test

import (
	"encoding/json"
	"strings"
	"testing"

	"busker/emulator"
	"busker/emulator/discord"
	"busker/emulator/gateway"
)

// told is what the gateway must say next, and what must be in it.
type told struct {
	name  string
	parts []string
}

func (s *stage) hears(t *testing.T, w *wire, what ...told) {
	t.Helper()
	for _, want := range what {
		f := w.until(0, want.name)
		for _, part := range want.parts {
			if !strings.Contains(string(f.D), part) {
				t.Errorf("%s without %s: %s", want.name, part, f.D)
			}
		}
	}
}

func TestGatewayTellsOfTheGuild(t *testing.T) {
	s := newStage(t)
	w, _ := s.identified(t, "v=10&encoding=json", nil)
	w.until(0, "GUILD_CREATE")

	dj := s.guild.AddRole("DJ", discord.MuteMembers)
	s.hears(t, w, told{"GUILD_ROLE_CREATE", []string{`"name":"DJ"`}})
	need(t, dj.Allow(0))
	s.hears(t, w, told{"GUILD_ROLE_UPDATE", []string{`"permissions":"0"`}})
	need(t, s.bot.Grant(s.guild, discord.SetVoiceChannelStatus|discord.ManageChannels)) // without the members intent it hears of itself alone
	s.hears(t, w, told{"GUILD_MEMBER_UPDATE", []string{s.bot.ID.String(), `"guild_id"`}})
	need(t, s.ann.Give(dj))
	need(t, dj.Delete())
	s.hears(t, w, told{"GUILD_ROLE_DELETE", []string{dj.ID.String()}})
	need(t, s.guild.SetLocale("fr"))
	s.hears(t, w, told{"GUILD_UPDATE", []string{`"preferred_locale":"fr"`}})
	need(t, s.voice.SetBitrate(128_000))
	s.hears(t, w, told{"CHANNEL_UPDATE", []string{`"bitrate":128000`}})
	need(t, s.voice.SetUserLimit(3))
	s.hears(t, w, told{"CHANNEL_UPDATE", []string{`"user_limit":3`}})
	need(t, s.World().SetVoiceStatus(s.bot.ID, s.voice.ID, "Song"))
	s.hears(t, w, told{"VOICE_CHANNEL_STATUS_UPDATE", []string{`"status":"Song"`, s.voice.ID.String(), s.guild.ID.String()}})
	w.send(43, map[string]any{"guild_id": s.guild.ID, "fields": []string{"status"}})
	s.hears(t, w, told{"CHANNEL_INFO", []string{`"status":"Song"`, s.voice.ID.String()}})
	need(t, s.World().SetVoiceStatus(s.bot.ID, s.voice.ID, ""))
	s.hears(t, w, told{"VOICE_CHANNEL_STATUS_UPDATE", []string{`"status":null`}})
}

func TestGuildsGoAndComeBack(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{IdentifyEvery: 1}})
	w, _ := s.identified(t, "v=10&encoding=json", nil)
	w.until(0, "GUILD_CREATE")
	_, err := s.World().SetCommands(s.bot.ID, s.guild.ID, []discord.Command{{Name: "here", Description: "d"}})
	need(t, err)

	need(t, s.guild.Outage(true))
	s.hears(t, w, told{"GUILD_DELETE", []string{`"unavailable":true`}})
	need(t, s.guild.Outage(false))
	s.hears(t, w, told{"GUILD_CREATE", []string{s.guild.ID.String()}})

	roles := s.roles(t)
	s.guild.Kick(s.bot)
	if f := w.until(0, "GUILD_DELETE"); strings.Contains(string(f.D), "unavailable") {
		t.Errorf("kicked: %s", f.D)
	}
	if now := s.roles(t); now != roles-1 {
		t.Errorf("%d roles, %d before the bot was kicked", now, roles)
	}
	if _, err := s.ann.Command(s.ctx, s.text, "here", nil); err == nil {
		t.Error("a bot that was kicked still offers commands")
	}
	s.guild.Invite(s.bot, discord.SetVoiceChannelStatus)
	s.hears(t, w, told{"GUILD_CREATE", []string{`"permissions":"281474976710656"`}})

	listener, err := s.ann.JoinVoice(s.voice)
	need(t, err)
	need(t, s.guild.Delete())
	s.hears(t, w, told{"GUILD_DELETE", []string{s.guild.ID.String()}})
	if got, _ := s.rest(t, "GET", "/guilds/"+s.guild.ID.String(), ""); got != 404 {
		t.Errorf("a deleted guild answers with %d", got)
	}
	listener.Close()
}

// roles is how many the guild has, as somebody in it sees them.
func (s *stage) roles(t *testing.T) int {
	t.Helper()
	g, err := s.World().Guild(s.ann.ID, s.guild.ID)
	need(t, err)
	return len(g.Roles)
}

// A reply that only one person sees can carry a file, be edited and go.
func TestEphemeralReplies(t *testing.T) {
	s := newStage(t)
	s.register(t, discord.Command{Name: "export", Description: "d"})
	i, err := s.ann.Command(s.ctx, s.text, "export", nil)
	need(t, err)
	in, _ := s.World().Interaction(i.ID)
	var data discord.CallbackData
	need(t, json.Unmarshal([]byte(`{"flags":64,"content":"Your data","attachments":[{"id":"0","filename":"data.json"}],
		"components":[{"type":1,"components":[{"type":2,"style":2,"custom_id":"again","label":"Again"}]}]}`), &data))
	data.Files = []discord.UploadedFile{{Name: "data.json", Data: []byte("{}")}}
	m, err := s.World().Respond(i.ID, in.Token, discord.CallbackMessage, data)
	need(t, err)
	got, err := s.Download(m.Attachments[0])
	need(t, err)
	if string(got) != "{}" || !m.Attachments[0].Ephemeral {
		t.Errorf("downloaded %q of %+v", got, m.Attachments[0])
	}
	if _, err := s.guild.AddUser("bob").Press(s.ctx, *m, "again"); err == nil {
		t.Error("bob pressed a button he does not see")
	}
	press, err := s.ann.Press(s.ctx, *m, "again")
	need(t, err)
	in, _ = s.World().Interaction(press.ID)
	need(t, json.Unmarshal([]byte(`{"content":"Again"}`), &data))
	data.Files = nil
	_, err = s.World().Respond(press.ID, in.Token, discord.CallbackUpdateMessage, data)
	need(t, err)
	after, err := press.Response(s.ctx)
	need(t, err)
	if after.Content != "Again" || after.ID != m.ID || after.VisibleTo != s.ann.ID {
		t.Errorf("updated to %+v", after)
	}
	need(t, s.World().DeleteReply(s.bot.ID, in.Token, 0))
	if all := s.ann.Messages(s.text); len(all) != 0 {
		t.Errorf("%d messages are left", len(all))
	}
}
