package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"

	"busker/dsp"
	"busker/player"
)

// maxChoices is the most choices Discord shows for one option.
const maxChoices = 25

// suggest answers while somebody types an option.
func (c *call) suggest(ctx context.Context, data discordgo.ApplicationCommandInteractionData) {
	began := time.Now()
	cmd := commandsByName[data.Name]
	if cmd == nil || cmd.suggest == nil {
		return
	}
	var typed string
	for _, o := range data.Options {
		if o != nil && o.Focused {
			typed, _ = o.Value.(string)
		}
	}
	err := c.answer.offer(ctx, cmd.suggest(c.status, typed))
	if err != nil { // the next keystroke asks again
		c.log.Debug("suggestions could not be delivered", "name", cmd.name, "err", err)
	}
	c.b.metrics.answered("suggest_"+cmd.name, err, began)
}

// suggestEffects offers "off" and the presets of which the title, or what is said about
// them, contains what was typed: what is on comes first, then titles that begin so.
// What matches nothing is offered everything, for Discord would show an empty list as
// an error.
func suggestEffects(s player.Status, typed string) []*discordgo.ApplicationCommandOptionChoice {
	typed = strings.ToLower(strings.TrimSpace(typed))
	presets := dsp.Presets()
	all := make([]effectChoice, 0, 1+len(presets))
	if effectNames(s) != "" {
		all = append(all, effectChoice{effectsOff, choiceEffectsOff, 1})
	}
	for _, p := range presets {
		all = append(all, newEffectChoice(p, s.Effects, typed))
	}
	matching := slices.DeleteFunc(slices.Clone(all), func(e effectChoice) bool { return !e.matches(typed) })
	if len(matching) == 0 {
		matching = all
	}
	slices.SortStableFunc(matching, func(a, b effectChoice) int { return a.rank - b.rank })
	matching = matching[:min(len(matching), maxChoices)]
	choices := make([]*discordgo.ApplicationCommandOptionChoice, len(matching))
	for i, e := range matching {
		choices[i] = &discordgo.ApplicationCommandOptionChoice{Name: e.text, Value: e.value}
	}
	return choices
}

// effectChoice is one line offered; the lowest rank comes first.
type effectChoice struct {
	value, text string
	rank        int
}

func newEffectChoice(p dsp.Preset, on []dsp.Part, typed string) effectChoice {
	const longest = 100 // characters of a choice
	format, rank := textEffectChoice, 3
	switch {
	case slices.ContainsFunc(on, func(part dsp.Part) bool { return part.Preset == p.Name }):
		format, rank = textEffectIsOn, 0
	case strings.HasPrefix(strings.ToLower(p.Title), typed):
		rank = 2
	}
	return effectChoice{p.Name, cut(fmt.Sprintf(format, p.Title, p.About), longest), rank}
}

func (e effectChoice) matches(typed string) bool {
	return strings.Contains(e.value, typed) || strings.Contains(strings.ToLower(e.text), typed)
}
