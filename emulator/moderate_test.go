package emulator_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"busker/emulator"
	"busker/emulator/discord"
	"busker/emulator/voiceserver"
)

// rest sends a request as the bot and returns the status and the answer's headers.
func (s *stage) rest(t *testing.T, method, path, body string) (int, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(s.ctx, method, s.URL()+"/api/v10"+path, strings.NewReader(body))
	need(t, err)
	r.Header.Set("Authorization", "Bot "+s.bot.Token)
	r.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{DisableKeepAlives: true}
	answer, err := (&http.Client{Transport: transport}).Do(r)
	need(t, err)
	answer.Body.Close()
	return answer.StatusCode, answer.Header
}

func TestVoiceStatus(t *testing.T) {
	p := newPlayer(t, voiceserver.Required, emulator.ChannelOptions{})
	path := "/channels/" + p.voice.ID.String() + "/voice-status"
	set := func(body string, want int) {
		t.Helper()
		if got, _ := p.rest(t, "PUT", path, body); got != want {
			t.Errorf("%s: %d, want %d", body, got, want)
		}
	}
	set(`{"status":"Song"}`, http.StatusForbidden)
	need(t, p.bot.Grant(p.guild, discord.SetVoiceChannelStatus))
	set(`{"status":"Song"}`, http.StatusNoContent)
	if _, err := p.voice.WaitStatus(p.ctx, func(s string) bool { return s == "Song" }); err != nil {
		t.Error(err)
	}
	set(`{"status":"`+strings.Repeat("x", 501)+`"}`, http.StatusBadRequest)
	set(`{"status":null}`, http.StatusNoContent)
	set(`{"status":"Song"}`, http.StatusNoContent)
	if got, h := p.rest(t, "PUT", path, `{}`); got != http.StatusTooManyRequests || h.Get("Retry-After") == "" || h.Get("X-RateLimit-Bucket") == "" {
		t.Errorf("the sixth in a row: %d %v", got, h)
	}
	if n := p.RESTStats().Limited["PUT /channels/{channel}/voice-status"]; n != 1 {
		t.Errorf("%d rate limits counted", n)
	}
	p.ann.LeaveVoice()
	p.guild.DisconnectBot(p.bot)
	if s := p.voice.Status(); s != "" {
		t.Errorf("nobody is in the channel any more, and its status is %q", s)
	}
}

func TestVoiceStatusFromOutside(t *testing.T) {
	s := newStage(t)
	need(t, s.bot.Grant(s.guild, discord.SetVoiceChannelStatus))
	path := "/channels/" + s.voice.ID.String() + "/voice-status"
	if got, _ := s.rest(t, "PUT", path, `{"status":"a"}`); got != http.StatusForbidden {
		t.Errorf("from outside: %d", got)
	}
	need(t, s.bot.Grant(s.guild, discord.ManageChannels))
	if got, _ := s.rest(t, "PUT", path, `{"status":"a"}`); got != http.StatusNoContent {
		t.Errorf("with ManageChannels: %d", got)
	}
	if got, _ := s.rest(t, "PUT", "/channels/"+s.text.ID.String()+"/voice-status", `{"status":"a"}`); got != http.StatusBadRequest {
		t.Errorf("of a text channel: %d", got)
	}
}

func TestOnlySpeakersAreHeardOnAStage(t *testing.T) {
	p := newPlayer(t, voiceserver.Required, emulator.ChannelOptions{Stage: true})
	state := "/guilds/" + p.guild.ID.String() + "/voice-states/@me"
	p.sent(t)
	if n := p.ear.Report().Packets; n != 0 || p.bot.Heard(p.guild) {
		t.Fatalf("the audience was heard: %d packets", n)
	}
	if got, _ := p.rest(t, "PATCH", state, `{"suppress":false}`); got != http.StatusForbidden {
		t.Errorf("unsuppressed itself: %d", got)
	}
	if got, _ := p.rest(t, "PATCH", state, `{"request_to_speak_timestamp":"2026-11-23T10:00:00Z"}`); got != http.StatusNoContent {
		t.Errorf("asked to speak: %d", got)
	}
	at, err := p.bot.WaitRequest(p.ctx, p.guild)
	need(t, err)
	if !at.Equal(time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("asked at %v", at)
	}
	p.guild.InviteToSpeak(p.bot)
	p.heard(t)
	if s, _ := p.World().VoiceState(p.guild.ID, p.bot.ID); s.RequestToSpeakTimestamp != nil {
		t.Error("it still asks")
	}
	p.guild.MoveToAudience(p.bot)
	p.sent(t)
	before := p.ear.Report().Packets
	p.sent(t)
	if n := p.ear.Report().Packets; n != before {
		t.Errorf("%d packets heard from the audience", n-before)
	}
}

func TestAMutedBotIsNotHeard(t *testing.T) {
	p := newPlayer(t, voiceserver.Required, emulator.ChannelOptions{})
	p.heard(t)
	p.guild.Mute(p.bot, true)
	p.sent(t)
	before := p.ear.Report().Packets
	p.sent(t)
	if n := p.ear.Report().Packets; n != before {
		t.Errorf("%d packets heard although muted", n-before)
	}
	p.guild.Mute(p.bot, false)
	p.heard(t)
	p.guild.Deafen(p.bot, true)
	p.heard(t)
}

// sent waits until the bot has sent more, heard or not.
func (p *player) sent(t *testing.T) {
	t.Helper()
	before := p.VoiceServer().Stats().Packets
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for p.VoiceServer().Stats().Packets < before+10 {
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			t.Fatalf("the bot sends nothing any more: %v", p.conn.Status())
		}
	}
}
