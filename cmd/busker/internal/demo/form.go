package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"strings"
	"sync"

	"busker/emulator"
	"busker/emulator/discord"
)

// maxForms is how many forms may be open: one that is older was surely closed.
const maxForms = 100

// forms are the modals the bot opened and nobody has sent yet. The zero value is
// ready; its methods may be called from any goroutine.
type forms struct {
	mu    sync.Mutex
	open  map[string]emulator.Modal
	order []string
}

// openForm is a modal as the page gets it.
type openForm struct {
	ID string `json:"id"`
	discord.Modal
}

// keep remembers a modal and returns the name to submit it under.
func (f *forms) keep(m emulator.Modal) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open == nil {
		f.open = map[string]emulator.Modal{}
	}
	id := rand.Text()
	f.open[id] = m
	f.order = append(f.order, id)
	if len(f.order) > maxForms {
		delete(f.open, f.order[0])
		f.order = f.order[1:]
	}
	return id
}

func (f *forms) find(id string) (emulator.Modal, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, ok := f.open[id]
	return m, ok
}

// submit sends a filled-in form. One that is refused can be corrected and sent again.
func (p *page) submit(ctx context.Context, who *visitor, form *multipart.Form) (any, error) {
	m, ok := p.forms.find(field(form, "form"))
	if !ok {
		return nil, errors.New("that form is no longer open")
	}
	values, err := formValues(form)
	if err != nil {
		return nil, err
	}
	i, err := who.Submit(ctx, m, values)
	return p.answered(ctx, i, err)
}

// formValues are the values of a form by custom id: JSON, and files as "file:ID".
func formValues(form *multipart.Form) (emulator.Args, error) {
	raw := map[string]any{}
	if err := json.Unmarshal([]byte(field(form, "values")), &raw); err != nil {
		return nil, fmt.Errorf("read the form: %w", err)
	}
	values := emulator.Args{}
	for id, v := range raw {
		values[id] = v
		list, several := v.([]any)
		if !several {
			continue
		}
		chosen := make([]string, len(list))
		for i, one := range list {
			chosen[i] = fmt.Sprint(one)
		}
		values[id] = chosen
	}
	for name, files := range form.File {
		id, ok := strings.CutPrefix(name, "file:")
		if !ok {
			continue
		}
		uploads := make([]emulator.Upload, len(files))
		for i, f := range files {
			u, err := upload(f)
			if err != nil {
				return nil, err
			}
			uploads[i] = u
		}
		values[id] = uploads
	}
	return values, nil
}
