package bot_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"busker/bot"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
)

const (
	callCode = "314159265358979323846264338327"
	pairCode = "271828182845904523536028747135266249775724709"
)

func encrypted(users ...snowflake.ID) bot.Codes {
	c := bot.Codes{Encrypted: true, Call: callCode}
	for _, u := range users {
		c.Members = append(c.Members, bot.Verification{User: u, Code: pairCode})
	}
	return c
}

func TestPrivacyShowsTheCodesAsDiscordDoes(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	s.privacy.codes = encrypted(7, ann, bob)
	got, private := said(s.command("privacy"))
	if !private {
		t.Error("everybody sees it")
	}
	for _, want := range []string{
		"<#5>", "`31415 92653 58979 32384 62643 38327`", "Voice Connected",
		"`27182 81828 45904 52353 60287 47135 26624 97757 24709`",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("it lacks %q:\n%s", want, got)
		}
	}
	me, others := strings.Index(got, "<@42>"), strings.Index(got, "<@7>")
	if me < 0 || others < me {
		t.Errorf("whoever asks does not come first:\n%s", got)
	}
}

func TestPrivacyOfABigCall(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	var users []snowflake.ID
	for i := range 98 {
		users = append(users, snowflake.ID(1<<62+i))
	}
	s.privacy.codes = encrypted(append(users, ann)...)
	got, _ := said(s.command("privacy"))
	if n := utf8.RuneCountInString(got); n > 2000 {
		t.Errorf("%d characters", n)
	}
	if !strings.Contains(got, "<@42>") || !strings.Contains(got, "and 84 more") || strings.Count(got, "<@") != 15 {
		t.Errorf("said:\n%s", got)
	}
}

func TestPrivacyWhereThereIsNone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*stage)
		user   snowflake.ID
		want   string
	}{
		"not in voice": {func(s *stage) { s.players.set(func(p *player.Status) { p.Channel = 0 }) }, ann, "I am not in a voice channel."},
		"elsewhere":    {func(s *stage) { s.seats.sit(bob, otherVoice) }, bob, "Only those in <#5> may see"},
		"nowhere":      {func(*stage) {}, bob, "Only those in <#5> may see"},
		"stage":        {func(s *stage) { s.seats.stage = true }, ann, "does not encrypt stages such as <#5>"},
		"no keys yet":  {func(s *stage) { s.privacy.codes = bot.Codes{Call: callCode} }, ann, "<#5> is not encrypted end to end at the moment"},
		"nobody else":  {func(s *stage) { s.privacy.codes = bot.Codes{} }, ann, "<#5> is not encrypted end to end at the moment"},
		"out meanwhile": {func(s *stage) {
			s.privacy.err = fault.New(fault.Unavailable, "I am not in a voice channel.")
		}, ann, "I am not in a voice channel."},
		"too slow": {func(s *stage) { s.privacy.err = fmt.Errorf("code: %w", context.DeadlineExceeded) }, ann, "took too long"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t).playing("A")
			s.privacy.codes = encrypted(ann)
			if name == "stage" {
				s.privacy.codes = bot.Codes{}
			}
			tt.change(s)
			if got, private := said(s.commandAs(tt.user, "privacy")); !strings.Contains(got, tt.want) || !private {
				t.Errorf("said %q (private: %v), want %q", got, private, tt.want)
			}
		})
	}
}

// TestCodesAreComputedOneAfterAnother has many people ask at once.
func TestCodesAreComputedOneAfterAnother(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	s.privacy.codes, s.privacy.block = encrypted(ann), make(chan struct{})
	const people = 8
	done := make(chan string, people)
	for range people {
		go func() {
			got, _ := said(s.command("privacy"))
			done <- got
		}()
	}
	for range people {
		s.privacy.block <- struct{}{}
	}
	for range people {
		if got := <-done; !strings.Contains(got, "31415") {
			t.Errorf("said %q", got)
		}
	}
	if n := s.privacy.most.Load(); n != 1 {
		t.Errorf("%d at the same time", n)
	}
}

func TestTheCardSaysThatTheConnectionIsBeingRestored(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	s.card("playing", shows("### A"))
	s.players.set(func(p *player.Status) { p.Interrupted = true })
	s.players.happen(theGuild, player.Interrupted{})
	s.card("interrupted", shows("Reconnecting…"))
	s.players.set(func(p *player.Status) { p.Interrupted = false })
	s.players.happen(theGuild, player.Reconnected{})
	s.card("again", func(m *message) bool { return !shows("Reconnecting…")(m) })
}
