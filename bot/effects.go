package bot

import (
	"context"
	"slices"
	"strings"

	"busker/dsp"
	"busker/internal/fault"
	"busker/player"
)

// effectsOff is the choice that takes all effects away.
const effectsOff = "off"

// effects adds a preset to those that are on, at a strength; 0 takes it away again.
func effects(ctx context.Context, c *call) (reply, error) {
	typed := strings.TrimSpace(c.text("preset"))
	percent, given := c.number("strength")
	switch {
	case typed == "" && given:
		return reply{}, fault.New(fault.Invalid, textWhichEffect)
	case typed == "":
		return reply{text: c.w.effectsText(c.status)}, nil
	case !given:
		percent = 100
	}
	change := func([]dsp.Part) []dsp.Part { return nil }
	if !strings.EqualFold(typed, effectsOff) {
		p, known := findPreset(typed)
		if !known {
			return reply{}, fault.Newf(fault.NotFound, textNoEffect, plain(typed))
		}
		part := dsp.Part{Preset: p.Name, Strength: float64(percent) / 100}
		change = func(on []dsp.Part) []dsp.Part { return withPart(on, part) }
	}
	s, err := c.changeEffects(ctx, change)
	return reply{text: c.w.effectsText(s)}, err
}

// changeEffects changes what is on at that moment: two people who each add an effect
// get both.
func (c *call) changeEffects(ctx context.Context, change func([]dsp.Part) []dsp.Part) (player.Status, error) {
	done, err := c.b.turns.take(ctx, c.guild)
	if err != nil {
		return player.Status{}, err
	}
	defer done()
	now, _ := c.b.opts.Doer.Status(c.guild)
	parts := change(slices.Clone(now.Effects))
	settings, err := dsp.Mix(parts...)
	if err != nil {
		return player.Status{}, err
	}
	return c.do(ctx, player.Filters{Settings: settings, Effects: parts})
}

// withPart has a preset take the place it had among parts, or the last one; without
// any strength it goes.
func withPart(parts []dsp.Part, part dsp.Part) []dsp.Part {
	at := slices.IndexFunc(parts, func(p dsp.Part) bool { return p.Preset == part.Preset })
	switch {
	case at < 0 && part.Strength > 0:
		return append(parts, part)
	case at < 0:
		return parts
	case part.Strength > 0:
		parts[at] = part
		return parts
	}
	return slices.Delete(parts, at, at+1)
}

// findPreset knows presets by their names and titles.
func findPreset(typed string) (dsp.Preset, bool) {
	for _, p := range dsp.Presets() {
		if strings.EqualFold(typed, p.Name) || strings.EqualFold(typed, p.Title) {
			return p, true
		}
	}
	return dsp.Preset{}, false
}

// effectsText says what is on.
func (w tongue) effectsText(s player.Status) string {
	if names := w.effectNames(s); names != "" {
		return w.Say(textEffects, names)
	}
	return w.Say(textEffectsOff)
}

// effectNames is "Bass boost 60 %, Nightcore", empty when nothing is on. Filters that
// were set in some other way than by presets have no names.
func (w tongue) effectNames(s player.Status) string {
	if len(s.Effects) == 0 && !s.Filters.Neutral() {
		return w.Say(textEffectsOwn)
	}
	names := make([]string, len(s.Effects))
	for i, part := range s.Effects {
		names[i] = part.Preset
		if p, ok := findPreset(part.Preset); ok {
			names[i] = w.Say(p.Title)
		}
		if part.Strength < 1 {
			names[i] = w.Say(textAtStrength, names[i], int(part.Strength*100+0.5))
		}
	}
	return strings.Join(names, w.Say(", "))
}
