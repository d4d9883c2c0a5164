package discord

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// checker walks the components of one message.
type checker struct {
	*Form
	customIDs map[string]bool
	ids       map[int]bool
	labelled  bool            // inside a Label
	modal     bool            // text inputs belong into modals, buttons into messages
	files     map[string]bool // nil: not known, attachment:// may name anything
	total     int
	text      int // characters in text displays
}

func checkComponents(f *Form, at Path, components []Component, v2 bool, files map[string]bool) {
	c := &checker{Form: f, customIDs: map[string]bool{}, ids: map[int]bool{}, files: files}
	if !v2 {
		f.count(at, len(components), 0, maxRows)
		c.list(at, components, ActionRow)
		return
	}
	c.list(at, components, ActionRow, Section, TextDisplay, MediaGallery, File, Separator, Container)
	if c.total > maxComponents {
		f.Add(at, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
			fmt.Sprintf("The total number of components cannot exceed %d", maxComponents))
	}
	if c.text > maxV2Text {
		f.Add(at, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
			fmt.Sprintf("The total displayable text size cannot exceed %d", maxV2Text))
	}
}

func (c *checker) list(at Path, components []Component, allowed ...ComponentType) {
	for i, in := range components {
		c.component(at.At(i), in, allowed...)
	}
}

func (c *checker) component(at Path, in Component, allowed ...ComponentType) {
	c.total++
	if !c.typed(at, in, allowed) {
		return
	}
	if in.ID != 0 {
		if c.ids[in.ID] {
			c.Add(at.In("id"), "COMPONENT_ID_DUPLICATED", "Component id cannot be duplicated")
		}
		c.ids[in.ID] = true
	}
	switch in.Type {
	case ActionRow:
		c.row(at, in)
	case Button:
		c.button(at, in)
	case TextInput:
		c.textInput(at, in)
	case Section:
		c.section(at, in)
	case TextDisplay:
		c.length(at.In("content"), in.Content, 1, maxV2Text)
		c.text += utf8.RuneCountInString(in.Content)
	case Thumbnail:
		c.media(at.In("media"), in.Media)
	case MediaGallery:
		c.gallery(at, in)
	case File:
		c.file(at, in)
	case Container:
		c.count(at.In("components"), len(in.Components), 1, maxComponents)
		c.list(at.In("components"), in.Components, ActionRow, Section, TextDisplay, MediaGallery, File, Separator)
	case Label:
		c.label(at, in)
	case FileUpload:
		c.fileUpload(at, in)
	case RadioGroup:
		c.radioGroup(at, in)
	case CheckboxGroup:
		c.checkboxGroup(at, in)
	case Checkbox:
		c.customID(at, in.CustomID)
	default:
		if in.Type.Select() {
			c.selectMenu(at, in)
		}
	}
}

func (c *checker) typed(at Path, in Component, allowed []ComponentType) bool {
	list := make([]string, len(allowed))
	for i, t := range allowed {
		if t == in.Type {
			return true
		}
		list[i] = fmt.Sprint(int(t))
	}
	c.Add(at.In("type"), "UNION_TYPE_CHOICES", "Value of field \"type\" must be one of ("+strings.Join(list, ", ")+",).")
	return false
}

func (c *checker) row(at Path, in Component) {
	c.count(at.In("components"), len(in.Components), 1, 5)
	allowed := []ComponentType{Button, StringSelect, UserSelect, RoleSelect, MentionableSelect, ChannelSelect}
	if c.modal {
		allowed = []ComponentType{TextInput}
	}
	c.list(at.In("components"), in.Components, allowed...)
	width := 0
	for _, child := range in.Components {
		if child.Type == Button {
			width++
		} else {
			width += 5
		}
	}
	if width > 5 && len(in.Components) <= 5 {
		c.Add(at, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")
	}
}

func (c *checker) customID(at Path, id string) {
	c.length(at.In("custom_id"), id, 1, 100)
	if id != "" && c.customIDs[id] {
		c.Add(at.In("custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
	}
	c.customIDs[id] = true
}

func (c *checker) button(at Path, in Component) {
	if !oneOf(c.Form, at.In("style"), in.Style, PrimaryButton, SecondaryButton, SuccessButton, DangerButton, LinkButton, PremiumButton) {
		return
	}
	c.length(at.In("label"), in.Label, 0, 80)
	switch in.Style {
	case PremiumButton:
		if in.SKUID == 0 {
			c.Add(at.In("sku_id"), "BASE_TYPE_REQUIRED", "This field is required")
		}
		return
	case LinkButton:
		c.link(at.In("url"), in.URL, "http", "https", "discord")
		if in.CustomID != "" {
			c.Add(at, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "A custom id and url cannot both be specified")
		}
	default:
		c.customID(at, in.CustomID)
		if in.URL != "" {
			c.Add(at, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", "A custom id and url cannot both be specified")
		}
	}
	if in.Label == "" && in.Emoji == nil {
		c.Add(at, "BUTTON_COMPONENT_INVALID_LABEL_OR_EMOJI", "A label or emoji is required")
	}
}

func (c *checker) selectMenu(at Path, in Component) {
	c.customID(at, in.CustomID)
	c.length(at.In("placeholder"), in.Placeholder, 0, 150)
	c.bounds(at, in, 25)
	if c.modal && in.Disabled {
		c.Add(at.In("disabled"), "COMPONENT_DISABLED_IN_MODAL", "Components in modals cannot be disabled")
	}
	if in.Type != StringSelect {
		c.defaultValues(at.In("default_values"), in)
		return
	}
	c.options(at.In("options"), in, 1, 25)
}

// bounds checks how many values may be chosen; in a modal a component that must
// be filled in takes at least one.
func (c *checker) bounds(at Path, in Component, limit int) {
	least, most := in.Bounds()
	if in.MinValues != nil {
		c.within(at.In("min_values"), least, 0, limit)
	}
	if in.MaxValues != nil {
		c.within(at.In("max_values"), most, 1, limit)
	}
	if least > most {
		c.Add(at.In("min_values"), "SELECT_COMPONENT_MIN_VALUES_TOO_LARGE", "min_values cannot exceed max_values")
	}
	if c.modal && in.Needed() && least == 0 {
		c.Add(at.In("min_values"), "COMPONENT_REQUIRED_MIN_VALUES", "min_values must be at least 1 when the component is required")
	}
}

// options checks the choices of a select menu or group, and how many of them are
// chosen from the beginning.
func (c *checker) options(at Path, in Component, least, most int) {
	c.count(at, len(in.Options), least, most)
	seen := map[string]bool{}
	chosen := 0
	for i, o := range in.Options {
		here := at.At(i)
		c.length(here.In("label"), o.Label, 1, 100)
		c.length(here.In("value"), o.Value, 1, 100)
		c.length(here.In("description"), o.Description, 0, 100)
		if seen[o.Value] {
			c.Add(here.In("value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used")
		}
		seen[o.Value] = true
		if o.Default {
			chosen++
		}
	}
	if _, limit := in.Bounds(); chosen > limit {
		c.Add(at, "SELECT_COMPONENT_TOO_MANY_DEFAULTS", fmt.Sprintf("At most %d options can be selected by default", limit))
	}
}

// defaultValues checks what an auto-populated select shows as chosen.
func (c *checker) defaultValues(at Path, in Component) {
	kinds := map[ComponentType][]string{
		UserSelect: {"user"}, RoleSelect: {"role"}, ChannelSelect: {"channel"}, MentionableSelect: {"user", "role"},
	}[in.Type]
	least, most := in.Bounds()
	if n := len(in.DefaultValues); n > 0 && (n < least || n > most) {
		c.count(at, n, least, most)
	}
	for i, v := range in.DefaultValues {
		if !slices.Contains(kinds, v.Type) {
			c.Add(at.At(i).In("type"), "BASE_TYPE_CHOICES", "Value must be one of {"+strings.Join(kinds, ", ")+"}.")
		}
	}
}

func (c *checker) within(at Path, n, least, most int) {
	if n < least || n > most {
		c.Add(at, "NUMBER_TYPE_RANGE", fmt.Sprintf("Value must be between %d and %d.", least, most))
	}
}

func (c *checker) section(at Path, in Component) {
	c.count(at.In("components"), len(in.Components), 1, 3)
	c.list(at.In("components"), in.Components, TextDisplay)
	if in.Accessory == nil {
		c.Add(at.In("accessory"), "BASE_TYPE_REQUIRED", "This field is required")
		return
	}
	c.component(at.In("accessory"), *in.Accessory, Button, Thumbnail)
}

func (c *checker) gallery(at Path, in Component) {
	c.count(at.In("items"), len(in.Items), 1, 10)
	for i, item := range in.Items {
		c.media(at.In("items").At(i).In("media"), &item.Media)
		c.length(at.In("items").At(i).In("description"), item.Description, 0, 1024)
	}
}

func (c *checker) media(at Path, m *Media) {
	if m == nil {
		c.Add(at, "BASE_TYPE_REQUIRED", "This field is required")
		return
	}
	if name, ok := strings.CutPrefix(m.URL, "attachment://"); ok {
		if c.files != nil && !c.files[name] {
			c.Add(at.In("url"), "ATTACHMENT_NOT_FOUND", "The referenced attachment was not found")
		}
		return
	}
	c.link(at.In("url"), m.URL, "http", "https")
}

func (c *checker) file(at Path, in Component) {
	if in.File != nil && !strings.HasPrefix(in.File.URL, "attachment://") && in.File.AttachmentID == 0 {
		c.Add(at.In("file").In("url"), "URL_TYPE_INVALID_SCHEME", "Scheme must be one of ('attachment',).")
		return
	}
	c.media(at.In("file"), in.File)
}
