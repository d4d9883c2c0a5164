package bot_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"busker/bot"
	"busker/emulator"
	ed "busker/emulator/discord"
	eg "busker/emulator/gateway"
	er "busker/emulator/rest"
	"busker/gateway"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
)

// square is a guild of the emulator where our bot, with players that only pretend,
// is logged in through a real gateway.
type square struct {
	*emulator.Emulator
	t       *testing.T
	guild   *emulator.Guild
	text    *emulator.Channel
	voice   *emulator.Channel
	ann     *emulator.User
	app     *emulator.Bot
	players *players
	gateway *gateway.Gateway
	bot     *bot.Bot
	stop    func() // logs out; the test's end does so, too
	adjust  []func(*bot.Options)
	handled *atomic.Int64 // interactions the bot is done with
}

func newSquare(t *testing.T, adjust ...func(*bot.Options)) *square {
	t.Helper()
	t.Parallel()
	s := &square{
		t: t, adjust: adjust, players: newPlayers(),
		Emulator: emulator.Start(t, emulator.Options{Gateway: eg.Limits{IdentifyEvery: 10 * time.Millisecond}}),
	}
	s.app = s.AddBot("busker")
	s.guild = s.AddGuild("Square", s.app)
	s.text = s.guild.AddTextChannel("songs")
	s.voice = s.guild.AddVoiceChannel("Stage door")
	s.ann = s.guild.AddUser("ann")
	s.start()
	s.need(s.bot.RegisterCommands(s.ctx()))
	s.need(s.app.WaitCommands(s.ctx(), s.guild, 17))
	s.sit(s.ann, s.voice)
	return s
}

// start logs in.
func (s *square) start() {
	s.t.Helper()
	base, err := url.Parse(s.URL())
	s.handled = new(atomic.Int64)
	s.need(err)
	s.gateway, err = gateway.New(gateway.Options{
		Token: gateway.Token(s.app.Token), API: base, Transport: &http.Transport{DisableKeepAlives: true},
		IdentifyEvery: 20 * time.Millisecond, ResumeWait: 20 * time.Millisecond, ReconnectWait: 10 * time.Millisecond,
		OnInteraction: func(ctx context.Context, i *interactionCreate) {
			defer s.handled.Add(1)
			s.bot.HandleInteraction(ctx, i)
		},
		OnChange:  func(guild snowflake.ID) { s.bot.GuildChanged(guild) },
		OnMessage: func(m gateway.Message) { s.bot.MessagePosted(m) },
	})
	s.need(err)
	opts := bot.Options{
		REST: s.gateway.REST(), Doer: s.players, Resolver: catalogue{}, Voice: s.gateway, Privacy: &secrets{}, Events: s.players.events,
		CardEvery: 50 * time.Millisecond, CardProgress: time.Hour,
	}
	for _, f := range s.adjust {
		f(&opts)
	}
	s.bot, err = bot.New(opts)
	s.need(err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 2)
	go func() { done <- s.gateway.Run(ctx) }()
	go func() { done <- s.bot.Run(ctx) }()
	s.stop = sync.OnceFunc(func() {
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				s.t.Errorf("run: %v", err)
			}
		}
	})
	s.t.Cleanup(s.stop)
	s.need(s.gateway.WaitReady(s.ctx()))
}

// ctx bounds a wait; a test that reaches it has failed.
func (s *square) ctx() context.Context {
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	s.t.Cleanup(cancel)
	return ctx
}

func (s *square) need(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// sit puts somebody into a voice channel and waits until the bot knows.
func (s *square) sit(u *emulator.User, c *emulator.Channel) {
	s.t.Helper()
	_, err := u.JoinVoice(c)
	s.need(err)
	s.until("the bot sees who is in voice", func() bool {
		at, _ := s.gateway.VoiceChannelOf(s.guild.ID, u.ID)
		return at == c.ID
	})
}

// done waits until n commands have been carried out.
func (s *square) done(n int) {
	s.t.Helper()
	s.until(fmt.Sprintf("%d commands are carried out", n), func() bool {
		s.players.mu.Lock()
		defer s.players.mu.Unlock()
		return len(s.players.did) >= n
	})
}

// until waits for something nobody tells of.
func (s *square) until(what string, ok func() bool) {
	s.t.Helper()
	deadline := s.ctx()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.Done():
			s.t.Fatalf("never happened: %s", what)
		}
	}
}

// command types a command and returns what its author reads in the end.
func (s *square) command(u *emulator.User, name string, args emulator.Args) ed.Message {
	s.t.Helper()
	i, err := u.Command(s.ctx(), s.text, name, args)
	s.need(err)
	return s.outcome(i)
}

// outcome is the answer to a command, or the follow-up that came instead of it.
func (s *square) outcome(i *emulator.Interaction) ed.Message {
	s.t.Helper()
	if m, err := i.Response(s.ctx()); err == nil {
		return m
	}
	m, err := i.Followup(s.ctx(), 0)
	s.need(err)
	return m
}

// card waits for a card that shows the text.
func (s *square) card(text string) ed.Message {
	s.t.Helper()
	return s.cardWith(text, func(c ed.Component) bool { return strings.Contains(c.Content, text) })
}

// button waits for a card with a button of that label.
func (s *square) button(label string) ed.Message {
	s.t.Helper()
	return s.cardWith(label, func(c ed.Component) bool { return c.Label == label })
}

func (s *square) cardWith(what string, part func(ed.Component) bool) ed.Message {
	s.t.Helper()
	m, err := s.text.WaitMessage(s.ctx(), func(m ed.Message) bool {
		_, ok := m.Find(part)
		return ok && m.Flags&ed.FlagComponentsV2 != 0
	})
	if err != nil {
		s.t.Fatalf("no card shows %q: %v\n%+v", what, err, s.text.Messages())
	}
	return m
}

// press presses the card's button with the label and returns the interaction.
func (s *square) press(u *emulator.User, m ed.Message, label string) *emulator.Interaction {
	s.t.Helper()
	b, ok := m.Find(func(c ed.Component) bool { return c.Label == label })
	if !ok {
		s.t.Fatalf("no button %q on %+v", label, m.Components)
	}
	i, err := u.Press(s.ctx(), m, b.CustomID)
	s.need(err)
	return i
}

func TestEveryCommandAsPeopleSeeIt(t *testing.T) {
	s := newSquare(t)
	for _, tt := range []struct {
		name    string
		args    emulator.Args
		want    string
		private bool
	}{
		{"pause", nil, "I am not in a voice channel.", true},
		{"play", emulator.Args{"query": "missing"}, "There is no such file.", true},
		{"join", nil, fmt.Sprintf("I am in <#%s>.", s.voice.ID), false},
		{"play", emulator.Args{"query": "Art of A"}, "Playing **Art of A** by The Band.", false},
		{"play", emulator.Args{"file": emulator.Upload{Name: "mine.ogg", Data: []byte("OggS")}}, `Added **mine.ogg** by The Band to the queue as number 1. It plays in 3:20.`, false},
		{"play", emulator.Args{"query": "album"}, `Added 3 tracks from **The \*Album\***.`, false},
		{"pause", nil, "Paused.", true},
		{"resume", nil, "Playing again.", true},
		{"seek", emulator.Args{"to": "1:23"}, "Now at 1:23 / 3:20.", true},
		{"seek", emulator.Args{"to": "+30"}, "Now at 1:53 / 3:20.", true},
		{"seek", emulator.Args{"to": "later"}, "I do not understand `later` as a time. Try `1:23`, `83`, `1m23s`, `+30` or `-10`.", true},
		{"volume", emulator.Args{"percent": 80}, "Volume: 80 %.", true},
		{"effects", emulator.Args{"preset": "bassboost", "strength": 60}, "Effects: Bass boost 60 %.", false},
		{"effects", emulator.Args{"preset": "off"}, "No effects are on.", false},
		{"crossfade", emulator.Args{"seconds": 12}, "Crossfade: 12 seconds. " + fadeless, true},
		{"crossfade", emulator.Args{"seconds": 0}, "Crossfade is off.", true},
		{"loudness", emulator.Args{"mode": "off"}, "Loudness: off. Every track plays as loud as it was made.", true},
		{"move", emulator.Args{"track": "4", "to": 1}, "Moved **Three** by The Band to number 1.", false},
		{"remove", emulator.Args{"track": "2"}, `Removed **mine.ogg** by The Band.`, false},
		{"remove", emulator.Args{"track": "77"}, "There is no track 77 in the queue; it goes from 1 to 3.", true},
		{"shuffle", nil, "Shuffled 3 tracks.", false},
		{"loop", emulator.Args{"mode": "queue"}, "Looping the queue.", true},
		{"loop", emulator.Args{"mode": "off"}, "Looping is off.", true},
		{"nowplaying", nil, "Now playing: **Art of A** by The Band (1:53 / 3:20)\n-# Volume 80 %", true},
		{"skip", nil, "Skipped **Art of A** by The Band.", false},
		{"clear", nil, "Emptied the queue of 2 tracks.", false},
		{"queue", nil, "Now playing: **Three** by The Band (0:00 / 3:20)\nThe queue is empty.", true},
		{"stop", nil, "Stopped, and emptied the queue.", false},
		{"nowplaying", nil, "Nothing is playing. Start with `/play`.", true},
		{"leave", nil, "Bye.", false},
	} {
		m := s.command(s.ann, tt.name, tt.args)
		if m.Content != tt.want || m.Ephemeral() != tt.private {
			t.Errorf("/%s: %q (private: %v), want %q (%v)", tt.name, m.Content, m.Ephemeral(), tt.want, tt.private)
		}
		if tt.private {
			for _, public := range s.text.Messages() {
				if public.Content == tt.want || public.Loading() {
					t.Errorf("/%s left %q in public", tt.name, public.Content)
				}
			}
		}
	}
}

func TestRegisteringAgainWritesNothing(t *testing.T) {
	s := newSquare(t)
	s.FailREST(er.Fault{Route: "PUT /applications/{application}/commands", Status: http.StatusInternalServerError})
	if err := s.bot.RegisterCommands(s.ctx()); err != nil {
		t.Errorf("the commands were written again: %v", err)
	}
}

func TestEveryButtonAsPeopleSeeIt(t *testing.T) {
	s := newSquare(t)
	for _, q := range []string{"Art 1", "Art 2", "Third", "Fourth"} {
		s.command(s.ann, "play", emulator.Args{"query": q})
	}
	m := s.card("Next: Art 2 and 2 tracks more")
	if m.Flags&ed.FlagSilent == 0 || len(m.Attachments) != 1 {
		t.Errorf("card %+v", m)
	}
	for i, label := range []string{"Pause", "Resume", "Loop: off", "Loop: track", "Loop: queue", "Shuffle", "Skip"} {
		s.press(s.ann, s.button(label), label)
		s.done(4 + i + 1) // presses are carried out side by side
	}
	next := s.card("### Art 2")
	if len(next.Attachments) != 1 {
		t.Errorf("attachments of the second picture: %+v", next.Attachments)
	}
	s.press(s.ann, next, "Skip")
	s.card("### Third")

	bob := s.guild.AddUser("bob")
	if m := s.whisper(s.press(bob, s.card("### Third"), "Skip")); m.Content != "Join a voice channel first." || !m.Ephemeral() {
		t.Errorf("press from outside: %+v", m)
	}
	s.sit(bob, s.guild.AddVoiceChannel("Attic"))
	want := fmt.Sprintf("I am playing in <#%s>. Join that channel to control the music.", s.voice.ID)
	if m := s.whisper(s.press(bob, s.card("### Third"), "Stop")); m.Content != want || !m.Ephemeral() {
		t.Errorf("press from elsewhere: %+v", m)
	}
	s.press(s.ann, s.card("### Third"), "Stop")
	s.done(13)
	if over := s.card("The queue has ended."); len(over.Attachments) != 0 {
		t.Errorf("the card that is over keeps %+v", over.Attachments)
	}
	var did []string
	for _, c := range s.players.commands() {
		did = append(did, fmt.Sprintf("%T", c)[len("player."):])
	}
	all := []string{"Play", "Play", "Play", "Play", "Pause", "Resume", "Loop", "Loop", "Loop", "Shuffle", "Skip", "Skip", "Stop"}
	if !slices.Equal(did, all) {
		t.Errorf("did %v, want %v", did, all)
	}
}

// whisper is the whisper a press is answered with.
func (s *square) whisper(i *emulator.Interaction) ed.Message {
	s.t.Helper()
	kind, err := i.Acknowledged(s.ctx())
	s.need(err)
	if kind == ed.CallbackMessage {
		m, err := i.Response(s.ctx())
		s.need(err)
		return m
	}
	m, err := i.Followup(s.ctx(), 0)
	s.need(err)
	return m
}

func TestAStaleCardAnswersPolitely(t *testing.T) {
	s := newSquare(t)
	s.command(s.ann, "play", emulator.Args{"query": "A"})
	s.command(s.ann, "play", emulator.Args{"query": "B"})
	old := s.card("Next: B")
	s.players.set(func(st *player.Status) { st.ItemID = 99 }) // the card does not know yet
	if m := s.whisper(s.press(s.ann, old, "Skip")); m.Content != "That track is over. Use the newest card." || !m.Ephemeral() {
		t.Errorf("answered %+v", m)
	}
}

func TestPagesOfTheQueue(t *testing.T) {
	s := newSquare(t)
	for range 6 {
		s.command(s.ann, "play", emulator.Args{"query": "album"})
	}
	i, err := s.ann.Command(s.ctx(), s.text, "queue", nil)
	s.need(err)
	m, err := i.Response(s.ctx())
	s.need(err)
	s.press(s.ann, m, "Next")
	m, err = s.ann.WaitMessage(s.ctx(), s.text, func(m ed.Message) bool { return strings.Contains(m.Content, "Page 2 of 3") })
	s.need(err)
	s.press(s.ann, m, "Back")
	_, err = s.ann.WaitMessage(s.ctx(), s.text, func(m ed.Message) bool { return strings.Contains(m.Content, "Page 1 of 3") })
	s.need(err)
}

func TestRateLimitsOfTheEmulatorAreSurvived(t *testing.T) {
	s := newSquare(t)
	for _, route := range []string{
		"POST /interactions/{interaction}/{token}/callback",
		"PATCH /webhooks/{application}/{token}/messages/{message}",
		"POST /channels/{channel}/messages",
	} {
		s.FailREST(er.Fault{Route: route, Times: 2, Status: http.StatusTooManyRequests, RetryAfter: 100 * time.Millisecond})
	}
	if m := s.command(s.ann, "play", emulator.Args{"query": "A"}); m.Content != "Playing **A** by The Band." {
		t.Errorf("said %q", m.Content)
	}
	s.card("### A")
}

func TestTheCardIsPostedWhereItMayBe(t *testing.T) {
	s := newSquare(t)
	s.need(s.text.Deny(ed.SendMessages))
	if m := s.command(s.ann, "play", emulator.Args{"query": "A"}); m.Content != "Playing **A** by The Band." {
		t.Errorf("said %q", m.Content)
	}
	other := s.guild.AddTextChannel("music")
	i, err := s.ann.Command(s.ctx(), other, "nowplaying", nil)
	s.need(err)
	_, err = i.Response(s.ctx())
	s.need(err)
	_, err = other.WaitMessage(s.ctx(), func(m ed.Message) bool { return m.Flags&ed.FlagComponentsV2 != 0 })
	s.need(err)
}

func TestMissingVoicePermissionsAreNamed(t *testing.T) {
	s := newSquare(t)
	booth := s.guild.AddVoiceChannel("Booth", emulator.ChannelOptions{Deny: ed.Speak})
	s.sit(s.ann, booth)
	want := fmt.Sprintf("I am not allowed to play in <#%s>. I lack: **Speak**.", booth.ID)
	if m := s.command(s.ann, "play", emulator.Args{"query": "A"}); m.Content != want || !m.Ephemeral() {
		t.Errorf("said %q, want %q", m.Content, want)
	}
	single := s.guild.AddVoiceChannel("Single", emulator.ChannelOptions{UserLimit: 1})
	s.sit(s.ann, single)
	if m := s.command(s.ann, "join", nil); m.Content != fmt.Sprintf("<#%s> is full.", single.ID) || !m.Ephemeral() {
		t.Errorf("said %q", m.Content)
	}
}

func TestAReconnectLosesNoCommand(t *testing.T) {
	s := newSquare(t)
	s.command(s.ann, "play", emulator.Args{"query": "A"})
	if !s.app.Reconnect() {
		t.Fatal("nothing to reconnect")
	}
	if m := s.command(s.ann, "pause", nil); m.Content != "Paused." { // replayed by the resume, within the 3 s
		t.Errorf("said %q", m.Content)
	}
}

func TestTracksThatFailAreTold(t *testing.T) {
	s := newSquare(t)
	s.command(s.ann, "play", emulator.Args{"query": "A"})
	s.card("### A")
	s.players.happen(s.guild.ID, player.TrackFailed{
		Item: itemOf("Bad"), Err: fault.New(fault.Corrupt, "The file is damaged."),
	})
	_, err := s.text.WaitMessage(s.ctx(), func(m ed.Message) bool {
		return m.Content == "I could not play **Bad** by The Band: The file is damaged."
	})
	s.need(err)
}
