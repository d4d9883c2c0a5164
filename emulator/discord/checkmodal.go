package discord

func checkModal(f *Form, at Path, m Modal) {
	f.length(at.In("custom_id"), m.CustomID, 1, 100)
	f.length(at.In("title"), m.Title, 1, 45)
	f.count(at.In("components"), len(m.Components), 1, 5)
	c := &checker{Form: f, customIDs: map[string]bool{}, ids: map[int]bool{}, modal: true}
	c.list(at.In("components"), m.Components, ActionRow, TextDisplay, Label)
}

func (c *checker) textInput(at Path, in Component) {
	c.customID(at, in.CustomID)
	oneOf(c.Form, at.In("style"), in.Style, 1, 2)
	c.length(at.In("placeholder"), in.Placeholder, 0, 100)
	c.length(at.In("value"), in.Value, 0, maxTextInput)
	least := 1 // in an old row the label is the input's own
	if c.labelled {
		least = 0
	}
	c.length(at.In("label"), in.Label, least, 45)
	if in.MinLength != nil {
		c.within(at.In("min_length"), *in.MinLength, 0, maxTextInput)
	}
	if in.MaxLength != nil {
		c.within(at.In("max_length"), *in.MaxLength, 1, maxTextInput)
	}
	if in.MinLength != nil && in.MaxLength != nil && *in.MinLength > *in.MaxLength {
		c.Add(at.In("min_length"), "TEXT_INPUT_MIN_LENGTH_TOO_LARGE", "min_length cannot exceed max_length")
	}
}

// maxTextInput is how many characters a text input holds.
const maxTextInput = 4000

func (c *checker) label(at Path, in Component) {
	c.length(at.In("label"), in.Label, 1, 45)
	c.length(at.In("description"), in.Description, 0, 100)
	if in.Component == nil {
		c.Add(at.In("component"), "BASE_TYPE_REQUIRED", "This field is required")
		return
	}
	c.labelled = true
	defer func() { c.labelled = false }()
	c.component(at.In("component"), *in.Component, StringSelect, TextInput, UserSelect, RoleSelect, MentionableSelect, ChannelSelect,
		FileUpload, RadioGroup, CheckboxGroup, Checkbox)
}

func (c *checker) fileUpload(at Path, in Component) {
	c.customID(at, in.CustomID)
	c.bounds(at, in, 10)
	checkFileTypes(c.Form, at.In("file_types"), in.FileTypes)
}

func (c *checker) radioGroup(at Path, in Component) {
	c.customID(at, in.CustomID)
	c.options(at.In("options"), in, 2, 10)
}

func (c *checker) checkboxGroup(at Path, in Component) {
	c.customID(at, in.CustomID)
	c.bounds(at, in, 10)
	c.options(at.In("options"), in, 1, 10)
}
