package words

import (
	"strings"
	"sync"
)

// Load is what reads the catalogue, with all that is broken in it.
func Load() error {
	_, err := load()
	return err
}

// PluralOf names the plural form a language has for n, and all it has.
func PluralOf(tag string, n uint64) (form string, forms []string) {
	for _, l := range languages {
		if l.tag != tag {
			continue
		}
		for _, p := range l.forms {
			forms = append(forms, pluralNames[p])
		}
		form = pluralNames[l.plural(n)]
	}
	return form, forms
}

// Verbs returns the verbs of a format by argument, from 0, and whether there is a
// % in it that begins no verb.
func Verbs(s string) (found map[int]string, stray bool) {
	found = map[int]string{}
	next := 0
	for {
		at := strings.IndexByte(s, '%')
		if at < 0 {
			return found, stray
		}
		p, n := verb(s[at:], next)
		switch {
		case p.verb != 0:
			next = p.arg + 1
			found[p.arg] = p.flags + string(rune(p.verb))
		case n == 1:
			stray = true
		}
		s = s[at+n:]
	}
}

// Bare is the English of a key.
func Bare(key string) string { return bare(key) }

var catalogued = sync.OnceValue(func() map[string]entry {
	entries, _ := readFiles()
	return entries
})

// LocalCommands opens the writing of commands' names in a text.
func LocalCommands(s, tag string) string { return localCommands(s, tag, catalogued()) }
