package bot_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"busker/bot"
	"busker/gateway"
	"busker/internal/snowflake"
	"busker/player"
	"busker/playlists"
	"busker/settings"
	"busker/track"
)

// ruled is a stage where B and C wait behind A, which Ann asked for, and Bob listens too.
func ruled(t *testing.T, rule func(*settings.Guild), adjust ...func(*bot.Options)) *stage {
	t.Helper()
	chosen := &settings.Memory{}
	s := newStage(t, append(adjust, func(o *bot.Options) { o.Settings = chosen })...)
	s.playing("Z", "A", "B", "C")
	s.seats.sit(bob, theVoice)
	s.command("skip")
	s.players.commands()
	_, err := chosen.ChangeGuild(t.Context(), theGuild, func(g *settings.Guild) error { rule(g); return nil })
	if err != nil {
		t.Fatal(err)
	}
	s.bot.Settings().Forget(theGuild)
	return s
}

func (s *stage) refused(what string, a *answer, begins string) {
	s.t.Helper()
	if got, private := said(a); !strings.HasPrefix(got, begins) || !private {
		s.t.Errorf("%s: said %q, want %q", what, got, begins)
	}
	if did := s.players.commands(); len(did) > 0 {
		s.t.Errorf("%s: did %+v", what, did)
	}
}

// menuEntry opens an entry of the menu of a message with a link.
func (s *stage) menuEntry(user snowflake.ID, name string) *answer {
	s.t.Helper()
	return s.interact(user, 2, map[string]any{"id": "1", "name": name, "type": 3, "target_id": "9", "resolved": map[string]any{
		"messages": map[string]any{"9": map[string]any{"id": "9", "channel_id": "10", "content": "https://example.org/x"}},
	}})
}

// submit sends a form that belongs to no message.
func (s *stage) submit(user snowflake.ID, customID string, fields map[string]gateway.Field) *answer {
	s.t.Helper()
	if fields == nil {
		fields = map[string]gateway.Field{}
	}
	return s.interact(user, 3, map[string]any{"component_type": 2, "form": gateway.Form{CustomID: customID, Fields: fields}})
}

const rolesNeeded = "On this server that takes one of these roles: <@&77>."

func TestButtonsTakeTheRolesOfTheirCommands(t *testing.T) {
	t.Parallel()
	s := ruled(t, func(g *settings.Guild) {
		g.CommandRoles = map[string][]snowflake.ID{}
		for _, name := range []string{
			"pause", "resume", "skip", "stop", "loop", "shuffle", "previous", "jump", "effects", "queue", "volume", "leave", "undo",
			"forward", "rewind", "replay", "fair", "stay", "play", "playlist", "favourites", "history", "help", "mydata", "preferences",
		} {
			g.CommandRoles[name] = []snowflake.ID{77}
		}
	})
	m := s.card("card", shows("### A"))
	for _, label := range []string{"Pause", "Skip", "Stop", "Loop: off", "Shuffle", "Previous", "Like", "Effects", "Queue"} {
		s.refused(label, s.press(bob, buttonOf(t, m, label).CustomID), rolesNeeded)
	}
	next := s.menu(m)
	s.refused("up next", s.choose(bob, next.CustomID, next.Options[0].Value), rolesNeeded)
	for _, argument := range []string{"back", "forward", "replay", "softer", "louder", "fair", "come", "stay", "go", "undo", "leave"} {
		s.refused(argument, s.press(bob, bot.CustomID("adjust", "", 0, argument)), rolesNeeded)
	}
	for id, values := range map[string][]string{
		bot.CustomID("mix", "effects", 0, "effects"):   {"bassboost"},
		bot.CustomID("page", "", 0, "1"):               nil,
		bot.CustomID("picked", "", 0, "last"):          nil,
		bot.CustomID("picked", "", 0, "save"):          nil,
		bot.CustomID("picked", "", 0, "unlike"):        nil,
		bot.CustomID("pick_to", "", 0, ""):             {"new"},
		bot.CustomID("list_play", "", 0, "1.1"):        nil,
		bot.CustomID("list_delete", "", 0, "1.0"):      nil,
		bot.CustomID("liked_page", "", 0, "0"):         nil,
		bot.CustomID("history_page", "", 0, "me.0"):    nil,
		bot.CustomID("help", "", 0, ""):                {"music"},
		bot.CustomID("erase", "", 0, ""):               nil,
		bot.CustomID("prefer", "own", 0, "private=on"): nil,
	} {
		s.refused(id, s.choose(bob, id, values...), rolesNeeded)
	}
	for _, name := range []string{"Add to queue", "Play next", "Save to playlist"} {
		s.refused(name, s.menuEntry(bob, name), rolesNeeded)
	}
	s.refused("form", s.submit(bob, bot.CustomID("list_import", "", 0, ""), nil), rolesNeeded)
}

func TestEveryPressKnowsItsCommand(t *testing.T) {
	got := bot.PressesWithoutRoles()
	slices.Sort(got)
	want := []string{
		"adjust", "loop", "pause", "picked", "previous", "resume", "shuffle", "stop", // they look when they know what is meant
		"erase_not", "list_keep", "more", "pick", // they change nothing
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("without the roles of a command: %q, want %q", got, want)
	}
}

func TestThePlayRuleHoldsForPlaylists(t *testing.T) {
	t.Parallel()
	kept := playlists.NewMemory(playlists.Limits{})
	if _, err := kept.Like(t.Context(), bob, song("X"), time.Now()); err != nil {
		t.Fatal(err)
	}
	s := ruled(t, func(g *settings.Guild) { g.CommandRoles = map[string][]snowflake.ID{"play": {77}} },
		func(o *bot.Options) { o.Playlists = kept })
	a := s.interact(bob, 2, map[string]any{"id": "1", "name": "favourites", "type": 1, "options": []any{
		map[string]any{"name": "play", "type": 1},
	}})
	s.refused("/favourites play", a, rolesNeeded)
	s.refused("/play", s.commandAs(bob, "play", "query", "X"), rolesNeeded)
}

// Discord lists @everyone, whose id is the server's, among nobody's roles.
func TestEverybodyHasTheRoleOfEverybody(t *testing.T) {
	t.Parallel()
	s := ruled(t, func(g *settings.Guild) {
		g.DJRoles, g.CommandRoles = []snowflake.ID{theGuild}, map[string][]snowflake.ID{"clear": {theGuild}}
	})
	if got, _ := said(s.commandAs(bob, "clear")); got != "Emptied the queue of 2 tracks." {
		t.Errorf("said %q", got)
	}
}

func TestABlockedVoiceChannelIsNeverJoined(t *testing.T) {
	t.Parallel()
	chosen := &settings.Memory{}
	_, err := chosen.ChangeGuild(t.Context(), theGuild, func(g *settings.Guild) error { g.BlockedChannels = []snowflake.ID{theVoice}; return nil })
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t, func(o *bot.Options) { o.Settings = chosen })
	for what, a := range map[string]*answer{
		"/play": s.command("play", "query", "A"), "/join": s.command("join"), "Add to queue": s.menuEntry(ann, "Add to queue"),
		"picker": s.press(ann, bot.CustomID("picked", "", 0, "last")),
	} {
		s.refused(what, a, "The people who run this server do not let me play in <#5>.")
	}
}

func TestNothingGoesAroundAVote(t *testing.T) {
	t.Parallel()
	s := ruled(t, func(g *settings.Guild) { g.VoteSkip = 50 })
	m := s.card("card", shows("### A"))
	next := s.menu(m)
	const vote = "On this server the listeners vote before the current track ends."
	s.refused("/jump", s.commandAs(bob, "jump", "track", "2"), vote)
	s.refused("/previous", s.commandAs(bob, "previous"), vote)
	s.refused("/play now", s.commandAs(bob, "play", "query", "X", "when", "now"), vote)
	s.refused("up next", s.choose(bob, next.CustomID, next.Options[1].Value), vote)
	s.refused("previous", s.press(bob, buttonOf(t, m, "Previous").CustomID), vote)
	s.refused("play now in a picker", s.press(bob, bot.CustomID("picked", "", 0, "now")), vote)
	if got, _ := said(s.command("jump", "track", "2")); got != "Playing **C** by The Band." { // A is Ann's
		t.Errorf("Ann, who asked for it: %q", got)
	}
}

func TestBlockedPeopleAreSuggestedNothing(t *testing.T) {
	t.Parallel()
	s := ruled(t, func(g *settings.Guild) { g.BlockedUsers = []snowflake.ID{bob} })
	ask := func(user snowflake.ID) *answer {
		return s.interact(user, 4, map[string]any{"id": "1", "name": "jump", "type": 1, "options": []any{
			map[string]any{"name": "track", "type": 3, "value": "", "focused": true},
		}})
	}
	if a := ask(ann); a.kind != 8 || !strings.Contains(string(a.raw), "1. B") {
		t.Errorf("Ann is offered %s", a.raw)
	}
	if a := ask(bob); a.kind != 8 || strings.Contains(string(a.raw), "B") {
		t.Errorf("Bob is offered %s", a.raw)
	}
}

// finder finds tracks when it is let.
type finder struct {
	catalogue
	asked chan struct{}
	let   chan struct{}
}

func (f finder) Resolve(ctx context.Context, q track.Query) (track.Result, error) {
	if q.Text == "late" || q.Text == "https://late.test/" {
		f.asked <- struct{}{}
		<-f.let
	}
	return f.catalogue.Resolve(ctx, q)
}

func TestWhatIsFoundLateTakesTheBotFromNobody(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meanwhile func(*stage)
		want      string
	}{
		"others called the bot":  {func(s *stage) { s.commandAs(bob, "play", "query", "A") }, "I am playing in <#6>."},
		"whoever asked has left": {func(s *stage) { s.seats.sit(ann, 0) }, "Join a voice channel first."},
	} {
		t.Run(name, func(t *testing.T) {
			f := finder{asked: make(chan struct{}), let: make(chan struct{})}
			s := newStage(t, func(o *bot.Options) { o.Resolver = f })
			s.seats.sit(bob, otherVoice)
			late := make(chan *answer)
			go func() { late <- s.command("play", "query", "late") }()
			<-f.asked
			tt.meanwhile(s)
			s.players.commands()
			close(f.let)
			s.refused(name, <-late, tt.want)
		})
	}
}

func TestNextIsCheckedWhenItIsFound(t *testing.T) {
	t.Parallel()
	f := finder{asked: make(chan struct{}), let: make(chan struct{})}
	s := ruled(t, func(g *settings.Guild) { g.DJRoles = []snowflake.ID{7} }, func(o *bot.Options) { o.Resolver = f })
	if _, err := s.players.Do(t.Context(), theGuild, player.Clear{}); err != nil {
		t.Fatal(err)
	}
	late := make(chan *answer)
	go func() { late <- s.commandAs(bob, "play", "query", "late", "when", "next") }()
	<-f.asked
	s.command("play", "query", "D") // waits now
	s.players.commands()
	close(f.let)
	s.refused("next", <-late, "On this server only DJs")
}

func TestAThreadOfABlockedChannelIsBlocked(t *testing.T) {
	t.Parallel()
	s := ruled(t, func(g *settings.Guild) { g.BlockedChannels = []snowflake.ID{30} })
	if got, _ := said(s.commandAs(bob, "queue")); !strings.Contains(got, "**A**") {
		t.Errorf("elsewhere: %q", got)
	}
	s.seats.parents = map[snowflake.ID]snowflake.ID{10: 30}
	s.refused("in a thread", s.commandAs(bob, "queue"), "I take no commands in this channel.")
}
