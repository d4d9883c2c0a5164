package bot_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"busker/bot"
	"busker/internal/fault"
	"busker/player"
	"busker/queue"
	"busker/track"
)

// card waits until the channel shows exactly one card, and it satisfies ok.
func (s *stage) card(what string, ok func(*message) bool) *message {
	s.t.Helper()
	var found *message
	s.discord.wait(what, func() bool {
		var cards []*message
		for _, m := range s.discord.live("10") {
			if m.Flags&(1<<15) != 0 {
				cards = append(cards, m)
			}
		}
		if len(cards) != 1 || !ok(cards[0]) {
			return false
		}
		copied := *cards[0]
		copied.Components = slices.Clone(copied.Components) // the next edit writes over them
		found = &copied
		return true
	})
	return found
}

// shows reports whether a text of the card contains want.
func shows(want string) func(*message) bool {
	return func(m *message) bool {
		return slices.ContainsFunc(parts(m), func(c component) bool {
			return strings.Contains(c.Content, want) || c.Label == want
		})
	}
}

// button reports whether the card has a button with the label.
func button(label string) func(*message) bool {
	return func(m *message) bool {
		return slices.ContainsFunc(parts(m), func(c component) bool { return c.Type == 2 && c.Label == label })
	}
}

// id is the custom id of a button of the guild's card.
func (s *stage) id(action string, item uint64, argument string) string {
	s.t.Helper()
	m := s.card("card with buttons", button("Skip"))
	_, serial, _, _, ok := bot.ParseCustomID(buttonOf(s.t, m, "Skip").CustomID)
	if !ok || serial == "" {
		s.t.Fatal("the card has no serial")
	}
	return bot.CustomID(action, serial, item, argument)
}

func TestTheCardFollows(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("First", "Second", "Third")
	m := s.card("card of the first track", func(m *message) bool { return shows("### First")(m) && shows("1 track more")(m) })
	for _, want := range []string{"The Band", "Requested by <@42>", "`0:00` ◉▬", "`3:20`", "Pause", "Skip", "Stop", "Loop: off", "Shuffle"} {
		if !shows(want)(m) {
			t.Errorf("the card lacks %q: %s", want, m.Components)
		}
	}
	s.command("pause")
	s.card("paused", func(m *message) bool { return shows("Paused")(m) && shows("Resume")(m) && !button("Pause")(m) })
	s.command("resume")
	s.command("volume", "percent", 50)
	s.card("volume", shows("Volume 50 %"))
	s.command("seek", "to", "1:40")
	s.card("seeked", shows("`1:40` ▬▬▬▬▬▬▬▬◉"))
	s.command("loop", "mode", "track")
	again := s.card("loop", shows("Loop: track"))
	if again.ID != m.ID {
		t.Error("the card was posted anew without need")
	}
	s.command("skip")
	turned := s.card("next track", shows("### Second"))
	if turned.ID != m.ID {
		t.Error("the card was replaced although nothing lies below it")
	}
	s.discord.say("10")
	s.command("skip")
	below := s.card("last track", shows("### Third"))
	if below.ID == m.ID {
		t.Error("the card stayed above newer messages")
	}
	s.command("stop")
	s.card("ended", func(m *message) bool {
		return shows("The queue has ended.")(m) && !button("Skip")(m) && shows("Third")(m)
	})
	s.command("play", "query", "Again")
	s.card("alive again", shows("### Again"))
	s.command("leave")
	s.card("left", shows("The queue has ended."))
}

func TestThePictureTravels(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("Art 1", "Plain", "Art 2")
	if m := s.card("with a picture", shows("### Art 1")); m.files != 1 {
		t.Errorf("%d files", m.files)
	}
	s.command("pause")
	if m := s.card("paused", shows("Paused")); m.files != 1 || len(m.Attachments) != 1 {
		t.Errorf("%d files, %d attachments after an edit", m.files, len(m.Attachments))
	}
	s.command("skip")
	s.card("without one", shows("### Plain"))
	s.command("skip")
	if m := s.card("with another", shows("### Art 2")); m.files != 2 || len(m.Attachments) != 1 {
		t.Errorf("%d files, %d attachments", m.files, len(m.Attachments))
	}
}

func TestNowPlayingBringsTheCardDown(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	first := s.card("card", shows("### A"))
	s.command("nowplaying")
	s.card("fresh card", func(m *message) bool { return m.ID != first.ID })
}

func TestCardButtons(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A", "B", "C", "D")
	m := s.card("card", func(m *message) bool { return shows("### A")(m) && !buttonOf(t, m, "Shuffle").Disabled })
	for _, tt := range []struct {
		label string
		want  player.Command
	}{
		{"Pause", player.Pause{}},
		{"Loop: off", player.Loop{Mode: queue.Track}},
		{"Shuffle", player.Shuffle{}},
		{"Skip", player.Skip{Count: 1}},
	} {
		a := s.press(ann, buttonOf(t, m, tt.label).CustomID)
		if a.kind != 6 || len(a.followUps) != 0 {
			t.Errorf("%s: answered with %d, %+v", tt.label, a.kind, a.followUps)
		}
		if did := s.players.commands(); len(did) != 1 || did[0] != tt.want {
			t.Errorf("%s: did %+v", tt.label, did)
		}
	}
	for _, stale := range []string{buttonOf(t, m, "Skip").CustomID, s.id("stop", 999, "")} {
		if got, private := said(s.press(ann, stale)); got != "That track is over. Use the newest card." || !private {
			t.Errorf("stale press: %q, %v", got, private)
		}
	}
	for _, old := range []string{"b0|skip|1|", "", "play", "b1|skip|1|", "b2|explode|x|1|", "b2|skip|x|?|", s.id("loop", 2, "sideways")} {
		if got, private := said(s.press(ann, old)); !strings.HasPrefix(got, "This button is from an older version") || !private {
			t.Errorf("press of %q: %q, %v", old, got, private)
		}
	}
	now, _ := s.players.Status(theGuild)
	current := s.id("stop", now.ItemID, "")
	if got, private := said(s.press(bob, current)); got != "Join a voice channel first." || !private {
		t.Errorf("press from outside: %q, %v", got, private)
	}
	s.players.set(func(*player.Status) { s.players.fail = fault.New(fault.Busy, "Not now.") })
	if a := s.press(ann, current); a.kind != 6 || a.followUps[0].Content != "Not now." || !a.followUps[0].ephemeral() {
		t.Errorf("failing press: %+v", a)
	}
	if did := s.players.commands(); len(did) != 1 {
		t.Errorf("did %+v", did)
	}
}

func TestADoublePressSkipsOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A", "B", "C")
	id := s.id("skip", 1, "")
	var presses sync.WaitGroup
	for range 8 {
		presses.Go(func() { s.press(ann, id) })
	}
	presses.Wait()
	if did := s.players.commands(); len(did) != 1 {
		t.Errorf("skipped %d times", len(did))
	}
}

func TestACardThatMayNotBePostedDisturbsNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	refused := failure{403, `{"code":50013,"message":"Missing Permissions"}`}
	s.discord.mu.Lock()
	s.discord.fail["POST channels"] = []failure{refused}
	s.discord.mu.Unlock()
	s.playing("A", "B")
	s.discord.wait("refused", func() bool { return len(s.discord.fail["POST channels"]) == 0 })
	if got, _ := said(s.command("pause")); got != "Paused." {
		t.Errorf("said %q", got)
	}
	s.command("skip") // the next track tries again
	s.card("card of the next track", shows("### B"))
}

func TestADeletedCardStaysAwayUntilTheNextTrack(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A", "B")
	m := s.card("card", func(m *message) bool { return shows("### A")(m) && shows("Next: B")(m) })
	s.discord.mu.Lock()
	s.discord.messages[m.ID].deleted = true
	s.discord.mu.Unlock()
	s.command("pause")
	s.command("skip")
	if got := s.card("card of the next track", shows("### B")); got.ID == m.ID {
		t.Error("the deleted card came back")
	}
}

func TestProgressLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *bot.Options) { o.CardProgress = time.Millisecond }).playing("A")
	m := s.card("card", shows("### A"))
	edits := func() int {
		s.discord.mu.Lock()
		defer s.discord.mu.Unlock()
		return s.discord.messages[m.ID].edits
	}
	s.players.set(func(*player.Status) { s.players.step = time.Second })
	s.discord.wait("progress", func() bool { return s.discord.messages[m.ID].edits > 3 })
	began, before := time.Now(), edits()
	<-time.After(1500 * time.Millisecond)
	n := float64(edits() - before)
	if most := 20 + 20*time.Since(began).Seconds(); n > most {
		t.Errorf("%v edits for the progress alone, at most %v leave room for others", n, most)
	}
	s.command("pause") // what happened is shown all the same
	s.card("paused", shows("Paused"))
}

func TestFailuresAreTold(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	s.card("card", shows("### A"))
	fails := func(name string, err error) {
		s.players.happen(theGuild, player.TrackFailed{Item: queue.Item{Track: song(name)}, Err: err})
	}
	fails("Bad *one*", fault.New(fault.Corrupt, "The file is damaged."))
	fails("Worse", fmt.Errorf("open: %w", errSecret))
	var told []string
	s.discord.wait("failures", func() bool {
		told = nil
		for _, m := range s.discord.live("10") {
			if m.Content != "" {
				told = append(told, strings.Split(m.Content, "\n")...)
			}
		}
		return len(told) == 2
	})
	want := []string{`I could not play **Bad \*one\*** by The Band: The file is damaged.`, "I could not play **Worse** by The Band: something went wrong."}
	if !slices.Equal(told, want) {
		t.Errorf("told %q", told)
	}
}

func TestTheViewOfOddTracks(t *testing.T) {
	live := player.Status{State: player.StatePlaying, ItemID: 1, Volume: 100, Track: track.Track{URI: "https://radio.test/x", Live: true}, Position: time.Minute}
	if v := bot.CardOf(live); !strings.Contains(v, "Live · 1:00") || !strings.Contains(v, "radio") {
		t.Errorf("live: %s", v)
	}
	past := player.Status{State: player.StatePlaying, ItemID: 1, Volume: 100, Track: song("x"), Length: time.Second, Position: time.Hour}
	if v := bot.CardOf(past); !strings.Contains(v, "▬◉ ") {
		t.Errorf("past the end: %s", v)
	}
	for mime, ok := range map[string]bool{"image/png": true, "image/jpeg": true, "text/html": false} {
		tr := track.Track{Artwork: &track.Artwork{MIME: mime, Bytes: []byte{1}}}
		if got := bot.PictureOf(tr) != nil; got != ok {
			t.Errorf("%s as a picture: %v", mime, got)
		}
	}
	if v := bot.OverOf(player.Status{}); strings.Contains(v, "Last played") {
		t.Errorf("over: %s", v)
	}
}

// note returns what the bot says in the channel beside its card, once it does.
func (s *stage) note() (told string) {
	s.t.Helper()
	s.discord.wait("a note", func() bool {
		for _, m := range s.discord.live("10") {
			if m.Content != "" {
				told = m.Content
			}
		}
		return told != ""
	})
	return told
}

func TestBeingPutOutIsTold(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"I was disconnected from <#5>.":              fmt.Errorf("voice: %w", fault.New(fault.Denied, "I was disconnected from <#5>.")),
		"I was disconnected from the voice channel.": errSecret,
	} {
		s := newStage(t).playing("A")
		s.card("card", shows("### A"))
		s.players.happen(theGuild, player.Left{Channel: theVoice, Reason: player.LeaveDisconnected, Err: err})
		if told := s.note(); told != want {
			t.Errorf("told %q, want %q", told, want)
		}
	}
}

func TestASeekThatFailedIsTold(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	s.card("card", shows("### A"))
	s.players.happen(theGuild, player.SeekFailed{
		Item: queue.Item{Track: song("A")}, At: 83 * time.Second, Err: fault.New(fault.Unavailable, "The server is down."),
	})
	want := "I could not go to that time of **A** by The Band (1:23), so I went back: The server is down."
	if told := s.note(); told != want {
		t.Errorf("told %q", told)
	}
}
