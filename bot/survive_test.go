package bot_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"busker/bot"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
)

func TestACardThatWasLeftIsTidiedWhenPressed(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A", "B")
	s.card("card", shows("### A"))
	for _, action := range []string{"skip", "stop", "pause"} { // of a queue that counted as this one does
		a := s.press(ann, bot.CustomID(action, "formerlife", 1, ""))
		if a.kind != 7 || button("Skip")(a.original) || !shows("no longer in use")(a.original) || a.original.Flags&(1<<15) == 0 {
			t.Errorf("answered with %d: %+v", a.kind, a.original)
		}
		if got, private := said(a); got != "I no longer keep that card. `/nowplaying` brings a new one." || !private {
			t.Errorf("said %q, %v", got, private)
		}
	}
	if did := s.players.commands(); len(did) != 0 {
		t.Errorf("did %+v", did)
	}
}

func TestACardOfAnEarlierCallIsDead(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	old := s.id("skip", 1, "")
	s.command("leave")
	s.card("over", shows("The queue has ended."))
	s.command("play", "query", "B")
	s.players.commands()
	s.discord.wait("card of the next call", func() bool { return slices.ContainsFunc(s.discord.live("10"), shows("### B")) })
	s.players.set(func(p *player.Status) { p.ItemID = 1 }) // a new player counts anew
	if a := s.press(ann, old); a.kind != 7 {
		t.Errorf("answered with %d", a.kind)
	}
	if did := s.players.commands(); len(did) != 0 {
		t.Errorf("did %+v", did)
	}
}

func TestTheEndOfACardIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *bot.Options) { o.CardProgress = 10 * time.Millisecond }).playing("A")
	s.card("card", shows("### A"))
	s.discord.mu.Lock()
	s.discord.fail["PATCH channels"] = slices.Repeat([]failure{{500, `{"message":"oops"}`}}, 3)
	s.discord.mu.Unlock()
	s.command("leave")
	s.card("over", shows("The queue has ended."))
}

func TestALongRefusalStopsNoOtherUpdate(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *bot.Options) { o.CardProgress = 50 * time.Millisecond }).playing("A", "B")
	s.card("card", shows("Next: B"))
	s.discord.mu.Lock()
	s.discord.fail["PATCH channels"] = []failure{{429, `{"message":"Maximum number of edits to messages older than 1 hour reached.","retry_after":3600,"code":30046}`}}
	s.discord.mu.Unlock()
	s.command("pause")
	s.card("paused all the same", shows("Paused"))
}

func TestAnOldCardIsPostedAnew(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *bot.Options) {
		o.CardAge, o.CardProgress = 100*time.Millisecond, 10*time.Millisecond
	}).playing("A")
	first := s.card("card", shows("### A"))
	s.card("a newer one", func(m *message) bool { return m.ID != first.ID && shows("### A")(m) })
}

// brokenError is an error that cannot be read.
type brokenError struct{}

func (brokenError) Error() string { panic("an error that cannot be read") }
func (brokenError) Unwrap() error { panic("an error that cannot be read") }

func TestABadEventStopsNoCard(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	s.card("card", shows("### A"))
	s.players.happen(theGuild, player.TrackFailed{Err: brokenError{}})
	s.players.happen(theGuild, nil)
	s.players.happen(0, player.GaveUp{})
	s.players.happen(theGuild, player.TrackFailed{Item: itemOf("Bad"), Err: nil})
	s.command("pause")
	s.card("paused", shows("Paused"))
	if got := s.note(); got != "I could not play **Bad** by The Band: something went wrong." {
		t.Errorf("told %q", got)
	}
}

func TestWhatIsTooLongIsCut(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	id := s.id("pause", 1, "")
	long := fault.New(fault.Corrupt, strings.Repeat("é", 3000))
	s.players.set(func(*player.Status) { s.players.fail = long })
	for name, a := range map[string]*answer{"public": s.command("skip"), "private": s.command("pause"), "press": s.press(ann, id)} {
		if got, _ := said(a); utf8.RuneCountInString(got) != 2000 {
			t.Errorf("%s: said %q", name, got)
		}
	}
	s.players.happen(theGuild, player.TrackFailed{Err: long})
	if got := s.note(); utf8.RuneCountInString(got) != 2000 {
		t.Errorf("told %q", got)
	}
}

// nowhere is a Voice that fails.
type nowhere struct{ *seats }

func (nowhere) Locale(snowflake.ID) string { panic("no cache") }

func (nowhere) VoiceChannelOf(_, _ snowflake.ID) (snowflake.ID, bool) { panic("no cache") }

func TestALookThatPanicsIsSurvived(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *bot.Options) { o.Voice = nowhere{} })
	if got, private := said(s.command("pause")); !strings.HasPrefix(got, "Something went wrong.") || !private {
		t.Errorf("said %q, %v", got, private)
	}
}

// stuck are Claims that never decide.
type stuck struct{}

func (stuck) Claim(ctx context.Context, _ snowflake.ID) (bool, error) {
	<-ctx.Done()
	return false, ctx.Err()
}

func TestClaimsThatHangAreNotWaitedFor(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(o *bot.Options) { o.Claims = stuck{} }).playing("A")
	if got, _ := said(s.command("pause")); got != "Paused." {
		t.Errorf("said %q", got)
	}
}

func TestManyPressesAtASlowPlayer(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A", "B")
	id := s.id("pause", 1, "")
	s.players.block = make(chan struct{})
	const people = 40
	answers := make(chan string, people)
	for range people {
		go func() {
			a := s.press(ann, id)
			got := ""
			if len(a.followUps) > 0 {
				got = a.followUps[0].Content
			}
			answers <- got
		}()
	}
	const refused = "Too many people are changing things at once. Try again in a moment."
	for range people - 17 { // one has the turn, and 16 wait
		if got := <-answers; got != refused {
			t.Errorf("said %q", got)
		}
	}
	close(s.players.block)
	for range 17 {
		if got := <-answers; got != "" {
			t.Errorf("said %q", got)
		}
	}
}
