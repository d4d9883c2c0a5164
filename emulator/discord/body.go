package discord

import "encoding/json"

// Field is a field of a request body that may be absent, which on an edit means
// "leave it as it is"; null is present and zero.
type Field[T any] struct {
	Set   bool
	Value T
}

// UnmarshalJSON marks the field as present.
func (f *Field[T]) UnmarshalJSON(b []byte) error {
	f.Set = true
	return json.Unmarshal(b, &f.Value)
}

// IsZero lets an absent field be left out with omitzero.
func (f Field[T]) IsZero() bool { return !f.Set }

// MarshalJSON writes the value.
func (f Field[T]) MarshalJSON() ([]byte, error) { return json.Marshal(f.Value) }

// MessageBody is what a client sends to create or edit a message: a message, an
// interaction's answer or a follow-up.
type MessageBody struct {
	Content          Field[string]          `json:"content,omitzero"`
	Embeds           Field[[]Embed]         `json:"embeds,omitzero"`
	Components       Field[[]Component]     `json:"components,omitzero"`
	Attachments      Field[[]AttachmentRef] `json:"attachments,omitzero"`
	Flags            int                    `json:"flags,omitempty"`
	TTS              bool                   `json:"tts,omitempty"`
	Nonce            any                    `json:"nonce,omitempty"`
	MessageReference *MessageReference      `json:"message_reference,omitempty"`
	AllowedMentions  *AllowedMentions       `json:"allowed_mentions,omitempty"`
	Poll             any                    `json:"poll,omitempty"`
	StickerIDs       []ID                   `json:"sticker_ids,omitempty"`

	Files []UploadedFile `json:"-"` // the files of the multipart body
}

// AttachmentRef describes an uploaded file (ID is its number in files[n]) or, on
// an edit, an attachment to keep.
type AttachmentRef struct {
	ID          ID     `json:"id"`
	Filename    string `json:"filename,omitempty"`
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
}

// AllowedMentions says who is notified. The emulator notifies nobody.
type AllowedMentions struct {
	Parse       []string `json:"parse,omitempty"`
	Roles       []ID     `json:"roles,omitempty"`
	Users       []ID     `json:"users,omitempty"`
	RepliedUser bool     `json:"replied_user,omitempty"`
}

// UploadedFile is one file of a multipart body.
type UploadedFile struct {
	Index       int // n of files[n]
	Name        string
	ContentType string
	Data        []byte
}

// CallbackData is the data of an interaction's answer: a message, suggestions or
// a modal, by the type of the callback.
type CallbackData struct {
	MessageBody
	Choices  []Choice `json:"choices,omitempty"`
	CustomID string   `json:"custom_id,omitempty"`
	Title    string   `json:"title,omitempty"`
}
