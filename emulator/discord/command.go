package discord

import "encoding/json"

// CommandType is where a command appears.
type CommandType int

// The command types.
const (
	ChatCommand    CommandType = 1
	UserCommand    CommandType = 2
	MessageCommand CommandType = 3
)

// OptionType is the kind of value a command's option takes.
type OptionType int

// The option types.
const (
	SubCommandOption      OptionType = 1
	SubCommandGroupOption OptionType = 2
	StringOption          OptionType = 3
	IntegerOption         OptionType = 4
	BooleanOption         OptionType = 5
	UserOption            OptionType = 6
	ChannelOption         OptionType = 7
	RoleOption            OptionType = 8
	MentionableOption     OptionType = 9
	NumberOption          OptionType = 10
	AttachmentOption      OptionType = 11
)

// Command is a registered application command.
type Command struct {
	ID                       ID                `json:"id"`
	ApplicationID            ID                `json:"application_id"`
	GuildID                  ID                `json:"guild_id,omitzero"` // 0: everywhere
	Version                  ID                `json:"version"`
	Type                     CommandType       `json:"type"`
	Name                     string            `json:"name"`
	NameLocalizations        map[string]string `json:"name_localizations"`
	Description              string            `json:"description"`
	DescriptionLocalizations map[string]string `json:"description_localizations"`
	Options                  []CommandOption   `json:"options,omitempty"`
	DefaultMemberPermissions *Permissions      `json:"default_member_permissions"`
	DMPermission             *bool             `json:"dm_permission,omitempty"`
	NSFW                     bool              `json:"nsfw"`
	IntegrationTypes         []int             `json:"integration_types,omitempty"`
	Contexts                 []int             `json:"contexts"`
}

// CommandOption is a parameter, sub-command or group of a command.
type CommandOption struct {
	Type                     OptionType        `json:"type"`
	Name                     string            `json:"name"`
	NameLocalizations        map[string]string `json:"name_localizations,omitempty"`
	Description              string            `json:"description"`
	DescriptionLocalizations map[string]string `json:"description_localizations,omitempty"`
	Required                 bool              `json:"required,omitempty"`
	Choices                  []Choice          `json:"choices,omitempty"`
	Options                  []CommandOption   `json:"options,omitempty"`
	ChannelTypes             []ChannelType     `json:"channel_types,omitempty"`
	FileTypes                []string          `json:"file_types,omitempty"` // "audio", "image", "video" or ".ext"
	MinValue                 *float64          `json:"min_value,omitempty"`
	MaxValue                 *float64          `json:"max_value,omitempty"`
	MinLength                *int              `json:"min_length,omitempty"`
	MaxLength                *int              `json:"max_length,omitempty"`
	Autocomplete             bool              `json:"autocomplete,omitempty"`
}

// Choice is one of an option's fixed values, or a suggestion of autocompletion.
type Choice struct {
	Name              string            `json:"name"`
	NameLocalizations map[string]string `json:"name_localizations,omitempty"`
	Value             any               `json:"value"` // string or json.Number
}

// UnmarshalJSON keeps numbers as they are written.
func (c *Choice) UnmarshalJSON(b []byte) error {
	var v struct {
		Name              string            `json:"name"`
		NameLocalizations map[string]string `json:"name_localizations"`
		Value             json.RawMessage   `json:"value"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	c.Name, c.NameLocalizations = v.Name, v.NameLocalizations
	if len(v.Value) == 0 {
		return nil
	}
	if v.Value[0] == '"' {
		var s string
		err := json.Unmarshal(v.Value, &s)
		c.Value = s
		return err
	}
	var n json.Number
	err := json.Unmarshal(v.Value, &n)
	c.Value = n
	return err
}

// Same reports whether two commands would replace each other: name and type.
func (c Command) Same(other Command) bool { return c.Name == other.Name && c.kind() == other.kind() }
