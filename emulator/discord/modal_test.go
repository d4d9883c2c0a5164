package discord_test

import (
	"encoding/json"
	"strings"
	"testing"

	"busker/emulator/discord"
)

func TestCheckModal(t *testing.T) {
	options := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = `{"label":"l","value":"` + string(rune('a'+i)) + `"}`
		}
		return `"options":[` + strings.Join(list, ",") + `]`
	}
	for _, tt := range []struct{ name, component, want string }{
		{"text", `{"type":4,"style":2,"custom_id":"x","min_length":0,"max_length":4000,"placeholder":"p"}`, ""},
		{"text of no style", `{"type":4,"custom_id":"x"}`, "component.style"},
		{"text too long", `{"type":4,"style":1,"custom_id":"x","max_length":4001}`, "component.max_length: Value must be between 1 and 4000."},
		{"text of less than nothing", `{"type":4,"style":1,"custom_id":"x","min_length":5,"max_length":4}`, "TEXT_INPUT_MIN_LENGTH_TOO_LARGE"},
		{"no custom id", `{"type":4,"style":1}`, "component.custom_id"},
		{"string select", `{"type":3,"custom_id":"x",` + options(25) + `}`, ""},
		{"string select of nothing", `{"type":3,"custom_id":"x","options":[]}`, "component.options: Must be between 1 and 25"},
		{"string select of too much", `{"type":3,"custom_id":"x",` + options(26) + `}`, "component.options"},
		{"disabled", `{"type":3,"custom_id":"x","disabled":true,` + options(2) + `}`, "component.disabled"},
		{"needed but none", `{"type":3,"custom_id":"x","min_values":0,` + options(2) + `}`, "component.min_values: min_values must be at least 1"},
		{"not needed, none", `{"type":3,"custom_id":"x","min_values":0,"required":false,` + options(2) + `}`, ""},
		{"two of one by default", `{"type":3,"custom_id":"x","options":[{"label":"a","value":"a","default":true},{"label":"b","value":"b","default":true}]}`, "SELECT_COMPONENT_TOO_MANY_DEFAULTS"},
		{"user select", `{"type":5,"custom_id":"x","max_values":25,"default_values":[{"id":"1","type":"user"}]}`, ""},
		{"user select of a role", `{"type":5,"custom_id":"x","default_values":[{"id":"1","type":"role"}]}`, "component.default_values.0.type"},
		{"role select", `{"type":6,"custom_id":"x"}`, ""},
		{"mentionable select", `{"type":7,"custom_id":"x","max_values":2,"default_values":[{"id":"1","type":"role"},{"id":"2","type":"user"}]}`, ""},
		{"channel select", `{"type":8,"custom_id":"x","channel_types":[2,13]}`, ""},
		{"channel select of two by default", `{"type":8,"custom_id":"x","default_values":[{"id":"1","type":"channel"},{"id":"2","type":"channel"}]}`, "component.default_values"},
		{"file", `{"type":19,"custom_id":"x","min_values":1,"max_values":10,"file_types":["audio",".m3u8"]}`, ""},
		{"eleven files", `{"type":19,"custom_id":"x","max_values":11}`, "component.max_values: Value must be between 1 and 10."},
		{"file of a type without its dot", `{"type":19,"custom_id":"x","file_types":["m3u"]}`, "component.file_types.0"},
		{"radio", `{"type":21,"custom_id":"x",` + options(2) + `}`, ""},
		{"radio of one", `{"type":21,"custom_id":"x",` + options(1) + `}`, "component.options: Must be between 2 and 10"},
		{"radio of eleven", `{"type":21,"custom_id":"x",` + options(11) + `}`, "component.options"},
		{"checks", `{"type":22,"custom_id":"x","options":[{"label":"a","value":"a","default":true},{"label":"b","value":"b","default":true}]}`, ""},
		{"checks twice the same", `{"type":22,"custom_id":"x","options":[{"label":"a","value":"a"},{"label":"b","value":"a"}]}`, "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"},
		{"check", `{"type":23,"custom_id":"x","default":true}`, ""},
		{"button", `{"type":2,"style":1,"custom_id":"x","label":"b"}`, "component.type"},
		{"text display in a label", `{"type":10,"content":"x"}`, "component.type"},
		{"nothing", `null`, "component: This field is required"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			checkForm(t, `[{"type":18,"label":"l","component":`+tt.component+`}]`, tt.want)
		})
	}
	text := `{"type":18,"label":"l","component":{"type":4,"style":1,"custom_id":"x"}}`
	for name, tt := range map[string]struct{ components, want string }{
		"two of one id":            {`[` + text + `,` + text + `]`, "COMPONENT_CUSTOM_ID_DUPLICATED"},
		"six parts":                {`[{"type":10,"content":"1"},{"type":10,"content":"2"},{"type":10,"content":"3"},{"type":10,"content":"4"},{"type":10,"content":"5"},` + text + `]`, "data.components: Must be between 1 and 5"},
		"no label":                 {`[{"type":18,"component":{"type":4,"style":1,"custom_id":"x"}}]`, "data.components.0.label"},
		"long label":               {`[{"type":18,"label":"` + strings.Repeat("l", 46) + `","component":{"type":4,"style":1,"custom_id":"x"}}]`, "data.components.0.label"},
		"a select in a row":        {`[{"type":1,"components":[{"type":6,"custom_id":"x"}]}]`, "data.components.0.components.0.type"},
		"a row's text of no label": {`[{"type":1,"components":[{"type":4,"style":1,"custom_id":"x"}]}]`, "data.components.0.components.0.label"},
		"a select alone":           {`[{"type":6,"custom_id":"x"}]`, "data.components.0.type"},
	} {
		t.Run(name, func(t *testing.T) { checkForm(t, tt.components, tt.want) })
	}
}

// checkForm checks a modal of the components; want "" is taken.
func checkForm(t *testing.T, components, want string) {
	t.Helper()
	var d discord.CallbackData
	if err := json.Unmarshal([]byte(`{"custom_id":"f","title":"F","components":`+components+`}`), &d); err != nil {
		t.Fatal(err)
	}
	err := discord.CheckCallback(discord.CallbackModal, d, false)
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestCheckCallbackTo(t *testing.T) {
	for _, tt := range []struct {
		in    discord.InteractionType
		kind  discord.CallbackType
		taken bool
	}{
		{discord.CommandInteraction, discord.CallbackModal, true},
		{discord.ComponentInteraction, discord.CallbackModal, true},
		{discord.ModalInteraction, discord.CallbackModal, false},
		{discord.ModalInteraction, discord.CallbackMessage, true},
		{discord.AutocompleteInteraction, discord.CallbackAutocomplete, true},
		{discord.AutocompleteInteraction, discord.CallbackMessage, false},
		{discord.CommandInteraction, discord.CallbackAutocomplete, false},
	} {
		if err := discord.CheckCallbackTo(tt.in, tt.kind); (err == nil) != tt.taken {
			t.Errorf("type %d to %d: %v", tt.kind, tt.in, err)
		}
	}
}

func FuzzModal(f *testing.F) {
	f.Add(`{"custom_id":"f","title":"F","components":[{"type":18,"label":"l","component":{"type":22,"custom_id":"x","options":[{"label":"a","value":"a"}]}}]}`)
	f.Add(`{"custom_id":"f","title":"F","components":[{"type":18,"label":"l","component":{"type":19,"custom_id":"x","file_types":[".m3u"]}},{"type":10,"content":"x"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var d discord.CallbackData
		if json.Unmarshal([]byte(text), &d) != nil || discord.CheckCallback(discord.CallbackModal, d, false) != nil {
			return
		}
		for _, c := range d.Components.Value { // what is taken can be filled in
			c.Walk(func(in discord.Component) bool {
				if least, most := in.Bounds(); in.Type.Select() && least > most {
					t.Errorf("%s takes %d to %d values", text, least, most)
				}
				return true
			})
		}
	})
}
