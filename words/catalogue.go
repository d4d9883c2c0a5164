package words

import (
	"embed"
	"errors"
	"fmt"
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
		all[i] = &Words{language: &languages[i], texts: map[string]*text{}, english: all[0]}
	}
	all[0].english = all[0]
	files, err := texts.ReadDir("texts")
	problems := []error{err}
	for _, file := range files {
		if err := loadFile(all, "texts/"+file.Name()); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", file.Name(), err))
		}
	}
	return all, errors.Join(problems...)
}

func loadFile(all []*Words, name string) error {
	content, err := texts.ReadFile(name)
	if err != nil {
		return err
	}
	var entries map[string]entry
	if err := yaml.Unmarshal(content, &entries); err != nil {
		return err
	}
	var problems []error
	for key, e := range entries {
		if all[0].texts[key] != nil {
			problems = append(problems, fmt.Errorf("%q: stands in another file, too", key))
		}
		if err := e.add(all, key); err != nil {
			problems = append(problems, fmt.Errorf("%q: %w", key, err))
		}
	}
	return errors.Join(problems...)
}

func (e entry) add(all []*Words, key string) error {
	all[0].texts[key] = &text{other: parse(bare(key))}
	for tag, value := range e {
		w := exactly(all, tag)
		if w == nil {
			return fmt.Errorf("no language %q", tag)
		}
		t, err := read(value)
		if err != nil {
			return fmt.Errorf("%s: %w", tag, err)
		}
		w.texts[key] = t
	}
	return nil
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
func read(value any) (*text, error) {
	switch value := value.(type) {
	case string:
		return &text{other: parse(value)}, nil
	case map[string]any:
		t := &text{}
		for p, name := range pluralNames {
			if form, ok := value[name].(string); ok {
				t[p] = parse(form)
				delete(value, name)
			}
		}
		if len(value) > 0 {
			return nil, fmt.Errorf("what is %v", value)
		}
		if t[other] == nil {
			return nil, errors.New("the form other is missing")
		}
		return t, nil
	}
	return nil, fmt.Errorf("%T is no text", value)
}
