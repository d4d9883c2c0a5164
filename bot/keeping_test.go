package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/bot"
	"busker/emulator"
	ed "busker/emulator/discord"
	"busker/internal/bubble"
	"busker/internal/snowflake"
	"busker/player"
	"busker/playlists"
	"busker/queue"
	"busker/settings"
)

func TestFavourites(t *testing.T) {
	s := newShop(t)
	s.says(s.ann, "favourites list", nil, "You have no favourites yet. Press **Like** below a track, or use `/favourites add`.")
	s.says(s.ann, "favourites play", nil, "There is nothing in it yet.")
	s.says(s.ann, "favourites add", nil, "Nothing is playing. Start with `/play`.")
	s.command(s.ann, "play", emulator.Args{"query": "A"})
	s.says(s.ann, "favourites add", nil, "**A** by The Band is one of your favourites now.")
	s.says(s.ann, "favourites add", nil, "**A** by The Band is one of your favourites already.")
	for i := range 30 {
		_, err := s.kept.Like(s.ctx(), s.ann.ID, song(fmt.Sprintf("Song %d", i)), time.Now())
		s.need(err)
	}
	m := s.says(s.ann, "favourites list", nil, "You have 31 favourites; these are 1 to 25.")
	m = s.turned(s.uses(s.ann, m, "liked_page", "25"))
	if m.Content != "You have 31 favourites; these are 26 to 31." {
		t.Errorf("%q", m.Content)
	}
	menu, _ := m.Find(func(c ed.Component) bool { return c.Type == ed.StringSelect })
	last := menu.Options[len(menu.Options)-1]
	if last.Label != "The Band - A" {
		t.Fatalf("the oldest is %+v", last)
	}
	m = s.turned(s.uses(s.ann, m, "pick", "", last.Value, menu.Options[0].Value))
	if got := s.told(s.uses(s.ann, m, "picked", "last")); got != "Added 2 tracks." {
		t.Errorf("%q", got)
	}
	m = s.turned(s.uses(s.ann, m, "picked", "unlike"))
	if m.Content != "You have 29 favourites; these are 1 to 25." {
		t.Errorf("%q", m.Content)
	}
	one := s.value(s.ann, "favourites remove", "track", "song 17", "The Band - Song 17")
	s.says(s.ann, "favourites remove", emulator.Args{"track": one}, "**Song 17** by The Band is no longer one of your favourites.")
	s.says(s.ann, "favourites remove", emulator.Args{"track": one}, "That is not one of your favourites.")
	s.command(s.ann, "stop", nil)
	s.says(s.ann, "favourites play", emulator.Args{"shuffle": true}, "Added 28 tracks from **Favourites**.")
}

// like is a button of the card, which belongs to a track.
func TestLikeTogglesAFavourite(t *testing.T) {
	kept := playlists.NewMemory(playlists.Limits{})
	s := newStage(t, func(o *bot.Options) { o.Playlists = kept }).playing("A", "B")
	for _, want := range []string{"is one of your favourites now.", "is no longer one of your favourites.", "is one of your favourites now."} {
		a := s.press(bob, bot.CustomID("like", "x", 1, ""))
		if a.original == nil || !strings.HasSuffix(a.original.Content, want) || !a.original.ephemeral() {
			t.Errorf("like: %+v, want %q", a.original, want)
		}
	}
	if a := s.press(bob, bot.CustomID("like", "x", 77, "")); !strings.Contains(a.original.Content, "That track is over") {
		t.Errorf("like of nothing: %+v", a.original)
	}
	if _, total, _ := kept.Liked(t.Context(), bob, 0, 0); total != 1 {
		t.Errorf("%d favourites", total)
	}
}

func TestHistory(t *testing.T) {
	s := newShop(t)
	s.says(s.ann, "history", nil, "Nothing has been played yet, or none of it is remembered.")
	at := time.Unix(1_790_000_000, 0)
	for i := range 30 {
		s.need(s.kept.Played(s.ctx(), playlists.Play{Guild: s.guild.ID, Track: song(fmt.Sprintf("Song %d", i)), At: at}))
	}
	s.need(s.kept.Played(s.ctx(), playlists.Play{Guild: s.guild.ID, User: s.ann.ID, Track: song("Mine"), At: at}))
	m := s.command(s.ann, "history", nil)
	want := fmt.Sprintf("**Played on this server**, the newest first:\n<t:1790000000:R>: **Mine** by The Band, for <@%s>\n<t:1790000000:R>: **Song 29** by The Band\n", s.ann.ID)
	if !strings.HasPrefix(m.Content, want) || !m.Ephemeral() {
		t.Errorf("%q, want %q", m.Content, want)
	}
	older, ok := m.Find(func(c ed.Component) bool { return c.Label == "Next" })
	if !ok {
		t.Fatalf("no older page: %+v", m.Components)
	}
	i, err := s.ann.Press(s.ctx(), m, older.CustomID) // history_page
	s.need(err)
	m = s.turned(i)
	menu, _ := m.Find(func(c ed.Component) bool { return c.Type == ed.StringSelect })
	if len(menu.Options) != 6 || menu.Options[5].Label != "The Band - Song 0" {
		t.Errorf("the second page: %+v", menu.Options)
	}
	m = s.turned(s.uses(s.ann, m, "pick", "", menu.Options[5].Value))
	if got := s.told(s.uses(s.ann, m, "picked", "last")); got != "Playing **Song 0** by The Band." {
		t.Errorf("%q", got)
	}
	m = s.command(s.ann, "history", emulator.Args{"owner": "me"})
	if menu, _ := m.Find(func(c ed.Component) bool { return c.Type == ed.StringSelect }); len(menu.Options) != 1 {
		t.Errorf("mine: %+v", menu.Options)
	}
}

// TestPlaysAreWrittenDown follows a track through a pause and a break of the connection.
func TestPlaysAreWrittenDown(t *testing.T) {
	for name, tt := range map[string]struct {
		guild  func(*settings.Guild)
		person func(*settings.User)
		user   snowflake.ID // whose play it is
		plays  int
	}{
		"as it is":             {user: ann, plays: 1},
		"without the server":   {guild: func(g *settings.Guild) { g.History = false }},
		"without whose it was": {person: func(u *settings.User) { u.NoHistory = true }, plays: 1},
	} {
		t.Run(name, func(t *testing.T) {
			_, rest := newDiscord(t)
			bubble.Test(t, func(t *testing.T) {
				kept, choices := playlists.NewMemory(playlists.Limits{}), &settings.Memory{}
				if tt.guild != nil {
					_, _ = choices.ChangeGuild(t.Context(), 1, func(g *settings.Guild) error { tt.guild(g); return nil })
				}
				if tt.person != nil {
					_, _ = choices.ChangeUser(t.Context(), ann, func(u *settings.User) error { tt.person(u); return nil })
				}
				item := queue.Item{ID: 7, Track: song("A"), Requester: queue.UserID(ann)}
				began := time.Now()
				tellBot(t, bot.Options{REST: rest, Playlists: kept, Settings: choices}, []player.Event{
					player.TrackStarted{Item: item},
					player.Paused{},
					player.Resumed{},
					player.Interrupted{},
					player.Reconnected{},
					player.Seeked{},
					player.TrackEnded{Item: item},
					player.TrackEnded{Item: item},
				})
				got, err := kept.Recent(t.Context(), playlists.Plays{})
				if err != nil || len(got) != tt.plays {
					t.Fatalf("%+v, %v; want %d", got, err, tt.plays)
				}
				want := playlists.Play{ID: 1, Guild: 1, User: tt.user, Track: item.Track, At: began.UTC().Truncate(time.Millisecond), Heard: 40 * time.Second}
				if tt.plays == 1 && got[0] != want {
					t.Errorf("%+v, want %+v", got[0], want)
				}
			})
		})
	}
}

// tellBot runs a bot and tells it events, one every ten seconds.
func tellBot(t *testing.T, o bot.Options, events []player.Event) {
	t.Helper()
	plays := make(chan player.Envelope)
	o.Doer, o.Resolver, o.Voice, o.Privacy, o.Plays = newPlayers(), catalogue{}, &seats{}, &secrets{}, plays
	b, err := bot.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	for _, e := range events {
		plays <- player.Envelope{Guild: 1, Event: e, Status: player.Status{State: player.StatePlaying}}
		<-time.After(10 * time.Second)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestLinksInAMessage(t *testing.T) {
	s := newShop(t)
	say := func(text string) ed.Message {
		m, err := s.ann.Say(s.text, text)
		s.need(err)
		return m
	}
	choose := func(m ed.Message, name string) ed.Message {
		i, err := s.ann.MessageCommand(s.ctx(), m, name)
		s.need(err)
		got := s.outcome(i)
		if !got.Ephemeral() {
			t.Errorf("%s answers in public: %q", name, got.Content)
		}
		return got
	}
	if got := choose(say("no links here"), "Add to queue"); got.Content != "There is no link and no audio file in that message." {
		t.Errorf("%q", got.Content)
	}
	two := say("hear <https://example.org/a> and (https://example.org/b), https://example.org/a again")
	if got := choose(two, "Add to queue"); got.Content != "Added 2 tracks." {
		t.Errorf("%q", got.Content)
	}
	if got := choose(say("https://example.org/c"), "Play next"); !strings.HasPrefix(got.Content, `Added **https\://example.org/c** by The Band to the queue as number 1`) {
		t.Errorf("%q", got.Content)
	}
	s.queues("https://example.org/a", "https://example.org/c", "https://example.org/b")

	l := s.list(me(s.ann), "Links")
	m := choose(two, "Save to playlist")
	if m.Content != "Found 2 tracks." {
		t.Errorf("%q", m.Content)
	}
	if got := s.told(s.uses(s.ann, m, "pick_to", "", bot.Reference(l))); got != "Saved 2 tracks to **Links**." {
		t.Errorf("%q", got)
	}
	s.holds(me(s.ann), "Links", "https://example.org/a", "https://example.org/b")
}

func TestWhatAMessageHasToPlay(t *testing.T) {
	m := &discordgo.Message{
		Content: "Look: https://example.org/x_(live). **https://example.org/y** https://example.org/z?a=1&b=2, ftp://no",
		Attachments: []*discordgo.MessageAttachment{
			{URL: "https://cdn.test/a.ogg", Filename: "a.ogg", ContentType: "audio/ogg"},
			{URL: "https://cdn.test/b.png", Filename: "b.png", ContentType: "image/png"},
			{URL: "https://cdn.test/c.mkv", Filename: "c.mkv", ContentType: "video/x-matroska"},
			{URL: "https://cdn.test/d", Filename: "d"},
		},
	}
	want := "https://cdn.test/a.ogg https://cdn.test/c.mkv https://cdn.test/d https://example.org/x_(live) https://example.org/y https://example.org/z?a=1&b=2"
	if got := strings.Join(bot.QueriesIn(m), " "); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	m.Content = ""
	for i := range 30 {
		m.Content += fmt.Sprintf("https://example.org/%d ", i)
	}
	if got := bot.QueriesIn(m); len(got) != 10 {
		t.Errorf("%d queries", len(got))
	}
}

// ledger is Records that remember who was erased.
type ledger struct {
	kept   *playlists.Memory
	erased []snowflake.ID
}

func (l *ledger) ExportUser(ctx context.Context, user snowflake.ID) (any, error) {
	p, err := l.kept.Export(ctx, user)
	return []any{p, "pressed skip"}, err
}

func (l *ledger) EraseUser(ctx context.Context, user snowflake.ID) (playlists.Erased, error) {
	l.erased = append(l.erased, user)
	return l.kept.Erase(ctx, user)
}

func TestMyData(t *testing.T) {
	audit := &ledger{}
	s := newShop(t, func(o *bot.Options) {
		audit.kept, _ = o.Playlists.(*playlists.Memory)
		o.Records, o.KeepHistory, o.KeepAudit = audit, 365*24*time.Hour, 90*24*time.Hour
	})
	bob := s.guild.AddUser("bob")
	s.sit(bob, s.voice)
	s.list(me(s.ann), "Mine", "One")
	s.list(playlists.Guild(s.guild.ID), "Shared", "Two")
	_, err := s.kept.Like(s.ctx(), s.ann.ID, song("Liked"), time.Now())
	s.need(err)
	s.need(s.kept.Played(s.ctx(), playlists.Play{Guild: s.guild.ID, User: s.ann.ID, Track: song("Heard"), At: time.Now()}))
	_, err = s.choices.ChangeUser(s.ctx(), s.ann.ID, func(u *settings.User) error { u.NoHistory = true; return nil })
	s.need(err)
	s.command(bob, "play", emulator.Args{"query": "Bob's"})
	s.command(s.ann, "play", emulator.Args{"query": "Ann's"})

	m := s.command(s.ann, "mydata export", nil)
	if !m.Ephemeral() || len(m.Attachments) != 1 {
		t.Fatalf("%+v", m)
	}
	file, err := downloads{}.Fetch(s.ctx(), m.Attachments[0].URL)
	s.need(err)
	data, err := io.ReadAll(file)
	s.need(err)
	s.need(file.Close())
	for _, want := range []string{`"Mine"`, `"Liked"`, `"Heard"`, `"noHistory": true`, `"Ann's"`, "pressed skip", `"Two"`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("the export lacks %s", want)
		}
	}
	if !json.Valid(data) || strings.Contains(string(data), "Bob's") {
		t.Errorf("the export: %s", data)
	}

	m = s.command(s.ann, "mydata delete", nil)
	if !strings.Contains(m.Content, "365 days") || !strings.Contains(m.Content, "90 days") {
		t.Errorf("nobody is told how long: %q", m.Content)
	}
	if got := s.turned(s.uses(s.ann, m, "erase_not", "")); got.Content != "Everything stays as it was." {
		t.Errorf("%q", got.Content)
	}
	s.holds(me(s.ann), "Mine", "One")
	m = s.command(s.ann, "mydata delete", nil)
	i := s.uses(s.ann, m, "erase", "")
	got, err := i.WaitResponse(s.ctx(), func(m ed.Message) bool { return strings.HasPrefix(m.Content, "Deleted: ") })
	s.need(err)
	if want := "Deleted: 1 playlists, 1 favourites and your settings. Your name is gone from 2 entries in histories and playlists of servers."; got.Content != want {
		t.Errorf("%q, want %q", got.Content, want)
	}
	s.holds(playlists.Guild(s.guild.ID), "Shared", "Two")
	left, err := s.kept.Export(s.ctx(), s.ann.ID)
	s.need(err)
	own, err := s.choices.User(s.ctx(), s.ann.ID)
	s.need(err)
	if len(left.Lists)+len(left.Favourites)+len(left.Plays)+len(left.Added) != 0 || own != (settings.User{}) || len(audit.erased) != 1 {
		t.Errorf("left: %+v, %+v, %v", left, own, audit.erased)
	}
	for _, c := range s.players.commands() {
		if c, ok := c.(player.RemoveBy); ok && len(c.Users) == 1 && c.Users[0] == queue.UserID(s.ann.ID) {
			return
		}
	}
	t.Error("ann's tracks stay in the queue")
}

// sheet is Facts.
type sheet bot.FactSheet

func (s sheet) Facts() bot.FactSheet { return bot.FactSheet(s) }

func TestStats(t *testing.T) {
	started := time.Unix(1_790_000_000, 0)
	s := newShop(t, func(o *bot.Options) {
		o.Facts = sheet{Version: "1.2", Started: started, Guilds: 12, Library: bot.LibraryFacts{Tracks: 1200, Files: 3000, Scanning: true}}
	})
	s.says(s.ann, "stats", nil, "There is nothing to count yet.")
	for i, user := range []snowflake.ID{s.ann.ID, s.ann.ID, 5} {
		s.need(s.kept.Played(s.ctx(), playlists.Play{
			Guild: s.guild.ID, User: user, Track: song([]string{"A", "B", "A"}[i]), At: time.Now(), Heard: 3 * time.Minute,
		}))
	}
	s.need(s.kept.Played(s.ctx(), playlists.Play{Guild: 99, User: s.ann.ID, Track: song("C"), At: time.Now().AddDate(0, 0, -10)}))
	s.says(s.ann, "stats", nil, fmt.Sprintf("**Played on this server**\n3 tracks in 9 min.\n\n**Most played**\n`1.` **A** by The Band, 2 times\n`2.` **B** by The Band, once\n\n**Asked for most**\n`1.` <@%s>: 2 times, 6 min\n`2.` <@5>: once, 3 min", s.ann.ID))
	m := s.command(s.ann, "stats", emulator.Args{"about": "me", "days": 7})
	if !strings.HasPrefix(m.Content, "**What you asked for** since <t:") || !strings.Contains(m.Content, "2 tracks in 6 min.") || strings.Contains(m.Content, "<@") {
		t.Errorf("%q", m.Content)
	}
	s.says(s.ann, "stats", emulator.Args{"about": "bot"}, "**Busker** 1.2\nRunning since <t:1790000000:R>.\nOn 12 servers.\nPlaying on 0 of them.\n1,200 tracks in the library so far; files looked at: 3,000.")
}

func TestHelpFitsWhoAsks(t *testing.T) {
	s := newShop(t)
	s.onlyDJs()
	bob := s.guild.AddUser("bob")
	m := s.command(bob, "help", nil)
	if !m.Ephemeral() || !strings.Contains(m.Content, "`/play`: ") || !strings.Contains(m.Content, "These roles control the music: <@&") {
		t.Errorf("%q", m.Content)
	}
	if strings.Contains(m.Content, "`/stop`") {
		t.Error("bob, who is no DJ, is told of /stop")
	}
	if all := s.command(s.ann, "help", nil); !strings.Contains(all.Content, "`/stop`") {
		t.Error("ann, who is a DJ, is not told of /stop")
	}
	m = s.turned(s.uses(bob, m, "help", "", "library"))
	if !strings.Contains(m.Content, "`/playlist`: ") || !strings.Contains(m.Content, "`create`") || strings.Contains(m.Content, "`/play`: ") {
		t.Errorf("%q", m.Content)
	}
	menu, _ := m.Find(func(c ed.Component) bool { return c.Type == ed.StringSelect })
	for _, o := range menu.Options {
		if o.Value == "server" {
			t.Error("bob is offered the settings of the server")
		}
		i, err := bob.Press(s.ctx(), m, menu.CustomID, o.Value)
		s.need(err)
		if page := s.turned(i); len([]rune(page.Content)) > 1900 {
			t.Errorf("the page %s has %d characters", o.Value, len([]rune(page.Content)))
		}
	}
	s.need(bob.SetLocale("de"))
	if m := s.command(bob, "help", nil); !strings.Contains(m.Content, "`/abspielen`: ") {
		t.Errorf("in German: %q", m.Content)
	}
}
