package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
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

func encrypted(users ...snowflake.ID) bot.CallPrivacy {
	return bot.CallPrivacy{Encrypted: true, Code: callCode, Members: users}
}

func TestPrivacyShowsTheCodesAsDiscordDoes(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	s.privacy.call = encrypted(7, ann, bob)
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
	s.privacy.call = encrypted(append(users, ann)...)
	got, _ := said(s.command("privacy"))
	if n := utf8.RuneCountInString(got); n > 2000 {
		t.Errorf("%d characters", n)
	}
	if !strings.Contains(got, "<@42>") || !strings.Contains(got, "and 84 more") || strings.Count(got, "<@") != 15 {
		t.Errorf("said:\n%s", got)
	}
	if want := append([]snowflake.ID{ann}, users[:14]...); !slices.Equal(s.privacy.asked, want) {
		t.Errorf("computed the codes of %v, want %v", s.privacy.asked, want)
	}
}

// TestPrivacyWhileTheCallChanges has things happen while the first code is computed.
func TestPrivacyWhileTheCallChanges(t *testing.T) {
	t.Parallel()
	const newCode = "123451234512345123451234512345"
	for name, tt := range map[string]struct {
		then  func(*secrets) error
		want  []string
		shown int // pairwise codes
	}{
		"one left": {func(s *secrets) error {
			s.set(bot.CallPrivacy{Encrypted: true, Code: newCode, Members: []snowflake.ID{bob}})
			return fault.New(fault.NotFound, "not there")
		}, []string{"`12345 12345", "<@43>"}, 1},
		"one came": {func(s *secrets) error {
			s.set(bot.CallPrivacy{Encrypted: true, Code: newCode, Members: []snowflake.ID{ann, bob, 7}})
			return nil
		}, []string{"`12345 12345", "<@42>", "<@43>"}, 2},
		"no longer encrypted": {func(s *secrets) error {
			s.set(bot.CallPrivacy{})
			return nil
		}, []string{"not encrypted end to end at the moment"}, 0},
		"we left": {func(*secrets) error {
			return fault.New(fault.Unavailable, "I am not in a voice channel.")
		}, []string{"I am not in a voice channel."}, 0},
		"too slow": {func(*secrets) error {
			return fmt.Errorf("code: %w", context.DeadlineExceeded)
		}, []string{"took too long"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t).playing("A")
			s.privacy.call = encrypted(bob, ann)
			s.privacy.code = func(_ context.Context, of snowflake.ID) error {
				if of != ann {
					return nil
				}
				return tt.then(s.privacy)
			}
			got, private := said(s.command("privacy"))
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("it lacks %q:\n%s", want, got)
				}
			}
			if !private || strings.Count(got, "27182") != tt.shown {
				t.Errorf("said (private: %v):\n%s", private, got)
			}
		})
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
		"no keys yet":  {func(s *stage) { s.privacy.call = bot.CallPrivacy{Code: callCode} }, ann, "<#5> is not encrypted end to end at the moment"},
		"nobody else":  {func(s *stage) { s.privacy.call = bot.CallPrivacy{} }, ann, "<#5> is not encrypted end to end at the moment"},
		"out meanwhile": {func(s *stage) {
			s.privacy.err = fault.New(fault.Unavailable, "I am not in a voice channel.")
		}, ann, "I am not in a voice channel."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t).playing("A")
			s.privacy.call = encrypted(ann)
			if name == "stage" {
				s.privacy.call = bot.CallPrivacy{}
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
	var busy, most atomic.Int64
	proceed := make(chan struct{})
	s.privacy.call = encrypted(ann)
	s.privacy.code = func(ctx context.Context, _ snowflake.ID) error {
		most.Store(max(most.Load(), busy.Add(1)))
		defer busy.Add(-1)
		select {
		case <-proceed:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	const people = 8
	done := make(chan string, people)
	for range people {
		go func() {
			got, _ := said(s.command("privacy"))
			done <- got
		}()
	}
	for range people {
		proceed <- struct{}{}
	}
	for range people {
		if got := <-done; !strings.Contains(got, "31415") {
			t.Errorf("said %q", got)
		}
	}
	if n := most.Load(); n != 1 {
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
