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
	"busker/internal/snowflake"
)

// maxUpload bounds what a page may send in one form: Discord's limit for bots'
// members without Nitro is 10 MiB a file.
const maxUpload = 64 << 20

// action does what a form asks as somebody and returns what to answer.
type action func(ctx context.Context, who *visitor, form *multipart.Form) (any, error)

// act answers a form with JSON: {"error": "…"} for people, or what do returns. The
// form's "as" says who the visitor is.
func (p *page) act(do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxUpload)
		var answer any
		err := r.ParseMultipartForm(maxUpload)
		if err == nil {
			defer func() { _ = r.MultipartForm.RemoveAll() }()
			var who *visitor
			if who, err = p.street.visitor(field(r.MultipartForm, "as")); err == nil {
				answer, err = do(r.Context(), who, r.MultipartForm)
			}
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

func (p *page) command(ctx context.Context, who *visitor, form *multipart.Form) (any, error) {
	name := field(form, "name")
	args, err := p.arguments(who, name, form)
	if err != nil {
		return nil, err
	}
	i, err := who.Command(ctx, p.street.text, name, args)
	return p.answered(ctx, i, err)
}

func (p *page) complete(ctx context.Context, who *visitor, form *multipart.Form) (any, error) {
	name := field(form, "name")
	args, err := p.arguments(who, name, form)
	if err != nil {
		return nil, err
	}
	delete(args, field(form, "focused"))
	choices, err := who.Autocomplete(ctx, p.street.text, name, args, field(form, "focused"), field(form, "value"))
	return map[string]any{"choices": choices}, err
}

func (p *page) press(ctx context.Context, who *visitor, form *multipart.Form) (any, error) {
	m, err := p.street.message(who, field(form, "message"))
	if err != nil {
		return nil, err
	}
	var values []string
	if v := field(form, "values"); v != "" {
		if err := json.Unmarshal([]byte(v), &values); err != nil {
			return nil, fmt.Errorf("read the choice: %w", err)
		}
	}
	i, err := who.Press(ctx, m, field(form, "custom"), values...)
	return p.answered(ctx, i, err)
}

// menu runs a command of a message's or a person's context menu.
func (p *page) menu(ctx context.Context, who *visitor, form *multipart.Form) (any, error) {
	if id, err := snowflake.Parse(field(form, "user")); err == nil && id != 0 {
		i, err := who.UserCommand(ctx, p.street.text, id, field(form, "name"))
		return p.answered(ctx, i, err)
	}
	m, err := p.street.message(who, field(form, "message"))
	if err != nil {
		return nil, err
	}
	i, err := who.MessageCommand(ctx, m, field(form, "name"))
	return p.answered(ctx, i, err)
}

// answered waits until the bot has answered somehow; a form it opened goes to the page.
func (p *page) answered(ctx context.Context, i *emulator.Interaction, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	kind, err := i.Acknowledged(ctx)
	if err != nil || kind != discord.CallbackModal {
		return nil, err
	}
	m, err := i.Modal(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]any{"form": openForm{ID: p.forms.keep(m), Modal: m.Modal}}, nil
}

func (p *page) say(_ context.Context, who *visitor, form *multipart.Form) (any, error) {
	_, err := who.Say(p.street.text, field(form, "text"))
	return nil, err
}

// remove deletes a message: one's own, or as an admin anybody's.
func (p *page) remove(_ context.Context, who *visitor, form *multipart.Form) (any, error) {
	m, err := p.street.message(who, field(form, "message"))
	if err != nil {
		return nil, err
	}
	return nil, who.DeleteMessage(m)
}

func (p *page) joinVoice(_ context.Context, who *visitor, form *multipart.Form) (any, error) {
	defer p.changes.ring()
	to := field(form, "channel")
	if to == "" {
		who.LeaveVoice()
		who.ears.attach(nil)
		return nil, nil
	}
	c, err := p.street.channel(to)
	if err != nil {
		return nil, err
	}
	l, err := who.JoinVoice(c)
	if err != nil {
		return nil, err
	}
	who.ears.attach(l)
	return nil, nil
}

// letSpeak is what a moderator does on a stage: invites the bot to speak, or ends that.
func (p *page) letSpeak(_ context.Context, who *visitor, form *multipart.Form) (any, error) {
	s := p.street
	if !s.moderates(who) {
		return nil, errors.New("only a moderator of the stage can do that")
	}
	change := s.guild.MoveToAudience
	if field(form, "speak") == "true" {
		change = s.guild.InviteToSpeak
	}
	if !change(s.bot) {
		return nil, errors.New("the bot is in no voice channel")
	}
	return nil, nil
}

// moderates reports whether somebody may unmute others.
func (s *street) moderates(who *visitor) bool {
	return s.emulator.World().Permissions(who.ID, s.text.ID).Has(discord.MuteMembers)
}

func (p *page) language(_ context.Context, who *visitor, form *multipart.Form) (any, error) {
	defer p.changes.ring()
	return nil, who.SetLocale(field(form, "locale"))
}

// arguments turns a form's JSON into a command's arguments, by the options the bot
// registered; files come as "file:NAME".
func (p *page) arguments(who *visitor, command string, form *multipart.Form) (emulator.Args, error) {
	decoder := json.NewDecoder(strings.NewReader(field(form, "args")))
	decoder.UseNumber()
	raw := map[string]any{}
	if err := decoder.Decode(&raw); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the options: %w", err)
	}
	args := emulator.Args{}
	for name, v := range raw {
		args[name] = p.argument(who, command, name, v)
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
func (p *page) argument(who *visitor, command, option string, v any) any {
	n, isNumber := v.(json.Number)
	if !isNumber {
		return v
	}
	if p.optionType(who, command, option) == discord.NumberOption {
		if f, err := n.Float64(); err == nil {
			return f
		}
	}
	if i, err := n.Int64(); err == nil {
		return int(i)
	}
	return n.String()
}

func (p *page) optionType(who *visitor, command, option string) discord.OptionType {
	for _, c := range p.street.offers(who) {
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
