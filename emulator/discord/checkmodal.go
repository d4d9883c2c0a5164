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
	c.length(at.In("value"), in.Value, 0, 4000)
	c.length(at.In("label"), in.Label, 0, 45)
}

func (c *checker) label(at Path, in Component) {
	c.length(at.In("label"), in.Label, 1, 45)
	c.length(at.In("description"), in.Description, 0, 100)
	if in.Component == nil {
		c.Add(at.In("component"), "BASE_TYPE_REQUIRED", "This field is required")
		return
	}
	c.component(at.In("component"), *in.Component, StringSelect, TextInput, UserSelect, RoleSelect, MentionableSelect, ChannelSelect, FileUpload)
}
