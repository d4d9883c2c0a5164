package interop_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"busker/emulator"
	"busker/emulator/discord"
	"busker/emulator/interop"
	"busker/emulator/rest"
)

// venue is an emulator with a bot that discord.js plays.
type venue struct {
	*emulator.Emulator
	ctx   context.Context //nolint:containedctx // of one test, whose fixture this is
	bot   *emulator.Bot
	guild *emulator.Guild
	text  *emulator.Channel
	voice *emulator.Channel
	ann   *emulator.User
}

func newVenue(t *testing.T, opts emulator.Options) *venue {
	t.Helper()
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 2*interop.Wait)
	t.Cleanup(cancel)
	opts.AckWithin = interop.Wait / 2 // Node may stall for seconds on a busy machine
	v := &venue{Emulator: emulator.Start(t, opts), ctx: ctx}
	v.bot = v.AddBot("jukebox")
	v.guild = v.AddGuild("Square", v.bot)
	v.text = v.guild.AddTextChannel("songs")
	v.voice = v.guild.AddVoiceChannel("Stage door")
	v.ann = v.guild.AddUser("ann")
	return v
}

// run starts a script and waits until its client is ready.
func (v *venue) run(t *testing.T, script string) *interop.Node {
	t.Helper()
	node := interop.Start(t, script, interop.Options{CA: v.CAFile(), Config: map[string]string{"url": v.URL(), "token": v.bot.Token}})
	var ready struct {
		User   string
		Guilds []string
	}
	node.Event("ready", &ready)
	if ready.User != "jukebox" || !slices.Equal(ready.Guilds, []string{"Square"}) {
		t.Fatalf("ready as %+v", ready)
	}
	return node
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

type refusal struct {
	Code, Status int
	Message      string
}

func TestDiscordJS(t *testing.T) {
	v := newVenue(t, emulator.Options{})
	node := v.run(t, "rest.mjs")
	message := must[discord.Message](t)
	act := must[*emulator.Interaction](t)

	node.Send(map[string]any{"do": "register"})
	var registered struct {
		Names []string
		Bad   refusal
	}
	node.Event("registered", &registered)
	if !slices.Equal(registered.Names, []string{"play", "card"}) {
		t.Errorf("registered %v", registered.Names)
	}
	if b := registered.Bad; b.Code != 50035 || b.Status != http.StatusBadRequest || !strings.Contains(b.Message, "0.name[APPLICATION_COMMAND_INVALID_NAME]") {
		t.Errorf("a bad command: %+v", b)
	}

	// A deferred reply, its edit, a private follow-up, an attachment.
	i := act(v.ann.Command(v.ctx, v.text, "play", emulator.Args{
		"query": "a song", "volume": 70, "file": emulator.Upload{Name: "a.ogg", Data: make([]byte, 4321)},
	}))
	m := message(i.Response(v.ctx))
	if m.Content != "playing a song" {
		t.Errorf("response %q", m.Content)
	}
	if whisper := message(i.Followup(v.ctx, 0)); whisper.Content != "volume 70, 4321 bytes" || !whisper.Ephemeral() {
		t.Errorf("follow-up %+v", whisper)
	}
	if _, err := v.ann.Command(v.ctx, v.text, "play", emulator.Args{"volume": 70}); err == nil {
		t.Error("a required option may be left out")
	}
	if _, err := v.ann.Command(v.ctx, v.text, "play", emulator.Args{"query": "x", "volume": 201}); err == nil {
		t.Error("an option may be out of range")
	}

	// A button, a form, suggestions.
	if after := message(act(v.ann.Press(v.ctx, m, "pause")).Response(v.ctx)); after.Content != "paused by ann" || after.ID != m.ID {
		t.Errorf("after the press %+v", after)
	}
	form := must[emulator.Modal](t)(act(v.ann.Press(v.ctx, m, "ask")).Modal(v.ctx))
	if asked := message(act(v.ann.Submit(v.ctx, form, emulator.Args{"what": "bass"})).Response(v.ctx)); asked.Content != "asked for bass" {
		t.Errorf("form answered with %q", asked.Content)
	}
	choices := must[[]discord.Choice](t)(v.ann.Autocomplete(v.ctx, v.text, "play", nil, "query", "t"))
	if len(choices) != 2 || choices[0].Value != "two" {
		t.Errorf("suggestions %v", choices)
	}

	// Components V2.
	i = act(v.ann.Command(v.ctx, v.text, "card", nil))
	card := message(i.WaitResponse(v.ctx, func(m discord.Message) bool {
		_, second := m.Find(func(c discord.Component) bool { return c.Content == "second" })
		return second
	}))
	if card.Flags&discord.FlagComponentsV2 == 0 || card.Components[0].Type != discord.Container {
		t.Errorf("card %+v", card)
	}

	// Reading back.
	node.Send(map[string]any{"do": "look", "guild": v.guild.ID, "channel": v.text.ID, "message": m.ID})
	var looked struct {
		Guild, Channel, Content, Me, Application string
		Permissions                              bool
		Missing                                  refusal
	}
	node.Event("looked", &looked)
	if looked.Guild != "Square" || looked.Channel != "songs" || looked.Content != "paused by ann" || looked.Me != "jukebox" ||
		looked.Application != "jukebox" || !looked.Permissions || looked.Missing.Code != 10003 {
		t.Errorf("looked at %+v", looked)
	}
}

func TestDiscordJSResumesItsShard(t *testing.T) {
	v := newVenue(t, emulator.Options{})
	node := v.run(t, "rest.mjs")
	if !v.bot.Reconnect() {
		t.Fatal("no socket to ask")
	}
	node.Event("reconnecting", nil)
	node.Event("resumed", nil)
	if !v.bot.DropGateway(0) {
		t.Fatal("no socket to cut")
	}
	said := must[discord.Message](t)(v.ann.Say(v.text, "hello"))
	var heard struct{ ID, Author string }
	node.Event("message", &heard)
	if heard.ID != said.ID.String() || heard.Author != "ann" {
		t.Errorf("heard %+v", heard)
	}
	node.Event("resumed", nil)
}

func TestDiscordJSObeysRateLimits(t *testing.T) {
	v := newVenue(t, emulator.Options{REST: rest.Limits{Routes: map[string]rest.Limit{
		"POST /channels/{channel}/messages": {Requests: 2, Per: 500 * time.Millisecond},
	}}})
	node := v.run(t, "rest.mjs")
	// The headers alone make the client wait.
	node.Send(map[string]any{"do": "flood", "channel": v.text.ID, "count": 6})
	var flooded struct{ Took int }
	node.Event("flooded", &flooded)
	if flooded.Took < 900 || len(v.text.Messages()) != 6 {
		t.Errorf("%d messages in %d ms", len(v.text.Messages()), flooded.Took)
	}
	// A real 429, which the client survives by waiting.
	v.FailREST(rest.Fault{Route: "POST /channels/{channel}/messages", Status: http.StatusTooManyRequests, RetryAfter: 300 * time.Millisecond})
	node.Send(map[string]any{"do": "flood", "channel": v.text.ID, "count": 1})
	var limited struct{ RetryAfter string }
	node.Event("429", &limited)
	node.Event("flooded", nil)
	if limited.RetryAfter != "1" || len(v.text.Messages()) != 7 {
		t.Errorf("after a 429 (%+v) %d messages", limited, len(v.text.Messages()))
	}
}
