package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"busker/emulator"
	"busker/emulator/discord"
)

// maxUpload bounds what a page may send in one form: Discord's limit for bots'
// members without Nitro is 10 MiB a file.
const maxUpload = 64 << 20

// action does what a form asks and returns what to answer.
type action func(ctx context.Context, form *multipart.Form) (any, error)

// act answers a form with JSON: {"error": "…"} for people, or what do returns.
func (p *page) act(do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
		var answer any
		err := r.ParseMultipartForm(maxUpload)
		if err == nil {
			defer func() { _ = r.MultipartForm.RemoveAll() }()
			answer, err = do(r.Context(), r.MultipartForm)
		}
		if err != nil {
			answer = map[string]string{"error": sentence(err)}
		} else if answer == nil {
			answer = struct{}{}
		}
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			p.log.Debug("page gone", "err", err)
		}
	}
}

// sentence begins with a capital and ends with a full stop.
func sentence(err error) string {
	s := strings.TrimRight(err.Error(), ".")
	if s == "" {
		return "Something went wrong."
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

func field(form *multipart.Form, name string) string {
	if v := form.Value[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

func (p *page) command(ctx context.Context, form *multipart.Form) (any, error) {
	name := field(form, "name")
	args, err := p.arguments(name, form)
	if err != nil {
		return nil, err
	}
	_, err = p.street.command(ctx, name, args)
	return nil, err
}

func (p *page) complete(ctx context.Context, form *multipart.Form) (any, error) {
	name := field(form, "name")
	args, err := p.arguments(name, form)
	if err != nil {
		return nil, err
	}
	delete(args, field(form, "focused"))
	choices, err := p.street.you.Autocomplete(ctx, p.street.text, name, args, field(form, "focused"), field(form, "value"))
	return map[string]any{"choices": choices}, err
}

func (p *page) press(ctx context.Context, form *multipart.Form) (any, error) {
	m, ok := p.street.message(field(form, "message"))
	if !ok {
		return nil, errors.New("that message is gone")
	}
	var values []string
	if v := field(form, "values"); v != "" {
		if err := json.Unmarshal([]byte(v), &values); err != nil {
			return nil, fmt.Errorf("read the choice: %w", err)
		}
	}
	i, err := p.street.you.Press(ctx, m, field(form, "custom"), values...)
	if err != nil {
		return nil, err
	}
	_, err = i.Acknowledged(ctx)
	return nil, err
}

func (p *page) say(_ context.Context, form *multipart.Form) (any, error) {
	_, err := p.street.you.Say(p.street.text, field(form, "text"))
	return nil, err
}

func (p *page) joinVoice(_ context.Context, form *multipart.Form) (any, error) {
	defer p.changes.ring()
	to := field(form, "channel")
	if to == "" {
		p.street.leave()
		p.ears.attach(nil)
		return nil, nil
	}
	l, err := p.street.join(to)
	if err != nil {
		return nil, err
	}
	p.ears.attach(l)
	return nil, nil
}

// arguments turns a form's JSON into a command's arguments, by the options the bot
// registered; files come as "file:NAME".
func (p *page) arguments(command string, form *multipart.Form) (emulator.Args, error) {
	decoder := json.NewDecoder(strings.NewReader(field(form, "args")))
	decoder.UseNumber()
	raw := map[string]any{}
	if err := decoder.Decode(&raw); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the options: %w", err)
	}
	args := emulator.Args{}
	for name, v := range raw {
		args[name] = p.argument(command, name, v)
	}
	for name, files := range form.File {
		option, ok := strings.CutPrefix(name, "file:")
		if !ok || len(files) == 0 {
			continue
		}
		u, err := upload(files[0])
		if err != nil {
			return nil, err
		}
		args[option] = u
	}
	return args, nil
}

// argument gives a value the type its option wants; what does not fit goes as it
// is, for the local Discord to refuse.
func (p *page) argument(command, option string, v any) any {
	n, isNumber := v.(json.Number)
	if !isNumber {
		return v
	}
	if p.optionType(command, option) == discord.NumberOption {
		if f, err := n.Float64(); err == nil {
			return f
		}
	}
	if i, err := n.Int64(); err == nil {
		return int(i)
	}
	return n.String()
}

func (p *page) optionType(command, option string) discord.OptionType {
	for _, c := range p.street.bot.Commands(p.street.guild) {
		for _, o := range c.Options {
			if c.Name == command && o.Name == option {
				return o.Type
			}
		}
	}
	return 0
}

func upload(h *multipart.FileHeader) (emulator.Upload, error) {
	f, err := h.Open()
	if err != nil {
		return emulator.Upload{}, fmt.Errorf("read the file: %w", err)
	}
	defer f.Close()
	var data bytes.Buffer
	if _, err := data.ReadFrom(f); err != nil {
		return emulator.Upload{}, fmt.Errorf("read the file: %w", err)
	}
	return emulator.Upload{Name: h.Filename, Data: data.Bytes(), Type: h.Header.Get("Content-Type")}, nil
}
