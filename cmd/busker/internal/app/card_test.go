package app_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"busker/emulator"
	"busker/emulator/discord"
	"busker/player"
	"busker/queue"
)

// becomes waits for the player to be as it should after a press.
func (s *stage) becomes(t *testing.T, what string, is func(now player.Status) bool) {
	t.Helper()
	late := time.After(patience)
	for !is(s.status()) {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-late:
			t.Fatalf("never: %s; %s, %d waiting", what, s.status().State, len(s.status().Queue))
		}
	}
}

// card waits for the card of the current track with a button, or a menu, that is not disabled.
func (s *stage) card(t *testing.T, label string) discord.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(s.ctx, patience)
	defer cancel()
	m, err := s.text.WaitMessage(ctx, func(m discord.Message) bool {
		_, ok := m.Find(func(c discord.Component) bool { return (c.Label == label || c.Placeholder == label) && !c.Disabled })
		return ok && m.Flags&discord.FlagComponentsV2 != 0 && contains(m, "### "+s.status().Track.Title)
	})
	if err != nil {
		t.Fatalf("no card of %q has %q: %v", s.status().Track.Title, label, err)
	}
	return m
}

// tap presses a button of the newest card; values are those of a menu.
func (s *stage) tap(t *testing.T, label string, values ...string) *emulator.Interaction {
	t.Helper()
	m := s.card(t, label)
	c, _ := m.Find(func(c discord.Component) bool { return c.Label == label || c.Placeholder == label })
	i, err := s.you.Press(s.ctx, m, c.CustomID, values...)
	if err != nil {
		t.Fatalf("%s: %v", label, err)
	}
	return i
}

// own waits for what only whoever pressed sees.
func (s *stage) own(t *testing.T, i *emulator.Interaction) discord.Message {
	t.Helper()
	m, err := i.Response(s.ctx)
	if err != nil || !m.Ephemeral() {
		t.Fatalf("private %v, %v", m.Ephemeral(), err)
	}
	return m
}

// TestTheCardIsPressedAndHeard presses everything there is on the card, of a real player
// with a real store.
func TestTheCardIsPressedAndHeard(t *testing.T) {
	t.Parallel()
	s := newStage(t, withStore(t, longSongs(t)))
	for _, song := range songs {
		s.play(t, song)
	}
	hears(t, s.ctx, s.ears)
	title := func(want string) func(player.Status) bool {
		return func(now player.Status) bool { return strings.HasPrefix(now.Track.Title, want) }
	}
	s.tap(t, "Pause")
	s.becomes(t, "paused", func(now player.Status) bool { return now.State == player.StatePaused })
	s.tap(t, "Resume")
	s.becomes(t, "playing", func(now player.Status) bool { return now.State == player.StatePlaying })
	s.tap(t, "Loop: off")
	s.becomes(t, "looping", func(now player.Status) bool { return now.Loop == queue.Track })
	s.tap(t, "Loop: track")
	s.becomes(t, "looping the queue", func(now player.Status) bool { return now.Loop == queue.All })
	s.tap(t, "Loop: queue")
	s.becomes(t, "not looping", func(now player.Status) bool { return now.Loop == queue.Off })
	s.tap(t, "Skip")
	s.becomes(t, "the next track", title("Last"))
	s.tap(t, "Previous")
	s.becomes(t, "the track before", title("Cobblestone"))
	s.tap(t, "Shuffle")
	s.becomes(t, "shuffled", func(now player.Status) bool { return now.Undoable == queue.OpShuffle })
	s.tap(t, "Like")
	liked := discord.Message{}
	for range 50 {
		if liked = s.command(t, "favourites list", nil); contains(liked, "You have 1 favourite") {
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	if !contains(liked, "You have 1 favourite") {
		t.Errorf("favourites: %q %v", liked.Content, texts(liked))
	}

	t.Run("effects", func(t *testing.T) {
		m := s.own(t, s.tap(t, "Effects"))
		menu, _ := m.Find(func(c discord.Component) bool { return len(c.Options) > 0 })
		if _, err := s.you.Press(s.ctx, m, menu.CustomID, "bassboost", "nightcore"); err != nil {
			t.Fatal(err)
		}
		s.becomes(t, "both effects", func(now player.Status) bool { return len(now.Effects) == 2 })
	})
	t.Run("queue", func(t *testing.T) {
		m := s.own(t, s.tap(t, "Queue"))
		if m = s.choose(t, m, "Refresh"); !strings.Contains(m.Content, "3 tracks") {
			t.Errorf("%q", m.Content)
		}
	})
	t.Run("more", func(t *testing.T) {
		for _, tt := range []struct {
			label string
			is    func(now player.Status) bool
		}{
			{"Forward 10 s", func(now player.Status) bool { return now.Position >= 10*time.Second }},
			{"Back 10 s", func(now player.Status) bool { return now.Position < 60*time.Second }},
			{"From the start", func(now player.Status) bool { return now.Position < 10*time.Second }},
			{"Louder", func(now player.Status) bool { return now.Volume == 110 }},
			{"Softer", func(now player.Status) bool { return now.Volume == 100 }},
			{"Fair queue: off", func(now player.Status) bool { return now.Fair }},
			{"Fair queue: on", func(now player.Status) bool { return !now.Fair }},
			{"24/7: off", func(now player.Status) bool { return now.Stay }},
			{"24/7: on", func(now player.Status) bool { return !now.Stay }},
		} {
			s.choose(t, s.own(t, s.tap(t, "More")), tt.label)
			s.becomes(t, tt.label, tt.is)
		}
	})
	t.Run("undo", func(t *testing.T) {
		s.command(t, "clear", nil)
		s.choose(t, s.own(t, s.tap(t, "More")), "Undo")
		s.becomes(t, "the queue is back", func(now player.Status) bool { return len(now.Queue) == 3 })
	})
	t.Run("up next", func(t *testing.T) {
		const menu = "Up next: choose what to play"
		m := s.card(t, menu)
		c, _ := m.Find(func(c discord.Component) bool { return c.Placeholder == menu })
		if len(c.Options) != 3 {
			t.Fatalf("offered %+v", c.Options)
		}
		s.tap(t, menu, c.Options[1].Value)
		s.becomes(t, "the track chosen", func(now player.Status) bool { return strings.Contains(c.Options[1].Label, now.Track.Title) })
		hears(t, s.ctx, s.ears)
	})
	s.tap(t, "Stop")
	s.becomes(t, "nothing plays", func(now player.Status) bool { return now.ItemID == 0 })
}

// TestSoundAndPlaceAsPeopleSetThem types what no other test here types at a real player.
func TestSoundAndPlaceAsPeopleSetThem(t *testing.T) {
	t.Parallel()
	s := newStage(t, withStore(t, longSongs(t)))
	s.expect(t, "join", nil, "I am in <#"+s.voice.ID.String()+">", "")
	s.play(t, songs[0])
	s.expect(t, "nowplaying", nil, "Now playing: **Cobblestone", "")
	s.expect(t, "volume", emulator.Args{"percent": 150}, "Volume: 150 %", "")
	s.expect(t, "effects", emulator.Args{"preset": "bassboost", "strength": 60}, "Bass boost 60 %", "")
	s.expect(t, "crossfade", emulator.Args{"seconds": 4}, "Crossfade: 4 seconds", "")
	s.expect(t, "loudness", emulator.Args{"mode": "on"}, "Loudness: on", "")
	hears(t, s.ctx, s.ears)
	if now := s.status(); now.Volume != 150 || len(now.Effects) != 1 || now.Crossfade != 4*time.Second || !now.Normalise {
		t.Errorf("volume %d, effects %v, crossfade %v, normalise %v", now.Volume, now.Effects, now.Crossfade, now.Normalise)
	}
	s.expect(t, "leave", nil, "Bye.", "")
	s.play(t, songs[1]) // what was chosen is kept
	if now := s.status(); now.Volume != 150 || len(now.Effects) != 1 {
		t.Errorf("after coming back: volume %d, effects %v", now.Volume, now.Effects)
	}
}
