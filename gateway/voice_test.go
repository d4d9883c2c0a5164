package gateway_test

import (
	"slices"
	"testing"

	"busker/gateway"
	"busker/internal/snowflake"
)

func id(n uint64) snowflake.ID { return snowflake.ID(n) }

// everything a person may do by default: view 1024, connect 1<<20, speak 1<<21.
const basics = 1<<10 | 1<<20 | 1<<21

func TestVoiceAccess(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		guild string // the fields of GUILD_CREATE after the id
		want  gateway.Access
	}{
		"everyone may": {
			`"roles":[{"id":"1","permissions":"3146752"}],"channels":[{"id":"5","type":2}]`,
			gateway.Access{},
		},
		"unknown channel": {
			`"roles":[{"id":"1","permissions":"3146752"}],"channels":[{"id":"6","type":2}]`,
			gateway.Access{Missing: []string{"View Channel"}},
		},
		"denied here": {
			`"roles":[{"id":"1","permissions":"3146752"}],"channels":[{"id":"5","type":2,"permission_overwrites":[{"id":"1","type":0,"allow":"0","deny":"3145728"}]}]`,
			gateway.Access{Missing: []string{"Connect", "Speak"}},
		},
		"a role allows what everyone is denied": {
			`"roles":[{"id":"1","permissions":"3146752"},{"id":"7","permissions":"0"}],"members":[{"user":{"id":"900"},"roles":["7"]}],
			 "channels":[{"id":"5","type":2,"permission_overwrites":[{"id":"1","type":0,"allow":"0","deny":"3145728"},{"id":"7","type":0,"allow":"3145728","deny":"0"}]}]`,
			gateway.Access{},
		},
		"another role does not": {
			`"roles":[{"id":"1","permissions":"3146752"},{"id":"7","permissions":"0"}],
			 "channels":[{"id":"5","type":2,"permission_overwrites":[{"id":"1","type":0,"allow":"0","deny":"2097152"},{"id":"7","type":0,"allow":"3145728","deny":"0"}]}]`,
			gateway.Access{Missing: []string{"Speak"}},
		},
		"the member has the last word": {
			`"roles":[{"id":"1","permissions":"3146752"},{"id":"7","permissions":"0"}],"members":[{"user":{"id":"900"},"roles":["7"]}],
			 "channels":[{"id":"5","type":2,"permission_overwrites":[{"id":"900","type":1,"allow":"0","deny":"1048576"},{"id":"7","type":0,"allow":"1048576","deny":"0"}]}]`,
			gateway.Access{Missing: []string{"Connect"}},
		},
		"an administrator may everything": {
			`"roles":[{"id":"1","permissions":"0"},{"id":"7","permissions":"8"}],"members":[{"user":{"id":"900"},"roles":["7"]}],
			 "channels":[{"id":"5","type":2,"user_limit":1,"permission_overwrites":[{"id":"900","type":1,"allow":"0","deny":"1048576"}]}],
			 "voice_states":[{"user_id":"42","channel_id":"5"}]`,
			gateway.Access{},
		},
		"full": {
			`"roles":[{"id":"1","permissions":"3146752"}],"channels":[{"id":"5","type":2,"user_limit":1}],"voice_states":[{"user_id":"42","channel_id":"5"}]`,
			gateway.Access{Full: true},
		},
		"full, with us in it": {
			`"roles":[{"id":"1","permissions":"3146752"}],"channels":[{"id":"5","type":2,"user_limit":1}],"voice_states":[{"user_id":"900","channel_id":"5"}]`,
			gateway.Access{},
		},
		"full, and we may move members": {
			`"roles":[{"id":"1","permissions":"19923968"}],"channels":[{"id":"5","type":2,"user_limit":1}],"voice_states":[{"user_id":"42","channel_id":"5"}]`,
			gateway.Access{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g, _ := guild(t, tt.guild)
			if a := g.VoiceAccess(5); !slices.Equal(a.Missing, tt.want.Missing) || a.Full != tt.want.Full {
				t.Errorf("got %+v, want %+v", a, tt.want)
			}
		})
	}
	if basics != 3146752 {
		t.Errorf("the permissions in the table mean something else")
	}
}

// guild connects a gateway that is told of guild 1, and returns it with a function
// that sends it one more event and waits until that has arrived.
func guild(t *testing.T, fields string) (*gateway.Gateway, func(event, data string)) {
	t.Helper()
	events, seen := make(chan [2]string, 1), make(chan struct{}, 1)
	d := newDiscord(t, func(p *peer) {
		p.login()
		p.send(`{"op":0,"s":2,"t":"GUILD_CREATE","d":{"id":"1",%s}}`, fields)
		for n := 3; ; n++ {
			p.send(`{"op":0,"s":%d,"t":"VOICE_SERVER_UPDATE","d":{"guild_id":"1"}}`, n)
			select {
			case e := <-events:
				p.send(`{"op":0,"s":%d,"t":"%s","d":%s}`, n, e[0], e[1])
			case <-t.Context().Done():
				return
			}
		}
	})
	opts := d.options()
	opts.OnVoiceServer = func(gateway.VoiceServer) { seen <- struct{}{} }
	g, _ := run(t, opts)
	get(t, seen)
	return g, func(event, data string) {
		t.Helper()
		events <- [2]string{event, data}
		get(t, seen)
	}
}

func TestTheCacheFollows(t *testing.T) {
	t.Parallel()
	g, event := guild(t, `"roles":[{"id":"1","permissions":"3146752"}],
		"channels":[{"id":"5","type":2,"name":"Music","bitrate":96000,"user_limit":9},{"id":"6","type":0}],
		"voice_states":[{"user_id":"42","channel_id":"5"}]`)

	if c, ok := g.VoiceChannelOf(1, 42); !ok || c != 5 {
		t.Errorf("42 is in %v, %v", c, ok)
	}
	if info, ok := g.ChannelInfo(5); !ok || info.Name != "Music" || info.Bitrate != 96000 || info.UserLimit != 9 || info.Guild != 1 ||
		!slices.Equal(info.Members, []snowflake.ID{42}) {
		t.Errorf("channel 5 is %+v, %v", info, ok)
	}
	if _, ok := g.ChannelInfo(6); ok {
		t.Error("a text channel counts as a voice channel")
	}

	event("VOICE_STATE_UPDATE", `{"guild_id":"1","user_id":"43","channel_id":"5"}`)
	event("VOICE_STATE_UPDATE", `{"guild_id":"1","user_id":"42","channel_id":null}`)
	if info, _ := g.ChannelInfo(5); !slices.Equal(info.Members, []snowflake.ID{43}) {
		t.Errorf("members %v", info.Members)
	}

	event("CHANNEL_CREATE", `{"id":"8","guild_id":"1","type":2,"bitrate":64000}`)
	event("CHANNEL_UPDATE", `{"id":"5","guild_id":"1","type":2,"bitrate":128000}`)
	if info, ok := g.ChannelInfo(8); !ok || info.Bitrate != 64000 {
		t.Errorf("channel 8 is %+v, %v", info, ok)
	}
	if info, _ := g.ChannelInfo(5); info.Bitrate != 128000 {
		t.Errorf("bitrate %d", info.Bitrate)
	}
	event("CHANNEL_DELETE", `{"id":"8","guild_id":"1","type":2}`)
	if _, ok := g.ChannelInfo(8); ok {
		t.Error("channel 8 is still known")
	}

	event("GUILD_ROLE_UPDATE", `{"guild_id":"1","role":{"id":"1","permissions":"1024"}}`)
	if a := g.VoiceAccess(5); !slices.Equal(a.Missing, []string{"Connect", "Speak"}) {
		t.Errorf("missing %v", a.Missing)
	}
	event("GUILD_ROLE_CREATE", `{"guild_id":"1","role":{"id":"7","permissions":"3145728"}}`)
	event("GUILD_MEMBER_UPDATE", `{"guild_id":"1","user":{"id":"900"},"roles":["7"]}`)
	if a := g.VoiceAccess(5); len(a.Missing) != 0 {
		t.Errorf("missing %v", a.Missing)
	}
	event("GUILD_ROLE_DELETE", `{"guild_id":"1","role_id":"7"}`)
	if a := g.VoiceAccess(5); len(a.Missing) != 2 {
		t.Errorf("missing %v", a.Missing)
	}

	event("GUILD_DELETE", `{"id":"1","unavailable":true}`)
	if _, ok := g.ChannelInfo(5); !ok {
		t.Error("an unavailable guild is forgotten")
	}
	event("GUILD_DELETE", `{"id":"1"}`)
	if _, ok := g.ChannelInfo(5); ok {
		t.Error("a guild we left is still known")
	}
}
