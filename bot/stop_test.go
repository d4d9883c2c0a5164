package bot_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/bot"
	"busker/internal/snowflake"
	"busker/player"
)

// crowd posts a card in each of n guilds, whose players all do the same.
func (s *stage) crowd(n int) *stage {
	s.t.Helper()
	s.playing("A")
	for i := range n {
		guild := snowflake.ID(100 + i)
		s.bot.HandleInteraction(s.t.Context(), &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{
			ID: fmt.Sprint(10_000 + i), Token: fmt.Sprint("crowd", i), AppID: "901",
			GuildID: guild.String(), ChannelID: fmt.Sprint(1000 + i), Type: discordgo.InteractionApplicationCommand,
			Member: &discordgo.Member{User: &discordgo.User{ID: ann.String()}},
			Data:   discordgo.ApplicationCommandInteractionData{Name: "nowplaying"},
		}})
		s.players.happen(guild, player.Resumed{})
	}
	s.discord.wait("a card in every guild", func() bool {
		cards := 0
		for _, m := range s.discord.messages {
			if button("Skip")(m) {
				cards++
			}
		}
		return cards == n+1
	})
	return s
}

// over counts the cards that are marked as over, and those that are not.
func (d *discord) over() (over, left int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range d.messages {
		switch {
		case m.deleted:
		case button("Skip")(m):
			left++
		default:
			over++
		}
	}
	return over, left
}

// stopWithin stops and returns how many cards the log says are left.
func (s *stage) stopWithin(most time.Duration) (left int) {
	s.t.Helper()
	began := time.Now()
	if err := s.stop(); err != nil {
		s.t.Errorf("stop: %v", err)
	}
	if took := time.Since(began); took > most {
		s.t.Errorf("it took %v, at most %v were allowed", took, most)
	}
	found := regexp.MustCompile(`level=WARN.* cards=([0-9]+)`).FindStringSubmatch(s.log.String())
	if found == nil {
		return 0
	}
	left, err := strconv.Atoi(found[1])
	if err != nil {
		s.t.Fatal(err)
	}
	return left
}

// slack is for a busy machine.
const slack = 300 * time.Millisecond

func TestAStopWithManyCardsEndsInTime(t *testing.T) {
	t.Parallel()
	const stop = 800 * time.Millisecond
	s := newStage(t, func(o *bot.Options) { o.StopTimeout = stop })
	s.discord.perSecond = 50
	s.crowd(100)
	s.discord.slow("PATCH channels", 100*time.Millisecond)
	said := s.stopWithin(stop + slack)
	over, left := s.discord.over()
	if over < 10 || left < 10 || said < left || said > left+10 { // what was answered too late is done
		t.Errorf("%d cards are over, %d are left, said %d", over, left, said)
	}
	if s.discord.refused > 5 { // without a pace, most of them; a busy machine lets a few catch up with each other
		t.Errorf("Discord refused %d requests", s.discord.refused)
	}
}

func TestAStopWithFewCardsLeavesNone(t *testing.T) {
	t.Parallel()
	s := newStage(t).crowd(20)
	said := s.stopWithin(time.Second + slack)
	if over, left := s.discord.over(); over != 21 || left != 0 || said != 0 {
		t.Errorf("%d cards are over, %d are left, said %d", over, left, said)
	}
}

func TestAStopWaitsForNothingElse(t *testing.T) {
	t.Parallel()
	const stop = 200 * time.Millisecond
	for name, trouble := range map[string]func(*stage){
		"Discord does not answer": func(s *stage) { s.discord.slow("PATCH channels", time.Minute) },
		"refused for a minute": func(s *stage) {
			s.discord.mu.Lock()
			defer s.discord.mu.Unlock()
			s.discord.fail["PATCH channels"] = slices.Repeat([]failure{{429, `{"retry_after":60}`}}, 9)
		},
		"no room for a minute": func(s *stage) {
			s.discord.mu.Lock()
			s.discord.headers = map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "60"}
			s.discord.mu.Unlock()
			s.command("pause")
			s.card("the last edit there was room for", shows("Paused"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, func(o *bot.Options) { o.StopTimeout = stop }).playing("A")
			s.card("card", shows("### A"))
			trouble(s)
			s.command("resume") // an update is under way, or waits
			if said := s.stopWithin(stop + slack); said != 1 {
				t.Errorf("said that %d are left", said)
			}
		})
	}
}

func TestAPostThatIsUnderWayIsMarkedAsOver(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	began := make(chan struct{})
	s.discord.mu.Lock()
	s.discord.linger["POST channels"] = func(*http.Request) {
		close(began)
		<-time.After(100 * time.Millisecond)
	}
	s.discord.mu.Unlock()
	s.playing("A")
	<-began
	if said := s.stopWithin(time.Second); said != 0 {
		t.Errorf("said that %d are left", said)
	}
	if over, left := s.discord.over(); over != 1 || left != 0 {
		t.Errorf("%d cards are over, %d are left", over, left)
	}
}

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

// nowhere is a Voice that fails.
type nowhere struct{ *seats }

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
