package bot

import (
	"context"
	"slices"
	"strings"

	"busker/dsp"
	"busker/player"
)

// effectChoices offers "off" and the presets of which the title, or what is said about
// them, contains what was typed: what is on comes first, then titles that begin so.
// What matches nothing is offered everything, for Discord would show an empty list as
// an error.
func (w tongue) effectChoices(s player.Status, typed string) []choice {
	typed = strings.ToLower(strings.TrimSpace(typed))
	presets := dsp.Presets()
	all := make([]effectChoice, 0, 1+len(presets))
	if w.effectNames(s) != "" {
		all = append(all, effectChoice{effectsOff, w.Say(choiceEffectsOff), 1})
	}
	for _, p := range presets {
		all = append(all, w.newEffectChoice(p, s.Effects, typed))
	}
	matching := slices.DeleteFunc(slices.Clone(all), func(e effectChoice) bool { return !e.matches(typed) })
	if len(matching) == 0 {
		matching = all
	}
	slices.SortStableFunc(matching, func(a, b effectChoice) int { return a.rank - b.rank })
	matching = matching[:min(len(matching), maxChoices)]
	choices := make([]choice, len(matching))
	for i, e := range matching {
		choices[i] = choice{e.text, e.value}
	}
	return choices
}

// effectChoice is one line offered; the lowest rank comes first.
type effectChoice struct {
	value, text string
	rank        int
}

func (w tongue) newEffectChoice(p dsp.Preset, on []dsp.Part, typed string) effectChoice {
	format, rank := textEffectChoice, 3
	switch {
	case slices.ContainsFunc(on, func(part dsp.Part) bool { return part.Preset == p.Name }):
		format, rank = textEffectIsOn, 0
	case strings.HasPrefix(strings.ToLower(p.Title), typed):
		rank = 2
	}
	return effectChoice{p.Name, w.Say(format, w.Say(p.Title), w.Say(p.About)), rank}
}

func (e effectChoice) matches(typed string) bool {
	return strings.Contains(e.value, typed) || strings.Contains(strings.ToLower(e.text), typed)
}

// suggestEffects offers presets.
func suggestEffects(_ context.Context, c *call, _, typed string) []choice {
	return c.mine.effectChoices(c.status, typed)
}
