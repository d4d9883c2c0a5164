package discord

import "slices"

// Locales are the languages Discord knows, by their keys (Discord's reference,
// "Locales").
var Locales = []string{
	"id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR",
	"ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
}

// DefaultLocale is the language of a person or guild that chose none.
const DefaultLocale = "en-US"

// KnownLocale reports whether Discord knows the locale.
func KnownLocale(locale string) bool { return slices.Contains(Locales, locale) }

// fallbacks are the locales whose text is shown where one's own is missing.
var fallbacks = map[string]string{"en-US": "en-GB", "en-GB": "en-US", "es-419": "es-ES"}

// Localized is the text a person with the locale sees: that of their locale, of
// its fallback, or the text itself.
func Localized(text string, in map[string]string, locale string) string {
	for _, key := range []string{locale, fallbacks[locale]} {
		if local, ok := in[key]; ok && key != "" {
			return local
		}
	}
	return text
}

// In returns the command as a person with the locale sees it: names and
// descriptions are theirs, also those of options and choices; the dictionaries are
// left out.
func (c Command) In(locale string) Command {
	c.Name = Localized(c.Name, c.NameLocalizations, locale)
	c.Description = Localized(c.Description, c.DescriptionLocalizations, locale)
	c.NameLocalizations, c.DescriptionLocalizations = nil, nil
	c.Options = optionsIn(c.Options, locale)
	return c
}

func optionsIn(options []CommandOption, locale string) []CommandOption {
	out := slices.Clone(options)
	for i, o := range out {
		o.Name = Localized(o.Name, o.NameLocalizations, locale)
		o.Description = Localized(o.Description, o.DescriptionLocalizations, locale)
		o.NameLocalizations, o.DescriptionLocalizations = nil, nil
		o.Options = optionsIn(o.Options, locale)
		o.Choices = ChoicesIn(o.Choices, locale)
		out[i] = o
	}
	return out
}

// ChoicesIn returns choices as a person with the locale sees them.
func ChoicesIn(choices []Choice, locale string) []Choice {
	out := slices.Clone(choices)
	for i, c := range out {
		out[i].Name, out[i].NameLocalizations = Localized(c.Name, c.NameLocalizations, locale), nil
	}
	return out
}
