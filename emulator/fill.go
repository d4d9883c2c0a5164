package emulator

import (
	"fmt"
	"maps"
	"math"
	"mime"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"busker/emulator/discord"
	"busker/internal/snowflake"
)

// Args are a command's options by name. Values: string, int, float64, bool,
// *User, *Bot, *Channel, *Role, discord.Role, ID or Upload. A string is read as whatever
// the option takes ("12", "true", a mention), and names a choice as well as its
// value does: so a page can pass on what was typed.
type Args map[string]any

// Upload is a file given as an attachment option.
type Upload struct {
	Name string
	Data []byte
	Type string // MIME type; default by the name
}

// filler fills in a command's options the way Discord's client does and collects
// the objects they name.
type filler struct {
	e                         *Emulator
	user, app, channel, guild ID
	locale                    string // of the user, who may call options by the names they see
	focused, typed            string // autocompletion: the option being typed
	found                     discord.Resolved
}

// resolved is nil when nothing was named.
func (f *filler) resolved() *discord.Resolved {
	r := f.found
	if r.Users == nil && r.Roles == nil && r.Channels == nil && r.Attachments == nil && r.Messages == nil {
		return nil
	}
	return &r
}

// fill follows path into sub-commands and fills in what is there.
func (f *filler) fill(options []discord.CommandOption, path []string, args Args) ([]discord.OptionValue, error) {
	subs := slices.ContainsFunc(options, func(o discord.CommandOption) bool { return o.Type <= discord.SubCommandGroupOption })
	if subs || len(path) > 0 {
		if len(path) == 0 {
			return nil, invalid("A sub-command is missing.")
		}
		for _, o := range options {
			if f.called(o, path[0]) && o.Type <= discord.SubCommandGroupOption {
				in, err := f.fill(o.Options, path[1:], args)
				return []discord.OptionValue{{Name: o.Name, Type: o.Type, Options: in}}, err
			}
		}
		return nil, invalid("There is no sub-command " + path[0] + ".")
	}
	return f.values(options, args)
}

func (f *filler) values(options []discord.CommandOption, args Args) ([]discord.OptionValue, error) {
	left := maps.Clone(args)
	var out []discord.OptionValue
	for _, o := range options {
		if f.focused != "" && f.called(o, f.focused) {
			if !o.Autocomplete {
				return nil, invalid(o.Name + " offers no suggestions.")
			}
			out = append(out, discord.OptionValue{Name: o.Name, Type: o.Type, Value: f.typed, Focused: true})
			continue
		}
		key := o.Name
		if _, given := left[key]; !given {
			key = discord.Localized(o.Name, o.NameLocalizations, f.locale)
		}
		arg, given := left[key]
		delete(left, key)
		if !given {
			if o.Required && f.focused == "" {
				return nil, invalid(o.Name + " is required.")
			}
			continue
		}
		value, err := f.value(o, arg)
		if err != nil {
			return nil, err
		}
		out = append(out, discord.OptionValue{Name: o.Name, Type: o.Type, Value: value})
	}
	for name := range left {
		return nil, invalid("There is no option " + name + ".")
	}
	return out, nil
}

// called reports whether a name means the option: its own or the one the user sees.
func (f *filler) called(o discord.CommandOption, name string) bool {
	return o.Name == name || discord.Localized(o.Name, o.NameLocalizations, f.locale) == name
}

func (f *filler) value(o discord.CommandOption, arg any) (any, error) {
	text, isText := arg.(string)
	if isText && len(o.Choices) > 0 {
		return f.choice(o, text)
	}
	switch o.Type {
	case discord.StringOption:
		if !isText {
			return nil, wrong(o, arg)
		}
		return text, checkText(o, text)
	case discord.IntegerOption, discord.NumberOption:
		return number(o, arg)
	case discord.BooleanOption:
		if b, ok := arg.(bool); ok {
			return b, nil
		}
		b, err := strconv.ParseBool(strings.ToLower(text))
		if err != nil {
			return nil, wrong(o, arg)
		}
		return b, nil
	case discord.AttachmentOption:
		return f.upload(o, arg)
	}
	return f.object(o, arg)
}

func wrong(o discord.CommandOption, arg any) error {
	return invalid(fmt.Sprintf("%s does not take %v.", o.Name, arg))
}

func (f *filler) choice(o discord.CommandOption, text string) (any, error) {
	for _, c := range o.Choices {
		local := discord.Localized(c.Name, c.NameLocalizations, f.locale)
		if fmt.Sprint(c.Value) == text || strings.EqualFold(c.Name, text) || strings.EqualFold(local, text) {
			return c.Value, nil
		}
	}
	return nil, wrong(o, text)
}

func checkText(o discord.CommandOption, text string) error {
	n := utf8.RuneCountInString(text)
	switch {
	case n == 0 && o.Required, o.MinLength != nil && n < *o.MinLength:
		return invalid(o.Name + " is too short.")
	case n > 6000, o.MaxLength != nil && n > *o.MaxLength:
		return invalid(o.Name + " is too long.")
	}
	return nil
}

func number(o discord.CommandOption, arg any) (any, error) {
	n, err := strconv.ParseFloat(fmt.Sprint(arg), 64)
	const exact = 1 << 53 // Discord's integers are those a JavaScript number holds
	switch {
	case err != nil || math.IsNaN(n) || math.Abs(n) > exact:
		return nil, wrong(o, arg)
	case o.Type == discord.IntegerOption && n != math.Trunc(n):
		return nil, invalid(o.Name + " takes a whole number.")
	case o.MinValue != nil && n < *o.MinValue:
		return nil, invalid(fmt.Sprintf("%s must be at least %v.", o.Name, *o.MinValue))
	case o.MaxValue != nil && n > *o.MaxValue:
		return nil, invalid(fmt.Sprintf("%s must be at most %v.", o.Name, *o.MaxValue))
	}
	for _, c := range o.Choices {
		if fmt.Sprint(c.Value) == fmt.Sprint(arg) {
			return c.Value, nil
		}
	}
	if len(o.Choices) > 0 {
		return nil, wrong(o, arg)
	}
	if o.Type == discord.IntegerOption {
		return int64(n), nil
	}
	return n, nil
}

func (f *filler) upload(o discord.CommandOption, arg any) (any, error) {
	up, ok := arg.(Upload)
	if !ok {
		return nil, wrong(o, arg)
	}
	if !up.fits(o.FileTypes) {
		return nil, invalid(o.Name + " takes no such file.")
	}
	return f.store(up)
}

// store keeps a file a person attached, and names it in what is resolved.
func (f *filler) store(up Upload) (ID, error) {
	a, err := f.e.world.StoreUpload(f.channel, up.Name, up.Type, up.Data)
	if err != nil {
		return 0, err
	}
	if f.found.Attachments == nil {
		f.found.Attachments = map[ID]discord.Attachment{}
	}
	f.found.Attachments[a.ID] = a
	return a.ID, nil
}

// fits reports whether a picker with these file types would have shown the file.
func (u Upload) fits(types []string) bool {
	ext := strings.ToLower(path.Ext(u.Name))
	kind := u.Type
	if kind == "" {
		kind = mime.TypeByExtension(ext)
	}
	return len(types) == 0 || slices.ContainsFunc(types, func(t string) bool {
		return strings.EqualFold(t, ext) || strings.HasPrefix(kind, t+"/")
	})
}

// object reads an option that names a user, channel or role.
func (f *filler) object(o discord.CommandOption, arg any) (any, error) {
	id := idOf(arg)
	user := o.Type == discord.UserOption || o.Type == discord.MentionableOption
	role := o.Type == discord.RoleOption || o.Type == discord.MentionableOption
	switch {
	case id == 0:
	case user && f.person(id), role && f.role(id), o.Type == discord.ChannelOption && f.channelFits(id, o.ChannelTypes):
		return id, nil
	}
	return nil, wrong(o, arg)
}

func idOf(arg any) ID {
	switch v := arg.(type) {
	case *User:
		return v.ID
	case *Bot:
		return v.ID
	case *Channel:
		return v.ID
	case discord.Role:
		return v.ID
	case *Role:
		return v.ID
	case ID:
		return v
	case string:
		id, err := snowflake.Parse(strings.Trim(v, "<@!&#>"))
		if err == nil {
			return id
		}
	}
	return 0
}

func (f *filler) person(id ID) bool {
	u, ok := f.e.world.User(id)
	if !ok {
		return false
	}
	if f.found.Users == nil {
		f.found.Users, f.found.Members = map[ID]discord.User{}, map[ID]discord.Member{}
	}
	f.found.Users[id] = u
	if m, err := f.e.world.Member(f.user, f.guild, id); err == nil {
		p := f.e.world.Permissions(id, f.channel)
		m.User, m.Permissions = nil, &p
		f.found.Members[id] = m
	}
	return true
}

func (f *filler) role(id ID) bool {
	g, err := f.e.world.Guild(f.user, f.guild)
	i := slices.IndexFunc(g.Roles, func(r discord.Role) bool { return r.ID == id })
	if err != nil || i < 0 {
		return false
	}
	if f.found.Roles == nil {
		f.found.Roles = map[ID]discord.Role{}
	}
	f.found.Roles[id] = g.Roles[i]
	return true
}

func (f *filler) channelFits(id ID, types []discord.ChannelType) bool {
	c, err := f.e.world.Channel(f.user, id)
	if err != nil || c.GuildID != f.guild || len(types) > 0 && !slices.Contains(types, c.Type) {
		return false
	}
	if f.found.Channels == nil {
		f.found.Channels = map[ID]discord.ResolvedChannel{}
	}
	f.found.Channels[id] = discord.ResolvedChannel{
		ID: id, Name: c.Name, Type: c.Type, ParentID: c.ParentID,
		Permissions: f.e.world.Permissions(f.user, id), AppPermissions: f.e.world.Permissions(f.app, id),
	}
	return true
}

// choose checks what was chosen from a select menu; a button takes nothing.
func (f *filler) choose(c discord.Component, values []string) error {
	if !c.Type.Select() {
		if len(values) > 0 {
			return invalid(c.CustomID + " is not a menu.")
		}
		return nil
	}
	least, most := c.Bounds()
	if len(values) < least || len(values) > most {
		return invalid(fmt.Sprintf("%s takes %d to %d choices.", c.CustomID, least, most))
	}
	for _, v := range values {
		if !f.offers(c, v) {
			return invalid(c.CustomID + " does not offer " + v + ".")
		}
	}
	return nil
}

func (f *filler) offers(c discord.Component, value string) bool {
	switch id := idOf(value); c.Type {
	case discord.StringSelect, discord.RadioGroup, discord.CheckboxGroup:
		return slices.ContainsFunc(c.Options, func(o discord.Option) bool { return o.Value == value })
	case discord.UserSelect:
		return f.person(id)
	case discord.RoleSelect:
		return f.role(id)
	case discord.ChannelSelect:
		return f.channelFits(id, c.ChannelTypes)
	default:
		return f.person(id) || f.role(id)
	}
}
