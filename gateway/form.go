package gateway

import (
	"encoding/json"
	"fmt"

	"github.com/bwmarrin/discordgo"
)

// Form is what a modal was submitted with. discordgo 0.29 cannot read it: modals are
// made of components it does not know.
type Form struct {
	CustomID    string
	Fields      map[string]Field // by custom id
	Attachments map[string]*discordgo.MessageAttachment
}

// Field is what somebody entered in one component.
type Field struct {
	Value  string   // of a text input, a radio group; "true" or "false" of a checkbox
	Values []string // of a select menu, a file upload (ids of attachments), a checkbox group
}

// Type implements discordgo.InteractionData.
func (Form) Type() discordgo.InteractionType { return discordgo.InteractionModalSubmit }

// UnmarshalJSON reads the data of a modal submit: components, some of them inside of
// labels or rows.
func (f *Form) UnmarshalJSON(b []byte) error {
	var data struct {
		CustomID   string      `json:"custom_id"`
		Components []component `json:"components"`
		Resolved   struct {
			Attachments map[string]*discordgo.MessageAttachment `json:"attachments"`
		} `json:"resolved"`
	}
	if err := json.Unmarshal(b, &data); err != nil {
		return fmt.Errorf("read form: %w", err)
	}
	*f = Form{CustomID: data.CustomID, Fields: map[string]Field{}, Attachments: data.Resolved.Attachments}
	for _, c := range data.Components {
		c.collect(f.Fields, maxNesting)
	}
	return nil
}

// maxNesting is how deep components of a form lie in each other at most.
const maxNesting = 4

type component struct {
	CustomID   string          `json:"custom_id"`
	Value      json.RawMessage `json:"value"`
	Values     []string        `json:"values"`
	Component  *component      `json:"component"`
	Components []component     `json:"components"`
}

func (c component) collect(fields map[string]Field, deep int) {
	if deep == 0 {
		return
	}
	if c.CustomID != "" {
		fields[c.CustomID] = Field{Value: plainValue(c.Value), Values: c.Values}
	}
	if c.Component != nil {
		c.Component.collect(fields, deep-1)
	}
	for _, in := range c.Components {
		in.collect(fields, deep-1)
	}
}

// plainValue returns a string as it is, true and false as words, and null as nothing.
func plainValue(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// readInteraction reads an INTERACTION_CREATE, also one with parts that discordgo does
// not know: forms become a Form, and components of messages are left out then.
func readInteraction(raw json.RawMessage) (*discordgo.InteractionCreate, error) {
	var head struct {
		Type discordgo.InteractionType `json:"type"`
		Data json.RawMessage           `json:"data"`
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return nil, fmt.Errorf("read interaction: %w", err)
	}
	if head.Type != discordgo.InteractionModalSubmit {
		return decodeInteraction(raw)
	}
	var form Form
	if err := json.Unmarshal(head.Data, &form); err != nil {
		return nil, err
	}
	i, err := decodeInteraction(without(raw, "data", "type"))
	if err != nil {
		return nil, err
	}
	i.Type, i.Data = head.Type, form
	return i, nil
}

func decodeInteraction(raw json.RawMessage) (*discordgo.InteractionCreate, error) {
	i := &discordgo.InteractionCreate{Interaction: &discordgo.Interaction{}}
	err := json.Unmarshal(raw, i.Interaction)
	if err == nil {
		return i, nil
	}
	i.Interaction = &discordgo.Interaction{}
	if json.Unmarshal(plainer(raw), i.Interaction) != nil {
		return nil, fmt.Errorf("read interaction: %w", err)
	}
	return i, nil
}

// plainer leaves out the components of all messages.
func plainer(raw json.RawMessage) json.RawMessage {
	var all any
	if json.Unmarshal(raw, &all) != nil {
		return raw
	}
	drop(all, "components")
	return encoded(all, raw)
}

func drop(in any, key string) {
	switch in := in.(type) {
	case map[string]any:
		delete(in, key)
		for _, v := range in {
			drop(v, key)
		}
	case []any:
		for _, v := range in {
			drop(v, key)
		}
	}
}

// without leaves out keys of the object raw itself.
func without(raw json.RawMessage, keys ...string) json.RawMessage {
	var object map[string]json.RawMessage
	if json.Unmarshal(raw, &object) != nil {
		return raw
	}
	for _, key := range keys {
		delete(object, key)
	}
	return encoded(object, raw)
}

func encoded(v any, otherwise json.RawMessage) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil { // what was read can be written
		return otherwise
	}
	return b
}
