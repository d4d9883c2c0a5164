package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"

	"busker/dsp"
	"busker/player"
)

// effectsOff is the choice that takes all effects away.
const effectsOff = "off"

// maxChoices is the most choices Discord shows for one option.
const maxChoices = 25

// presetChoices offers "off" and the presets, as many as Discord shows.
func presetChoices() *discordgo.ApplicationCommandOption {
	o := &discordgo.ApplicationCommandOption{
		Type: discordgo.ApplicationCommandOptionString, Name: "preset", Description: aboutEffectsPreset,
		Choices: []*discordgo.ApplicationCommandOptionChoice{{Name: choiceEffectsOff, Value: effectsOff}},
	}
	for _, p := range dsp.Presets() {
		if len(o.Choices) == maxChoices {
			break
		}
		o.Choices = append(o.Choices, &discordgo.ApplicationCommandOptionChoice{Name: p.Title, Value: p.Name})
	}
	return o
}

// effects adds a preset to those that are on, at a strength; 0 takes it away again.
func effects(ctx context.Context, c *call) (reply, error) {
	preset := c.text("preset")
	if preset == "" {
		return reply{text: effectsText(c.status.Effects)}, nil
	}
	percent, given := c.number("strength")
	if !given {
		percent = 100
	}
	parts := slices.DeleteFunc(slices.Clone(c.status.Effects), func(p dsp.Part) bool {
		return p.Preset == preset || preset == effectsOff
	})
	if preset != effectsOff && percent > 0 {
		parts = append(parts, dsp.Part{Preset: preset, Strength: float64(percent) / 100})
	}
	settings, err := dsp.Mix(parts...)
	if err != nil {
		return reply{}, err
	}
	s, err := c.do(ctx, player.Filters{Settings: settings, Effects: parts})
	return reply{text: effectsText(s.Effects)}, err
}

// effectsText names what is on.
func effectsText(parts []dsp.Part) string {
	if len(parts) == 0 {
		return textEffectsOff
	}
	return fmt.Sprintf(textEffects, effectNames(parts))
}

// effectNames is "Bass boost 60 %, Nightcore".
func effectNames(parts []dsp.Part) string {
	names := make([]string, len(parts))
	for i, part := range parts {
		names[i] = part.Preset
		for _, p := range dsp.Presets() {
			if p.Name == part.Preset {
				names[i] = p.Title
			}
		}
		if part.Strength < 1 {
			names[i] = fmt.Sprintf(textAtStrength, names[i], int(part.Strength*100+0.5))
		}
	}
	return strings.Join(names, ", ")
}
