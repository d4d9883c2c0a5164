package emulator_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"busker/emulator"
	"busker/emulator/gateway"
)

func TestGatewayRefuses(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{MinShards: 1}})
	for _, tt := range []struct {
		name string
		do   func(w *wire)
		want int
	}{
		{"wrong token", func(w *wire) { w.send(2, s.hello(map[string]any{"token": "x"})) }, 4004},
		{"shard out of range", func(w *wire) { w.send(2, s.hello(map[string]any{"shard": []int{2, 2}})) }, 4010},
		{"no intents", func(w *wire) { w.send(2, s.hello(map[string]any{"intents": nil})) }, 4013},
		{"unknown intents", func(w *wire) { w.send(2, s.hello(map[string]any{"intents": 1 << 30})) }, 4013},
		{"message content", func(w *wire) { w.send(2, s.hello(map[string]any{"intents": 1 << 15})) }, 4014},
		{"no properties", func(w *wire) { w.send(2, s.hello(map[string]any{"properties": nil})) }, 4002},
		{"no JSON", func(w *wire) { w.sendText("{") }, 4002},
		{"too large", func(w *wire) { w.sendText(`{"op":1,"d":"` + strings.Repeat("x", 20000) + `"}`) }, 4002},
		{"voice before identify", func(w *wire) { w.send(4, map[string]any{"guild_id": "1"}) }, 4003},
		{"resume with a wrong token", func(w *wire) { w.send(6, map[string]any{"token": "x", "session_id": "y", "seq": 0}) }, 4004},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := s.dial(t, "v=10&encoding=json")
			tt.do(w)
			if got := w.closed(); got != tt.want {
				t.Errorf("closed with %d, want %d", got, tt.want)
			}
		})
	}
	if got := s.dial(t, "v=8&encoding=json").closed(); got != 4012 {
		t.Errorf("version 8: closed with %d", got)
	}
	if got := s.dial(t, "v=10&encoding=etf").closed(); got != 4002 {
		t.Errorf("etf: closed with %d", got)
	}
}

func TestGatewayAfterIdentify(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{IdentifyEvery: 1}})
	for _, tt := range []struct {
		name string
		do   func(w *wire)
		want int
	}{
		{"identify twice", func(w *wire) { w.send(2, s.hello(nil)) }, 4005},
		{"unknown op", func(w *wire) { w.send(99, nil) }, 4001},
		{"voice without a guild", func(w *wire) { w.send(4, map[string]any{}) }, 4002},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := s.identified(t, "v=10&encoding=json", nil)
			tt.do(w)
			if got := w.closed(); got != tt.want {
				t.Errorf("closed with %d, want %d", got, tt.want)
			}
		})
	}
}

func TestIdentifyTooEarly(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{MaxConcurrency: 2, IdentifyEvery: time.Hour}})
	shard := func(id int) map[string]any { return map[string]any{"shard": []int{id, 4}} }
	s.identified(t, "v=10&encoding=json", shard(0))
	s.identified(t, "v=10&encoding=json", shard(1)) // another bucket
	w := s.dial(t, "v=10&encoding=json")
	w.until(10, "")
	w.send(2, s.hello(shard(2)))
	if f := w.next(); f.Op != 9 || string(f.D) != "false" {
		t.Errorf("too early: %+v", f)
	}
}

func TestHeartbeats(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{Heartbeat: time.Second}})
	w := s.dial(t, "v=10&encoding=json")
	if f := w.next(); string(f.D) != `{"_trace":[],"heartbeat_interval":1000}` {
		t.Errorf("hello %s", f.D)
	}
	w.send(1, nil)
	w.until(11, "")
	if got := w.closed(); got != 4000 {
		t.Errorf("without heartbeats closed with %d", got)
	}
}

func TestServerAsksForAHeartbeat(t *testing.T) {
	s := newStage(t)
	w, _ := s.identified(t, "v=10&encoding=json", nil)
	if !s.bot.RequestHeartbeat() {
		t.Fatal("nobody was asked")
	}
	w.until(1, "")
	w.send(1, nil)
	w.until(11, "")
	s.bot.HoldACKs(true)
	w.send(1, nil)
	w.send(99, nil) // an answer that must come, if no ACK did before it
	if got := w.closed(); got != 4001 {
		t.Errorf("closed with %d", got)
	}
}

func TestCommandsPerMinute(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{Commands: 10}})
	w, _ := s.identified(t, "v=10&encoding=json", nil)
	for range 9 {
		w.send(1, nil)
	}
	w.until(11, "")
	w.send(1, nil)
	if got := w.closed(); got != 4008 {
		t.Errorf("closed with %d", got)
	}
}

func TestResume(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{Replay: 5}})
	w, id := s.identified(t, "v=10&encoding=json", nil)
	seq := w.until(0, "GUILD_CREATE").S
	s.say(t, "one")
	w.until(0, "MESSAGE_CREATE")
	s.bot.DropGateway(0)
	if got := s.World().Sessions(s.bot.ID); got != 0 {
		t.Errorf("%d sessions count as ready without a socket", got)
	}
	s.say(t, "two")

	resume := func(seq int) *wire { return s.resumed(t, id, seq) }
	if got := resume(seq + 100).closed(); got != 4007 {
		t.Errorf("a sequence number of the future: closed with %d", got)
	}
	w = resume(seq)
	for n, want := range []string{"MESSAGE_CREATE", "MESSAGE_CREATE", "RESUMED"} {
		if f := w.next(); f.T != want || f.S != seq+n+1 {
			t.Errorf("replayed %d: %s number %d, want %s number %d", n, f.T, f.S, want, seq+n+1)
		}
	}
	need(t, s.bot.WaitReady(s.ctx))
	s.say(t, "three")
	w.until(0, "MESSAGE_CREATE")
	// More than is kept was missed.
	s.bot.DropGateway(4000)
	for range 6 {
		s.say(t, "more")
	}
	if f := resume(seq + 4).next(); f.Op != 9 || string(f.D) != "false" {
		t.Errorf("after too much: %+v", f)
	}
}

// resumed dials and asks for the session.
func (s *stage) resumed(t *testing.T, id string, seq int) *wire {
	t.Helper()
	w := s.dial(t, "v=10&encoding=json")
	w.until(10, "")
	w.send(6, map[string]any{"token": s.bot.Token, "session_id": id, "seq": seq})
	return w
}

// TestResumeOfAnInterruptedReady cuts the socket after READY, while the guilds are
// still being told: the resume must bring the others.
func TestResumeOfAnInterruptedReady(t *testing.T) {
	s := newStage(t)
	const guilds, channels = 12, 2000 // more bytes than sockets buffer
	for i := range guilds - 1 {
		g := s.AddGuild("Square", s.bot)
		for range channels {
			g.AddTextChannel(strings.Repeat("x", 90+i))
		}
	}
	_, id := s.identified(t, "v=10&encoding=json", nil)
	if !s.bot.DropGateway(4000) {
		t.Fatal("no socket to drop")
	}
	w := s.resumed(t, id, 1)
	for n := range guilds {
		if f := w.next(); f.T != "GUILD_CREATE" || f.S != n+2 {
			t.Fatalf("replayed %s number %d, want GUILD_CREATE number %d", f.T, f.S, n+2)
		}
	}
	if f := w.next(); f.T != "RESUMED" {
		t.Errorf("then %s", f.T)
	}
	need(t, s.bot.WaitReady(s.ctx))
}

func (s *stage) say(t *testing.T, text string) {
	t.Helper()
	if _, err := s.ann.Say(s.text, text); err != nil {
		t.Fatal(err)
	}
}

func TestGoodbyeEndsTheSessionAndItsVoice(t *testing.T) {
	s := newStage(t)
	w, id := s.identified(t, "v=10&encoding=json", nil)
	w.send(4, map[string]any{"guild_id": s.guild.ID, "channel_id": s.voice.ID})
	need(t, s.bot.WaitVoice(s.ctx, s.guild, s.voice))
	need(t, w.ws.Close(websocket.StatusNormalClosure, ""))
	need(t, s.bot.WaitVoice(s.ctx, s.guild, nil))
	w = s.dial(t, "v=10&encoding=json")
	w.until(10, "")
	w.send(6, map[string]any{"token": s.bot.Token, "session_id": id, "seq": 1})
	if f := w.next(); f.Op != 9 {
		t.Errorf("resumed after a goodbye: %+v", f)
	}
}

func TestLostSessionEndsAfterItsWindow(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{ResumeWindow: 50 * time.Millisecond}})
	w, _ := s.identified(t, "v=10&encoding=json", nil)
	w.send(4, map[string]any{"guild_id": s.guild.ID, "channel_id": s.voice.ID})
	need(t, s.bot.WaitVoice(s.ctx, s.guild, s.voice))
	s.bot.DropGateway(0)
	need(t, s.bot.WaitVoice(s.ctx, s.guild, nil))
	need(t, s.bot.WaitSessions(s.ctx, 0))
}

func TestInvalidSession(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{IdentifyEvery: 1}})
	w, _ := s.identified(t, "v=10&encoding=json", nil)
	w.until(0, "GUILD_CREATE")
	s.bot.Invalidate(false)
	if f := w.next(); f.Op != 9 || string(f.D) != "false" {
		t.Errorf("got %+v", f)
	}
	w.send(2, s.hello(nil)) // anew on the same socket
	w.until(0, "READY")
}

func TestCompression(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{IdentifyEvery: 1}})
	w, _ := s.identified(t, "v=10&encoding=json", map[string]any{"compress": true})
	w.until(0, "GUILD_CREATE")
	if w.binary == 0 {
		t.Error("large payloads came uncompressed")
	}
	for _, how := range []string{"zlib-stream", "zstd-stream"} {
		w, _ = s.identified(t, "v=10&encoding=json&compress="+how, nil)
		w.until(0, "GUILD_CREATE")
		s.say(t, "one more message in the same context")
		w.until(0, "MESSAGE_CREATE")
		if w.binary == 0 {
			t.Errorf("%s came uncompressed", how)
		}
	}
	if got := s.dial(t, "v=10&encoding=json&compress=rar").closed(); got != 4002 {
		t.Errorf("an unknown compression: closed with %d", got)
	}
}

// TestResumeElsewhere takes a session over from a socket that is still open: that one is
// closed, and the new one hears of what happens, and of no guild anew.
func TestResumeElsewhere(t *testing.T) {
	s := newStage(t)
	old, id := s.identified(t, "v=10&encoding=json", nil)
	seq := old.until(0, "GUILD_CREATE").S
	w := s.resumed(t, id, seq)
	if f := w.next(); f.T != "RESUMED" || f.S != seq+1 {
		t.Errorf("got %s number %d", f.T, f.S)
	}
	if got := old.closed(); got == 1000 || got == 1001 {
		t.Errorf("the old socket was closed with %d", got)
	}
	s.say(t, "here")
	if f := w.next(); f.T != "MESSAGE_CREATE" {
		t.Errorf("got %s", f.T)
	}
	if n := s.World().Sessions(s.bot.ID); n != 1 {
		t.Errorf("%d sessions", n)
	}
}

func TestStartsAreCounted(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{IdentifyEvery: 1, Starts: 3, Shards: 2, MaxConcurrency: 4}})
	for range 3 {
		s.identified(t, "v=10&encoding=json", nil)
	}
	told, err := s.client(t).GatewayBot()
	need(t, err)
	if l := told.SessionStartLimit; told.Shards != 2 || l.Total != 3 || l.Remaining != 0 || l.MaxConcurrency != 4 ||
		l.ResetAfter <= 0 || l.ResetAfter > int((24*time.Hour).Milliseconds()) {
		t.Errorf("told %+v", told)
	}
	w := s.dial(t, "v=10&encoding=json")
	w.until(10, "")
	w.send(2, s.hello(nil))
	if f := w.next(); f.Op != 9 {
		t.Errorf("one too many: %+v", f)
	}
}

func TestDispatchesByIntentAndShard(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{IdentifyEvery: 1}})
	far := s.AddGuild("Far", s.bot) // on shard 1
	text := far.AddTextChannel("far")
	bob := far.AddUser("bob")
	near, _ := s.identified(t, "v=10&encoding=json", map[string]any{"shard": []int{0, 2}})
	deaf, _ := s.identified(t, "v=10&encoding=json", map[string]any{"shard": []int{1, 2}, "intents": 1})
	away, _ := s.identified(t, "v=10&encoding=json", map[string]any{"shard": []int{1, 2}})
	near.until(0, "GUILD_CREATE")
	deaf.until(0, "GUILD_CREATE")
	away.until(0, "GUILD_CREATE")
	if _, err := bob.Say(text, "far away"); err != nil {
		t.Fatal(err)
	}
	s.say(t, "nearby")
	far.AddTextChannel("made last")
	var m struct {
		GuildID, ChannelID, Content string
		Author                      struct{ Username string }
	}
	need(t, json.Unmarshal(near.until(0, "MESSAGE_CREATE").D, &m))
	if m.Author.Username != "ann" || m.Content != "" {
		t.Errorf("shard 0 heard %+v; content needs an intent", m)
	}
	need(t, json.Unmarshal(away.until(0, "MESSAGE_CREATE").D, &m))
	if m.Author.Username != "bob" {
		t.Errorf("shard 1 heard %+v", m)
	}
	if f := deaf.next(); f.T != "CHANNEL_CREATE" {
		t.Errorf("without the intent heard %s", f.T)
	}
}

func TestMovedAndThrownOut(t *testing.T) {
	s := newStage(t, emulator.Options{Lenient: true})
	w, _ := s.identified(t, "v=10&encoding=json", nil)
	w.send(4, map[string]any{"guild_id": s.guild.ID, "channel_id": s.voice.ID})
	type server struct {
		Token    string
		Endpoint *string
	}
	read := func() (s server) {
		t.Helper()
		need(t, json.Unmarshal(w.until(0, "VOICE_SERVER_UPDATE").D, &s))
		return s
	}
	first := read()
	other := s.guild.AddVoiceChannel("other")
	s.guild.MoveBot(s.bot, other)
	moved := read()
	s.guild.ChangeRegion(s.bot)
	region := read()
	s.guild.LoseVoiceServer(s.bot)
	lost := read()
	s.guild.RestoreVoiceServer(s.bot)
	back := read()
	if first.Token == moved.Token || *region.Endpoint == *moved.Endpoint || lost.Endpoint != nil || back.Endpoint == nil {
		t.Errorf("%+v %+v %+v %+v %+v", first, moved, region, lost, back)
	}
	if s.bot.VoiceChannel(s.guild) != other.ID {
		t.Error("not moved")
	}
	s.guild.DisconnectBot(s.bot)
	var state struct {
		ChannelID *string `json:"channel_id"`
	}
	need(t, json.Unmarshal(w.until(0, "VOICE_STATE_UPDATE").D, &state))
	if state.ChannelID != nil || s.bot.VoiceChannel(s.guild) != 0 {
		t.Errorf("thrown out, but in %v", state.ChannelID)
	}
	s.guild.Kick(s.bot)
	w.until(0, "GUILD_DELETE")
}
