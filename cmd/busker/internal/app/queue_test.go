package app_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"busker/cmd/busker/internal/app"
	"busker/emulator"
	"busker/emulator/discord"
	"busker/player"
)

// songs are four minutes each, so that none ends on its own.
var songs = []string{"Cobblestone Waltz.wav", "Last Tram Home.wav", "Fog on the Harbour.wav", "Pocket Arcade.wav"}

// longSongs are the options of a stage that has songs.
func longSongs(t testing.TB) func(*app.Options) {
	return func(o *app.Options) {
		o.MusicDir = t.TempDir()
		for i, name := range songs {
			writeTones(t, filepath.Join(o.MusicDir, name), lowTone+float64(100*i), highTone)
		}
	}
}

// upNext are the first words of the titles that wait, in order, behind that of what plays.
func (s *stage) upNext() string {
	now, _ := s.app.Players().Status(s.guild.ID)
	titles := []string{strings.Fields(now.Track.Title + " -")[0]}
	for _, it := range now.Queue {
		titles = append(titles, strings.Fields(it.Track.Title)[0])
	}
	return strings.Join(titles, " ")
}

func (s *stage) status() player.Status {
	now, _ := s.app.Players().Status(s.guild.ID)
	return now
}

// as types commands as somebody else.
func (s *stage) as(u *emulator.User) *stage {
	other := *s
	other.you = u
	return &other
}

// expect types a command and checks the answer and what waits afterwards, unless that is "".
func (s *stage) expect(t *testing.T, name string, args emulator.Args, answer, queue string) {
	t.Helper()
	m := s.command(t, name, args)
	if !strings.Contains(m.Content, answer) {
		t.Errorf("/%s %v: %q, want %q", name, args, m.Content, answer)
	}
	if got := s.upNext(); queue != "" && got != queue {
		t.Errorf("/%s %v left %q, want %q", name, args, got, queue)
	}
}

func TestTheQueueAsPeopleUseIt(t *testing.T) {
	t.Parallel()
	s := newStage(t, longSongs(t))
	ben := s.guild.AddUser("ben")
	if _, err := ben.JoinVoice(s.voice); err != nil {
		t.Fatal(err)
	}
	benSays := s.as(ben)

	s.play(t, songs[0])
	s.expect(t, "play", emulator.Args{"query": songs[1]}, "as number 1. It plays in", "Cobblestone Last")
	s.expect(t, "play", emulator.Args{"query": songs[2], "when": "next"}, "as number 1", "Cobblestone Fog Last")
	s.expect(t, "play", emulator.Args{"query": songs[3], "position": 2}, "as number 2", "Cobblestone Fog Pocket Last")
	s.expect(t, "undo", nil, "Took out again what was added.", "Cobblestone Fog Last")
	s.expect(t, "play", emulator.Args{"query": songs[3], "when": "now"}, "Playing **Pocket Arcade**", "Pocket Fog Last")
	s.expect(t, "previous", nil, "Playing **Cobblestone Waltz**", "Cobblestone Pocket Fog Last")
	s.expect(t, "move", emulator.Args{"track": "3", "to": 1}, "Moved **Last Tram Home**", "Cobblestone Last Pocket Fog")
	s.expect(t, "move", emulator.Args{"track": "9", "to": 1}, "There is no track 9", "")
	s.expect(t, "skip", emulator.Args{"count": 2}, "Skipped 2 tracks.", "Pocket Fog")
	s.expect(t, "undo", nil, "Brought back what was skipped.", "")
	s.expect(t, "clear", nil, "Emptied the queue of", "Pocket")
	s.expect(t, "undo", nil, "Brought the queue back.", "")

	t.Run("by name", func(t *testing.T) {
		s.expect(t, "clear", nil, "", "Pocket")
		for _, n := range []int{0, 1, 2} {
			s.play(t, songs[n])
		}
		offered, err := s.you.Autocomplete(s.ctx, s.text, "jump", nil, "track", "fog")
		if err != nil || len(offered) != 1 || !strings.Contains(offered[0].Name, "Fog on the Harbour") {
			t.Fatalf("offered %+v, %v", offered, err)
		}
		s.expect(t, "move", emulator.Args{"track": "3", "to": 1}, "Moved", "Pocket Fog Cobblestone Last")
		s.expect(t, "jump", emulator.Args{"track": offered[0].Value}, "Playing **Fog on the Harbour**", "Fog Cobblestone Last")
		s.expect(t, "jump", emulator.Args{"track": offered[0].Value}, "no longer in the queue", "")
		s.expect(t, "jump", emulator.Args{"track": "nonsense"}, "I do not know which track", "")
	})
	t.Run("removing", func(t *testing.T) {
		s.expect(t, "clear", nil, "", "Fog")
		for _, n := range []int{0, 1, 1, 2, 3} {
			s.play(t, songs[n])
		}
		benSays.play(t, songs[3])
		s.expect(t, "remove", emulator.Args{"track": "1"}, "Removed **Cobblestone Waltz**", "Fog Last Last Fog Pocket Pocket")
		s.expect(t, "clean duplicates", nil, "Removed 3 tracks.", "Fog Last Pocket")
		s.expect(t, "undo", nil, "Brought back what was removed.", "Fog Last Last Fog Pocket Pocket")
		s.expect(t, "clean person", emulator.Args{"user": ben}, "Removed 1 track.", "Fog Last Last Fog Pocket")
		s.expect(t, "remove", emulator.Args{"track": "2", "to": 3}, "Removed 2 tracks.", "Fog Last Pocket")
		benSays.play(t, songs[0])
		ben.LeaveVoice()
		for s.status().Channel != 0 { // the gateway tells the bot in its own time
			if _, in := s.app.VoiceChannelOf(s.guild.ID, ben.ID); !in {
				break
			}
			<-time.After(10 * time.Millisecond)
		}
		s.expect(t, "clean absent", nil, "Removed 1 track.", "Fog Last Pocket")
		s.expect(t, "clean absent", nil, "There was nothing to remove.", "Fog Last Pocket")
		s.expect(t, "clean mine", nil, "Removed 2 tracks.", "Fog")
	})
	t.Run("turns", func(t *testing.T) {
		if _, err := ben.JoinVoice(s.voice); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{0, 1} {
			s.play(t, songs[n])
		}
		for _, err := benSays.tryPlay(songs[3]); err != nil; _, err = benSays.tryPlay(songs[3]) {
			<-time.After(10 * time.Millisecond)
		}
		s.expect(t, "fair", emulator.Args{"mode": "on"}, "People take turns.", "Fog Pocket Cobblestone Last")
		s.expect(t, "fair", emulator.Args{"mode": "off"}, "What was added first plays first.", "")
		s.expect(t, "loop", emulator.Args{"mode": "track"}, "Looping this track.", "")
		s.expect(t, "loop", emulator.Args{"mode": "off"}, "Looping is off.", "")
		s.expect(t, "shuffle", nil, "Shuffled 3 tracks.", "")
		if m := s.command(t, "queue", nil); !strings.Contains(m.Content, "3 tracks") || !strings.Contains(m.Content, "in ") {
			t.Errorf("/queue: %q", m.Content)
		}
	})
	t.Run("time", func(t *testing.T) {
		s.expect(t, "seek", emulator.Args{"to": "0:20"}, "Now at 0:20", "")
		s.expect(t, "forward", nil, "Now at 0:3", "")
		s.expect(t, "rewind", emulator.Args{"by": "1m"}, "Now at 0:00", "")
		s.expect(t, "replay", nil, "from the beginning.", "")
		s.expect(t, "sleep", emulator.Args{"minutes": 30}, "The music stops <t:", "")
		if at := time.Until(s.status().SleepAt); at < 29*time.Minute || at > 30*time.Minute {
			t.Errorf("it stops in %v", at)
		}
		s.expect(t, "sleep", emulator.Args{"after": "track"}, "stops after this track", "")
		s.expect(t, "sleep", emulator.Args{"minutes": 0}, "does not stop by itself", "")
		s.expect(t, "stay", emulator.Args{"mode": "on"}, "24/7 mode: on.", "")
		s.expect(t, "stay", nil, "24/7 mode: on.", "")
		s.expect(t, "stay", emulator.Args{"mode": "off"}, "24/7 mode: off.", "")
		s.expect(t, "stop", nil, "Stopped, and emptied the queue.", "-")
		s.expect(t, "undo", nil, "Brought back the queue", "")
	})
}

// tryPlay asks for query and fails when that is refused.
func (s *stage) tryPlay(query string) (discord.Message, error) {
	m := s.command(s.t, "play", emulator.Args{"query": query})
	if m.Ephemeral() {
		return m, fmt.Errorf("refused: %s", m.Content)
	}
	return m, nil
}

// partOf finds a component of a message by the argument or the action of its custom id, or
// by its label.
func partOf(t *testing.T, m discord.Message, what string) discord.Component {
	t.Helper()
	for _, is := range []func(c discord.Component) bool{
		func(c discord.Component) bool { return strings.HasSuffix(c.CustomID, "|"+what) },
		func(c discord.Component) bool {
			return c.Label == what || strings.HasPrefix(c.CustomID, "b2|"+what+"|")
		},
	} {
		if c, ok := m.Find(is); ok {
			return c
		}
	}
	t.Fatalf("nothing is called %q in %+v", what, m.Components)
	return discord.Component{}
}

// choose chooses values of a menu, or presses a button without any, and returns the
// message as it is then.
func (s *stage) choose(t *testing.T, m discord.Message, what string, values ...string) discord.Message {
	t.Helper()
	i, err := s.you.Press(s.ctx, m, partOf(t, m, what).CustomID, values...)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = i.Response(s.ctx); err != nil {
		t.Fatal(err)
	}
	return m
}

// texts are all that is written in a message's components.
func texts(m discord.Message) (all []string) {
	m.Find(func(c discord.Component) bool {
		if c.Content != "" {
			all = append(all, c.Content)
		}
		return false
	})
	return all
}
