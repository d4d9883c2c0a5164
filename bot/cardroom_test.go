package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"busker/bot"
	"busker/gateway"
	"busker/internal/snowflake"
	"busker/player"
	"busker/session"
	"busker/settings"
)

// written returns which messages were posted, edited and deleted since it was last asked.
func (r *room) written() (all []string) {
	r.asked.mu.Lock()
	defer r.asked.mu.Unlock()
	for _, one := range r.asked.all {
		method, rest, _ := strings.Cut(one, " ")
		path, _, _ := strings.Cut(rest, " ")
		if strings.Contains(path, "/messages") {
			all = append(all, method+" "+strings.TrimPrefix(path, "/channels/"))
		}
	}
	r.asked.all = nil
	return all
}

func (r *room) wrote(what string, want ...string) {
	r.Helper()
	if got := r.written(); !slices.Equal(got, want) {
		r.Errorf("%s: wrote %q, want %q", what, got, want)
	}
}

// chatter has n messages posted in a channel.
func (r *room) chatter(channel snowflake.ID, n int) {
	r.Helper()
	for i := range n {
		r.bot.MessagePosted(gateway.Message{Guild: theGuild, Channel: channel, ID: snowflake.ID(1000 + i)})
	}
	synctest.Wait()
}

func TestTheCardMovesDownWithTheChat(t *testing.T) {
	inRoom(t, nil, func(r *room) {
		r.chatter(10, 5)
		r.chatter(11, 50) // elsewhere
		r.pass(time.Minute)
		r.wrote("five messages")
		r.chatter(10, 1)
		r.pass(2 * time.Second)
		r.wrote("six messages", "POST 10/messages", "DELETE 10/messages/77")
		r.chatter(10, 6)
		r.pass(2 * time.Second)
		r.wrote("a busy chat, a moment later")
		r.pass(15 * time.Second)
		r.wrote("a while later", "POST 10/messages", "DELETE 10/messages/77")
		r.bot.MessagePosted(gateway.Message{Guild: 99, Channel: 10, ID: 5000}) // of a guild without a card
	})
	inRoom(t, func(_ *bot.Options, r *room) { r.choose(func(g *settings.Guild) { g.CardFollows = false }) }, func(r *room) {
		r.chatter(10, 50)
		r.pass(time.Minute)
		r.wrote("where it shall stay")
	})
}

func TestTracksAreAnnouncedAsTheServerWants(t *testing.T) {
	for way, want := range map[settings.Announce][]string{
		settings.AnnounceCard:    nil,
		settings.AnnounceMessage: {"Now playing: **B** by The Band"},
		settings.AnnounceOff:     nil,
	} {
		inRoom(t, func(_ *bot.Options, r *room) { r.choose(func(g *settings.Guild) { g.Announce = way }) }, func(r *room) {
			r.players.set(func(s *player.Status) { s.ItemID, s.Track = 2, song("B") })
			r.players.happen(theGuild, player.TrackStarted{})
			r.pass(5 * time.Second)
			r.asked.mu.Lock()
			all := strings.Join(r.asked.all, "\n")
			r.asked.mu.Unlock()
			if said := r.asked.said(); !slices.Equal(said, want) {
				t.Errorf("%s: said %q", way, said)
			}
			if shown := strings.Contains(all, "### B"); shown != (way != settings.AnnounceOff) {
				t.Errorf("%s: a card is there: %v\n%s", way, shown, all)
			}
			if len(want) > 0 && !strings.Contains(all, `"flags":4100`) { // no sound, no previews of links
				t.Errorf("%s: loud\n%s", way, all)
			}
		})
	}
}

func TestACardGoesWhenNobodyWantsIt(t *testing.T) {
	inRoom(t, nil, func(r *room) {
		_, err := r.bot.Settings().ChangeGuild(r.Context(), theGuild, func(g *settings.Guild) error {
			g.Announce = settings.AnnounceOff
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		r.players.happen(theGuild, player.Paused{})
		r.pass(5 * time.Second)
		r.wrote("turned off", "DELETE 10/messages/77")
	})
}

// formerCard is the card of a process before.
func formerCard(survives bool) (*bot.MemoryCards, func(*bot.Options, *room)) {
	var cards bot.MemoryCards
	return &cards, func(o *bot.Options, r *room) {
		r.former = session.Card{Guild: theGuild, Channel: 10, Message: snowflake.Make(time.Now(), 0), Serial: 35}
		_ = cards.KeepCard(r.Context(), r.former)
		o.Cards, o.Survives = &cards, survives
		r.quiet = true
	}
}

func (r *room) kept(c bot.CardStore) []session.Card {
	r.Helper()
	all, err := c.Cards(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	return all
}

func TestACardIsTakenOver(t *testing.T) {
	cards, take := formerCard(true)
	inRoom(t, take, func(r *room) {
		former := r.former.Message
		r.pass(time.Minute)
		r.wrote("before the guild has returned")
		r.players.set(func(s *player.Status) { s.Channel, s.ItemID, s.Track = theVoice, 7, song("Art A") })
		r.players.happen(theGuild, player.Joined{Channel: theVoice})
		r.pass(5 * time.Second)
		got := r.written()
		if len(got) == 0 || got[0] != fmt.Sprintf("PATCH 10/messages/%s", former) && got[0] != "POST 10/messages" {
			t.Errorf("wrote %q", got)
		}
		if all := r.kept(cards); len(all) != 1 || all[0].Serial != 35 || all[0].Message == 0 {
			t.Errorf("kept %+v", all)
		}
	})
}

func TestAFormerCardWhoseMusicDoesNotReturnIsMarkedAsOver(t *testing.T) {
	for survives, after := range map[bool]time.Duration{true: 10*time.Minute + 20*time.Second, false: 5 * time.Second} {
		cards, take := formerCard(survives)
		inRoom(t, take, func(r *room) {
			former := r.former.Message
			r.pass(after)
			r.wrote("the end", fmt.Sprintf("PATCH 10/messages/%s", former))
			if all := r.kept(cards); len(all) != 0 {
				t.Errorf("kept %+v", all)
			}
		})
	}
	cards, take := formerCard(true)
	inRoom(t, take, func(r *room) {
		r.players.happen(theGuild, player.ReturnFailed{Channel: theVoice, Err: errSecret})
		r.pass(5 * time.Second)
		if got := r.written(); len(got) != 2 || len(r.kept(cards)) != 0 {
			t.Errorf("a guild that cannot return: wrote %q, kept %+v", got, r.kept(cards))
		}
	})
}

func TestAStopSaysThatTheMusicGoesOn(t *testing.T) {
	for survives, want := range map[bool]string{
		true:  "I am being restarted. The music goes on in a moment.",
		false: "The queue has ended.",
	} {
		var cards bot.MemoryCards
		inRoom(t, func(o *bot.Options, _ *room) { o.Cards, o.Survives = &cards, survives }, func(r *room) {
			if all := r.kept(&cards); len(all) != 1 || all[0].Channel != 10 || all[0].Message != 77 || all[0].Serial == 0 {
				t.Errorf("kept %+v", all)
			}
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			made := r.asked.to("PATCH", "/channels/10/messages/77")
			if len(made) != 1 || !strings.Contains(made[0], want) || strings.Contains(made[0], `"custom_id"`) {
				t.Errorf("the card: %q", made)
			}
			if all := r.kept(&cards); len(all) == 1 != survives {
				t.Errorf("kept %+v", all)
			}
		})
	}
}

// brokenCards is a CardStore that is away.
type brokenCards struct{ bot.CardStore }

func (brokenCards) Cards(context.Context) ([]session.Card, error) { return nil, errSecret }
func (brokenCards) KeepCard(context.Context, session.Card) error  { return errSecret }
func (brokenCards) DropCard(context.Context, snowflake.ID) error  { return errSecret }

func TestCardsGoOnWithoutTheirStore(t *testing.T) {
	inRoom(t, func(o *bot.Options, _ *room) { o.Cards = brokenCards{} }, func(r *room) {
		r.players.set(func(s *player.Status) { s.State = player.StatePaused })
		r.players.happen(theGuild, player.Paused{})
		r.pass(5 * time.Second)
		r.wrote("paused", "PATCH 10/messages/77")
	})
}

// choose chooses from a menu of a message.
func (s *stage) choose(user snowflake.ID, customID string, values ...string) *answer {
	s.t.Helper()
	return s.interact(user, 3, map[string]any{"custom_id": customID, "component_type": 3, "values": values})
}

func (s *stage) menu(m *message) component {
	s.t.Helper()
	for _, c := range parts(m) {
		if c.Type == 3 {
			return c
		}
	}
	s.t.Fatal("there is no menu")
	return component{}
}

func TestUpNext(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A", "B", "C", "D")
	m := s.card("card", func(m *message) bool { return shows("### A")(m) && len(s.menu(m).Options) == 3 })
	next := s.menu(m)
	if o := next.Options[1]; o.Label != "2. C" || o.Description != "The Band · 3:20" || o.Value != strconv.FormatUint(3, 36) {
		t.Errorf("offers %+v", o)
	}
	a := s.choose(ann, next.CustomID, next.Options[1].Value)
	if did := s.players.commands(); a.kind != 6 || len(did) != 1 || did[0] != (player.Jump{Item: 3}) {
		t.Errorf("answered %d, did %+v", a.kind, did)
	}
	s.card("the chosen one", shows("### C"))
	if got, private := said(s.choose(ann, next.CustomID, next.Options[0].Value)); got != "That track is no longer in the queue." || !private {
		t.Errorf("gone: %q", got)
	}
	if got, _ := said(s.choose(ann, next.CustomID, "?")); got != "That track is no longer in the queue." {
		t.Errorf("nonsense: %q", got)
	}
	if got, _ := said(s.choose(bob, next.CustomID, next.Options[2].Value)); got != "Join a voice channel first." {
		t.Errorf("from outside: %q", got)
	}
	if a := s.choose(ann, bot.CustomID("jump", "formerlife", 0, ""), next.Options[2].Value); a.kind != 7 {
		t.Errorf("on a dead card: answered %d", a.kind)
	}
}

func TestWhoMayJump(t *testing.T) {
	t.Parallel()
	chosen := &settings.Memory{}
	s := newStage(t, func(o *bot.Options) { o.Settings = chosen })
	if _, err := chosen.ChangeGuild(t.Context(), theGuild, func(g *settings.Guild) error { g.DJRoles = []snowflake.ID{7}; return nil }); err != nil {
		t.Fatal(err)
	}
	s.seats.sit(bob, theVoice)
	s.playing("A", "B")
	s.commandAs(bob, "play", "query", "C")
	m := s.card("card", func(m *message) bool { return shows("### A")(m) && len(s.menu(m).Options) == 2 })
	next := s.menu(m)
	s.players.commands()
	for i, whose := range []string{"another's", "one's own, past another's"} {
		if got, private := said(s.choose(bob, next.CustomID, next.Options[i].Value)); !strings.HasPrefix(got, "On this server only DJs control the music") || !private {
			t.Errorf("to %s: %q", whose, got)
		}
	}
	if did := s.players.commands(); len(did) > 0 {
		t.Errorf("did %+v", did)
	}
}

func TestTheSecondRowOfButtons(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("Z", "A", "B")
	s.command("skip")
	s.command("pause")
	m := s.card("card", func(m *message) bool { return shows("Resume")(m) && !buttonOf(t, m, "Previous").Disabled })
	for _, label := range []string{"Previous", "Resume", "Skip", "Stop", "Loop: off", "Shuffle", "Like", "Effects", "Queue", "More"} {
		buttonOf(t, m, label)
	}
	s.players.commands()
	if a := s.press(ann, buttonOf(t, m, "Queue").CustomID); a.kind != 4 || !a.private || !strings.Contains(a.original.Content, "B") {
		t.Errorf("queue: %+v", a.original)
	}
	if a := s.press(bob, buttonOf(t, m, "Queue").CustomID); a.kind != 4 {
		t.Error("the queue is for everybody")
	}

	effects := s.press(ann, buttonOf(t, m, "Effects").CustomID)
	if effects.kind != 4 || !effects.private {
		t.Fatalf("effects: %+v", effects)
	}
	menu := s.menu(effects.original)
	chosen := s.choose(ann, menu.CustomID, "bassboost", "nightcore")
	if chosen.kind != 7 {
		t.Errorf("chosen: answered %d", chosen.kind)
	}
	if did := s.players.commands(); len(did) != 1 || len(did[0].(player.Filters).Effects) != 2 {
		t.Errorf("did %+v", did)
	}
	s.choose(ann, menu.CustomID)
	if did := s.players.commands(); len(did) != 1 || len(did[0].(player.Filters).Effects) != 0 {
		t.Errorf("none chosen: did %+v", did)
	}
	if got, _ := said(s.choose(bob, menu.CustomID, "bassboost")); got != "Join a voice channel first." {
		t.Errorf("from outside: %q", got)
	}

	s.press(ann, buttonOf(t, m, "Previous").CustomID)
	if did := s.players.commands(); len(did) != 1 || did[0] != (player.Previous{}) {
		t.Errorf("did %+v", did)
	}
}

func TestThePanel(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A", "B")
	m := s.card("card", shows("### A"))
	panel := s.press(ann, buttonOf(t, m, "More").CustomID)
	if panel.kind != 4 || !panel.private || !strings.Contains(panel.original.Content, "The volume is 100 %.") {
		t.Fatalf("panel: %+v", panel.original)
	}
	now := panel.original
	for _, tt := range []struct {
		label string
		want  player.Command
	}{
		{"Forward 10 s", player.SeekBy{Delta: 10 * time.Second}},
		{"Back 10 s", player.SeekBy{Delta: -10 * time.Second}},
		{"From the start", player.Replay{}},
		{"Louder", player.Volume{Percent: 110}},
		{"Softer", player.Volume{Percent: 100}},
		{"Fair queue: off", player.Fair{On: true}},
		{"Fair queue: on", player.Fair{}},
		{"24/7: off", player.Stay{On: true}},
		{"24/7: on", player.Stay{}},
	} {
		a := s.press(ann, buttonOf(t, now, tt.label).CustomID)
		if did := s.players.commands(); len(did) != 1 || did[0] != tt.want {
			t.Errorf("%s: did %+v", tt.label, did)
		}
		if a.kind != 7 {
			t.Fatalf("%s: answered %d", tt.label, a.kind)
		}
		now = a.original
	}
	s.players.set(func(st *player.Status) { st.Undoable = "add" })
	s.press(ann, buttonOf(t, now, "Undo").CustomID)
	if did := s.players.commands(); len(did) != 1 || did[0] != (player.Undo{}) {
		t.Errorf("undo: did %+v", did)
	}
	if a := s.press(ann, bot.CustomID("adjust", "", 0, "explode")); a.kind != 4 || !strings.Contains(a.original.Content, "older version") {
		t.Errorf("nonsense: %+v", a.original)
	}
	a := s.press(ann, buttonOf(t, now, "Leave").CustomID)
	if did := s.players.commands(); len(did) != 1 || did[0] != (player.Leave{}) || a.original.Content != "Bye." {
		t.Errorf("leave: did %+v, %+v", did, a.original)
	}
}

func TestWhyACardWaits(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*gateway.Channel, *seats){
		"Waiting for listeners":               func(*gateway.Channel, *seats) {},
		"Waiting for the invitation to speak": func(c *gateway.Channel, s *seats) { c.Silenced, s.stage = true, true },
		"Waiting: I am muted on this server":  func(c *gateway.Channel, _ *seats) { c.Silenced = true },
	} {
		s := newStage(t).playing("A")
		s.card("card", shows("### A"))
		s.seats.mu.Lock()
		change(&s.seats.room, s.seats)
		s.seats.mu.Unlock()
		s.seats.sit(ann, 0)
		s.bot.GuildChanged(theGuild)
		s.card(want, shows(want))
	}
}

func TestMissingPermissionsForTheCardAreNamed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.may = 1<<10 | 1<<15
	a := s.command("play", "query", "A")
	if len(a.followUps) != 1 || a.followUps[0].Content != "I cannot show what plays in <#10>. I lack: **Send Messages, Embed Links**." || !a.followUps[0].ephemeral() {
		t.Errorf("followed by %+v", a.followUps)
	}
	if a := s.command("play", "query", "B"); len(a.followUps) != 0 {
		t.Errorf("said again: %+v", a.followUps)
	}
	if a := s.command("nowplaying"); len(a.followUps) != 1 {
		t.Error("not said of the card that was asked for")
	}
}

func TestAPressBeforeTheMusicReturns(t *testing.T) {
	t.Parallel()
	var cards bot.MemoryCards
	if err := cards.KeepCard(t.Context(), session.Card{Guild: theGuild, Channel: 10, Message: 66, Serial: 35}); err != nil {
		t.Fatal(err)
	}
	s := newStage(t, func(o *bot.Options) { o.Cards, o.Survives = &cards, true })
	press := func() (string, bool) { return said(s.press(ann, bot.CustomID("skip", "z", 1, ""))) }
	got, private := press()
	for got == "I no longer keep that card. `/nowplaying` brings a new one." { // it has yet to be read
		got, private = press()
	}
	if got != "I have just been restarted, and the music goes on in a moment. Try again then." || !private {
		t.Errorf("said %q, %v", got, private)
	}
}
