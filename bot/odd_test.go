package bot_test

import (
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/bot"
	"busker/gateway"
	"busker/player"
	"busker/playlists"
	"busker/queue"
)

// oddTexts are what nobody should send, and somebody will.
var oddTexts = []string{
	"", " ", "0", "-1", "1", "99999999999999999999", "9223372036854775807", "-9223372036854775808", "1.0.1.1",
	"1.9223372036854775807.9223372036854775807.1", "1.-5", "1.9223372036854775807", "me.-1", "server.9223372036854775807",
	"\x00", "💃🏽\u202e@everyone <@&1> ```", strings.Repeat("語", 2000), "list:1", "liked:", "play:-1", "draft:", "item:18446744073709551615",
	"of:play", "of:nonsense=on", "=on", "language=", "queue", "1:99:99", "1h1h1h", "%d %s %!", "https://", "file:///etc/passwd",
}

var oddNumbers = []any{0, -1, 1, 1e18, -1e18, 0.5, "text", nil, true}

// oddStage has something of everything.
func oddStage(t *testing.T) *stage {
	t.Helper()
	kept := playlists.NewMemory(playlists.Limits{})
	for _, o := range []playlists.Owner{playlists.User(ann), playlists.Guild(theGuild)} {
		if _, err := kept.Create(t.Context(), playlists.Playlist{Owner: o, Name: "Mine"}, playlists.Entry{Track: song("One")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := kept.Like(t.Context(), ann, song("Liked"), time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := kept.Played(t.Context(), playlists.Play{Guild: theGuild, User: ann, Track: song("Heard"), At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	s := newStage(t, func(o *bot.Options) {
		o.Playlists, o.Library, o.Resolver = kept, shelf{"A", "B"}, catalogue{}
	})
	s.manager = true
	return s.playing("A", "B", "C")
}

// sound is how a stage is after odd input: nobody panicked, and something plays.
func (s *stage) sound(what string, a *answer) {
	s.t.Helper()
	if a.kind == 0 {
		s.t.Errorf("%s: no answer", what)
	}
	if log := s.log.String(); strings.Contains(log, "panicked") {
		at := strings.Index(log, "panicked")
		s.t.Fatalf("%s: %s", what, log[at:min(len(log), at+3000)])
	}
	s.players.set(func(now *player.Status) {
		if now.Channel == 0 {
			now.Channel, now.State, now.ItemID, now.Track, now.Queue = theVoice, player.StatePlaying, 1, song("A"), []*queue.Item{{ID: 2, Track: song("B")}}
		}
	})
}

func TestOddCommands(t *testing.T) {
	t.Parallel()
	s := oddStage(t)
	for _, d := range bot.Definitions() {
		if d.Type == discordgo.MessageApplicationCommand {
			s.sound(d.Name, s.interact(ann, 2, map[string]any{"id": "1", "name": d.Name, "type": 3, "target_id": "9"}))
			continue
		}
		s.odd(d.Name, d.Options, func(options []any) any {
			return map[string]any{"id": "1", "name": d.Name, "type": 1, "options": options}
		})
		for _, sub := range d.Options {
			if sub.Type == discordgo.ApplicationCommandOptionSubCommand {
				s.odd(d.Name+" "+sub.Name, sub.Options, func(options []any) any {
					return map[string]any{"id": "1", "name": d.Name, "type": 1, "options": []any{map[string]any{
						"name": sub.Name, "type": 1, "options": options,
					}}}
				})
			}
		}
	}
}

// odd gives a command every odd value in all its options, and then none at all.
func (s *stage) odd(name string, options []*discordgo.ApplicationCommandOption, data func([]any) any) {
	s.t.Helper()
	s.sound(name, s.interact(ann, 2, data(nil)))
	for n := range max(len(oddTexts), len(oddNumbers)) {
		var given []any
		for i, o := range options {
			kind := int(o.Type)
			switch o.Type {
			case discordgo.ApplicationCommandOptionSubCommand:
				continue
			case discordgo.ApplicationCommandOptionString, discordgo.ApplicationCommandOptionUser, discordgo.ApplicationCommandOptionAttachment:
				given = append(given, map[string]any{"name": o.Name, "type": kind, "value": oddTexts[(n+i)%len(oddTexts)]})
			default:
				given = append(given, map[string]any{"name": o.Name, "type": kind, "value": oddNumbers[(n+i)%len(oddNumbers)]})
			}
		}
		if len(given) == 0 {
			return
		}
		s.sound(name, s.interact(ann, 2, data(given)))
	}
}

func TestOddPresses(t *testing.T) {
	t.Parallel()
	s := oddStage(t)
	for _, action := range append(bot.Presses(), "", "nonsense") {
		for n, text := range oddTexts {
			if strings.Contains(text, "\x00") || len(text) > 80 {
				continue
			}
			id := bot.CustomID(action, []string{"", "general", "roles", "own", "effects", "queue"}[n%6], uint64(n%3), text)
			s.sound(id, s.choose(ann, id))
			s.sound(id, s.choose(ann, id, text, oddTexts[(n+1)%len(oddTexts)]))
		}
	}
	for _, id := range []string{"", "|", "b2", "b1|skip||0|", "b2|skip||zzzzzzzzzzzzzzzzzzzz|", "b2|skip||-1|", "b2||||"} {
		s.sound(id, s.press(ann, id))
	}
}

func TestOddForms(t *testing.T) {
	t.Parallel()
	s := oddStage(t)
	for _, action := range append(bot.Submits(), "nonsense") {
		for n, text := range oddTexts {
			if len(text) > 80 {
				continue
			}
			all := map[string]gateway.Field{}
			for i, name := range []string{"lines", "text", "name", "owner", "file"} {
				odd := oddTexts[(n+i)%len(oddTexts)]
				all[name] = gateway.Field{Value: odd, Values: []string{odd}}
			}
			s.sound(action, s.submit(ann, bot.CustomID(action, "", 0, text), all))
			s.sound(action, s.submit(ann, bot.CustomID(action, "", 0, "1.0.1.1"), all))
		}
	}
}
