package world_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"busker/emulator/discord"
	"busker/emulator/world"
	"busker/internal/bubble"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scene is a guild with a bot and a person.
type scene struct {
	*world.World
	bot         world.App
	guild       discord.ID
	text, voice discord.ID
	ann         discord.ID
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{World: world.New(world.Options{FileURL: "http://cdn"})}
	s.bot = s.AddApp("busker", false)
	s.guild = s.World.AddGuild("Square").ID
	s.AddBot(s.guild, s.bot, 0)
	limit := 1
	text, err := s.AddChannel(s.guild, discord.Channel{Name: "songs"})
	voice, err2 := s.AddChannel(s.guild, discord.Channel{Name: "stage", Type: discord.VoiceChannel, UserLimit: &limit})
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	s.text, s.voice = text.ID, voice.ID
	ann := s.AddUser("ann")
	s.AddMember(s.guild, ann)
	s.ann = ann.ID
	return s
}

// pass lets time go by inside a bubble of synctest.
func pass(d time.Duration) { time.Sleep(d) } //nolint:forbidigo // the clock is synctest's

func text(s string) discord.MessageBody {
	return discord.MessageBody{Content: discord.Field[string]{Set: true, Value: s}}
}

func (s *scene) command(t *testing.T) discord.Interaction {
	t.Helper()
	i, err := s.Do(world.Act{
		User: s.ann, Channel: s.text, Application: s.bot.User.ID, Type: discord.CommandInteraction,
		Data: discord.CommandData{Name: "play", Type: discord.ChatCommand},
	})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestInteractionDeadlines(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		s := newScene(t)
		data := discord.CallbackData{MessageBody: text("hello")}
		late := s.command(t)
		pass(3*time.Second + time.Millisecond)
		if _, err := s.Respond(late.ID, late.Token, discord.CallbackMessage, data); !errors.Is(err, discord.ErrUnknownInteraction) {
			t.Errorf("after three seconds: %v", err)
		}
		i := s.command(t)
		pass(3 * time.Second)
		if _, err := s.Respond(i.ID, "guess", discord.CallbackMessage, data); !errors.Is(err, discord.ErrUnknownInteraction) {
			t.Errorf("with a wrong token: %v", err)
		}
		if _, err := s.FollowUp(s.bot.User.ID, i.Token, text("early")); !errors.Is(err, discord.ErrUnknownWebhook) {
			t.Errorf("a follow-up before the answer: %v", err)
		}
		if m, err := s.Respond(i.ID, i.Token, discord.CallbackMessage, data); err != nil || m.Content != "hello" {
			t.Fatalf("in time: %v, %v", m, err)
		}
		if _, err := s.Respond(i.ID, i.Token, discord.CallbackMessage, data); !errors.Is(err, discord.ErrAlreadyAcknowledged) {
			t.Errorf("twice: %v", err)
		}
		pass(15*time.Minute - 4*time.Second)
		if _, err := s.EditReply(s.bot.User.ID, i.Token, 0, text("still there")); err != nil {
			t.Errorf("within fifteen minutes: %v", err)
		}
		pass(2 * time.Second)
		if _, err := s.EditReply(s.bot.User.ID, i.Token, 0, text("too late")); !errors.Is(err, discord.ErrInvalidWebhookToken) {
			t.Errorf("after fifteen minutes: %v", err)
		}
	})
}

func TestDeferredReply(t *testing.T) {
	s := newScene(t)
	i := s.command(t)
	m, err := s.Respond(i.ID, i.Token, discord.CallbackDeferMessage, discord.CallbackData{MessageBody: discord.MessageBody{Flags: discord.FlagEphemeral}})
	if err != nil || !m.Loading() || !m.Ephemeral() || m.VisibleTo != s.ann {
		t.Fatalf("deferred %+v, %v", m, err)
	}
	if seen := s.Seen(0, s.text); len(seen) != 0 {
		t.Errorf("everybody sees %v", seen)
	}
	// The first follow-up is the deferred reply; the second is a message.
	first, err := s.FollowUp(s.bot.User.ID, i.Token, text("here"))
	if err != nil || first.ID != m.ID || first.Loading() || !first.Ephemeral() {
		t.Errorf("first follow-up %+v, %v", first, err)
	}
	second, err := s.FollowUp(s.bot.User.ID, i.Token, text("more"))
	if err != nil || second.ID == m.ID || second.VisibleTo != 0 {
		t.Errorf("second follow-up %+v, %v", second, err)
	}
	if _, err := s.EditMessage(s.bot.User.ID, s.text, m.ID, text("x")); !errors.Is(err, discord.ErrUnknownMessage) {
		t.Errorf("an ephemeral message edited as a bot's own: %v", err)
	}
	if err := s.DeleteReply(s.bot.User.ID, i.Token, 0); err != nil {
		t.Error(err)
	}
	if _, err := s.Reply(s.bot.User.ID, i.Token, 0); !errors.Is(err, discord.ErrUnknownMessage) {
		t.Errorf("a deleted reply: %v", err)
	}
}

func TestMessagePermissions(t *testing.T) {
	s := newScene(t)
	bot := s.bot.User.ID
	m, err := s.CreateMessage(s.ann, s.text, text("hers"))
	if err != nil {
		t.Fatal(err)
	}
	deny := func(p discord.Permissions) {
		t.Helper()
		if err := s.ChangeChannel(s.text, func(c *discord.Channel) {
			c.PermissionOverwrites = []discord.Overwrite{{ID: s.guild, Deny: p}}
		}); err != nil {
			t.Fatal(err)
		}
	}
	create := func() error { _, err := s.CreateMessage(bot, s.text, text("x")); return err }
	read := func() error { _, err := s.Message(bot, s.text, m.ID); return err }
	for _, tt := range []struct {
		name string
		deny discord.Permissions
		do   func() error
		want error
	}{
		{"create", 0, create, nil},
		{"create without sending", discord.SendMessages, create, discord.ErrMissingPermissions},
		{"create unseen", discord.ViewChannel, create, discord.ErrMissingAccess},
		{"read", 0, read, nil},
		{"read without history", discord.ReadMessageHistory, read, discord.ErrMissingPermissions},
		{"edit another's", 0, func() error { _, err := s.EditMessage(bot, s.text, m.ID, text("x")); return err }, discord.ErrNotYourMessage},
		{"delete another's", 0, func() error { return s.DeleteMessage(bot, s.text, m.ID) }, discord.ErrMissingPermissions},
		{"delete nothing", 0, func() error { return s.DeleteMessage(bot, s.text, 1) }, discord.ErrUnknownMessage},
		{"nowhere", 0, func() error { return s.DeleteMessage(bot, 1, m.ID) }, discord.ErrUnknownChannel},
	} {
		t.Run(tt.name, func(t *testing.T) {
			deny(tt.deny)
			if err := tt.do(); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestEditLeavesWhatWasHandedOut(t *testing.T) {
	s := newScene(t)
	bot := s.bot.User.ID
	b := text("first")
	b.Files = []discord.UploadedFile{{Name: "my cover.png", Data: []byte("png")}}
	before, err := s.CreateMessage(bot, s.text, b)
	if err != nil {
		t.Fatal(err)
	}
	a := before.Attachments[0]
	if a.Filename != "my_cover.png" || a.ContentType != "image/png" || a.Size != 3 {
		t.Errorf("attachment %+v", a)
	}
	after, err := s.EditMessage(bot, s.text, before.ID, discord.MessageBody{
		Attachments: discord.Field[[]discord.AttachmentRef]{Set: true},
		Embeds:      discord.Field[[]discord.Embed]{Set: true, Value: []discord.Embed{{Title: "x"}}},
	})
	if err != nil || after.Content != "first" || len(after.Attachments) != 0 || len(after.Embeds) != 1 || after.EditedTimestamp == nil {
		t.Errorf("after %+v, %v", after, err)
	}
	if len(before.Attachments) != 1 || len(before.Embeds) != 0 || before.EditedTimestamp != nil {
		t.Errorf("before has changed: %+v", before)
	}
}

func TestCommandsKeepTheirIDs(t *testing.T) {
	s := newScene(t)
	app := s.bot.User.ID
	play := discord.Command{Name: "play", Description: "d"}
	first, err := s.SetCommands(app, 0, []discord.Command{play, {Name: "stop", Description: "d"}})
	if err != nil {
		t.Fatal(err)
	}
	play.Description = "better"
	second, err := s.SetCommands(app, 0, []discord.Command{play})
	if err != nil || len(second) != 1 || second[0].ID != first[0].ID || second[0].Version == first[0].Version {
		t.Errorf("overwritten %+v, %v", second, err)
	}
	local, made, err := s.AddCommand(app, s.guild, discord.Command{Name: "play", Description: "here"})
	if err != nil || !made || local.ID == first[0].ID {
		t.Errorf("guild command %+v, %v, %v", local, made, err)
	}
	if offered := s.Offered(app, s.guild); len(offered) != 1 || offered[0].Description != "here" {
		t.Errorf("offered %+v", offered)
	}
	if err := s.DeleteCommand(app, s.guild, first[0].ID); !errors.Is(err, discord.ErrUnknownCommand) {
		t.Errorf("a global command deleted in a guild: %v", err)
	}
}

func TestVoiceRules(t *testing.T) {
	s := newScene(t)
	join := func(user, channel discord.ID) error {
		c, _, err := s.PlaceVoice(world.VoiceJoin{User: user, Guild: s.guild, Channel: channel, SessionID: "x"})
		if err == nil {
			s.Emit(c)
		}
		return err
	}
	if err := join(s.ann, s.text); !errors.Is(err, world.ErrNotVoice) {
		t.Errorf("a text channel: %v", err)
	}
	if err := join(s.ann, s.voice); err != nil {
		t.Fatal(err)
	}
	if err := join(s.ann, s.voice); err != nil {
		t.Errorf("into the channel one is in: %v", err)
	}
	if err := join(s.bot.User.ID, s.voice); !errors.Is(err, world.ErrChannelFull) {
		t.Errorf("a full channel: %v", err)
	}
	if _, err := s.AddRole(s.guild, "mover", discord.MoveMembers, s.bot.User.ID); err != nil {
		t.Fatal(err)
	}
	if err := join(s.bot.User.ID, s.voice); err != nil {
		t.Errorf("a full channel for who may move members: %v", err)
	}
	if err := s.ChangeChannel(s.voice, func(c *discord.Channel) {
		c.PermissionOverwrites = []discord.Overwrite{{ID: s.guild, Deny: discord.Connect}}
	}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(join(s.bot.User.ID, 0), join(s.ann, 0)); err != nil {
		t.Errorf("leaving: %v", err)
	}
	if err := join(s.ann, s.voice); !errors.Is(err, world.ErrMayNotJoin) {
		t.Errorf("without permission: %v", err)
	}
	if len(s.VoiceStates(s.guild)) != 0 {
		t.Error("somebody is still there")
	}
}

func TestGuildsFallOnShardsInTurn(t *testing.T) {
	w := world.New(world.Options{})
	for n := range 6 {
		if shard := uint64(w.AddGuild("g").ID>>22) % 3; shard != uint64(n%3) {
			t.Errorf("guild %d is on shard %d of 3", n, shard)
		}
	}
}

func TestWatcher(t *testing.T) {
	s := newScene(t)
	watcher := s.Watch(func(c world.Change) bool { _, ok := c.(world.MessageCreated); return ok })
	for _, line := range []string{"a", "b"} {
		if _, err := s.CreateMessage(s.ann, s.text, text(line)); err != nil {
			t.Fatal(err)
		}
	}
	s.AddUser("nobody")
	for _, want := range []string{"a", "b"} {
		c, err := watcher.Next(t.Context())
		if m, ok := c.(world.MessageCreated); err != nil || !ok || m.Message.Content != want {
			t.Errorf("got %+v, %v", c, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := watcher.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	watcher.Close()
	if _, err := watcher.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("closed: %v", err)
	}
}

func TestWaitReturnsAtTheChange(t *testing.T) {
	bubble.Test(t, func(t *testing.T) {
		s := newScene(t)
		start := time.Now()
		go func() {
			pass(time.Minute)
			if _, err := s.CreateMessage(s.ann, s.text, text("now")); err != nil {
				t.Error(err)
			}
		}()
		n, err := world.Wait(t.Context(), s.World, func() (int, bool) { n := len(s.Seen(0, s.text)); return n, n > 0 })
		if n != 1 || err != nil || time.Since(start) != time.Minute {
			t.Errorf("%d, %v after %v", n, err, time.Since(start))
		}
	})
}

// A channel that was handed out must not point into a message that is edited later.
func TestEditDoesNotReachIntoChannelsHandedOut(t *testing.T) {
	s := newScene(t)
	m, err := s.CreateMessage(s.bot.User.ID, s.text, text("one"))
	if err != nil {
		t.Fatal(err)
	}
	channel := s.command(t).Channel
	read := make(chan discord.ID)
	go func() { read <- *channel.LastMessageID }() // the race detector watches
	if _, err := s.EditMessage(s.bot.User.ID, s.text, m.ID, text("two")); err != nil {
		t.Fatal(err)
	}
	if got := <-read; got != m.ID {
		t.Errorf("last message %v, want %v", got, m.ID)
	}
}

func file(name string) []discord.UploadedFile {
	return []discord.UploadedFile{{Name: name, Data: []byte(name)}}
}

// TestFilesEndWithTheirMessage: a card whose picture changes with every song must
// not keep them all.
func TestFilesEndWithTheirMessage(t *testing.T) {
	s := newScene(t)
	i := s.command(t)
	body := text("card")
	body.Files = file("one.png")
	m, err := s.Respond(i.ID, i.Token, discord.CallbackMessage, discord.CallbackData{MessageBody: body})
	if err != nil {
		t.Fatal(err)
	}
	one := m.Attachments[0].ID
	if _, ok := s.File(one); !ok {
		t.Fatal("the file is not there")
	}
	body.Files = file("two.png")
	body.Attachments = discord.Field[[]discord.AttachmentRef]{Set: true, Value: []discord.AttachmentRef{{ID: 0}}}
	after, err := s.EditReply(s.bot.Application.ID, i.Token, 0, body)
	if err != nil || len(after.Attachments) != 1 {
		t.Fatal(err, after.Attachments)
	}
	if _, ok := s.File(one); ok {
		t.Error("the file before the edit is still kept")
	}
	if _, ok := s.File(after.Attachments[0].ID); !ok {
		t.Error("the file of the edit is gone")
	}
}

func TestOldUploadsGiveWay(t *testing.T) {
	const size = 100 << 20
	w := world.New(world.Options{MaxFile: size})
	data := make([]byte, size)
	var ids []discord.ID
	for range 6 {
		a, err := w.StoreUpload(1, "song.mp3", "", data)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, a.ID)
	}
	if _, ok := w.File(ids[0]); ok {
		t.Error("uploads are kept without end")
	}
	if _, ok := w.File(ids[5]); !ok {
		t.Error("the newest upload is gone")
	}
}

func TestRefusedUpdateNamesTheFieldInData(t *testing.T) {
	s := newScene(t)
	m, err := s.CreateMessage(s.bot.User.ID, s.text, text("card"))
	if err != nil {
		t.Fatal(err)
	}
	i, err := s.Do(world.Act{
		User: s.ann, Channel: s.text, Application: s.bot.User.ID, Type: discord.ComponentInteraction, On: m.ID,
		Data: discord.ComponentData{CustomID: "x", ComponentType: discord.Button},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Respond(i.ID, i.Token, discord.CallbackUpdateMessage, discord.CallbackData{MessageBody: text(strings.Repeat("x", 2001))})
	if err == nil || !strings.Contains(err.Error(), "data.content") {
		t.Errorf("refused with %v", err)
	}
	if o, _, _ := s.Outcome(i.ID); o.Ack != 0 {
		t.Error("a refused answer acknowledged the interaction")
	}
}
