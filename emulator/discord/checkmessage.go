package discord

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of messages.
const (
	maxContent    = 2000 // characters
	maxEmbeds     = 10
	maxEmbedText  = 6000 // characters of all embeds of a message
	maxFiles      = 10
	maxRows       = 5
	maxComponents = 40   // of a Components V2 message, nested ones counted
	maxV2Text     = 4000 // characters of all text displays of a message

	maxVoiceStatus = 500 // characters of the line under a voice channel's name
)

// CheckMessage refuses a new message whose body breaks Discord's rules; it
// returns an *Error or nil.
func CheckMessage(b MessageBody) error {
	var f Form
	b.check(&f, b.Flags&FlagComponentsV2 != 0, b.fileNames())
	if err := f.Err(); err != nil {
		return err
	}
	if b.Content.Value == "" && len(b.Embeds.Value) == 0 && len(b.Components.Value) == 0 && len(b.Files) == 0 &&
		len(b.StickerIDs) == 0 && b.Poll == nil {
		return ErrEmptyMessage
	}
	return nil
}

// CheckEdit refuses an edit of old; once a message has Components V2 it keeps them.
func CheckEdit(old Message, b MessageBody) error {
	var f Form
	v2 := (old.Flags|b.Flags)&FlagComponentsV2 != 0
	files := b.fileNames()
	if len(old.Attachments) > 0 {
		files = nil // attachment:// may name one the message has
	}
	b.check(&f, v2, files)
	if v2 && old.Flags&FlagComponentsV2 == 0 {
		if old.Content != "" && !b.Content.Set {
			f.legacy("content")
		}
		if len(old.Embeds) > 0 && !b.Embeds.Set {
			f.legacy("embeds")
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	return nil
}

func (f *Form) legacy(field Path) {
	f.Add(field, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
		fmt.Sprintf("The '%s' field cannot be used when using MessageFlags.IS_COMPONENTS_V2", field))
}

func (b MessageBody) check(f *Form, v2 bool, files map[string]bool) {
	f.length("content", b.Content.Value, 0, maxContent)
	if v2 {
		b.checkNoLegacy(f)
	}
	checkEmbeds(f, "embeds", b.Embeds.Value)
	checkComponents(f, "components", b.Components.Value, v2, files)
	f.count("attachments", len(b.Files), 0, maxFiles)
	for i, a := range b.Attachments.Value {
		f.length(Path("attachments").At(i).In("description"), a.Description, 0, 1024)
	}
}

func (b MessageBody) checkNoLegacy(f *Form) {
	if b.Content.Value != "" {
		f.legacy("content")
	}
	if len(b.Embeds.Value) > 0 {
		f.legacy("embeds")
	}
	if b.Poll != nil {
		f.legacy("poll")
	}
	if len(b.StickerIDs) > 0 {
		f.legacy("sticker_ids")
	}
}

// fileNames are the names attachment:// may point at.
func (b MessageBody) fileNames() map[string]bool {
	names := map[string]bool{}
	for _, file := range b.Files {
		names[file.Name] = true
	}
	for _, a := range b.Attachments.Value {
		names[a.Filename] = true
	}
	return names
}

func checkEmbeds(f *Form, at Path, embeds []Embed) {
	if len(embeds) > maxEmbeds {
		f.count(at, len(embeds), 0, maxEmbeds)
		return
	}
	total := 0
	for i, e := range embeds {
		total += e.check(f, at.At(i))
	}
	if total > maxEmbedText {
		f.Add(at, "MAX_EMBED_SIZE_EXCEEDED", fmt.Sprintf("Embed size exceeds maximum size of %d", maxEmbedText))
	}
}

// check returns the number of characters in the embed.
func (e Embed) check(f *Form, at Path) int {
	var all strings.Builder
	text := func(field Path, s string, least, most int) {
		f.length(field, s, least, most)
		all.WriteString(s)
	}
	text(at.In("title"), e.Title, 0, 256)
	text(at.In("description"), e.Description, 0, 4096)
	if e.Footer != nil {
		text(at.In("footer").In("text"), e.Footer.Text, 0, 2048)
	}
	if e.Author != nil {
		text(at.In("author").In("name"), e.Author.Name, 0, 256)
	}
	f.count(at.In("fields"), len(e.Fields), 0, 25)
	for i, field := range e.Fields {
		text(at.In("fields").At(i).In("name"), field.Name, 1, 256)
		text(at.In("fields").At(i).In("value"), field.Value, 1, 1024)
	}
	if e.URL != "" {
		f.link(at.In("url"), e.URL, "http", "https")
	}
	for name, m := range map[string]*EmbedMedia{"image": e.Image, "thumbnail": e.Thumbnail} {
		if m != nil {
			f.link(at.In(name).In("url"), m.URL, "http", "https", "attachment")
		}
	}
	if e.empty() {
		f.Add(at.In("description"), "BASE_TYPE_REQUIRED", "This field is required")
	}
	return utf8.RuneCountInString(all.String())
}

func (e Embed) empty() bool {
	return e.Title == "" && e.Description == "" && len(e.Fields) == 0 && e.Image == nil && e.Thumbnail == nil &&
		e.Author == nil && e.Footer == nil
}

// CheckCallback refuses the data of an interaction's answer.
func CheckCallback(kind CallbackType, d CallbackData, onMessage bool) error {
	var f Form
	kinds := []CallbackType{
		CallbackPong, CallbackMessage, CallbackDeferMessage, CallbackDeferUpdate,
		CallbackUpdateMessage, CallbackAutocomplete, CallbackModal, CallbackLaunchActivity,
	}
	if !oneOf(&f, "type", kind, kinds...) {
		return f.Err()
	}
	switch kind {
	case CallbackMessage:
		return InData(CheckMessage(d.MessageBody))
	case CallbackUpdateMessage, CallbackDeferUpdate:
		if !onMessage {
			f.Add("type", "INTERACTION_APPLICATION_COMMAND_INVALID_CALLBACK_TYPE",
				"This interaction type does not support that callback type")
		}
	case CallbackAutocomplete:
		checkChoices(&f, "data.choices", d.Choices, StringOption)
	case CallbackModal:
		checkModal(&f, "data", Modal{CustomID: d.CustomID, Title: d.Title, Components: d.Components.Value})
	}
	return f.Err()
}

// CheckCallbackTo refuses a type of answer that an interaction of that type does
// not take: suggestions answer autocompletion alone, and a form opens no form.
func CheckCallbackTo(in InteractionType, kind CallbackType) error {
	var f Form
	switch {
	case (in == AutocompleteInteraction) != (kind == CallbackAutocomplete),
		in == ModalInteraction && kind == CallbackModal:
		f.Add("type", "INTERACTION_APPLICATION_COMMAND_INVALID_CALLBACK_TYPE",
			"This interaction type does not support that callback type")
	}
	return f.Err()
}

// CheckVoiceStatus refuses a voice channel's status that is too long.
func CheckVoiceStatus(status string) error {
	var f Form
	f.length("status", status, 0, maxVoiceStatus)
	return f.Err()
}

// InData moves the refused fields of a message under "data", where an
// interaction's answer has them.
func InData(err error) error {
	var refused *Error
	if !errors.As(err, &refused) || refused.Errors == nil {
		return err
	}
	moved := *refused
	moved.Errors = &Form{}
	for _, e := range refused.Errors.faults {
		e.path = append([]string{"data"}, e.path...)
		moved.Errors.faults = append(moved.Errors.faults, e)
	}
	return &moved
}
