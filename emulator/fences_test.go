package emulator_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"busker/emulator"
	"busker/emulator/discord"
	"busker/emulator/gateway"
)

// placed is what both voice events of a join say.
func (w *wire) placed() (session, token string) {
	w.t.Helper()
	var state struct {
		SessionID string `json:"session_id"`
	}
	need(w.t, json.Unmarshal(w.until(0, "VOICE_STATE_UPDATE").D, &state))
	var server struct{ Token string }
	need(w.t, json.Unmarshal(w.until(0, "VOICE_SERVER_UPDATE").D, &server))
	return state.SessionID, server.Token
}

// TestTheNewerOp4Wins: in the same channel it brings another token, and of another gateway
// session it takes the voice state over.
func TestTheNewerOp4Wins(t *testing.T) {
	s := newStage(t, emulator.Options{Gateway: gateway.Limits{IdentifyEvery: 1}})
	one, first := s.identified(t, "v=10&encoding=json", nil)
	two, second := s.identified(t, "v=10&encoding=json", nil)
	in := map[string]any{"guild_id": s.guild.ID, "channel_id": s.voice.ID}
	one.send(4, in)
	session, token := one.placed()
	if session != first {
		t.Errorf("the state is of %s, want %s", session, first)
	}
	one.send(4, in)
	again, newer := one.placed()
	if again != first || newer == token {
		t.Errorf("the same session again: %s, token %q after %q", again, newer, token)
	}
	two.placed()
	two.placed() // both are told of both
	two.send(4, in)
	if moved, last := two.placed(); moved != second || last == newer {
		t.Errorf("another session: the state is of %s, want %s", moved, second)
	}
	need(t, one.ws.Close(websocket.StatusNormalClosure, "")) // it has no voice any more that would end with it
	need(t, s.bot.WaitSessions(s.ctx, 1))
	if at := s.bot.VoiceChannel(s.guild); at != s.voice.ID {
		t.Errorf("the voice state is in %d", at)
	}
	if f := s.Fences(); f.Identifies != 2 || f.Resumes != 0 {
		t.Errorf("fences %+v", f)
	}
}

// TestAResumeElsewhereClosesTheFirst socket, and counts.
func TestAResumeElsewhereClosesTheFirst(t *testing.T) {
	s := newStage(t)
	one, id := s.identified(t, "v=10&encoding=json", nil)
	one.until(0, "GUILD_CREATE")
	two := s.dial(t, "v=10&encoding=json")
	two.until(10, "")
	two.send(6, map[string]any{"token": s.bot.Token, "session_id": id, "seq": 1})
	two.until(0, "RESUMED")
	one.closed()
	if f := s.Fences(); f.Identifies != 1 || f.Resumes != 1 || f.SessionsReplaced != 1 {
		t.Errorf("fences %+v", f)
	}
}

// TestAnswersAreCounted: the first is taken, another refused with 40060, one that comes too
// late or to nothing with 10062.
func TestAnswersAreCounted(t *testing.T) {
	s := newStage(t, emulator.Options{AckWithin: 300 * time.Millisecond})
	w, _ := s.identified(t, "v=10&encoding=json", nil)
	w.until(0, "GUILD_CREATE")
	path := fmt.Sprintf("/api/v10/applications/%d/commands", s.bot.ID)
	if code := s.request(t, http.MethodPut, path, `[{"name":"play","description":"plays","type":1}]`); code != 0 {
		t.Fatalf("register: %d", code)
	}
	ask := func() string {
		_, err := s.ann.Command(s.ctx, s.text, "play", nil)
		need(t, err)
		var in discord.Interaction
		need(t, json.Unmarshal(w.until(0, "INTERACTION_CREATE").D, &in))
		return fmt.Sprintf("/api/v10/interactions/%s/%s/callback", in.ID, in.Token)
	}
	path = ask()
	for _, want := range []int{0, 40060, 40060} {
		if got := s.answer(t, path); got != want {
			t.Errorf("answered with %d, want %d", got, want)
		}
	}
	late := ask()
	<-time.After(350 * time.Millisecond) // until it is too late, by a real clock
	if got := s.answer(t, late); got != 10062 {
		t.Errorf("a late answer: %d", got)
	}
	if got := s.answer(t, strings.Replace(path, "interactions/", "interactions/1", 1)); got != 10062 {
		t.Errorf("an answer to nothing: %d", got)
	}
	want := emulator.Fences{Interactions: 2, Answered: 1, AnsweredTwice: 2, AnsweredLate: 1, AnsweredWrong: 1, Identifies: 1}
	if f := s.Fences(); f != want {
		t.Errorf("fences %+v, want %+v", f, want)
	}
}

// answer defers an interaction and returns the code of Discord's refusal.
func (s *stage) answer(t *testing.T, path string) int {
	t.Helper()
	return s.request(t, http.MethodPost, path, `{"type":5}`)
}

// request returns the code of an error.
func (s *stage) request(t *testing.T, method, path, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(s.ctx, method, s.URL()+path, strings.NewReader(body))
	need(t, err)
	req.Header.Set("Authorization", "Bot "+s.bot.Token)
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	need(t, err)
	defer answer.Body.Close()
	var refused struct{ Code int }
	if answer.StatusCode >= 400 {
		need(t, json.NewDecoder(answer.Body).Decode(&refused))
	}
	return refused.Code
}
