package words

import (
	"embed"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/goccy/go-yaml"
)

// texts holds the catalogue, a file per topic, each text with all its languages
// side by side.
//
//go:embed texts/*.yaml
var texts embed.FS

// entry is a text as it stands in its file: a language's tag → its text, or its
// plural forms by name.
type entry map[string]any

// catalogue returns all languages, in the order of the table. What is broken in it
// is left out and so comes in English; the tests name it.
var catalogue = sync.OnceValue(func() []*Words {
	all, _ := load()
	return all
})

func load() ([]*Words, error) {
	all := make([]*Words, len(languages))
	for i := range languages {
		all[i] = &Words{language: &languages[i], texts: map[string]*text{}}
		all[i].english = all[0]
	}
	entries, err := readFiles()
	problems := []error{err}
	for key, e := range entries {
		all[0].texts[key] = &text{other: parse(bare(key))}
		for tag := range e {
			w := exactly(all, tag)
			if w == nil {
				problems = append(problems, fmt.Errorf("%q: no language %q", key, tag))
				continue
			}
			t, err := read(e[tag], func(s string) *format {
				return parse(w.language.typeset(localCommands(s, tag, entries)))
			})
			if err != nil {
				problems = append(problems, fmt.Errorf("%q: %s: %w", key, tag, err))
				continue
			}
			w.texts[key] = t
		}
	}
	return all, errors.Join(problems...)
}

// readFiles reads all topics, as far as they can be read.
func readFiles() (map[string]entry, error) {
	files, err := texts.ReadDir("texts")
	problems := []error{err}
	all := map[string]entry{}
	for _, file := range files {
		content, err := texts.ReadFile("texts/" + file.Name())
		var entries map[string]entry
		if err == nil {
			err = yaml.Unmarshal(content, &entries)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", file.Name(), err))
		}
		for key := range entries {
			if all[key] != nil {
				problems = append(problems, fmt.Errorf("%s: %q stands in another file, too", file.Name(), key))
			}
		}
		maps.Copy(all, entries)
	}
	return all, errors.Join(problems...)
}

func exactly(all []*Words, tag string) *Words {
	for _, w := range all {
		if w.Tag() == tag {
			return w
		}
	}
	return nil
}

// read returns a text from its one form or from several.
func read(value any, parse func(string) *format) (*text, error) {
	switch value := value.(type) {
	case string:
		return &text{other: parse(value)}, nil
	case map[string]any:
		t := &text{}
		known := 0
		for p, name := range pluralNames {
			if form, ok := value[name].(string); ok {
				t[p] = parse(form)
				known++
			}
		}
		if known < len(value) {
			return nil, fmt.Errorf("not all of %v are forms", value)
		}
		if t[other] == nil {
			return nil, errors.New("the form other is missing")
		}
		return t, nil
	}
	return nil, fmt.Errorf("%T is no text", value)
}
