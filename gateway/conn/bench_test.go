package conn_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"busker/gateway/conn"
)

// square is a GUILD_CREATE like those of a middling community: 40 channels with some
// overwrites, 30 roles, 50 emojis, 60 members.
func square(n int) []byte {
	var b strings.Builder
	id := func(k int) string { return fmt.Sprint(1_000_000_000_000_000_000 + n*7919*1_000_003 + k*104_729) }
	list := func(name string, many int, one func(i int) string) {
		items := make([]string, many)
		for i := range items {
			items[i] = one(i)
		}
		fmt.Fprintf(&b, `,"%s":[%s]`, name, strings.Join(items, ","))
	}
	fmt.Fprintf(&b, `{"t":"GUILD_CREATE","s":%d,"op":0,"d":{"id":"%s","name":"Square %d","owner_id":"%s","preferred_locale":"en-US","large":false,"member_count":%d`, n+2, id(0), n, id(1), 60+n)
	list("channels", 40, func(i int) string {
		return fmt.Sprintf(`{"id":"%s","type":%d,"name":"channel-%d","position":%d,"topic":null,"last_message_id":"%s","parent_id":null,"nsfw":false,"rate_limit_per_user":0,"bitrate":64000,"user_limit":0,"flags":0,"permission_overwrites":[{"id":"%s","type":0,"allow":"0","deny":"%d"},{"id":"%s","type":0,"allow":"%d","deny":"0"}]}`,
			id(100+i), i%8/6*2, i, i, id(5000+i), id(0), i*1024, id(200+i%30), i*2048)
	})
	list("roles", 30, func(i int) string {
		return fmt.Sprintf(`{"id":"%s","name":"role %d","color":%d,"colors":{"primary_color":%d,"secondary_color":null,"tertiary_color":null},"hoist":false,"icon":null,"unicode_emoji":null,"position":%d,"permissions":"%d","managed":false,"mentionable":false,"flags":0,"tags":{}}`,
			id(200+i), i, i*4099, i*4099, i, 104324673+i)
	})
	list("emojis", 50, func(i int) string {
		return fmt.Sprintf(`{"id":"%s","name":"emoji_%d","roles":[],"require_colons":true,"managed":false,"animated":%v,"available":true}`, id(300+i), i, i%3 == 0)
	})
	list("members", 60, func(i int) string {
		return fmt.Sprintf(`{"user":{"id":"%s","username":"user%d","discriminator":"0","global_name":"User %d","avatar":"%032x","bot":false,"public_flags":0,"avatar_decoration_data":null,"clan":null},"nick":null,"avatar":null,"roles":["%s","%s"],"joined_at":"2024-0%d-11T10:%02d:00.000000+00:00","premium_since":null,"deaf":false,"mute":false,"flags":0,"pending":false}`,
			id(400+i), i*n, i*n, i*n*7919+1, id(200+i%30), id(201+i%29), 1+i%9, i)
	})
	list("voice_states", 5, func(i int) string {
		return fmt.Sprintf(`{"user_id":"%s","channel_id":"%s","session_id":"%032x","deaf":false,"mute":false,"self_deaf":false,"self_mute":false,"self_video":false,"suppress":false,"request_to_speak_timestamp":null}`, id(400+i), id(107), i*n+17)
	})
	b.WriteString(`,"presences":[],"threads":[],"stage_instances":[],"guild_scheduled_events":[],"soundboard_sounds":[],"stickers":[],"unavailable":false}}`)
	return []byte(b.String())
}

// BenchmarkGuildCreates unpacks and reads the start of a shard of a hundred guilds:
// what it costs by each compression, and the bytes on the wire.
func BenchmarkGuildCreates(b *testing.B) {
	const guilds = 100
	for _, how := range []string{conn.Zstd, conn.Zlib, conn.None} {
		b.Run(how, func(b *testing.B) {
			pack := func(text []byte) []byte { return text }
			if packers[how] != nil {
				pack = packers[how]()
			}
			var messages [][]byte
			text, wire := 0, 0
			for i := range guilds {
				g := square(i)
				if !json.Valid(g) {
					b.Fatal("no JSON")
				}
				m := pack(g)
				messages = append(messages, m)
				text, wire = text+len(g), wire+len(m)
			}
			b.SetBytes(int64(text))
			b.ReportAllocs()
			for b.Loop() {
				inflate, end := conn.Inflater(how)
				var f conn.Frame
				for _, m := range messages {
					text, err := inflate(m)
					if err != nil {
						b.Fatal(err)
					}
					if _, _, _, _, err := f.Parse(text); err != nil {
						b.Fatal(err)
					}
				}
				end()
			}
			b.ReportMetric(float64(wire)/guilds, "wireB/guild")
			b.ReportMetric(float64(text)/guilds, "textB/guild")
		})
	}
}
