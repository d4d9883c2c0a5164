package bot

import (
	"context"
	"slices"

	"busker/dsp"
)

// effectsFields are menus of all presets, of which any may be on together. There are more
// than fit one menu.
func effectsFields() []field {
	presets := dsp.Presets()
	half := (len(presets) + 1) / 2
	return []field{
		effectsField("effects", textSetEffects, presets[:half]),
		effectsField("effects2", textSetMoreEffects, presets[half:]),
	}
}

func effectsField(name, title string, presets []dsp.Preset) field {
	return field{name: name, title: title, menu: &menu{
		several: true,
		values: func(w tongue) []value {
			lines := make([]value, len(presets))
			for i, p := range presets {
				lines[i] = value{name: p.Name, label: w.Say(p.Title), about: w.Say(p.About)}
			}
			return lines
		},
		chosen: func(s state) []string {
			on := make([]string, len(s.status.Effects))
			for i, part := range s.status.Effects {
				on[i] = part.Preset
			}
			return on
		},
		set: func(ctx context.Context, c *call, chosen []string) error {
			_, err := c.changeEffects(ctx, func(on []dsp.Part) []dsp.Part { return pick(on, presets, chosen) })
			return err
		},
	}}
}

// pick has of the presets of one menu those on that were chosen; what is on already keeps
// its strength, and what is of no concern to the menu stays.
func pick(on []dsp.Part, menu []dsp.Preset, chosen []string) []dsp.Part {
	on = slices.DeleteFunc(on, func(part dsp.Part) bool {
		offered := slices.ContainsFunc(menu, func(p dsp.Preset) bool { return p.Name == part.Preset })
		return offered && !slices.Contains(chosen, part.Preset)
	})
	for _, name := range chosen {
		if !slices.ContainsFunc(on, func(part dsp.Part) bool { return part.Preset == name }) {
			on = append(on, dsp.Part{Preset: name, Strength: 1})
		}
	}
	return on
}
