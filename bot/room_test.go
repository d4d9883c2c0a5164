package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/bot"
	"busker/gateway"
	"busker/internal/bubble"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
	"busker/session"
	"busker/settings"
)

// room is a bot in a voice channel, in synthetic time. Ann listens and a song plays.
type room struct {
	*testing.T
	players *players
	seats   *seats
	chosen  *settings.Memory
	bot     *bot.Bot
	asked   requests
	quiet   bool         // nothing plays at first
	former  session.Card // of the process before
	stop    func() error // ends the bot
}

// requests are those made of Discord, which takes all of them.
type requests struct {
	mu   sync.Mutex
	all  []string // method, path and body, each once made
	fail map[string]int
}

// RoundTrip implements http.RoundTripper.
func (r *requests) RoundTrip(q *http.Request) (*http.Response, error) {
	body := []byte{}
	if q.Body != nil {
		body, _ = io.ReadAll(q.Body)
	}
	path := strings.TrimPrefix(q.URL.Path, "/api/v9")
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, fmt.Sprintf("%s %s %s", q.Method, path, body))
	status, answer := http.StatusOK, `{"id":"77","channel_id":"10","last_message_id":"77"}`
	for prefix, with := range r.fail {
		if strings.HasPrefix(path, prefix) {
			status, answer = with, `{"code":50013,"message":"Missing Permissions"}`
		}
	}
	return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader([]byte(answer))), Header: http.Header{}, Request: q}, nil
}

// to returns the bodies of the requests to a path, and forgets all requests.
func (r *requests) to(method, path string) (bodies []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.all {
		if body, ok := strings.CutPrefix(one, method+" "+path+" "); ok {
			bodies = append(bodies, strings.TrimSpace(body))
		}
	}
	r.all = nil
	return bodies
}

// said are the texts posted in the channel, since it was last asked.
func (r *requests) said() (texts []string) {
	for _, body := range r.to("POST", "/channels/10/messages") {
		var m struct{ Content string }
		if json.Unmarshal([]byte(body), &m) == nil && m.Content != "" {
			texts = append(texts, m.Content)
		}
	}
	return texts
}

func inRoom(t *testing.T, change func(*bot.Options, *room), body func(*room)) {
	t.Helper()
	bubble.Test(t, func(t *testing.T) {
		r := &room{
			T: t, players: newPlayers(), chosen: &settings.Memory{},
			seats: &seats{in: map[snowflake.ID]snowflake.ID{ann: theVoice, self: theVoice}, deaf: map[snowflake.ID]bool{}},
		}
		rest, err := discordgo.New("Bot t")
		if err != nil {
			t.Fatal(err)
		}
		rest.Client.Transport = &r.asked
		opts := bot.Options{
			REST: rest, Doer: r.players, Resolver: catalogue{}, Voice: r.seats, Privacy: &secrets{},
			Events: r.players.events, Settings: r.chosen,
		}
		if change != nil {
			change(&opts, r)
		}
		if r.bot, err = bot.New(opts); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.bot.Run(ctx) }()
		r.stop = sync.OnceValue(func() error {
			cancel()
			return <-ended
		})
		if !r.quiet {
			r.begin()
		}
		body(r)
		if err := r.stop(); err != nil {
			t.Errorf("run: %v", err)
		}
	})
}

// begin has a song play, asked for in text channel 10.
func (r *room) begin() {
	r.Helper()
	r.bot.HandleInteraction(r.Context(), &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{
		ID: "5000", Token: "t", AppID: "901", GuildID: theGuild.String(), ChannelID: "10", Type: discordgo.InteractionApplicationCommand,
		Member: &discordgo.Member{User: &discordgo.User{ID: ann.String()}},
		Data: discordgo.ApplicationCommandInteractionData{Name: "play", Options: []*discordgo.ApplicationCommandInteractionDataOption{
			{Name: "query", Type: discordgo.ApplicationCommandOptionString, Value: "A"},
		}},
	}})
	r.pass(5 * time.Second)
	r.players.commands()
	r.asked.to("", "")
}

// pass lets time go by, and everything settle.
func (r *room) pass(d time.Duration) {
	r.Helper()
	<-time.After(d) // synthetic
	synctest.Wait()
}

// changed tells the bot that people came or went.
func (r *room) changed() {
	r.Helper()
	r.bot.GuildChanged(theGuild)
	synctest.Wait()
}

func (r *room) choose(change func(*settings.Guild)) {
	r.Helper()
	if _, err := r.chosen.ChangeGuild(r.Context(), theGuild, func(g *settings.Guild) error { change(g); return nil }); err != nil {
		r.Fatal(err)
	}
}

// did checks which commands the player was given.
func (r *room) did(what string, want ...player.Command) {
	r.Helper()
	if got := r.players.commands(); !slices.Equal(got, want) {
		r.Errorf("%s: did %+v, want %+v", what, got, want)
	}
}

func TestMusicWaitsForListeners(t *testing.T) {
	inRoom(t, nil, func(r *room) {
		r.changed()
		r.did("Ann listens")
		r.seats.sit(ann, 0)
		r.changed()
		r.did("Ann went", player.Hold{On: true})
		r.pass(time.Minute)
		r.did("nothing more happens")
		r.seats.sit(bob, theVoice)
		r.changed()
		r.did("Bob came", player.Hold{})
		r.seats.mu.Lock()
		r.seats.deaf[bob] = true
		r.seats.mu.Unlock()
		r.changed()
		r.did("Bob is deafened", player.Hold{On: true})
		r.players.set(func(s *player.Status) { s.Channel = otherVoice })
		r.seats.sit(self, otherVoice)
		r.seats.sit(ann, otherVoice)
		r.changed()
		r.did("dragged to Ann", player.Hold{})
	})
}

func TestSomebodyMayOverruleTheWait(t *testing.T) {
	inRoom(t, nil, func(r *room) {
		r.seats.sit(ann, 0)
		r.changed()
		r.did("Ann went", player.Hold{On: true})
		if _, err := r.players.Do(r.Context(), theGuild, player.Resume{}); err != nil {
			t.Fatal(err)
		}
		r.pass(time.Minute)
		r.did("it plays on", player.Resume{})
		r.seats.sit(ann, theVoice)
		r.changed()
		r.seats.sit(ann, 0)
		r.changed()
		r.did("Ann came, and went again", player.Hold{On: true})
	})
}

func TestWaitingCanBeTurnedOff(t *testing.T) {
	inRoom(t, func(_ *bot.Options, r *room) { r.choose(func(g *settings.Guild) { g.PauseAlone = false }) }, func(r *room) {
		r.seats.sit(ann, 0)
		r.changed()
		r.did("Ann went")
		r.pass(5 * time.Minute)
		r.did("after a while", player.Leave{Alone: true})
	})
}

func TestTheBotLeavesWhereNobodyListens(t *testing.T) {
	for name, tt := range map[string]struct {
		operator time.Duration
		server   time.Duration
		stay     bool
		after    time.Duration // 0 = it stays
	}{
		"by default":             {after: 5 * time.Minute},
		"as the operator wants":  {operator: time.Minute, after: time.Minute},
		"as the server wants":    {operator: time.Minute, server: time.Hour, after: time.Hour},
		"the operator wants not": {operator: -1},
		"around the clock":       {server: time.Minute, stay: true},
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, func(o *bot.Options, r *room) {
				o.AutoLeave = tt.operator
				r.choose(func(g *settings.Guild) { g.AutoLeave = tt.server })
			}, func(r *room) {
				r.players.set(func(s *player.Status) { s.Stay = tt.stay })
				if got := r.bot.AutoLeave(theGuild); got != tt.server {
					t.Errorf("the player hears of %v", got)
				}
				r.seats.sit(ann, 0)
				r.changed()
				r.did("Ann went", player.Hold{On: true})
				if tt.after == 0 {
					r.pass(48 * time.Hour)
					r.did("two days later")
					return
				}
				r.pass(tt.after - time.Second)
				r.did("just before")
				r.pass(2 * time.Second)
				r.did("just after", player.Leave{Alone: true})
				r.pass(5 * time.Second)
				if said := r.asked.said(); !slices.Equal(said, []string{"Nobody was listening any more, so I left. The queue is kept; `/join` brings me back."}) {
					t.Errorf("said %q", said)
				}
			})
		})
	}
}

func TestWhoComesBackInTimeKeepsTheBot(t *testing.T) {
	inRoom(t, nil, func(r *room) {
		for range 3 {
			r.seats.sit(ann, 0)
			r.changed()
			r.pass(4 * time.Minute)
			r.seats.sit(ann, theVoice)
			r.changed()
			r.did("gone for four minutes", player.Hold{On: true}, player.Hold{})
		}
	})
}

// onStage is what is known of a stage on which we are in the audience.
func onStage(change func(*gateway.Channel)) func(*bot.Options, *room) {
	return func(_ *bot.Options, r *room) {
		r.seats.stage, r.seats.room.Silenced = true, true
		change(&r.seats.room)
	}
}

func (r *room) know(change func(*gateway.Channel)) {
	r.seats.mu.Lock()
	change(&r.seats.room)
	r.seats.mu.Unlock()
	r.changed()
}

const ownVoice = "/guilds/1/voice-states/@me"

func TestOnAStage(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*gateway.Channel)
		asks   string // in the request; "" = there is none
		says   string
	}{
		"a moderator": {func(c *gateway.Channel) { c.MayUnmute = true }, `"suppress":false`, ""},
		"may ask": {
			func(c *gateway.Channel) { c.MayAsk = true }, `"request_to_speak_timestamp":"2000-01-01T00:00:0`,
			"I asked to speak in <#5>. The music starts when a moderator lets me.",
		},
		"has asked": {
			func(c *gateway.Channel) { c.MayAsk, c.Asked = true, true }, "",
			"I asked to speak in <#5>. The music starts when a moderator lets me.",
		},
		"may nothing": {func(*gateway.Channel) {}, "", "In <#5> I am in the audience. The music starts when a moderator invites me to speak."},
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, nil, func(r *room) {
				r.seats.mu.Lock()
				r.seats.stage = true
				r.seats.mu.Unlock()
				r.players.set(func(s *player.Status) { s.Channel = otherVoice })
				r.seats.sit(self, otherVoice)
				r.seats.sit(ann, otherVoice)
				r.changed()
				r.players.set(func(s *player.Status) { s.Channel = theVoice })
				r.seats.sit(self, theVoice)
				r.seats.sit(ann, theVoice)
				r.know(func(c *gateway.Channel) { c.Silenced = true; tt.change(c) })
				r.pass(time.Hour)
				r.did("in the audience", player.Hold{On: true})
				r.asked.mu.Lock()
				all := slices.Clone(r.asked.all)
				r.asked.mu.Unlock()
				said, asked := r.asked.said(), 0
				for _, one := range all {
					if strings.HasPrefix(one, "PATCH "+ownVoice) && tt.asks != "" && strings.Contains(one, tt.asks) {
						asked++
					}
				}
				if (asked > 0) != (tt.asks != "") {
					t.Errorf("made %q", all)
				}
				if tt.says == "" && len(said) > 0 || tt.says != "" && !slices.Equal(said, []string{tt.says}) {
					t.Errorf("said %q", said)
				}
				r.know(func(c *gateway.Channel) { c.Silenced = false })
				r.did("invited", player.Hold{})
				r.asked.said()
				r.know(func(c *gateway.Channel) { c.Silenced = true })
				r.did("sent back", player.Hold{On: true})
				if made := r.asked.to("PATCH", ownVoice); len(made) > 0 {
					t.Errorf("asked again: %q", made)
				}
			})
		})
	}
}

func TestARefusedSpeakerStopsAsking(t *testing.T) {
	inRoom(t, onStage(func(c *gateway.Channel) { c.MayUnmute = true }), func(r *room) {
		r.asked.mu.Lock()
		r.asked.fail = map[string]int{ownVoice: http.StatusForbidden}
		r.asked.mu.Unlock()
		r.players.set(func(s *player.Status) { s.Channel = otherVoice })
		r.changed()
		r.pass(time.Hour)
		if made := r.asked.to("PATCH", ownVoice); len(made) != 3 {
			t.Errorf("tried %d times", len(made))
		}
	})
}

func TestWhatHappenedIsTold(t *testing.T) {
	for want, e := range map[string]player.Event{
		"Good night: the sleep timer stopped the music. The queue is kept; `/resume` goes on with it.": player.Slept{},
		"Nothing was playing any more, so I left. `/play` brings me back.":                             player.Left{Channel: theVoice, Reason: player.LeaveIdle},
		"I could not go back to <#5> after the restart: something went wrong. The queue is kept; `/join` brings me back.": player.ReturnFailed{
			Channel: theVoice, Err: errSecret,
		},
		"": player.Left{Channel: theVoice, Reason: player.LeaveSlept},
	} {
		inRoom(t, nil, func(r *room) {
			r.players.happen(theGuild, e)
			r.pass(5 * time.Second)
			if said := r.asked.said(); want == "" && len(said) > 0 || want != "" && !slices.Equal(said, []string{want}) {
				t.Errorf("said %q, want %q", said, want)
			}
		})
	}
	inRoom(t, func(_ *bot.Options, r *room) { r.choose(func(g *settings.Guild) { g.Language = "de" }) }, func(r *room) {
		r.players.happen(theGuild, player.TrackFailed{Item: queue.Item{Track: song("B")}, Err: errSecret})
		r.players.happen(theGuild, player.Slept{})
		r.pass(5 * time.Second)
		said := strings.Join(r.asked.said(), "\n") // at once, or one after the other
		if !strings.HasPrefix(said, "Ich konnte **B** von The Band nicht abspielen") || !strings.Contains(said, "Gute Nacht") {
			t.Errorf("said %q", said)
		}
	})
}
