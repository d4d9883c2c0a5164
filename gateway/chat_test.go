package gateway_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/bwmarrin/discordgo"

	"busker/gateway"
	"busker/internal/snowflake"
)

func TestWhoListens(t *testing.T) {
	t.Parallel()
	g, event := guild(t, `"roles":[{"id":"1","permissions":"3146752"}],"channels":[{"id":"5","type":2},{"id":"6","type":2}],
		"members":[{"user":{"id":"900","bot":true}},{"user":{"id":"44","bot":true}},{"user":{"id":"42"}}],
		"voice_states":[{"user_id":"42","channel_id":"5"},{"user_id":"44","channel_id":"5"},{"user_id":"45","channel_id":"5","self_deaf":true},
			{"user_id":"46","channel_id":"5","deaf":true},{"user_id":"900","channel_id":"5","self_deaf":true}]`)
	hear := func(want ...snowflake.ID) {
		t.Helper()
		if info, _ := g.ChannelInfo(5); !slices.Equal(info.Listeners, want) {
			t.Errorf("listeners %v of %v, want %v", info.Listeners, info.Members, want)
		}
	}
	hear(42)
	event("VOICE_STATE_UPDATE", `{"guild_id":"1","user_id":"45","channel_id":"5","self_deaf":false}`)
	event("VOICE_STATE_UPDATE", `{"guild_id":"1","user_id":"42","channel_id":"5","self_deaf":true}`)
	hear(45)
	event("VOICE_STATE_UPDATE", `{"guild_id":"1","user_id":"44","channel_id":"5"}`) // says nothing of bots
	hear(45)
	event("VOICE_STATE_UPDATE", `{"guild_id":"1","user_id":"47","channel_id":"5","member":{"user":{"id":"47","bot":true}}}`)
	event("VOICE_STATE_UPDATE", `{"guild_id":"1","user_id":"45","channel_id":"6"}`)
	hear()
}

func TestHeardOrNot(t *testing.T) {
	t.Parallel()
	g, event := guild(t, `"roles":[{"id":"1","permissions":"1049600"},{"id":"7","permissions":"4294967296"},{"id":"8","permissions":"4194304"}],
		"members":[{"user":{"id":"900","bot":true},"roles":["7"]}],"channels":[{"id":"5","type":13}]`)
	if a := g.VoiceAccess(5); len(a.Missing) != 0 {
		t.Errorf("a stage takes %v", a.Missing)
	}
	event("VOICE_STATE_UPDATE", `{"guild_id":"1","user_id":"900","channel_id":"5","suppress":true,"request_to_speak_timestamp":"2026-11-01T00:00:00Z"}`)
	info, _ := g.ChannelInfo(5)
	if !info.Stage || !info.Silenced || !info.Asked || !info.MayAsk || info.MayUnmute {
		t.Errorf("in the audience: %+v", info)
	}
	event("GUILD_MEMBER_UPDATE", `{"guild_id":"1","user":{"id":"900"},"roles":["8"]}`)
	event("VOICE_STATE_UPDATE", `{"guild_id":"1","user_id":"900","channel_id":"5","suppress":false}`)
	if info, _ = g.ChannelInfo(5); info.Silenced || info.Asked || info.MayAsk || !info.MayUnmute {
		t.Errorf("as a speaker: %+v", info)
	}
}

func TestTheStatusOfAChannel(t *testing.T) {
	t.Parallel()
	const may = `"roles":[{"id":"1","permissions":"281474979857408"}],"channels":[{"id":"5","type":2},{"id":"6","type":2}],"voice_states":[{"user_id":"900","channel_id":"5"}]`
	g, event := guild(t, may)
	if info, _ := g.ChannelInfo(5); info.StatusKnown || !info.MaySetStatus {
		t.Errorf("before anybody told: %+v", info)
	}
	if info, _ := g.ChannelInfo(6); info.MaySetStatus {
		t.Error("where we are not that takes Manage Channels")
	}
	event("VOICE_CHANNEL_STATUS_UPDATE", `{"guild_id":"1","id":"5","status":"too early"}`) // what else there is, nobody knows
	event("CHANNEL_INFO", `{"guild_id":"1","channels":[{"id":"5","status":"Lounge"}]}`)
	if info, _ := g.ChannelInfo(5); info.Status != "Lounge" || !info.StatusKnown {
		t.Errorf("told: %+v", info)
	}
	event("VOICE_CHANNEL_STATUS_UPDATE", `{"guild_id":"1","id":"6","status":"Quiz"}`)
	event("VOICE_CHANNEL_STATUS_UPDATE", `{"guild_id":"1","id":"5","status":null}`)
	five, _ := g.ChannelInfo(5)
	six, _ := g.ChannelInfo(6)
	if five.Status != "" || six.Status != "Quiz" {
		t.Errorf("changed: %q, %q", five.Status, six.Status)
	}
}

func TestWhatMissesToPost(t *testing.T) {
	for has, want := range map[int64][]string{
		-1:                            nil,
		8:                             nil, // administrator
		1<<10 | 1<<11 | 1<<14 | 1<<15: nil,
		1<<10 | 1<<15:                 {"Send Messages", "Embed Links"},
		0:                             {"View Channel", "Send Messages", "Embed Links", "Attach Files"},
	} {
		if got := gateway.MissingToPost(has); !slices.Equal(got, want) {
			t.Errorf("%b lacks %v, want %v", has, got, want)
		}
	}
}

func TestMessagesAreAskedForOnlyWhenWanted(t *testing.T) {
	t.Parallel()
	const messages = 1 << 9
	for name, on := range map[string]func(gateway.Message){"wanted": func(gateway.Message) {}, "not wanted": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan int, 1)
			d := newDiscord(t, func(p *peer) {
				var identify struct{ Intents int }
				_ = json.Unmarshal(p.login().Data, &identify)
				asked <- identify.Intents
				p.stay()
			})
			opts := d.options()
			opts.OnMessage = on
			run(t, opts)
			if got := get(t, asked) & messages; (got != 0) != (on != nil) {
				t.Errorf("intents %b", got)
			}
		})
	}
}

func TestChangesAndMessagesAreTold(t *testing.T) {
	t.Parallel()
	changes, said := make(chan snowflake.ID, 64), make(chan gateway.Message, 4)
	d := newDiscord(t, func(p *peer) {
		p.login()
		for n, e := range []string{
			`"t":"GUILD_CREATE","d":{"id":"1","channels":[{"id":"5","type":2}]}`,
			`"t":"VOICE_STATE_UPDATE","d":{"guild_id":"1","user_id":"42","channel_id":"5"}`,
			`"t":"CHANNEL_UPDATE","d":{"id":"5","guild_id":"1","type":2}`,
			`"t":"VOICE_CHANNEL_STATUS_UPDATE","d":{"id":"5","guild_id":"1","status":"x"}`,
			`"t":"MESSAGE_CREATE","d":{"id":"77","channel_id":"10","components":[{"type":999,"accessory":7}]}`, // of a direct message
			`"t":"MESSAGE_CREATE","d":{"id":"78","channel_id":"10","guild_id":"1","components":[{"type":999,"accessory":7}]}`,
		} {
			p.send(`{"op":0,"s":%d,%s}`, n+2, e)
		}
		p.stay()
	})
	opts := d.options()
	opts.OnChange = func(of snowflake.ID) { changes <- of }
	opts.OnMessage = func(m gateway.Message) { said <- m }
	run(t, opts)
	for range 4 {
		if of := get(t, changes); of != 1 {
			t.Errorf("changed: %v", of)
		}
	}
	if m := get(t, said); m != (gateway.Message{Guild: 1, Channel: 10, ID: 78}) {
		t.Errorf("message %+v", m)
	}
}

// BenchmarkMessage is what reading a message costs that is only counted: docs/card.md
// quotes it.
func BenchmarkMessage(b *testing.B) {
	frame := []byte(`{"t":"MESSAGE_CREATE","s":5,"op":0,"d":{"type":0,"tts":false,"timestamp":"2026-11-02T18:00:00.123000+00:00","pinned":false,
		"nonce":"1300000000000000000","mentions":[],"mention_roles":[],"mention_everyone":false,
		"member":{"roles":["1100000000000000001","1100000000000000002"],"premium_since":null,"pending":false,"nick":"Ann of the band","mute":false,
		"joined_at":"2024-01-01T00:00:00.000000+00:00","flags":0,"deaf":false,"communication_disabled_until":null,"banner":null,"avatar":null},
		"id":"1300000000000000001","flags":0,"embeds":[],"edited_timestamp":null,"content":"","components":[],"channel_type":0,
		"channel_id":"1200000000000000001","author":{"username":"ann","public_flags":0,"primary_guild":null,"id":"1000000000000000001",
		"global_name":"Ann","discriminator":"0","collectibles":null,"clan":null,"avatar_decoration_data":null,"avatar":"a_0123456789abcdef"},
		"attachments":[],"guild_id":"1100000000000000000"}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(frame)))
	for b.Loop() {
		var e discordgo.Event // what discordgo does, before it hands the event on
		if err := json.Unmarshal(frame, &e); err != nil {
			b.Fatal(err)
		}
		var typed discordgo.MessageCreate
		if err := json.Unmarshal(e.RawData, &typed); err != nil {
			b.Fatal(err)
		}
		if _, ok := gateway.ReadMessage(e.RawData); !ok {
			b.Fatal("not read")
		}
	}
}
