package emulator_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/emulator"
	"busker/emulator/discord"
)

// rewriter sends discordgo's requests to the emulator.
type rewriter struct {
	base *url.URL
	next http.RoundTripper
}

func (r rewriter) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.URL.Scheme, req.URL.Host = r.base.Scheme, r.base.Host
	return r.next.RoundTrip(req)
}

// client returns a discordgo session that talks to the emulator, not yet open.
func (s *stage) client(t *testing.T) *discordgo.Session {
	t.Helper()
	dg, err := discordgo.New("Bot " + s.bot.Token)
	need(t, err)
	base, err := url.Parse(s.URL())
	need(t, err)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	dg.Client = &http.Client{Transport: rewriter{base, transport}}
	dg.Identify.Intents = discordgo.IntentsGuilds | discordgo.IntentsGuildVoiceStates | discordgo.IntentsGuildMessages
	dg.SyncEvents = true
	return dg
}

// open opens it and closes it at the end of the test.
func (s *stage) open(t *testing.T, dg *discordgo.Session) {
	t.Helper()
	need(t, dg.Open())
	t.Cleanup(func() {
		// Its heartbeats take our own close for an error and would connect again.
		dg.Lock()
		dg.ShouldReconnectOnError = false
		dg.Unlock()
		if err := dg.Close(); err != nil {
			t.Errorf("close discordgo: %v", err)
		}
	})
	need(t, s.bot.WaitReady(s.ctx))
	s.waitBeat(t, dg)
}

// waitBeat waits until discordgo has sent its first heartbeat: a socket that is
// lost before makes it reconnect twice, and the second ends the session of the first.
func (s *stage) waitBeat(t *testing.T, dg *discordgo.Session) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for beaten := false; !beaten; {
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			t.Fatal("discordgo sends no heartbeat")
		}
		dg.RLock()
		beaten = dg.DataReady
		dg.RUnlock()
	}
}

var playCommand = &discordgo.ApplicationCommand{
	Name: "play", Description: "Play a song",
	Options: []*discordgo.ApplicationCommandOption{
		{Type: discordgo.ApplicationCommandOptionString, Name: "query", Description: "What to play", Required: true},
		{Type: discordgo.ApplicationCommandOptionInteger, Name: "volume", Description: "How loud", MaxValue: 200},
		{Type: discordgo.ApplicationCommandOptionAttachment, Name: "file", Description: "A file"},
	},
}

func TestDiscordgoAnswersACommand(t *testing.T) {
	s := newStage(t)
	dg := s.client(t)
	type seen struct {
		query  string
		volume int64
		file   []byte
	}
	got := make(chan seen, 1)
	dg.AddHandler(func(dg *discordgo.Session, i *discordgo.InteractionCreate) {
		data := i.ApplicationCommandData()
		now := seen{query: data.Options[0].StringValue(), volume: data.Options[1].IntValue()}
		for _, a := range data.Resolved.Attachments {
			resp, err := dg.Client.Get(a.URL)
			if err != nil {
				t.Error(err)
				continue
			}
			now.file, _ = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		got <- now
		if err := dg.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{Type: discordgo.InteractionResponseDeferredChannelMessageWithSource}); err != nil {
			t.Error(err)
		}
		content := "Playing " + now.query
		if _, err := dg.InteractionResponseEdit(i.Interaction, &discordgo.WebhookEdit{Content: &content, Files: []*discordgo.File{
			{Name: "cover.png", ContentType: "image/png", Reader: strings.NewReader("not really")},
		}}); err != nil {
			t.Error(err)
		}
		if _, err := dg.FollowupMessageCreate(i.Interaction, true, &discordgo.WebhookParams{Content: "only for you", Flags: discordgo.MessageFlagsEphemeral}); err != nil {
			t.Error(err)
		}
	})
	s.open(t, dg)
	registered, err := dg.ApplicationCommandBulkOverwrite(s.bot.ID.String(), "", []*discordgo.ApplicationCommand{playCommand})
	need(t, err)
	if len(registered) != 1 || registered[0].ID == "" || registered[0].ApplicationID != s.bot.ID.String() {
		t.Fatalf("registered %+v", registered)
	}
	need(t, s.bot.WaitCommands(s.ctx, s.guild, 1))

	i, err := s.ann.Command(s.ctx, s.text, "play", emulator.Args{
		"query": "a song", "volume": 80, "file": emulator.Upload{Name: "my song.ogg", Data: []byte("OggS…")},
	})
	need(t, err)
	m, err := i.Response(s.ctx)
	need(t, err)
	if m.Content != "Playing a song" || m.Author.ID != s.bot.ID || len(m.Attachments) != 1 || m.Attachments[0].Filename != "cover.png" {
		t.Errorf("response %+v", m)
	}
	if now := <-got; now.query != "a song" || now.volume != 80 || !bytes.Equal(now.file, []byte("OggS…")) {
		t.Errorf("the bot saw %+v", now)
	}
	whisper, err := i.Followup(s.ctx, 0)
	need(t, err)
	if whisper.Content != "only for you" || !whisper.Ephemeral() {
		t.Errorf("follow-up %+v", whisper)
	}
	bob := s.guild.AddUser("bob")
	if a, b, all := len(s.ann.Messages(s.text)), len(bob.Messages(s.text)), len(s.text.Messages()); a != 2 || b != 1 || all != 1 {
		t.Errorf("ann sees %d, bob %d, all %d messages", a, b, all)
	}
}

func TestDiscordgoCardAndButton(t *testing.T) {
	s := newStage(t)
	dg := s.client(t)
	dg.AddHandler(func(dg *discordgo.Session, i *discordgo.InteractionCreate) {
		if i.Type != discordgo.InteractionMessageComponent {
			return
		}
		if err := dg.InteractionRespond(i.Interaction, &discordgo.InteractionResponse{
			Type: discordgo.InteractionResponseUpdateMessage,
			Data: &discordgo.InteractionResponseData{ // discordgo sends components, null if there are none
				Content: "paused by " + i.Member.User.Username, Components: i.Message.Components,
			},
		}); err != nil {
			t.Error(err)
		}
	})
	s.open(t, dg)
	sent, err := dg.ChannelMessageSendComplex(s.text.ID.String(), &discordgo.MessageSend{Content: "now playing", Components: []discordgo.MessageComponent{
		discordgo.ActionsRow{Components: []discordgo.MessageComponent{discordgo.Button{Label: "Pause", CustomID: "pause"}}},
	}})
	need(t, err)
	m, err := s.text.WaitMessage(s.ctx, func(m discord.Message) bool { return m.Content == "now playing" })
	need(t, err)
	if m.ID.String() != sent.ID {
		t.Errorf("ids %v and %v", m.ID, sent.ID)
	}
	if _, err := s.ann.Press(s.ctx, m, "stop"); err == nil {
		t.Error("a button that is not there was pressed")
	}
	i, err := s.ann.Press(s.ctx, m, "pause")
	need(t, err)
	after, err := i.Response(s.ctx)
	need(t, err)
	if after.Content != "paused by ann" || after.ID != m.ID || len(after.Components) != 1 {
		t.Errorf("after the press %+v", after)
	}
	history, err := dg.ChannelMessages(s.text.ID.String(), 10, "", "", "")
	need(t, err)
	if len(history) != 1 || history[0].Content != "paused by ann" {
		t.Errorf("history %+v", history)
	}
	need(t, dg.ChannelMessageDelete(s.text.ID.String(), sent.ID))
	if len(s.text.Messages()) != 0 {
		t.Error("the message is still there")
	}
}

func TestDiscordgoSeesTheGuild(t *testing.T) {
	s := newStage(t)
	dg := s.client(t)
	dg.Compress = true // payload compression
	if _, err := s.ann.JoinVoice(s.voice); err != nil {
		t.Fatal(err)
	}
	created := make(chan *discordgo.GuildCreate, 1)
	dg.AddHandler(func(_ *discordgo.Session, g *discordgo.GuildCreate) { created <- g })
	s.open(t, dg)
	g := <-created
	if g.Name != "Square" || len(g.Channels) != 2 || len(g.VoiceStates) != 1 || g.VoiceStates[0].UserID != s.ann.ID.String() {
		t.Errorf("guild %+v", g.Guild)
	}
	if _, err := dg.Guild(s.guild.ID.String()); err != nil {
		t.Error(err)
	}
	if _, err := dg.Channel("123456"); !strings.Contains(err.Error(), `"code": 10003`) && !strings.Contains(err.Error(), `"code":10003`) {
		t.Errorf("unknown channel: %v", err)
	}
}

func TestDiscordgoVoiceEvents(t *testing.T) {
	for _, tt := range []struct {
		name   string
		script emulator.VoiceScript
		want   string
	}{
		{"usual", emulator.VoiceScript{}, "state server"},
		{"reversed", emulator.VoiceScript{ServerFirst: true}, "server state"},
		{"only state", emulator.VoiceScript{WithoutServer: true}, "state"},
		{"only server", emulator.VoiceScript{WithoutState: true}, "server"},
		{"null first", emulator.VoiceScript{NullFirst: true, Delay: 1}, "state null server"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t)
			s.SetVoiceScript(tt.script)
			dg := s.client(t)
			events := make(chan string, 8)
			dg.AddHandler(func(_ *discordgo.Session, v *discordgo.VoiceStateUpdate) {
				if v.UserID == s.bot.ID.String() {
					events <- "state"
				}
			})
			dg.AddHandler(func(_ *discordgo.Session, v *discordgo.VoiceServerUpdate) {
				if v.Endpoint == "" {
					events <- "null"
				} else {
					events <- "server"
				}
			})
			s.open(t, dg)
			need(t, dg.GatewayWriteStruct(joinOp(s.guild.ID, s.voice.ID)))
			var got []string
			for range strings.Fields(tt.want) {
				select {
				case e := <-events:
					got = append(got, e)
				case <-s.ctx.Done():
					t.Fatalf("got only %v", got)
				}
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %v", got)
			}
			need(t, s.bot.WaitVoice(s.ctx, s.guild, s.voice))
		})
	}
}

func joinOp(guild, channel emulator.ID) any {
	return map[string]any{"op": 4, "d": map[string]any{"guild_id": guild, "channel_id": channel, "self_mute": false, "self_deaf": true}}
}

func TestDiscordgoIsKeptOutOfFullChannels(t *testing.T) {
	s := newStage(t)
	full := s.guild.AddVoiceChannel("full", emulator.ChannelOptions{UserLimit: 1})
	if _, err := s.ann.JoinVoice(full); err != nil {
		t.Fatal(err)
	}
	if _, err := s.guild.AddUser("bob").JoinVoice(full); err == nil {
		t.Error("bob went into a full channel")
	}
	denied := s.guild.AddVoiceChannel("private", emulator.ChannelOptions{Deny: discord.Connect})
	dg := s.client(t)
	states := make(chan string, 8)
	dg.AddHandler(func(_ *discordgo.Session, v *discordgo.VoiceStateUpdate) { states <- v.ChannelID })
	s.open(t, dg)
	for _, c := range []*emulator.Channel{full, denied, s.text, s.voice} {
		need(t, dg.GatewayWriteStruct(joinOp(s.guild.ID, c.ID)))
	}
	// Requests are answered in order: only the last gives an event.
	if at := <-states; at != s.voice.ID.String() {
		t.Errorf("the bot is in %v", at)
	}
}

func TestDiscordgoResumes(t *testing.T) {
	s := newStage(t)
	dg := s.client(t)
	resumed := make(chan struct{}, 8)
	messages := make(chan string, 8)
	dg.AddHandler(func(*discordgo.Session, *discordgo.Resumed) { resumed <- struct{}{} })
	dg.AddHandler(func(_ *discordgo.Session, m *discordgo.MessageCreate) { messages <- m.ID })
	s.open(t, dg)
	need(t, dg.GatewayWriteStruct(joinOp(s.guild.ID, s.voice.ID)))
	need(t, s.bot.WaitVoice(s.ctx, s.guild, s.voice))
	if !s.bot.DropGateway(4000) {
		t.Fatal("no socket to drop")
	}
	said, err := s.ann.Say(s.text, "said while nobody listened")
	need(t, err)
	select {
	case <-resumed:
	case <-s.ctx.Done():
		t.Fatal("not resumed")
	}
	need(t, s.bot.WaitReady(s.ctx))
	if got := <-messages; got != said.ID.String() {
		t.Errorf("replayed %v, want %v", got, said.ID)
	}
	if s.bot.VoiceChannel(s.guild) != s.voice.ID {
		t.Error("a resume lost the voice state")
	}
}
