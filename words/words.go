// Package words says everything people read, in the language they read.
//
// The English text is the key of its translations, as with gettext: a format for
// fmt with explicit verbs ("Added %s to the queue as number %d."). It knows texts
// and grammar, and not who says them or where. It starts no goroutine; everything
// in it is safe for concurrent use.
package words

import (
	"errors"
	"strings"

	"busker/internal/fault"
)

// Words is one language. It is immutable.
type Words struct {
	language *language
	texts    map[string]*text
	english  *Words // itself, when it is English
}

// For returns the words for a locale as Discord names it ("de", "pt-BR",
// "es-419"): those of that language, of another country if need be, else English.
func For(locale string) *Words {
	all := catalogue()
	for i := range languages {
		if languages[i].speaks(locale) {
			return all[i]
		}
	}
	return all[0]
}

// Tag returns the language's tag: "de", "pt-BR".
func (w *Words) Tag() string { return w.language.tag }

// Say returns the text in this language with its arguments put in. Where the
// catalogue has plural forms, the first integer among the arguments chooses. Numbers
// are written as the language does (%d: 10,000 or 10.000); a fault.Term or
// fault.Terms among the arguments is translated.
//
// A text without a translation comes in English. Say never panics: arguments that
// do not fit the verbs are written as they are.
func (w *Words) Say(key string, args ...any) string {
	if t, ok := w.texts[key]; ok {
		if said, ok := t.form(w.language, args).say(w, args); ok {
			return said
		}
	}
	if w != w.english {
		return w.english.Say(key, args...)
	}
	return w.force(key, args)
}

// force says what no entry of the catalogue fits: the key itself, as well as it
// goes.
func (w *Words) force(key string, args []any) string {
	f := parse(bare(key))
	if said, ok := f.say(w, args); ok {
		return said
	}
	return f.sayAnyhow(w, args)
}

// Fault returns what may be said of err to the person who asked, in this language,
// and whether there is anything: it is fault.Message, translated.
func (w *Words) Fault(err error) (string, bool) {
	var f *fault.Fault
	switch {
	case !errors.As(err, &f) || f.Message == "":
		return "", false
	case w.english.texts[f.Format] == nil: // nobody has translated it
		return f.Message, true
	}
	return w.Say(f.Format, f.Args...), true
}

// Localizations returns a text that has no arguments in every language but English,
// by Discord's locales: what a command's name and description are sent with. It is
// nil for a text the catalogue does not have.
func Localizations(key string) map[string]string {
	all := catalogue()
	if all[0].texts[key] == nil {
		return nil
	}
	said := map[string]string{}
	for _, w := range all[1:] {
		if w.texts[key] == nil {
			continue
		}
		for _, locale := range w.language.discord {
			said[locale] = w.Say(key)
		}
	}
	return said
}

// bare returns the English of a key: without the context that tells two texts apart
// that are the same in English ("Next##page") and without the class of a name
// ("cmd:play").
func bare(key string) string {
	for _, class := range [...]string{"cmd:", "opt:", "val:"} {
		if name, ok := strings.CutPrefix(key, class); ok {
			return name
		}
	}
	if at := strings.LastIndex(key, "##"); at > 0 && !strings.ContainsAny(key[at:], " \n") {
		return key[:at]
	}
	return key
}
