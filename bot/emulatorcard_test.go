package bot_test

import (
	"fmt"
	"testing"
	"time"

	"busker/bot"
	"busker/emulator"
	ed "busker/emulator/discord"
	"busker/player"
)

// cards are the messages that show what plays.
func (s *square) cards() (all []ed.Message) {
	for _, m := range s.text.Messages() {
		if m.Flags&ed.FlagComponentsV2 != 0 {
			all = append(all, m)
		}
	}
	return all
}

func TestTheCardFollowsTheChatAsPeopleSeeIt(t *testing.T) {
	s := newSquare(t, func(o *bot.Options) { o.CardMoves = time.Millisecond })
	s.command(s.ann, "play", emulator.Args{"query": "A"})
	first := s.card("### A")
	s.need(s.text.Chatter(3))
	s.command(s.ann, "queue", nil) // only she sees the answer
	s.need(s.text.Chatter(3))
	s.until("the card is below the chat, and alone", func() bool {
		all, messages := s.cards(), s.text.Messages()
		return len(all) == 1 && all[0].ID != first.ID && messages[len(messages)-1].ID == all[0].ID
	})
}

func TestARestartedBotTakesItsCardOver(t *testing.T) {
	var cards bot.MemoryCards
	s := newSquare(t, func(o *bot.Options) { o.Cards, o.Survives = &cards, true })
	s.command(s.ann, "play", emulator.Args{"query": "A"})
	s.command(s.ann, "play", emulator.Args{"query": "B"})
	s.card("Next: B")
	s.stop()
	s.card("I am being restarted. The music goes on in a moment.")

	now, _ := s.players.Status(s.guild.ID)
	s.players.set(func(st *player.Status) { *st = player.Status{} }) // it has yet to return
	s.start()
	s.players.set(func(st *player.Status) { *st = now })
	s.players.happen(s.guild.ID, player.Joined{Channel: s.voice.ID})
	after := s.button("Skip")
	s.until("one card is left", func() bool { return len(s.cards()) == 1 })
	s.press(s.ann, after, "Skip")
	s.card("### B")
}

func TestTheMenusOfTheCardAsPeopleSeeThem(t *testing.T) {
	s := newSquare(t)
	for _, q := range []string{"A", "B", "C"} {
		s.command(s.ann, "play", emulator.Args{"query": q})
	}
	m := s.card("Next: B and 1 track more")
	next, ok := m.Find(func(c ed.Component) bool { return c.Placeholder == "Up next: choose what to play" })
	if !ok || len(next.Options) != 2 {
		t.Fatalf("menu %+v", next)
	}
	if _, err := s.ann.Press(s.ctx(), m, next.CustomID, next.Options[1].Value); err != nil {
		t.Fatal(err)
	}
	m = s.card("### C")

	effects, err := s.press(s.ann, m, "Effects").Response(s.ctx())
	s.need(err)
	menu, _ := effects.Find(func(c ed.Component) bool { return len(c.Options) > 0 })
	if !effects.Ephemeral() || menu.CustomID == "" {
		t.Fatalf("effects %+v", effects)
	}
	_, err = s.ann.Press(s.ctx(), effects, menu.CustomID, menu.Options[0].Value, menu.Options[1].Value)
	s.need(err)
	s.until("both effects are on", func() bool {
		now, _ := s.players.Status(s.guild.ID)
		return len(now.Effects) == 2
	})

	queue, err := s.press(s.ann, s.card("### C"), "Queue").Response(s.ctx())
	s.need(err)
	if !queue.Ephemeral() {
		t.Error("everybody sees the queue")
	}
	panel, err := s.press(s.ann, s.card("### C"), "More").Response(s.ctx())
	s.need(err)
	louder, _ := panel.Find(func(c ed.Component) bool { return c.Label == "Louder" })
	i, err := s.ann.Press(s.ctx(), panel, louder.CustomID)
	s.need(err)
	if _, err := i.WaitResponse(s.ctx(), func(m ed.Message) bool { _, ok := m.Find(func(ed.Component) bool { return true }); return ok }); err != nil {
		t.Fatal(err)
	}
	s.card("Volume 110 %")
	s.press(s.ann, s.button("Previous"), "Previous")
	s.card("### B")
}

func TestWhatTheCardLacksIsNamed(t *testing.T) {
	s := newSquare(t)
	s.need(s.text.Deny(ed.EmbedLinks | ed.AttachFiles))
	i, err := s.ann.Command(s.ctx(), s.text, "play", emulator.Args{"query": "A"})
	s.need(err)
	m, err := i.Followup(s.ctx(), 0)
	s.need(err)
	want := fmt.Sprintf("I cannot show what plays in <#%s>. I lack: **Embed Links, Attach Files**.", s.text.ID)
	if m.Content != want || !m.Ephemeral() {
		t.Errorf("said %q", m.Content)
	}
}
