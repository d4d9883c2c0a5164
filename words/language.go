package words

import "strings"

// Language is one of those Busker speaks.
type Language struct {
	Tag  string // "pt-BR"
	Name string // as its speakers call it
}

// Languages returns all of them, English first.
func Languages() []Language {
	list := make([]Language, len(languages))
	for i, l := range languages {
		list[i] = Language{Tag: l.tag, Name: l.name}
	}
	return list
}

// language is the grammar of one: what CLDR 48 says of its plurals and numbers.
type language struct {
	tag, name string
	discord   []string // the locales Discord has for it
	plural    func(n uint64) plural
	forms     []plural // those plural returns
	group     string   // between thousands
	grouped   int      // digits from which on numbers are grouped
	decimal   string
	spaces    *strings.Replacer // makes those unbreakable that must not end a line; nil: none
}

var languages = [...]language{
	{"en", "English", []string{"en-US", "en-GB"}, germanic, oneOther, ",", 4, ".", nil},
	{"de", "Deutsch", []string{"de"}, germanic, oneOther, ".", 4, ",", percents},
	{"es", "Español", []string{"es-ES", "es-419"}, spanish, oneManyOther, ".", 5, ",", percents},
	{"fr", "Français", []string{"fr"}, french, oneManyOther, "\u202f", 4, ",", frenchSigns},
	{"pt-BR", "Português do Brasil", []string{"pt-BR"}, french, oneManyOther, ".", 4, ",", nil},
	{"ja", "日本語", []string{"ja"}, japanese, onlyOther, ",", 4, ".", nil},
}

// The catalogue has plain spaces, which people can see and type.
var (
	percents    = strings.NewReplacer(" %%", "\u00a0%%")
	frenchSigns = strings.NewReplacer(
		" %%", "\u00a0%%", " :", "\u00a0:", " ;", "\u202f;", " !", "\u202f!", " ?", "\u202f?", "« ", "«\u00a0", " »", "\u00a0»")
)

// typeset writes a text as the language wants it written.
func (l *language) typeset(s string) string {
	if l.spaces == nil {
		return s
	}
	return l.spaces.Replace(s)
}

// speaks reports whether this is the language of a locale, whatever its country.
func (l *language) speaks(locale string) bool {
	base, _, _ := strings.Cut(l.tag, "-")
	theirs, _, _ := strings.Cut(strings.ReplaceAll(locale, "_", "-"), "-")
	return strings.EqualFold(base, theirs)
}

// plural is a form of a text with a count, as CLDR names them.
type plural uint8

const (
	other plural = iota
	one
	many
	plurals // how many there are
)

var pluralNames = [plurals]string{other: "other", one: "one", many: "many"}

var (
	onlyOther    = []plural{other}
	oneOther     = []plural{one, other}
	oneManyOther = []plural{one, many, other}
)

func germanic(n uint64) plural {
	if n == 1 {
		return one
	}
	return other
}

// spanish has a form of its own for whole millions: "1.000.000 de canciones".
func spanish(n uint64) plural {
	switch {
	case n == 1:
		return one
	case n != 0 && n%1_000_000 == 0:
		return many
	}
	return other
}

// french, and Portuguese, take the singular for nothing, too.
func french(n uint64) plural {
	if n == 0 {
		return one
	}
	return spanish(n)
}

func japanese(uint64) plural { return other }
