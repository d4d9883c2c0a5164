package bot

import (
	"encoding/json"

	"github.com/bwmarrin/discordgo"
)

// form is a modal. Discord takes at most five parts.
type form struct {
	id    customID
	title string
	parts []discordgo.MessageComponent
}

// component is one of a kind that discordgo 0.29 does not know: its JSON, with "type".
type component map[string]any

// Kinds of components for forms (Discord's numbers).
const (
	kindTextInput  = 4
	kindLabel      = 18
	kindFileUpload = 19
	kindRadioGroup = 21
)

// Type implements discordgo.MessageComponent.
func (c component) Type() discordgo.ComponentType {
	kind, _ := c["type"].(int)
	return discordgo.ComponentType(kind)
}

// MarshalJSON implements discordgo.MessageComponent.
func (c component) MarshalJSON() ([]byte, error) { return json.Marshal(map[string]any(c)) }

// label names a part of a form and says what it is for; about may be empty.
func label(name, about string, of discordgo.MessageComponent) component {
	const longestName, longestAbout = 45, 100
	c := component{"type": kindLabel, "label": cut(name, longestName), "component": of}
	if about != "" {
		c["description"] = cut(about, longestAbout)
	}
	return c
}

// line is a text input of one line, paragraph of many. value is what stands in it; most
// is in characters, at most 4000.
func lineInput(name, value string, most int) component {
	const short = 1
	return textInput(short, name, value, most)
}

func paragraphInput(name, value string, most int) component {
	const paragraph = 2
	return textInput(paragraph, name, value, most)
}

func textInput(style int, name, value string, most int) component {
	return component{"type": kindTextInput, "custom_id": name, "style": style, "value": value, "max_length": most}
}

// optional makes a part of a form one that may be left empty.
func (c component) optional() component {
	c["required"] = false
	return c
}

// fileInput lets people upload up to most files.
func fileInput(name string, most int) component {
	return component{"type": kindFileUpload, "custom_id": name, "min_values": 1, "max_values": most}
}

// entered returns what was entered in a text input or chosen in a radio group.
func (c *call) entered(name string) string { return c.fields[name].Value }

// uploaded returns the files of a file upload.
func (c *call) uploaded(name string) (files []*discordgo.MessageAttachment) {
	for _, id := range c.fields[name].Values {
		if f := c.attachments[id]; f != nil && f.URL != "" {
			files = append(files, f)
		}
	}
	return files
}
