package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/bwmarrin/discordgo"

	"busker/bot"
	"busker/dsp"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/player"
	"busker/queue"
	"busker/track"
)

func TestParseSeek(t *testing.T) {
	const s = time.Second
	for _, tt := range []struct {
		in       string
		at       time.Duration
		relative bool
	}{
		{"1:23", 83 * s, false},
		{"83", 83 * s, false},
		{"0", 0, false},
		{"1m23s", 83 * s, false},
		{"1M 23S", 83 * s, false},
		{"2h", 7200 * s, false},
		{"1h2m3s", 3723 * s, false},
		{"1:02:03", 3723 * s, false},
		{"12.5", 12500 * time.Millisecond, false},
		{"+30", 30 * s, true},
		{"-10", -10 * s, true},
		{"+1:00", 60 * s, true},
		{"- 1m", -60 * s, true},
		{" 90 ", 90 * s, false},
	} {
		at, relative, err := bot.ParseSeek(tt.in)
		if err != nil || at != tt.at || relative != tt.relative {
			t.Errorf("%q: %v, %v, %v", tt.in, at, relative, err)
		}
	}
	for _, bad := range []string{
		"", "x", "1:", ":1", "1:2", "1:60", "1:2:3:4", "s", "1m2", "1s2m", "--1", "+-1", "1.2345", "1.x", "99999999", "1:99:00", "½", "1m1m",
	} {
		_, _, err := bot.ParseSeek(bad)
		if m, ok := fault.Message(err); !ok || fault.KindOf(err) != fault.Invalid || !strings.Contains(m, "1:23") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzParseSeek(f *testing.F) {
	for _, s := range []string{"1:23", "83.5", "1h2m3s", "+30", "-10", "1:02:03", "`"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at, relative, err := bot.ParseSeek(s)
		if err != nil {
			m, ok := fault.Message(err)
			if !ok || strings.Count(m, "`")%2 != 0 || utf8.RuneCountInString(m) > 200 {
				t.Errorf("%q: message %q", s, m)
			}
			return
		}
		if at < -1000*time.Hour || at > 1000*time.Hour || at < 0 && !relative {
			t.Errorf("%q is %v, %v", s, at, relative)
		}
	})
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0:00", 0: "0:00", 7 * time.Second: "0:07", 200 * time.Second: "3:20",
		3723 * time.Second: "1:02:03", 100 * time.Hour: "100:00:00",
	} {
		if got := bot.Clock(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"Plain title":                    "Plain title",
		"lostrace-ks (Live) | 3.5 #1 >_": `lostrace-ks (Live) | 3.5 #1 >\_`,
		"snake_case_name ~ 10:30:00 a:b": "snake_case_name ~ 10:30:00 a:b",
		"me@example.org <3":              `me@example.org \<3`,
		"**bold** _it_ ~~no~~ ||spoil||": `\*\*bold\*\* \_it\_ \~\~no\~\~ \|\|spoil\|\|`,
		"é_é a__b":                       `é\_é a\_\_b`,
		"<@123> @everyone @here <#9>":    `\<@123> \@everyone \@here \<#9>`,
		"[text](https://evil.test)":      `\[text\](https\://evil.test)`,
		":notes: and <:x:1>":             `\:notes: and \<\:x:1>`,
		"# heading":                      `\# heading`,
		"-# small":                       `\-# small`,
		"- item":                         `\- item`,
		"> quote":                        `\> quote`,
		"12. Finale":                     `12\. Finale`,
		"a\n\tb  c ":                     "a b c",
		"evil\u202etxt\x00\u200b":        "eviltxt",
		"`code` \\":                      "\\`code\\` \\\\",
		"日本語":                            "日本語",
		"\xff\xfe":                       "",
	} {
		if got := bot.Escape(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}

// formatted is what Discord formats, in a line whose escaped characters are zeros.
var formatted = regexp.MustCompile("[*`<\\[\\]\\\\]|(^|[^0-9A-Za-z])_|_([^0-9A-Za-z]|$)|\\|\\||~~|" +
	`@everyone|@here|:/|:[A-Za-z_+-][\w+-]*:|^[#>-]|^[0-9]+\.`)

func FuzzEscape(f *testing.F) {
	f.Add("**x** <@1> `y` https://z :a:b: 1. __x__ ||~~")
	f.Add(strings.Repeat("*", 300))
	f.Fuzz(func(t *testing.T, s string) {
		out := bot.Escape(s)
		if !utf8.ValidString(out) {
			t.Fatalf("%q became %q", s, out)
		}
		var bare []rune
		escaped := false
		for _, r := range out {
			switch {
			case !unicode.IsPrint(r):
				t.Fatalf("%q became %q: %q cannot be seen", s, out, r)
			case escaped:
				r = 0
			case r == '\\':
				escaped = true
				continue
			}
			escaped = false
			bare = append(bare, r)
		}
		if at := formatted.FindString(string(bare)); at != "" {
			t.Fatalf("%q became %q: %q is formatted", s, out, at)
		}
		if escaped || len(bare) > bot.MaxTitle+1 {
			t.Fatalf("%q became %q", s, out)
		}
	})
}

func FuzzCustomID(f *testing.F) {
	f.Add(bot.CustomID("skip", "3w5e11264sgsf", 7, ""))
	f.Add("b2|loop|a|zz|track")
	f.Add("b0|skip|1|")
	f.Fuzz(func(t *testing.T, s string) {
		action, serial, item, argument, ok := bot.ParseCustomID(s)
		if !ok {
			return
		}
		a, n, i, g, ok := bot.ParseCustomID(bot.CustomID(action, serial, item, argument))
		if !ok || a != action || n != serial || i != item || g != argument {
			t.Errorf("%q does not survive", s)
		}
	})
}

func TestClaimsOnce(t *testing.T) {
	c := bot.LocalClaims()
	claim := func(n uint64) bool {
		ok, err := c.Claim(context.Background(), snowflake.ID(n))
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if !claim(1) || claim(1) || !claim(2) {
		t.Error("claims are wrong")
	}
	for n := range uint64(bot.RememberedMax) {
		claim(100 + n)
	}
	if !claim(1) {
		t.Error("claims are kept for ever")
	}
}

// wild is a track whose every character needs escaping.
func wild() track.Track {
	return track.Track{Title: strings.Repeat("*", 500), Artist: strings.Repeat("_", 500), URI: "u"}
}

func TestTextsFitDiscord(t *testing.T) {
	s := player.Status{
		State: player.StatePaused, Channel: 5, ItemID: 1, Track: wild(), Requester: 1 << 62, Volume: 150,
		Length: 99 * time.Hour, Position: 98 * time.Hour, Loop: queue.All, QueueLength: 1e6 * time.Second,
		Crossfade: player.MaxCrossfade, Normalise: true, Interrupted: true,
	}
	for _, p := range dsp.Presets() {
		s.Effects = append(s.Effects, dsp.Part{Preset: p.Name, Strength: 0.5})
	}
	for i := range 10_000 {
		s.Queue = append(s.Queue, &queue.Item{ID: uint64(i + 2), Track: wild()})
	}
	for _, page := range []int{-1, 1, 1250, 99999} {
		if n := utf8.RuneCountInString(bot.PageOf(s, page)); n > 2000 {
			t.Errorf("page %d has %d characters", page, n)
		}
	}
	checkCard(t, bot.CardOf(s))
	for _, c := range bot.Definitions() {
		if c.Type == discordgo.MessageApplicationCommand {
			continue // these have none
		}
		if n := utf8.RuneCountInString(c.Description); n == 0 || n > 100 {
			t.Errorf("/%s has a description of %d characters", c.Name, n)
		}
		for _, o := range c.Options {
			if n := utf8.RuneCountInString(o.Description); n == 0 || n > 100 {
				t.Errorf("/%s %s has a description of %d characters", c.Name, o.Name, n)
			}
		}
	}
}

// checkCard holds a card to Discord's limits: characters of all texts, of buttons and of
// menus' entries, and how many components there are.
func checkCard(t *testing.T, card string) {
	t.Helper()
	characters, components := 0, 0
	for _, c := range parts(&message{Components: json.RawMessage(card)}) {
		components++
		characters += utf8.RuneCountInString(c.Content)
		if n := utf8.RuneCountInString(c.Label); n > 80 || c.Type == 2 && n == 0 {
			t.Errorf("a button is named %q", c.Label)
		}
		if c.Type == 3 && (len(c.Options) == 0 || len(c.Options) > 25) {
			t.Errorf("a menu has %d entries", len(c.Options))
		}
		for _, o := range c.Options {
			if n := utf8.RuneCountInString(o.Label); n == 0 || n > 100 || utf8.RuneCountInString(o.Description) > 100 {
				t.Errorf("an entry of %d characters, about it %q", n, o.Description)
			}
		}
	}
	if characters > 4000 || components > 40 {
		t.Errorf("the card has %d characters in %d components", characters, components)
	}
}

func TestQueuePages(t *testing.T) {
	s := player.Status{State: player.StatePlaying, ItemID: 1, Track: track.Track{Title: "Now"}, QueueLength: 90 * time.Second}
	if p := bot.PageOf(s, 1); !strings.Contains(p, "Now") || !strings.Contains(p, "empty") {
		t.Errorf("empty queue: %s", p)
	}
	for i := range 20 {
		s.Queue = append(s.Queue, &queue.Item{Track: track.Track{Title: fmt.Sprintf("Song %d", i+1), Length: time.Second}})
	}
	for _, tt := range []struct {
		page        int
		first, last string
		of          string
	}{{0, "Song 1**", "Song 8**", "Page 1 of 3"}, {2, "Song 9**", "Song 16**", "Page 2 of 3"}, {9, "Song 17**", "Song 20**", "Page 3 of 3"}} {
		p := bot.PageOf(s, tt.page)
		for _, want := range []string{tt.first, tt.last, tt.of, "20 tracks", "1:30"} {
			if !strings.Contains(p, want) {
				t.Errorf("page %d lacks %q:\n%s", tt.page, want, p)
			}
		}
	}
}

// The address of an answer contains the interaction's token, which answers for the
// bot for fifteen minutes.
func TestErrorsDoNotTellTheToken(t *testing.T) {
	address := "https://discord.com/api/v9/webhooks/1/aW50ZXJhY3Rpb24"
	for _, err := range []error{
		&url.Error{Op: "Post", URL: address, Err: context.DeadlineExceeded},
		fmt.Errorf("answer: %w", &url.Error{Op: "Post", URL: address, Err: context.DeadlineExceeded}),
		&discordgo.RateLimitError{RateLimit: &discordgo.RateLimit{
			URL: address, TooManyRequests: &discordgo.TooManyRequests{RetryAfter: time.Second},
		}},
	} {
		got := bot.NoAddress(err).Error()
		if strings.Contains(got, "aW50ZXJhY3Rpb24") || got == "" {
			t.Errorf("%q", got)
		}
	}
	if err := bot.NoAddress(&url.Error{Op: "Post", URL: address, Err: context.DeadlineExceeded}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the cause is lost: %v", err)
	}
	if bot.NoAddress(nil) != nil {
		t.Error("no error became one")
	}
}
