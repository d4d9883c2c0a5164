package bot_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
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
const slack = time.Second

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
	if s.discord.refused > 25 { // without a pace, most of 100; a busy machine lets some catch up with each other
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
