package discord

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of commands.
const (
	maxOptions     = 25
	maxChoices     = 25
	maxCommandSize = 8000 // characters of names, descriptions and values of one command

	// MaxCommands is how many slash commands one bot may have, global or in one guild.
	MaxCommands = 100
	// MaxContextCommands is the same for user and for message commands.
	MaxContextCommands = 15
)

// commandName is the documented form of chat-input names: letters, digits, - and _.
var commandName = regexp.MustCompile(`^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]{1,32}$`)

// CheckCommand refuses a command whose definition breaks Discord's rules.
func CheckCommand(c Command) error {
	var f Form
	c.check(&f, "")
	return f.Err()
}

// CheckCommands is CheckCommand for a bulk overwrite.
func CheckCommands(all []Command) error {
	var f Form
	seen := map[CommandType]*unique{ChatCommand: {}, UserCommand: {}, MessageCommand: {}}
	count := map[CommandType]int{}
	for i, c := range all {
		c.check(&f, Path("").At(i))
		if names := seen[c.kind()]; names != nil {
			names.add(&f, Path("").At(i), c.Name, c.NameLocalizations,
				"APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
		}
		count[c.kind()]++
	}
	if count[ChatCommand] > MaxCommands || count[UserCommand] > MaxContextCommands || count[MessageCommand] > MaxContextCommands {
		return ErrTooManyCommands
	}
	return f.Err()
}

func (c Command) kind() CommandType {
	if c.Type == 0 {
		return ChatCommand
	}
	return c.Type
}

func (c Command) check(f *Form, at Path) {
	if c.kind() != ChatCommand {
		oneOf(f, at.In("type"), c.kind(), ChatCommand, UserCommand, MessageCommand)
		f.length(at.In("name"), c.Name, 1, 32)
		localizations(f, at.In("name_localizations"), c.NameLocalizations, 32)
		if len(c.Options) > 0 {
			f.Add(at.In("options"), "APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS_INVALID", "Context menu commands cannot have options")
		}
		if c.Description != "" {
			f.Add(at.In("description"), "APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_INVALID", "Context menu commands cannot have a description")
		}
		return
	}
	checkName(f, at.In("name"), c.Name)
	f.length(at.In("description"), c.Description, 1, 100)
	checkLocales(f, at, c.NameLocalizations, c.DescriptionLocalizations)
	checkOptions(f, at.In("options"), c.Options, 0)
	if size := c.size(); size > maxCommandSize {
		f.Add(at, "APPLICATION_COMMAND_TOO_LARGE", fmt.Sprintf("Command exceeds maximum size (%d)", maxCommandSize))
	}
}

func checkName(f *Form, at Path, name string) {
	if name == "" {
		f.Add(at, "BASE_TYPE_REQUIRED", "This field is required")
		return
	}
	f.length(at, name, 1, 32)
	if !commandName.MatchString(name) || strings.ToLower(name) != name {
		f.Add(at, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
	}
}

func checkLocales(f *Form, at Path, names, descriptions map[string]string) {
	for locale, name := range names {
		here := at.In("name_localizations").In(locale)
		checkLocale(f, here, locale)
		checkName(f, here, name)
	}
	localizations(f, at.In("description_localizations"), descriptions, 100)
}

// localizations refuses unknown locales and texts longer than most.
func localizations(f *Form, at Path, texts map[string]string, most int) {
	for locale, text := range texts {
		checkLocale(f, at.In(locale), locale)
		f.length(at.In(locale), text, 1, most)
	}
}

func checkLocale(f *Form, at Path, locale string) {
	if !KnownLocale(locale) {
		f.Add(at, "ENUM_TYPE_COERCE", fmt.Sprintf("Value %q is not a valid enum value.", locale))
	}
}

// unique keeps names apart, in every locale on its own: two commands may not be
// shown under one name. The zero value is ready.
type unique struct {
	names []string
	local map[string]map[string]bool // by locale
}

// add refuses a name that is taken, by itself or as somebody sees it.
func (u *unique) add(f *Form, at Path, name string, localized map[string]string, code, message string) {
	if slices.Contains(u.names, name) {
		f.Add(at.In("name"), code, message)
	}
	u.names = append(u.names, name)
	if u.local == nil {
		u.local = map[string]map[string]bool{}
	}
	for locale, text := range localized {
		if u.local[locale] == nil {
			u.local[locale] = map[string]bool{}
		}
		if u.local[locale][text] {
			f.Add(at.In("name_localizations").In(locale), code, message)
		}
		u.local[locale][text] = true
	}
}

// checkOptions checks the options at a depth: 0 in the command, 1 and 2 in groups
// and sub-commands.
func checkOptions(f *Form, at Path, options []CommandOption, depth int) {
	f.count(at, len(options), 0, maxOptions)
	var names unique
	optional, subs := false, 0
	for i, o := range options {
		here := at.At(i)
		o.check(f, here, depth)
		names.add(f, here, o.Name, o.NameLocalizations, "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option name must be unique")
		if o.Required && optional {
			f.Add(here, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", "Required options must be placed before non-required options")
		}
		optional = optional || !o.Required
		if o.nests() {
			subs++
		}
	}
	if subs != 0 && subs != len(options) {
		f.Add(at, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", "Sub-command and sub-command group option types are mutually exclusive to all other types")
	}
}

func (o CommandOption) nests() bool {
	return o.Type == SubCommandOption || o.Type == SubCommandGroupOption
}

func (o CommandOption) check(f *Form, at Path, depth int) {
	if o.Type < SubCommandOption || o.Type > AttachmentOption {
		f.Add(at.In("type"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}.")
		return
	}
	checkName(f, at.In("name"), o.Name)
	f.length(at.In("description"), o.Description, 1, 100)
	checkLocales(f, at, o.NameLocalizations, o.DescriptionLocalizations)
	switch {
	case o.Type == SubCommandGroupOption && depth > 0, o.Type == SubCommandOption && depth > 1:
		f.Add(at.In("type"), "APPLICATION_COMMAND_OPTIONS_NESTING_INVALID", "This option cannot be nested here")
	case o.nests():
		checkOptions(f, at.In("options"), o.Options, depth+1)
	case len(o.Options) > 0:
		f.Add(at.In("options"), "APPLICATION_COMMAND_OPTIONS_NESTING_INVALID", "Only sub-commands and groups have options")
	}
	o.checkValues(f, at)
	o.checkFiles(f, at)
}

func (o CommandOption) checkFiles(f *Form, at Path) {
	if len(o.FileTypes) > 0 && o.Type != AttachmentOption {
		f.Add(at.In("file_types"), "APPLICATION_COMMAND_OPTIONS_FILE_TYPES_INVALID", "Only attachment options have file types")
	}
	checkFileTypes(f, at.In("file_types"), o.FileTypes)
}

// fileType is the documented form: a family of media or an extension.
var fileType = regexp.MustCompile(`^(audio|image|video|\.[A-Za-z0-9]+)$`)

func checkFileTypes(f *Form, at Path, types []string) {
	for i, t := range types {
		if !fileType.MatchString(t) {
			f.Add(at.At(i), "STRING_TYPE_REGEX", "Must be audio, image, video or an extension with its dot.")
		}
	}
}

func (o CommandOption) checkValues(f *Form, at Path) {
	if len(o.Choices) > 0 {
		if o.Type != StringOption && o.Type != IntegerOption && o.Type != NumberOption {
			f.Add(at.In("choices"), "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", "Only string, integer and number options have choices")
		}
		if o.Autocomplete {
			f.Add(at.In("autocomplete"), "APPLICATION_COMMAND_AUTOCOMPLETE_WITH_CHOICES", "Choices and autocomplete exclude each other")
		}
		checkChoices(f, at.In("choices"), o.Choices, o.Type)
	}
	if o.MinLength != nil && (*o.MinLength < 0 || *o.MinLength > 6000) {
		f.Add(at.In("min_length"), "NUMBER_TYPE_RANGE", "Value must be between 0 and 6000.")
	}
	if o.MaxLength != nil && (*o.MaxLength < 1 || *o.MaxLength > 6000) {
		f.Add(at.In("max_length"), "NUMBER_TYPE_RANGE", "Value must be between 1 and 6000.")
	}
	if o.MinValue != nil && o.MaxValue != nil && *o.MinValue > *o.MaxValue {
		f.Add(at.In("min_value"), "APPLICATION_COMMAND_OPTIONS_MIN_MAX_INVALID", "min_value must be lower than max_value")
	}
}

func checkChoices(f *Form, at Path, choices []Choice, kind OptionType) {
	f.count(at, len(choices), 0, maxChoices)
	names := map[string]bool{}
	for i, c := range choices {
		here := at.At(i)
		f.length(here.In("name"), c.Name, 1, 100)
		localizations(f, here.In("name_localizations"), c.NameLocalizations, 100)
		if names[c.Name] {
			f.Add(here.In("name"), "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", "Option choice names must be unique")
		}
		names[c.Name] = true
		switch v := c.Value.(type) {
		case string:
			f.length(here.In("value"), v, 1, 100)
			if kind != StringOption {
				f.Add(here.In("value"), "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not a number.", v))
			}
		case json.Number:
		case nil:
			f.Add(here.In("value"), "BASE_TYPE_REQUIRED", "This field is required")
		}
	}
}

// size is what Discord counts against the 8000: names, descriptions and choice
// values, each in its longest localisation.
func (c Command) size() int {
	n := longest(c.Name, c.NameLocalizations) + longest(c.Description, c.DescriptionLocalizations)
	for _, o := range c.Options {
		n += o.size()
	}
	return n
}

func (o CommandOption) size() int {
	n := longest(o.Name, o.NameLocalizations) + longest(o.Description, o.DescriptionLocalizations)
	for _, c := range o.Choices {
		n += longest(c.Name, c.NameLocalizations) + len(fmt.Sprint(c.Value))
	}
	for _, in := range o.Options {
		n += in.size()
	}
	return n
}

func longest(s string, locales map[string]string) int {
	n := utf8.RuneCountInString(s)
	for _, l := range locales {
		n = max(n, utf8.RuneCountInString(l))
	}
	return n
}
