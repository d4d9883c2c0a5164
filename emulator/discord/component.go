package discord

// ComponentType is what a component is.
type ComponentType int

// The component types of 2026.
const (
	ActionRow         ComponentType = 1
	Button            ComponentType = 2
	StringSelect      ComponentType = 3
	TextInput         ComponentType = 4
	UserSelect        ComponentType = 5
	RoleSelect        ComponentType = 6
	MentionableSelect ComponentType = 7
	ChannelSelect     ComponentType = 8
	Section           ComponentType = 9
	TextDisplay       ComponentType = 10
	Thumbnail         ComponentType = 11
	MediaGallery      ComponentType = 12
	File              ComponentType = 13
	Separator         ComponentType = 14
	Container         ComponentType = 17
	Label             ComponentType = 18
	FileUpload        ComponentType = 19
	RadioGroup        ComponentType = 21
	CheckboxGroup     ComponentType = 22
	Checkbox          ComponentType = 23
)

// Button styles.
const (
	PrimaryButton   = 1
	SecondaryButton = 2
	SuccessButton   = 3
	DangerButton    = 4
	LinkButton      = 5
	PremiumButton   = 6
)

// Select reports whether the component is a select menu of any kind.
func (t ComponentType) Select() bool {
	return t == StringSelect || t >= UserSelect && t <= ChannelSelect
}

// Bounds are how many values the component takes: of a select menu, a file upload
// or a checkbox group. Required false lets a modal's component stay empty.
func (c Component) Bounds() (least, most int) {
	least, most = 1, 1
	if c.Type == CheckboxGroup {
		most = len(c.Options)
	}
	if c.MinValues != nil {
		least = *c.MinValues
	}
	if c.MaxValues != nil {
		most = *c.MaxValues
	}
	return least, most
}

// Needed reports whether a modal's component must be filled in.
func (c Component) Needed() bool { return c.Required == nil || *c.Required }

// Component is any component; which fields matter depends on Type.
type Component struct {
	Type         ComponentType `json:"type"`
	ID           int           `json:"id,omitempty"` // unique in the message; the server numbers those left out
	CustomID     string        `json:"custom_id,omitempty"`
	Style        int           `json:"style,omitempty"`
	Label        string        `json:"label,omitempty"`
	Emoji        *Emoji        `json:"emoji,omitempty"`
	URL          string        `json:"url,omitempty"`
	SKUID        ID            `json:"sku_id,omitzero"`
	Disabled     bool          `json:"disabled,omitempty"`
	Components   []Component   `json:"components,omitempty"`
	Component    *Component    `json:"component,omitempty"` // of a Label
	Accessory    *Component    `json:"accessory,omitempty"` // of a Section
	Content      string        `json:"content,omitempty"`   // of a TextDisplay
	Items        []MediaItem   `json:"items,omitempty"`     // of a MediaGallery
	Media        *Media        `json:"media,omitempty"`     // of a Thumbnail
	File         *Media        `json:"file,omitempty"`
	Description  string        `json:"description,omitempty"`
	Spoiler      bool          `json:"spoiler,omitempty"`
	AccentColor  *int          `json:"accent_color,omitempty"`
	Divider      *bool         `json:"divider,omitempty"`
	Spacing      int           `json:"spacing,omitempty"`
	Options      []Option      `json:"options,omitempty"`
	Placeholder  string        `json:"placeholder,omitempty"`
	MinValues    *int          `json:"min_values,omitempty"`
	MaxValues    *int          `json:"max_values,omitempty"`
	MinLength    *int          `json:"min_length,omitempty"`
	MaxLength    *int          `json:"max_length,omitempty"`
	Required     *bool         `json:"required,omitempty"`
	Value        string        `json:"value,omitempty"`
	ChannelTypes []ChannelType `json:"channel_types,omitempty"`
	Default      bool          `json:"default,omitempty"` // of a Checkbox
	// DefaultValues are what a user, role, mentionable or channel select shows as chosen.
	DefaultValues []DefaultValue `json:"default_values,omitempty"`
	FileTypes     []string       `json:"file_types,omitempty"` // of a FileUpload: "audio", "image", "video" or ".ext"
	Name          string         `json:"name,omitempty"`
	Size          int            `json:"size,omitempty"`
}

// Option is a choice of a StringSelect, RadioGroup or CheckboxGroup.
type Option struct {
	Label       string `json:"label"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
	Emoji       *Emoji `json:"emoji,omitempty"`
	Default     bool   `json:"default,omitempty"`
}

// DefaultValue is what an auto-populated select shows as chosen; Type is "user",
// "role" or "channel".
type DefaultValue struct {
	ID   ID     `json:"id"`
	Type string `json:"type"`
}

// Emoji is a Unicode emoji (Name) or one of a guild (ID).
type Emoji struct {
	ID       ID     `json:"id"`
	Name     string `json:"name"`
	Animated bool   `json:"animated,omitempty"`
}

// MediaItem is a picture of a MediaGallery.
type MediaItem struct {
	Media       Media  `json:"media"`
	Description string `json:"description,omitempty"`
	Spoiler     bool   `json:"spoiler,omitempty"`
}

// Media is an address, "attachment://name" for a file of the same message; the
// server answers with the real one.
type Media struct {
	URL          string `json:"url"`
	ProxyURL     string `json:"proxy_url,omitempty"`
	ContentType  string `json:"content_type,omitempty"`
	AttachmentID ID     `json:"attachment_id,omitzero"`
}

// Walk calls visit for c and everything in it, in the order shown, until visit
// returns false; it reports whether it came to the end.
func (c Component) Walk(visit func(Component) bool) bool {
	if !visit(c) {
		return false
	}
	for _, in := range c.Components {
		if !in.Walk(visit) {
			return false
		}
	}
	if c.Component != nil && !c.Component.Walk(visit) {
		return false
	}
	return c.Accessory == nil || c.Accessory.Walk(visit)
}

func find(components []Component, match func(Component) bool) (found Component, ok bool) {
	for _, c := range components {
		c.Walk(func(in Component) bool {
			if match(in) {
				found, ok = in, true
			}
			return !ok
		})
		if ok {
			return found, true
		}
	}
	return Component{}, false
}

// Number gives every component without an id the next free one, as Discord does,
// and returns the numbered copy.
func Number(components []Component) []Component {
	taken := map[int]bool{}
	for _, c := range components {
		c.Walk(func(in Component) bool { taken[in.ID] = true; return true })
	}
	next := 0
	return rebuild(components, func(c Component) Component {
		if c.ID == 0 {
			for next++; taken[next]; next++ {
			}
			c.ID = next
		}
		return c
	})
}

// MapMedia returns a copy of the components with every medium replaced.
func MapMedia(components []Component, replace func(Media) Media) []Component {
	one := func(m *Media) *Media {
		if m == nil {
			return nil
		}
		out := replace(*m)
		return &out
	}
	return rebuild(components, func(c Component) Component {
		c.Media, c.File = one(c.Media), one(c.File)
		items := make([]MediaItem, len(c.Items))
		for i, item := range c.Items {
			item.Media = replace(item.Media)
			items[i] = item
		}
		if c.Items != nil {
			c.Items = items
		}
		return c
	})
}

// rebuild returns a deep copy with every component passed through change, parents
// before their children.
func rebuild(components []Component, change func(Component) Component) []Component {
	out := make([]Component, len(components))
	for i, c := range components {
		out[i] = rebuildOne(c, change)
	}
	return out
}

func rebuildOne(c Component, change func(Component) Component) Component {
	c = change(c)
	if c.Components != nil {
		c.Components = rebuild(c.Components, change)
	}
	if c.Accessory != nil {
		a := rebuildOne(*c.Accessory, change)
		c.Accessory = &a
	}
	if c.Component != nil {
		l := rebuildOne(*c.Component, change)
		c.Component = &l
	}
	return c
}
