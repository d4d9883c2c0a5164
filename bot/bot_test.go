package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/goleak"

	"busker/bot"
	"busker/dsp"
	"busker/gateway"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
	"busker/track"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "16"); err != nil { // these tests mostly wait for discordgo's pauses
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// What the house has for the bot's interfaces.
var (
	_ bot.Doer  = (*player.Manager)(nil)
	_ bot.Voice = (*gateway.Gateway)(nil)
)

const (
	theGuild   = snowflake.ID(1)
	theVoice   = snowflake.ID(5)
	otherVoice = snowflake.ID(6)
	ann        = snowflake.ID(42)
	bob        = snowflake.ID(43)
	self       = snowflake.ID(900)
)

// stage is a bot with fakes around it.
type stage struct {
	t       *testing.T
	discord *discord
	rest    *discordgo.Session
	players *players
	seats   *seats
	privacy *secrets
	bot     *bot.Bot
	log     *bytes.Buffer
	n       atomic.Int64
	manager bool         // everybody may manage the server
	may     int64        // what the bot may in the text channel; 0 = not told
	stop    func() error // ends Run, and returns what it did
}

func newStage(t *testing.T, adjust ...func(*bot.Options)) *stage {
	t.Helper()
	s := &stage{t: t, players: newPlayers(), seats: &seats{in: map[snowflake.ID]snowflake.ID{ann: theVoice}}, log: &bytes.Buffer{}}
	s.discord, s.rest = newDiscord(t)
	s.privacy = &secrets{}
	opts := bot.Options{
		REST: s.rest, Doer: s.players, Resolver: catalogue{}, Voice: s.seats, Privacy: s.privacy, Events: s.players.events,
		CardEvery: time.Millisecond, CardProgress: time.Hour,
		Logger: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range adjust {
		f(&opts)
	}
	b, err := bot.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	s.bot = b
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	s.stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return s
}

// playing starts with a current track and some upcoming ones.
func (s *stage) playing(names ...string) *stage {
	s.t.Helper()
	for _, n := range names {
		s.command("play", "query", n)
	}
	s.seats.sit(self, theVoice)
	s.players.commands()
	return s
}

// command types a command as Ann; args are names and values in turn.
func (s *stage) command(name string, args ...any) *answer {
	s.t.Helper()
	return s.commandAs(ann, name, args...)
}

func (s *stage) commandAs(user snowflake.ID, name string, args ...any) *answer {
	s.t.Helper()
	var options []map[string]any
	for i := 0; i < len(args); i += 2 {
		kind := 3
		switch args[i+1].(type) {
		case int:
			kind = 4
		case attachment:
			kind = 11
		}
		options = append(options, map[string]any{"name": args[i], "type": kind, "value": args[i+1]})
	}
	data := map[string]any{"id": "1", "name": name, "type": 1, "options": options, "resolved": map[string]any{
		"attachments": map[string]any{"77": map[string]any{"id": "77", "filename": "upload.ogg", "url": "https://cdn.test/u.ogg"}},
	}}
	return s.interact(user, 2, data)
}

type attachment string

func (s *stage) press(user snowflake.ID, customID string) *answer {
	s.t.Helper()
	return s.interact(user, 3, map[string]any{"custom_id": customID, "component_type": 2})
}

func (s *stage) interact(user snowflake.ID, kind int, data any) *answer {
	s.t.Helper()
	n := s.n.Add(1)
	token := fmt.Sprintf("token%d", n)
	permissions := "0"
	if s.manager {
		permissions = "32" // Manage Server
	}
	raw, err := json.Marshal(map[string]any{
		"id": fmt.Sprint(5000 + n), "application_id": "901", "type": kind, "token": token, "guild_id": "1", "channel_id": "10",
		"app_permissions": strconv.FormatInt(s.may, 10),
		"member":          map[string]any{"user": map[string]any{"id": user.String(), "username": "somebody"}, "permissions": permissions}, "data": data,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	var i discordgo.InteractionCreate
	if err := json.Unmarshal(raw, &i); err != nil {
		s.t.Fatal(err)
	}
	if form, submitted := data.(map[string]any)["form"]; submitted {
		i.Type, i.Data = discordgo.InteractionModalSubmit, form.(gateway.Form)
	}
	s.bot.HandleInteraction(s.t.Context(), &i)
	s.discord.mu.Lock()
	defer s.discord.mu.Unlock()
	return s.discord.of(token)
}

// said is what the user reads in the end, and whether only they do.
func said(a *answer) (string, bool) {
	if len(a.followUps) > 0 {
		return a.followUps[0].Content, a.followUps[0].ephemeral()
	}
	if a.original == nil || a.original.deleted {
		return "", false
	}
	return a.original.Content, a.private
}

const fadeless = "Tracks that follow each other on an album do not fade, nor do live streams."

func TestCommands(t *testing.T) {
	for _, tt := range []struct {
		name    string
		args    []any
		queue   []string // played before
		want    string
		private bool
		done    player.Command
	}{
		{"play", []any{"query", "Song *1*"}, nil, `Playing **Song \*1\*** by The Band.`, false, player.Play{Tracks: []track.Track{song("Song *1*")}, Requester: 42, Channel: 5}},
		{"play", []any{"file", attachment("77")}, nil, `Playing **upload.ogg** by The Band.`, false, player.Play{Tracks: []track.Track{song("upload.ogg")}, Requester: 42, Channel: 5}},
		{"play", []any{"query", "B"}, []string{"A"}, "Added **B** by The Band to the queue as number 1. It plays in 3:20.", false, nil},
		{"play", []any{"query", "album"}, nil, `Added 3 tracks from **The \*Album\***.`, false, nil},
		{"play", []any{"query", "single"}, nil, `Added 1 track from **The Single**.`, false, nil},
		{"play", nil, nil, "Tell me what to play: a link, a file name, or an attached file.", true, nil},
		{"play", []any{"file", attachment("78")}, nil, "Discord did not send me the attached file. Try again.", true, nil},
		{"play", []any{"query", "missing"}, nil, "There is no such file.", true, nil},
		{"join", nil, nil, "I am in <#5>.", false, player.Join{Channel: 5}},
		{"leave", nil, []string{"A"}, "Bye.", false, player.Leave{}},
		{"leave", nil, nil, "I am not in a voice channel.", true, nil},
		{"pause", nil, []string{"A"}, "Paused.", true, player.Pause{}},
		{"resume", nil, []string{"A"}, "Playing again.", true, player.Resume{}},
		{"skip", nil, []string{"A", "B"}, "Skipped **A** by The Band.", false, player.Skip{Count: 1}},
		{"stop", nil, []string{"A", "B"}, "Stopped, and emptied the queue.", false, player.Stop{}},
		{"seek", []any{"to", "1:23"}, []string{"A"}, "Now at 1:23 / 3:20.", true, player.Seek{At: 83 * time.Second}},
		{"seek", []any{"to", "-10"}, []string{"A"}, "Now at 0:00 / 3:20.", true, player.SeekBy{Delta: -10 * time.Second}},
		{"seek", []any{"to", "9:00"}, []string{"A"}, "The track is not that long.", true, nil},
		{"seek", []any{"to", "soon"}, []string{"A"}, "I do not understand `soon` as a time. Try `1:23`, `83`, `1m23s`, `+30` or `-10`.", true, nil},
		{"volume", []any{"percent", 150}, []string{"A"}, "Volume: 150 %.", true, player.Volume{Percent: 150}},
		{"effects", []any{"preset", "bassboost", "strength", 60}, []string{"A"}, "Effects: Bass boost 60 %.", false, bassBoost(0.6)},
		{"effects", []any{"preset", "off"}, []string{"A"}, "No effects are on.", false, player.Filters{}},
		{"effects", nil, []string{"A"}, "No effects are on.", false, nil},
		{"effects", []any{"preset", "NightCore"}, []string{"A"}, "Effects: Nightcore.", false, nil},
		{"effects", []any{"preset", "wah`wah"}, []string{"A"}, "I do not know the effect `wah wah`. Pick one of those I suggest while you type.", true, nil},
		{"effects", []any{"strength", 50}, []string{"A"}, "Tell me which effect should have that strength.", true, nil},
		{"effects", nil, nil, "I am not in a voice channel.", true, nil},
		{"crossfade", []any{"seconds", 5}, []string{"A"}, "Crossfade: 5 seconds. " + fadeless, true, player.Crossfade{Duration: 5 * time.Second}},
		{"crossfade", []any{"seconds", 1}, []string{"A"}, "Crossfade: 1 second. " + fadeless, true, player.Crossfade{Duration: time.Second}},
		{"crossfade", []any{"seconds", 0}, []string{"A"}, "Crossfade is off.", true, player.Crossfade{}},
		{"crossfade", nil, []string{"A"}, "Crossfade is off.", true, nil},
		{"crossfade", nil, nil, "I am not in a voice channel.", true, nil},
		{"loudness", []any{"mode", "on"}, []string{"A"}, "Loudness: on. All tracks play at −14 LUFS (EBU R128), so that none is louder than the others. For that I decode and encode even what I could pass on untouched.", true, player.Normalise{On: true}},
		{"loudness", []any{"mode", "off"}, []string{"A"}, "Loudness: off. Every track plays as loud as it was made.", true, player.Normalise{}},
		{"loudness", nil, []string{"A"}, "Loudness: off. Every track plays as loud as it was made.", true, nil},
		{"loudness", []any{"mode", "louder"}, []string{"A"}, "There is no such mode; take on or off.", true, nil},
		{"volume", nil, []string{"A"}, "The volume is 100 %.", true, nil},
		{"queue", nil, []string{"A"}, "Now playing: **A** by The Band (0:00 / 3:20)\nThe queue is empty.", true, nil},
		{"nowplaying", nil, []string{"A"}, "Now playing: **A** by The Band (0:00 / 3:20)", true, nil},
		{"nowplaying", nil, nil, "Nothing is playing. Start with `/play`.", true, nil},
		{"shuffle", nil, []string{"A", "B", "C"}, "Shuffled 2 tracks.", false, player.Shuffle{}},
		{"loop", []any{"mode", "queue"}, []string{"A"}, "Looping the queue.", true, player.Loop{Mode: queue.All}},
		{"loop", []any{"mode", "track"}, []string{"A"}, "Looping this track.", true, player.Loop{Mode: queue.Track}},
		{"loop", []any{"mode", "sideways"}, []string{"A"}, "There is no such loop mode; take off, track or queue.", true, nil},
		{"remove", []any{"track", "2"}, []string{"A", "B", "C"}, "Removed **C** by The Band.", false, player.Remove{Item: 3}},
		{"remove", []any{"track", "9"}, []string{"A", "B"}, "There is no track 9 in the queue; it goes from 1 to 1.", true, nil},
		{"move", []any{"track", "2", "to", 1}, []string{"A", "B", "C"}, "Moved **C** by The Band to number 1.", false, player.Move{Item: 3}},
		{"clear", nil, []string{"A", "B"}, "Emptied the queue of 1 track.", false, player.Clear{}},
		{"dance", nil, nil, "I do not know this command any more. Type `/` to see what I can do.", true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t).playing(tt.queue...)
			got, private := said(s.command(tt.name, tt.args...))
			if got != tt.want || private != tt.private {
				t.Errorf("said %q (private: %v), want %q (%v)", got, private, tt.want, tt.private)
			}
			if tt.done == nil {
				return
			}
			if did := s.players.commands(); len(did) != 1 || !reflect.DeepEqual(did[0], tt.done) {
				t.Errorf("did %+v, want %+v", did, tt.done)
			}
		})
	}
}

func TestWhoMayWhat(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A", "B")
	s.seats.sit(bob, 0)
	for _, name := range []string{"play", "join", "leave", "pause", "resume", "skip", "stop", "shuffle", "clear", "effects", "crossfade", "loudness"} {
		if got, private := said(s.commandAs(bob, name)); got != "Join a voice channel first." || !private {
			t.Errorf("/%s from outside: %q, %v", name, got, private)
		}
	}
	s.seats.sit(bob, otherVoice)
	for _, name := range []string{"play", "join", "leave", "pause", "skip", "stop", "effects", "crossfade", "loudness"} {
		if got, private := said(s.commandAs(bob, name)); got != "I am playing in <#5>. Join that channel to control the music." || !private {
			t.Errorf("/%s from elsewhere: %q, %v", name, got, private)
		}
	}
	if did := s.players.commands(); len(did) != 0 {
		t.Errorf("did %+v", did)
	}
	for _, name := range []string{"queue", "nowplaying"} {
		if got, _ := said(s.commandAs(bob, name)); !strings.Contains(got, "**A**") {
			t.Errorf("/%s from elsewhere: %q", name, got)
		}
	}
	s.seats.sit(ann, 0) // nobody listens any more: Bob may have the bot
	if got, _ := said(s.commandAs(bob, "play", "query", "C")); !strings.HasPrefix(got, "Added **C**") {
		t.Errorf("/play to a bot that is alone: %q", got)
	}
	if did := s.players.commands(); len(did) != 2 || did[0] != (player.Join{Channel: otherVoice}) {
		t.Errorf("did %+v", did)
	}
}

func TestMissingPermissionsAreNamed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.seats.access = gateway.Access{Missing: []string{"Connect", "Speak"}}
	if got, private := said(s.command("play", "query", "A")); got != "I am not allowed to play in <#5>. I lack: **Connect, Speak**." || !private {
		t.Errorf("said %q, %v", got, private)
	}
	s.seats.access = gateway.Access{Full: true}
	if got, private := said(s.command("join")); got != "<#5> is full." || !private {
		t.Errorf("said %q, %v", got, private)
	}
}

func TestUnexpectedErrorsStayInside(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	a := s.command("play", "query", "broken")
	got, private := said(a)
	if !private || !a.original.deleted || strings.Contains(got, "10.0.0.7") || !strings.HasPrefix(got, "Something went wrong.") {
		t.Errorf("said %q, %v", got, private)
	}
	s.traced(got, "10.0.0.7")
}

func TestSlowSourcesAreGivenUp(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *bot.Options) { o.ResolveTimeout = 20 * time.Millisecond })
	got, private := said(s.command("play", "query", "slow"))
	if got != "Finding that took too long. Try again, or try another link." || !private {
		t.Errorf("said %q, %v", got, private)
	}
}

func TestSlowSourcesDoNotPileUp(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *bot.Options) { o.Lookups, o.ResolveTimeout = 1, 200*time.Millisecond })
	var answers [2]*answer
	var both sync.WaitGroup
	for i := range answers {
		both.Go(func() { answers[i] = s.command("play", "query", "slow") })
	}
	both.Wait()
	var texts []string
	for _, a := range answers {
		if a.kind != 5 {
			t.Errorf("first answer of kind %d", a.kind)
		}
		text, _ := said(a)
		texts = append(texts, text)
	}
	slices.Sort(texts)
	want := []string{
		"Finding that took too long. Try again, or try another link.",
		"Too many people are looking for music right now. Try again in a minute.",
	}
	if !slices.Equal(texts, want) {
		t.Errorf("said %q", texts)
	}
}

// traced checks that the number in a reply leads to what in the log.
func (s *stage) traced(reply, what string) {
	s.t.Helper()
	_, rest, _ := strings.Cut(reply, "`")
	number, _, _ := strings.Cut(rest, "`")
	for line := range strings.Lines(s.log.String()) {
		if number != "" && strings.Contains(line, "trace="+number) && strings.Contains(line, what) {
			return
		}
	}
	s.t.Errorf("the log tells nothing of %q under number %q", what, number)
}

func TestAPanicIsAnswered(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	s.players.panics = true
	got, private := said(s.command("skip"))
	if !private || !strings.HasPrefix(got, "Something went wrong.") {
		t.Errorf("said %q, %v", got, private)
	}
	s.traced(got, "player is broken")
	got, private = said(s.press(ann, s.id("pause", 1, "")))
	if !private || !strings.HasPrefix(got, "Something went wrong.") {
		t.Errorf("said %q, %v", got, private)
	}
	s.players.panics = false
	if got, _ := said(s.command("pause")); got != "Paused." {
		t.Errorf("afterwards: %q", got)
	}
}

func TestAnInteractionIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	i := &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{
		ID: "123", Token: "tok", AppID: "901", GuildID: "1", ChannelID: "10", Type: discordgo.InteractionApplicationCommand,
		Member: &discordgo.Member{User: &discordgo.User{ID: ann.String()}},
		Data:   discordgo.ApplicationCommandInteractionData{Name: "join"},
	}}
	for range 3 {
		s.bot.HandleInteraction(t.Context(), i)
	}
	if did := s.players.commands(); len(did) != 1 {
		t.Errorf("did %+v", did)
	}
}

func TestOddInteractionsDoNoHarm(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.bot.HandleInteraction(t.Context(), nil)
	s.bot.HandleInteraction(t.Context(), &discordgo.InteractionCreate{})
	for _, i := range []discordgo.Interaction{
		{},
		{ID: "1", Token: "a", Type: discordgo.InteractionApplicationCommand},
		{ID: "2", Token: "b", Type: discordgo.InteractionMessageComponent},
		{ID: "3", Token: "c", Type: discordgo.InteractionPing},
	} {
		s.bot.HandleInteraction(t.Context(), &discordgo.InteractionCreate{Interaction: &i})
	}
	dm := discordgo.Interaction{
		ID: "4", Token: "dm", AppID: "901", Type: discordgo.InteractionApplicationCommand,
		User: &discordgo.User{ID: "42"}, Data: discordgo.ApplicationCommandInteractionData{Name: "play"},
	}
	s.bot.HandleInteraction(t.Context(), &discordgo.InteractionCreate{Interaction: &dm})
	if got, private := said(s.discord.of("dm")); got != "I only play music in servers." || !private {
		t.Errorf("said %q, %v", got, private)
	}
}

func TestRateLimitsAreSurvived(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	limited := failure{429, `{"message":"You are being rate limited.","retry_after":0.05,"global":false}`}
	s.discord.mu.Lock()
	s.discord.fail["POST interactions"] = []failure{limited, limited}
	s.discord.fail["PATCH webhooks"] = []failure{limited}
	s.discord.mu.Unlock()
	if got, _ := said(s.command("pause")); got != "Paused." {
		t.Errorf("said %q", got)
	}
}

func TestNothingIsDoneWhenDiscordTookNoAnswer(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	s.discord.mu.Lock()
	s.discord.fail["POST interactions"] = []failure{{404, `{"code":10062,"message":"Unknown interaction"}`}}
	s.discord.mu.Unlock()
	s.command("skip")
	if did := s.players.commands(); len(did) != 0 {
		t.Errorf("did %+v", did)
	}
}

func TestAcknowledgesBeforeTheWork(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	s.players.block = make(chan struct{})
	done := make(chan *answer, 1)
	go func() { done <- s.command("skip") }()
	token := fmt.Sprintf("token%d", s.n.Load()+1)
	s.discord.wait("deferred", func() bool {
		a := s.discord.answers[token]
		return a != nil && a.kind == 5
	})
	close(s.players.block)
	if got, _ := said(<-done); !strings.HasPrefix(got, "Skipped") {
		t.Errorf("said %q", got)
	}
}

func TestQueueButtonsTurnPages(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	for i := range 20 {
		s.command("play", "query", fmt.Sprintf("Song %d", i+1))
	}
	a := s.command("queue")
	if got, private := said(a); !private || !strings.Contains(got, "Page 1 of 3") {
		t.Errorf("said %q, %v", got, private)
	}
	next := buttonOf(t, a.original, "Next")
	a = s.press(ann, next.CustomID)
	if a.kind != 7 || !strings.Contains(a.original.Content, "Page 2 of 3") || !strings.Contains(a.original.Content, "Song 9**") {
		t.Errorf("answered with %d: %+v", a.kind, a.original)
	}
	back := buttonOf(t, a.original, "Back")
	if a = s.press(ann, back.CustomID); !strings.Contains(a.original.Content, "Page 1 of 3") || !buttonOf(t, a.original, "Back").Disabled {
		t.Errorf("back leads to %+v", a.original)
	}
	if a := s.press(ann, bot.CustomID("page", "", 0, "x")); a.kind != 4 || !a.private {
		t.Errorf("a bad page: %+v", a)
	}
}

type component struct {
	Type       int         `json:"type"`
	Label      string      `json:"label"`
	CustomID   string      `json:"custom_id"`
	Disabled   bool        `json:"disabled"`
	Content    string      `json:"content"`
	Components []component `json:"components"`
	Accessory  *component  `json:"accessory"`
	Options    []struct {
		Label, Description, Value string
		Default                   bool
	} `json:"options"`
}

func flatten(all []component) []component {
	var flat []component
	for _, c := range all {
		flat = append(flat, c)
		flat = append(flat, flatten(c.Components)...)
		if c.Accessory != nil {
			flat = append(flat, *c.Accessory)
		}
	}
	return flat
}

func parts(m *message) []component {
	var all []component
	if m == nil || json.Unmarshal(m.Components, &all) != nil {
		return nil
	}
	return flatten(all)
}

func buttonOf(t *testing.T, m *message, label string) component {
	t.Helper()
	for _, c := range parts(m) {
		if c.Type == 2 && c.Label == label {
			return c
		}
	}
	t.Fatalf("no button %q in %+v", label, m)
	return component{}
}

func TestRegistersOnlyWhenChanged(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for range 2 {
		if err := s.bot.RegisterCommands(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s.discord.puts != 1 {
		t.Errorf("registered %d times", s.discord.puts)
	}
	var got []struct {
		Name    string
		Options []struct{ Name string }
	}
	if err := json.Unmarshal(s.discord.commands, &got); err != nil || len(got) != len(bot.Definitions()) {
		t.Errorf("%d commands, %v", len(got), err)
	}
	s.discord.commands = bytes.Replace(s.discord.commands, []byte("Pause the music"), []byte("Halt"), 1)
	if err := s.bot.RegisterCommands(t.Context()); err != nil || s.discord.puts != 2 {
		t.Errorf("registered %d times, %v", s.discord.puts, err)
	}
	s.discord.fail["GET oauth2"] = []failure{{401, `{"message":"401: Unauthorized","code":0}`}}
	if err := s.bot.RegisterCommands(t.Context()); err == nil {
		t.Error("a refused token is no error")
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	if _, err := bot.New(bot.Options{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
	var limited *discordgo.RateLimitError
	if errors.As(errSecret, &limited) || bot.RestCode(errSecret) != 0 {
		t.Error("an error that is none of Discord's has a code")
	}
}

// bassBoost is the command for one preset.
func bassBoost(strength float64) player.Filters {
	parts := []dsp.Part{{Preset: "bassboost", Strength: strength}}
	settings, err := dsp.Mix(parts...)
	if err != nil {
		panic(err)
	}
	return player.Filters{Settings: settings, Effects: parts}
}
