package bot_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"busker/bot"
	"busker/cluster"
	"busker/emulator"
	ed "busker/emulator/discord"
	"busker/emulator/world"
	"busker/internal/snowflake"
	"busker/player"
	"busker/settings"
	"busker/track"
)

// shared are claims of several processes, as long as they can be reached.
type shared struct {
	of  cluster.Claims
	cut *atomic.Bool
	by  string
}

func (s shared) Claim(ctx context.Context, interaction snowflake.ID) (bool, error) {
	if s.cut.Load() {
		return false, fmt.Errorf("claim: %w", cluster.ErrUnreachable)
	}
	return bot.ClusterClaims(s.of, s.by).Claim(ctx, interaction)
}

// twins are two processes of one bot that Discord tells of every interaction.
type twins struct {
	*square
	other *square
	kept  *settings.Memory
	cuts  [2]atomic.Bool // whose claims cannot be reached
}

func newTwins(t *testing.T, adjust ...func(*bot.Options)) *twins {
	t.Helper()
	w := &twins{kept: &settings.Memory{}}
	claims := cluster.Local().Claims
	w.square = newSquare(t, append(adjust, func(o *bot.Options) {
		o.Settings, o.Claims = w.kept, shared{claims, &w.cuts[0], "one"}
	})...)
	other := *w.square
	w.other = &other
	other.players = newPlayers()
	other.adjust = append(adjust[:len(adjust):len(adjust)], func(o *bot.Options) {
		o.Settings, o.Claims = w.kept, shared{claims, &w.cuts[1], "two"}
	})
	other.start()
	w.need(w.app.WaitSessions(w.ctx(), 2))
	return w
}

// both carries out commands on the players of both, apart from Discord.
func (w *twins) both(commands ...player.Command) {
	w.t.Helper()
	for _, s := range []*square{w.square, w.other} {
		for _, c := range commands {
			_, err := s.players.Do(w.ctx(), w.guild.ID, c)
			w.need(err)
		}
		s.players.commands()
	}
}

// applied returns what both have carried out since it was last asked.
func (w *twins) applied() (all []player.Command) {
	for _, s := range []*square{w.square, w.other} {
		for _, c := range s.players.commands() {
			switch c.(type) {
			case player.Look:
			default:
				all = append(all, c)
			}
		}
	}
	return all
}

// settled waits until both are done with n interactions.
func (w *twins) settled(n int) {
	w.t.Helper()
	w.until(fmt.Sprintf("both are done with %d interactions", n), func() bool {
		f := w.Fences()
		return f.Answered == n && int(w.handled.Load()+w.other.handled.Load()) == 2*n
	})
}

// TestTwoProcessesActOnce: both are told of every interaction, and whichever can ask whom,
// each is answered once and carried out once.
func TestTwoProcessesActOnce(t *testing.T) {
	for name, cuts := range map[string][2]bool{
		"both can ask":     {false, false},
		"one cannot ask":   {true, false},
		"the other cannot": {false, true},
		"neither can ask":  {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTwins(t, func(o *bot.Options) { o.Events = nil })
			w.need(w.ann.Moderate())
			w.both(player.Join{Channel: w.voice.ID})
			w.other.sees(w.ann, w.voice)
			for i, cut := range cuts {
				w.cuts[i].Store(cut)
			}
			w.handled.Store(0)
			w.other.handled.Store(0)
			n := 0
			for range 8 { // commands
				i, err := w.ann.Command(w.ctx(), w.text, "volume", emulator.Args{"percent": 50 + n})
				w.need(err)
				_, err = i.Response(w.ctx())
				w.need(err)
				n++
			}
			w.settled(n)
			if got := w.applied(); len(got) != n {
				t.Errorf("%d commands were carried out as %d: %v", n, len(got), got)
			}
			page := w.command(w.ann, "settings", nil)
			n++
			w.settled(n)
			page = w.turned(page, "voice")
			n++
			w.settled(n)
			w.applied()
			for range 6 { // presses that change something
				id, _ := page.Find(func(c ed.Component) bool { return strings.Contains(c.CustomID, "stay") })
				i, err := w.ann.Press(w.ctx(), page, id.CustomID)
				w.need(err)
				n++
				w.settled(n)
				page, err = i.Response(w.ctx())
				w.need(err)
			}
			if got := w.applied(); len(got) != 6 {
				t.Errorf("6 presses were carried out as %d: %v", len(got), got)
			}
			f := w.Fences()
			if f.AnsweredLate+f.AnsweredWrong > 0 {
				t.Errorf("fences %+v", f)
			}
			if asked := !cuts[0] && !cuts[1]; asked != (f.AnsweredTwice == 0) {
				t.Errorf("%d answers were refused", f.AnsweredTwice)
			}
		})
	}
}

// turned chooses a page of settings.
func (w *twins) turned(m ed.Message, page string) ed.Message {
	w.t.Helper()
	menu, ok := m.Find(func(c ed.Component) bool { return strings.Contains(c.CustomID, "|settings|") })
	if !ok {
		w.t.Fatal("no menu of pages")
	}
	i, err := w.ann.Press(w.ctx(), m, menu.CustomID, page)
	w.need(err)
	m, err = i.WaitResponse(w.ctx(), func(m ed.Message) bool {
		_, ok := m.Find(func(c ed.Component) bool { return strings.Contains(c.CustomID, page) })
		return ok
	})
	w.need(err)
	return m
}

// TestAFormIsOpenedByOne, and autocompletion answered by one, whichever can ask whom.
func TestAFormIsOpenedByOne(t *testing.T) {
	w := newTwins(t)
	w.cuts[0].Store(true)
	w.cuts[1].Store(true)
	i, err := w.ann.Command(w.ctx(), w.text, "playlist import", nil)
	w.need(err)
	_, err = i.Modal(w.ctx())
	w.need(err)
	_, err = w.ann.Autocomplete(w.ctx(), w.text, "effects", nil, "preset", "ba")
	w.need(err)
}

// owner is an Owns whose answer a test sets.
type owner struct {
	mu     sync.Mutex
	answer error
}

func (o *owner) set(err error) { o.mu.Lock(); defer o.mu.Unlock(); o.answer = err }

func (o *owner) owns(context.Context, snowflake.ID) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.answer
}

func all(snowflake.ID) bool { return true }

// TestTheCardGoesToTheNewOwner: there is one card at any time, edited by whoever has the
// guild, and left alone by everybody else.
func TestTheCardGoesToTheNewOwner(t *testing.T) {
	cards := &bot.MemoryCards{}
	owners := []*owner{{}, {answer: cluster.ErrLost}}
	started := 0
	w := newTwins(t, func(o *bot.Options) {
		o.StopTimeout = 20 * time.Second // for Discord's limits
		o.Cards, o.Survives, o.Owns = cards, true, owners[started].owns
		started++
	})
	_, err := w.kept.ChangeGuild(w.ctx(), w.guild.ID, func(g *settings.Guild) error {
		g.TextChannel = w.text.ID
		return nil
	})
	w.need(err)
	changes := w.Watch()
	defer changes.Close()

	w.bot.Gained(w.ctx(), all)
	play := player.Play{Tracks: []track.Track{song("A")}, Channel: w.voice.ID}
	w.plays(play)
	w.card("### A")
	w.plays(player.Volume{Percent: 77})
	first := w.card("Volume 77 %")
	for round, s := range []*square{w.other, w.square, w.other} {
		before := w.square
		if s == w.square {
			before = w.other
		}
		owners[round%2].set(cluster.ErrLost)
		before.plays(player.Volume{Percent: 190})
		owners[(round+1)%2].set(nil)
		s.bot.Gained(w.ctx(), all)
		if status, _ := s.players.Status(w.guild.ID); status.ItemID == 0 {
			s.plays(play) // returns, while the other still plays
		}
		s.plays(player.Volume{Percent: 50 + round})
		before.plays(player.Volume{Percent: 200})
		before.plays(player.Stop{})
		before.plays(player.Leave{})
		before.plays(play)
		before.bot.Lost(all)
		if m := w.card(fmt.Sprintf("Volume %d %%", 50+round)); m.ID != first.ID {
			t.Errorf("round %d: the card is %d, was %d", round, m.ID, first.ID)
		}
	}
	owners[1].set(cluster.ErrUnreachable)
	w.other.plays(player.Volume{Percent: 150})
	owners[1].set(nil)
	w.other.plays(player.Volume{Percent: 160})
	w.card("Volume 160 %")
	w.stop()
	w.other.stop()
	w.card("I am being restarted.")
	for changes.Pending() > 0 {
		c, err := changes.Next(w.ctx())
		w.need(err)
		switch c := c.(type) {
		case world.MessageCreated:
			if c.Message.ID != first.ID {
				t.Errorf("another message: %d of %v", c.Message.ID, c.Message.Timestamp)
			}
		case world.MessageDeleted:
			t.Errorf("deleted: %d", c.Message.ID)
		case world.MessageEdited:
			if text := fmt.Sprintf("%+v", c.Message.Components); strings.Contains(text, "Volume 190") || strings.Contains(text, "Volume 200") ||
				strings.Contains(text, "Volume 150") || strings.Contains(text, "It is over") {
				t.Errorf("edited by whoever does not have the guild: %s", text)
			}
		}
	}
}

// plays has the square's player carry something out, apart from Discord.
func (s *square) plays(c player.Command) {
	s.t.Helper()
	_, err := s.players.Do(s.ctx(), s.guild.ID, c)
	s.need(err)
}

// sees waits until the square's bot sees somebody in voice.
func (s *square) sees(u *emulator.User, c *emulator.Channel) {
	s.t.Helper()
	s.until("the bot sees who is in voice", func() bool {
		at, _ := s.gateway.VoiceChannelOf(s.guild.ID, u.ID)
		return at == c.ID
	})
}
