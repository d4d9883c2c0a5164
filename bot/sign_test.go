package bot_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"busker/bot"
	"busker/gateway"
	"busker/player"
	"busker/settings"
)

const status = "/channels/5/voice-status"

func knownStatus(c *gateway.Channel) { c.MaySetStatus, c.StatusKnown = true, true }

func TestTheStatusTellsWhatPlays(t *testing.T) {
	inRoom(t, nil, func(r *room) {
		r.know(knownStatus)
		r.pass(time.Second)
		put := func(what, want string) {
			t.Helper()
			made := r.asked.to("PUT", status)
			if want == "" && len(made) == 0 {
				return
			}
			if len(made) != 1 || made[0] != want {
				t.Errorf("%s: put %q, want %q", what, made, want)
			}
			var body struct{ Status string }
			if err := json.Unmarshal([]byte(made[len(made)-1]), &body); err != nil {
				t.Fatal(err)
			}
			r.know(func(c *gateway.Channel) { c.Status = body.Status })
		}
		put("playing", `{"status":"♪ A by The Band"}`)
		for i := range 10 { // skipped through
			r.players.set(func(s *player.Status) { s.Track = song(fmt.Sprintf("Song %d", i)) })
			r.changed()
		}
		put("at once", "")
		r.pass(10 * time.Second)
		put("a while later", `{"status":"♪ Song 9 by The Band"}`)
		r.players.set(func(s *player.Status) { s.State = player.StatePaused })
		r.changed()
		r.pass(10 * time.Second)
		put("paused", `{"status":"♪ Song 9 by The Band (paused)"}`)

		r.know(func(c *gateway.Channel) { c.Status = "Quiz night" })
		r.players.set(func(s *player.Status) { s.State = player.StatePlaying })
		r.changed()
		r.pass(time.Hour)
		put("somebody else's", "")
		r.know(func(c *gateway.Channel) { c.Status = "" })
		r.pass(10 * time.Second)
		put("free again", `{"status":"♪ Song 9 by The Band"}`)

		r.players.set(func(s *player.Status) { s.ItemID, s.State = 0, player.StateIdle })
		r.changed()
		r.pass(10 * time.Second)
		put("the end", `{"status":""}`)
	})
}

func TestTheStatusIsLeftAlone(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*gateway.Channel)
		chosen func(*settings.Guild)
	}{
		"without the permission": {func(c *gateway.Channel) { c.MaySetStatus = false }, func(*settings.Guild) {}},
		"where it is not wanted": {func(*gateway.Channel) {}, func(g *settings.Guild) { g.Status = false }},
		"of somebody else":       {func(c *gateway.Channel) { c.Status = "Lounge" }, func(*settings.Guild) {}},
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, func(_ *bot.Options, r *room) { r.choose(tt.chosen) }, func(r *room) {
				r.know(func(c *gateway.Channel) { knownStatus(c); tt.change(c) })
				r.pass(time.Hour)
				if made := r.asked.to("PUT", status); len(made) > 0 {
					t.Errorf("put %q", made)
				}
			})
		})
	}
}

func TestAnOldStatusOfOursIsTakenOver(t *testing.T) {
	inRoom(t, nil, func(r *room) {
		r.know(func(c *gateway.Channel) { knownStatus(c); c.Status = "♪ From before the restart" })
		r.pass(time.Second)
		if made := r.asked.to("PUT", status); !slices.Equal(made, []string{`{"status":"♪ A by The Band"}`}) {
			t.Errorf("put %q", made)
		}
	})
}

func TestTheStatusIsAskedForFirst(t *testing.T) {
	inRoom(t, nil, func(r *room) {
		r.know(func(c *gateway.Channel) { c.MaySetStatus = true })
		r.changed()
		r.seats.mu.Lock()
		asked := r.seats.asked
		r.seats.mu.Unlock()
		if made := r.asked.to("PUT", status); asked != 1 || len(made) > 1 {
			t.Errorf("asked %d times, and put %q", asked, made)
		}
		r.pass(time.Minute) // Discord did not answer
		r.asked.to("", "")
	})
}

func TestALeaveClearsTheStatus(t *testing.T) {
	for name, leave := range map[string]func(*room){
		"nobody listens": func(r *room) {
			r.seats.sit(ann, 0)
			r.changed()
			r.pass(6 * time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, nil, func(r *room) {
				r.know(knownStatus)
				r.pass(time.Second)
				r.know(func(c *gateway.Channel) { c.Status = "♪ A by The Band" })
				r.asked.to("", "")
				leave(r)
				made := r.asked.to("PUT", status)
				if len(made) == 0 || made[len(made)-1] != `{"status":""}` {
					t.Errorf("put %q", made)
				}
			})
		})
	}
}
