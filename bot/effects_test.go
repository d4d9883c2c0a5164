package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"busker/bot"
	"busker/dsp"
	"busker/emulator"
	"busker/internal/snowflake"
	"busker/player"
)

func TestEffectsAddUp(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	for _, tt := range []struct {
		args []any
		want string
	}{
		{[]any{"preset", "bassboost", "strength", 60}, "Effects: Bass boost 60 %."},
		{[]any{"preset", "nightcore"}, "Effects: Bass boost 60 %, Nightcore."},
		{[]any{"preset", " Echo ", "strength", 25}, "Effects: Bass boost 60 %, Nightcore, Echo 25 %."},
		{[]any{"preset", "bassboost", "strength", 30}, "Effects: Bass boost 30 %, Nightcore, Echo 25 %."},
		{nil, "Effects: Bass boost 30 %, Nightcore, Echo 25 %."},
		{[]any{"preset", "nightcore", "strength", 0}, "Effects: Bass boost 30 %, Echo 25 %."},
		{[]any{"preset", "wide", "strength", 0}, "Effects: Bass boost 30 %, Echo 25 %."},
		{[]any{"preset", "OFF"}, "No effects are on."},
	} {
		if got, _ := said(s.command("effects", tt.args...)); got != tt.want {
			t.Errorf("%v: said %q, want %q", tt.args, got, tt.want)
		}
		if now, _ := s.players.Status(theGuild); len(now.Effects) > 0 == now.Filters.Neutral() {
			t.Errorf("%v: effects %v, but filters %+v", tt.args, now.Effects, now.Filters)
		}
	}
}

func TestEffectsOfSeveralPeopleAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	presets := dsp.Presets()[:8]
	var all sync.WaitGroup
	for _, p := range presets {
		all.Go(func() { s.command("effects", "preset", p.Name) })
	}
	all.Wait()
	if now, _ := s.players.Status(theGuild); len(now.Effects) != len(presets) {
		t.Errorf("on are %v", now.Effects)
	}
}

func TestFiltersThatAreNoPresetsAreShown(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	s.players.set(func(p *player.Status) { p.Filters = dsp.Settings{BassBoost: 3} })
	if got, _ := said(s.command("effects")); got != "Effects: custom filters." {
		t.Errorf("said %q", got)
	}
	if got, _ := said(s.command("effects", "preset", "off")); got != "No effects are on." {
		t.Errorf("said %q", got)
	}
}

func TestTheCardShowsWhatIsDoneToTheSound(t *testing.T) {
	t.Parallel()
	s := newStage(t).playing("A")
	s.command("effects", "preset", "nightcore", "strength", 50)
	s.command("crossfade", "seconds", 7)
	s.command("loudness", "mode", "on")
	s.card("all of it", shows("-# Nightcore 50 % · Crossfade 7 s · Even loudness"))
	want := "Now playing: **A** by The Band (0:00 / 3:20)\n-# Nightcore 50 % · Crossfade 7 s · Even loudness"
	if got, _ := said(s.command("nowplaying")); got != want {
		t.Errorf("said %q", got)
	}
	s.command("effects", "preset", "off")
	s.command("crossfade", "seconds", 0)
	s.command("loudness", "mode", "off")
	s.card("nothing", func(m *message) bool { return !shows("-# Nightcore")(m) && !shows("Crossfade")(m) && !shows("Even")(m) })
}

func TestEffectsAreSuggested(t *testing.T) {
	part := dsp.Part{Preset: "karaoke", Strength: 0.5}
	settings, err := dsp.Mix(part)
	if err != nil {
		t.Fatal(err)
	}
	quiet, on := player.Status{}, player.Status{Effects: []dsp.Part{part}, Filters: settings}
	for _, tt := range []struct {
		name, typed string
		s           player.Status
		first       []string
		most        int
	}{
		{"everything", "", quiet, []string{"bassboost", "nightcore", "vaporwave"}, 25},
		{"what is on first", "", on, []string{"karaoke", "off", "bassboost"}, 25},
		{"part of a title", "CORE", quiet, []string{"nightcore"}, 1},
		{"what titles begin with", "bass", quiet, []string{"bassboost"}, 25},
		{"what it does", "headphones", quiet, []string{"8d"}, 1},
		{"off", "off", on, []string{"off"}, 25},
		{"nothing like it", "zzz", quiet, []string{"bassboost", "nightcore"}, 25},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := bot.EffectChoices(tt.s, tt.typed)
			if len(got) > tt.most || len(got) < len(tt.first) || !slices.Equal(got[:len(tt.first)], tt.first) {
				t.Errorf("%q: %v, want first %v, at most %d", tt.typed, got, tt.first, tt.most)
			}
		})
	}
}

// FuzzEffectChoices: whatever is typed, what is offered fits Discord, and each of the
// choices is an effect.
func FuzzEffectChoices(f *testing.F) {
	for _, s := range []string{"", "bass", "Off", "  ", "é", "\xff", strings.Repeat("a", 3000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		choices := bot.SuggestEffects(player.Status{Effects: []dsp.Part{{Preset: "echo", Strength: 1}}}, typed)
		if len(choices) == 0 || len(choices) > 25 {
			t.Fatalf("%q: %d choices", typed, len(choices))
		}
		for _, c := range choices {
			if n := utf8.RuneCountInString(c.Name); n == 0 || n > 100 {
				t.Errorf("%q: choice of %d characters", typed, n)
			}
			value := fmt.Sprint(c.Value)
			if _, err := dsp.Mix(dsp.Part{Preset: value, Strength: 1}); err != nil && value != "off" {
				t.Errorf("%q: %v", typed, err)
			}
		}
	})
}

func TestSuggestionsAsPeopleSeeThem(t *testing.T) {
	s := newSquare(t)
	s.command(s.ann, "play", emulator.Args{"query": "A"})
	s.command(s.ann, "effects", emulator.Args{"preset": "echo", "strength": 40})
	choices, err := s.ann.Autocomplete(s.ctx(), s.text, "effects", nil, "preset", "e")
	s.need(err)
	if len(choices) == 0 || choices[0].Value != "echo" || !strings.HasPrefix(choices[0].Name, "Echo (on): ") {
		t.Errorf("offered %+v", choices)
	}
	choices, err = s.ann.Autocomplete(s.ctx(), s.text, "effects", emulator.Args{"strength": 20}, "preset", "vapor")
	s.need(err)
	if len(choices) != 1 || choices[0].Value != "vaporwave" {
		t.Errorf("offered %+v", choices)
	}
}

func TestASlowPlayerHoldsUpNoOtherGuild(t *testing.T) {
	t.Parallel()
	var turns bot.Turns
	ctx := t.Context()
	first, err := turns.Take(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	for guild := range snowflake.ID(500) { // whatever they have in common with the first
		done, err := turns.Take(ctx, (guild+2)<<22|1)
		if err != nil {
			t.Fatal(err)
		}
		done()
	}
	brief, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if _, err := turns.Take(brief, 1); err == nil {
		t.Error("two have the turn at the same time")
	}
	first()
	again, err := turns.Take(ctx, 1)
	if err != nil {
		t.Fatal(err)
	}
	again()
	if n := turns.Guilds(); n != 0 {
		t.Errorf("%d guilds are remembered", n)
	}
}
