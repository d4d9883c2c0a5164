package discord

// InteractionType is what a person did.
type InteractionType int

// The interaction types.
const (
	PingInteraction         InteractionType = 1
	CommandInteraction      InteractionType = 2
	ComponentInteraction    InteractionType = 3
	AutocompleteInteraction InteractionType = 4
	ModalInteraction        InteractionType = 5
)

// CallbackType is how an application acknowledges an interaction.
type CallbackType int

// The callback types.
const (
	CallbackPong           CallbackType = 1
	CallbackMessage        CallbackType = 4
	CallbackDeferMessage   CallbackType = 5
	CallbackDeferUpdate    CallbackType = 6
	CallbackUpdateMessage  CallbackType = 7
	CallbackAutocomplete   CallbackType = 8
	CallbackModal          CallbackType = 9
	CallbackLaunchActivity CallbackType = 12
)

// Interaction is INTERACTION_CREATE's payload.
type Interaction struct {
	ID                           ID              `json:"id"`
	ApplicationID                ID              `json:"application_id"`
	Type                         InteractionType `json:"type"`
	Data                         any             `json:"data,omitempty"` // CommandData, ComponentData or ModalData
	GuildID                      ID              `json:"guild_id,omitzero"`
	Guild                        *PartialGuild   `json:"guild,omitempty"`
	Channel                      *Channel        `json:"channel,omitempty"`
	ChannelID                    ID              `json:"channel_id,omitzero"`
	Member                       *Member         `json:"member,omitempty"`
	Token                        string          `json:"token"`
	Version                      int             `json:"version"`
	Message                      *Message        `json:"message,omitempty"`
	AppPermissions               Permissions     `json:"app_permissions"`
	Locale                       string          `json:"locale,omitempty"`
	GuildLocale                  string          `json:"guild_locale,omitempty"`
	Entitlements                 []any           `json:"entitlements"`
	AuthorizingIntegrationOwners map[string]ID   `json:"authorizing_integration_owners"`
	Context                      int             `json:"context"`               // 0: in a guild
	AttachmentSizeLimit          int             `json:"attachment_size_limit"` // bytes
}

// PartialGuild is the guild as an interaction names it.
type PartialGuild struct {
	ID       ID       `json:"id"`
	Locale   string   `json:"locale"`
	Features []string `json:"features"`
}

// CommandData is what a person typed.
type CommandData struct {
	ID       ID            `json:"id"`
	Name     string        `json:"name"`
	Type     CommandType   `json:"type"`
	Resolved *Resolved     `json:"resolved,omitempty"`
	Options  []OptionValue `json:"options,omitempty"`
	GuildID  ID            `json:"guild_id,omitzero"` // of a guild command
	TargetID ID            `json:"target_id,omitzero"`
}

// OptionValue is a filled-in option; sub-commands carry Options instead of Value.
type OptionValue struct {
	Name    string        `json:"name"`
	Type    OptionType    `json:"type"`
	Value   any           `json:"value,omitempty"`
	Options []OptionValue `json:"options,omitempty"`
	Focused bool          `json:"focused,omitempty"`
}

// ComponentData is what a person pressed or chose.
type ComponentData struct {
	CustomID      string        `json:"custom_id"`
	ComponentType ComponentType `json:"component_type"`
	ID            int           `json:"id,omitempty"`
	Values        []string      `json:"values,omitempty"`
	Resolved      *Resolved     `json:"resolved,omitempty"`
}

// ModalData is what a person filled into a modal: the components again, with values.
type ModalData struct {
	CustomID   string       `json:"custom_id"`
	Components []ModalField `json:"components"`
	Resolved   *Resolved    `json:"resolved,omitempty"`
}

// ModalField is a component of a submitted modal: a row or label, or the input in it.
type ModalField struct {
	Type       ComponentType `json:"type"`
	ID         int           `json:"id,omitempty"`
	CustomID   string        `json:"custom_id,omitempty"`
	Value      any           `json:"value,omitempty"` // string, bool of a Checkbox; a nil *string is null
	Values     []string      `json:"values,omitzero"` // empty when nothing was chosen, nil where there are none
	Components []ModalField  `json:"components,omitempty"`
	Component  *ModalField   `json:"component,omitempty"`
}

// Resolved holds the objects that option values name by id.
type Resolved struct {
	Users       map[ID]User            `json:"users,omitempty"`
	Members     map[ID]Member          `json:"members,omitempty"` // without user
	Roles       map[ID]Role            `json:"roles,omitempty"`
	Channels    map[ID]ResolvedChannel `json:"channels,omitempty"`
	Messages    map[ID]Message         `json:"messages,omitempty"`
	Attachments map[ID]Attachment      `json:"attachments,omitempty"`
}

// ResolvedChannel is a channel as an interaction names it: with the permissions
// of the person and of the application there.
type ResolvedChannel struct {
	ID             ID          `json:"id"`
	Name           string      `json:"name"`
	Type           ChannelType `json:"type"`
	Permissions    Permissions `json:"permissions"`
	AppPermissions Permissions `json:"app_permissions"`
	ParentID       *ID         `json:"parent_id"`
}

// Modal is the form an application opened on a person's screen.
type Modal struct {
	CustomID   string      `json:"custom_id"`
	Title      string      `json:"title"`
	Components []Component `json:"components"`
}
