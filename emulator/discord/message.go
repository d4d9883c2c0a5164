package discord

import "time"

// Message flags the emulator acts on.
const (
	FlagSuppressEmbeds  = 1 << 2
	FlagEphemeral       = 1 << 6
	FlagLoading         = 1 << 7 // "thinking": a deferred reply that is not there yet
	FlagSilent          = 1 << 12
	FlagComponentsV2    = 1 << 15
	settableFlags       = FlagSuppressEmbeds | FlagSilent | FlagComponentsV2
	settableByCallbacks = settableFlags | FlagEphemeral
)

// MessageType is why a message exists.
type MessageType int

// The message types the emulator makes.
const (
	DefaultMessage          MessageType = 0
	ReplyMessage            MessageType = 19
	CommandResponse         MessageType = 20
	ContextMenuCommandReply MessageType = 23
)

// Message is a message as REST and the gateway carry it.
type Message struct {
	ID                  ID                   `json:"id"`
	Type                MessageType          `json:"type"`
	ChannelID           ID                   `json:"channel_id"`
	GuildID             ID                   `json:"guild_id,omitzero"` // gateway only
	Author              User                 `json:"author"`
	Member              *Member              `json:"member,omitempty"` // gateway only
	Content             string               `json:"content"`
	Timestamp           time.Time            `json:"timestamp"`
	EditedTimestamp     *time.Time           `json:"edited_timestamp"`
	TTS                 bool                 `json:"tts"`
	MentionEveryone     bool                 `json:"mention_everyone"`
	Mentions            []User               `json:"mentions"`
	MentionRoles        []ID                 `json:"mention_roles"`
	Attachments         []Attachment         `json:"attachments"`
	Embeds              []Embed              `json:"embeds"`
	Components          []Component          `json:"components"`
	Flags               int                  `json:"flags"`
	Pinned              bool                 `json:"pinned"`
	Nonce               any                  `json:"nonce,omitempty"`
	WebhookID           ID                   `json:"webhook_id,omitzero"`
	ApplicationID       ID                   `json:"application_id,omitzero"`
	MessageReference    *MessageReference    `json:"message_reference,omitempty"`
	InteractionMetadata *InteractionMetadata `json:"interaction_metadata,omitempty"`

	// VisibleTo is the only person who sees an ephemeral message; 0: everybody.
	VisibleTo ID `json:"-"`
}

// Ephemeral reports whether only one person sees the message.
func (m Message) Ephemeral() bool { return m.Flags&FlagEphemeral != 0 }

// Loading reports whether the message is a deferred reply still "thinking".
func (m Message) Loading() bool { return m.Flags&FlagLoading != 0 }

// Find returns the first component of the message for which match is true,
// looking into rows, containers, sections and accessories, in the order shown.
func (m Message) Find(match func(Component) bool) (Component, bool) {
	return find(m.Components, match)
}

// MessageReference is what a message answers.
type MessageReference struct {
	MessageID       ID    `json:"message_id,omitzero"`
	ChannelID       ID    `json:"channel_id,omitzero"`
	GuildID         ID    `json:"guild_id,omitzero"`
	FailIfNotExists *bool `json:"fail_if_not_exists,omitempty"`
}

// InteractionMetadata says which interaction a message comes from.
type InteractionMetadata struct {
	ID                           ID            `json:"id"`
	Type                         int           `json:"type"`
	User                         User          `json:"user"`
	Name                         string        `json:"name,omitempty"`
	AuthorizingIntegrationOwners map[string]ID `json:"authorizing_integration_owners"`
}

// Attachment is a stored file and the address it is served at.
type Attachment struct {
	ID          ID      `json:"id"`
	Filename    string  `json:"filename"`
	Title       string  `json:"title,omitempty"`
	Description string  `json:"description,omitempty"`
	ContentType string  `json:"content_type,omitempty"`
	Size        int     `json:"size"` // bytes
	URL         string  `json:"url"`
	ProxyURL    string  `json:"proxy_url"`
	Ephemeral   bool    `json:"ephemeral,omitempty"`
	Width       *int    `json:"width,omitempty"`
	Height      *int    `json:"height,omitempty"`
	DurationSec float64 `json:"duration_secs,omitempty"`
}

// Embed is the rich card of messages without Components V2.
type Embed struct {
	Type        string       `json:"type,omitempty"`
	Title       string       `json:"title,omitempty"`
	Description string       `json:"description,omitempty"`
	URL         string       `json:"url,omitempty"`
	Timestamp   *time.Time   `json:"timestamp,omitempty"`
	Color       *int         `json:"color,omitempty"`
	Footer      *EmbedFooter `json:"footer,omitempty"`
	Image       *EmbedMedia  `json:"image,omitempty"`
	Thumbnail   *EmbedMedia  `json:"thumbnail,omitempty"`
	Author      *EmbedAuthor `json:"author,omitempty"`
	Fields      []EmbedField `json:"fields,omitempty"`
}

// EmbedFooter is the small line under an embed.
type EmbedFooter struct {
	Text    string `json:"text"`
	IconURL string `json:"icon_url,omitempty"`
}

// EmbedMedia is a picture of an embed.
type EmbedMedia struct {
	URL string `json:"url"`
}

// EmbedAuthor is the line above an embed's title.
type EmbedAuthor struct {
	Name    string `json:"name"`
	URL     string `json:"url,omitempty"`
	IconURL string `json:"icon_url,omitempty"`
}

// EmbedField is one of an embed's columns.
type EmbedField struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Inline bool   `json:"inline,omitempty"`
}
