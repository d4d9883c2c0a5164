package discord_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"busker/emulator/discord"
)

// body reads a message as a client sends it.
func body(t testing.TB, text string) discord.MessageBody {
	t.Helper()
	var b discord.MessageBody
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	return b
}

const button = `{"type":2,"style":1,"label":"a","custom_id":"a"}`

// rows returns n action rows with a button each.
func rows(n int) string {
	list := make([]string, n)
	for i := range list {
		id := strings.Repeat("i", i+1)
		list[i] = `{"type":1,"components":[{"type":2,"style":1,"label":"b","custom_id":"` + id + `"}]}`
	}
	return strings.Join(list, ",")
}

func TestCheckMessage(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		want       string // of the refused field; "" is taken
	}{
		{"text", `{"content":"hi"}`, ""},
		{"longest text", `{"content":"` + strings.Repeat("é", 2000) + `"}`, ""},
		{"too long", `{"content":"` + strings.Repeat("é", 2001) + `"}`, "content: Must be 2000 or fewer in length. (BASE_TYPE_MAX_LENGTH)"},
		{"empty", `{}`, "Cannot send an empty message"},
		{"empty text", `{"content":""}`, "Cannot send an empty message"},
		{"embed", `{"embeds":[{"title":"t","fields":[{"name":"n","value":"v"}]}]}`, ""},
		{"embed without text", `{"embeds":[{}]}`, "embeds.0.description: This field is required"},
		{"embed field without value", `{"embeds":[{"fields":[{"name":"n"}]}]}`, "embeds.0.fields.0.value"},
		{"embed with a bad link", `{"embeds":[{"title":"t","image":{"url":"file:///x"}}]}`, "embeds.0.image.url: Not a well formed URL."},
		{"eleven embeds", `{"embeds":[` + strings.Repeat(`{"title":"t"},`, 10) + `{"title":"t"}]}`, "embeds: Must be between 0 and 10 in length."},
		{"embeds too long together", `{"embeds":[{"description":"` + strings.Repeat("x", 4000) + `"},{"description":"` + strings.Repeat("x", 2001) + `"}]}`, "MAX_EMBED_SIZE_EXCEEDED"},

		{"row", `{"components":[{"type":1,"components":[` + button + `]}]}`, ""},
		{"button outside a row", `{"components":[` + button + `]}`, `components.0.type: Value of field "type" must be one of (1,).`},
		{"text display without the flag", `{"components":[{"type":10,"content":"x"}]}`, "components.0.type"},
		{"text input in a message", `{"components":[{"type":1,"components":[{"type":4,"style":1,"custom_id":"x"}]}]}`, "components.0.components.0.type"},
		{"empty row", `{"components":[{"type":1,"components":[]}]}`, "components.0.components: Must be between 1 and 5 in length."},
		{"six rows", `{"components":[` + rows(6) + `]}`, "components: Must be between 0 and 5 in length."},
		{"button beside a menu", `{"components":[{"type":1,"components":[` + button + `,{"type":5,"custom_id":"u"}]}]}`, "COMPONENT_LAYOUT_WIDTH_EXCEEDED"},
		{"same custom id twice", `{"components":[{"type":1,"components":[` + button + `,` + button + `]}]}`, "components.0.components.1.custom_id: Component custom id cannot be duplicated"},
		{"custom id too long", `{"components":[{"type":1,"components":[{"type":2,"style":1,"label":"a","custom_id":"` + strings.Repeat("x", 101) + `"}]}]}`, "custom_id: Must be between 1 and 100 in length."},
		{"button without custom id", `{"components":[{"type":1,"components":[{"type":2,"style":1,"label":"a"}]}]}`, "custom_id: This field is required"},
		{"button without face", `{"components":[{"type":1,"components":[{"type":2,"style":1,"custom_id":"a"}]}]}`, "A label or emoji is required"},
		{"style nine", `{"components":[{"type":1,"components":[{"type":2,"style":9,"label":"a","custom_id":"a"}]}]}`, "style: Value must be one of {1, 2, 3, 4, 5, 6}."},
		{"link with custom id", `{"components":[{"type":1,"components":[{"type":2,"style":5,"label":"a","url":"https://a.example","custom_id":"a"}]}]}`, "A custom id and url cannot both be specified"},
		{"menu without options", `{"components":[{"type":1,"components":[{"type":3,"custom_id":"m"}]}]}`, "options: Must be between 1 and 25 in length."},
		{"menu with equal values", `{"components":[{"type":1,"components":[{"type":3,"custom_id":"m","options":[{"label":"a","value":"1"},{"label":"b","value":"1"}]}]}]}`, "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED"},

		{"v2", `{"flags":32768,"components":[{"type":17,"components":[{"type":10,"content":"hi"},{"type":14},{"type":1,"components":[` + button + `]}]}]}`, ""},
		{"v2 with content", `{"flags":32768,"content":"x","components":[{"type":10,"content":"hi"}]}`, "content: The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"},
		{"v2 with embeds", `{"flags":32768,"embeds":[{"title":"x"}],"components":[{"type":10,"content":"hi"}]}`, "embeds: The 'embeds' field"},
		{"v2 empty", `{"flags":32768,"components":[]}`, "Cannot send an empty message"},
		{"v2 forty", `{"flags":32768,"components":[` + rows(20) + `]}`, ""},
		{"v2 forty-one", `{"flags":32768,"components":[` + rows(20) + `,{"type":14}]}`, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"},
		{"v2 too much text", `{"flags":32768,"components":[{"type":10,"content":"` + strings.Repeat("x", 2001) + `"},{"type":10,"content":"` + strings.Repeat("x", 2000) + `"}]}`, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"},
		{"v2 button outside", `{"flags":32768,"components":[` + button + `]}`, "components.0.type"},
		{"v2 container in container", `{"flags":32768,"components":[{"type":17,"components":[{"type":17,"components":[]}]}]}`, "components.0.components.0.type"},
		{"v2 section without accessory", `{"flags":32768,"components":[{"type":9,"components":[{"type":10,"content":"x"}]}]}`, "components.0.accessory: This field is required"},
		{"v2 section", `{"flags":32768,"components":[{"type":9,"components":[{"type":10,"content":"x"}],"accessory":{"type":11,"media":{"url":"https://a.example/b.png"}}}]}`, ""},
		{"v2 missing file", `{"flags":32768,"components":[{"type":12,"items":[{"media":{"url":"attachment://a.png"}}]}]}`, "The referenced attachment was not found"},
		{"v2 equal ids", `{"flags":32768,"components":[{"type":14,"id":3},{"type":14,"id":3}]}`, "COMPONENT_ID_DUPLICATED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := discord.CheckMessage(body(t, tt.body))
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestCheckEdit(t *testing.T) {
	plain := discord.Message{Content: "text"}
	card := discord.Message{Flags: discord.FlagComponentsV2}
	for _, tt := range []struct {
		name, body string
		old        discord.Message
		refused    bool
	}{
		{"text", `{"content":"new"}`, plain, false},
		{"v2 while text stays", `{"flags":32768,"components":[{"type":14}]}`, plain, true},
		{"v2 and text goes", `{"flags":32768,"content":null,"components":[{"type":14}]}`, plain, false},
		{"text into v2", `{"content":"x"}`, card, true},
		{"v2 again without the flag", `{"components":[{"type":10,"content":"x"}]}`, card, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := discord.CheckEdit(tt.old, body(t, tt.body)); (err != nil) != tt.refused {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestErrorIsATreeOfFields(t *testing.T) {
	err := discord.CheckMessage(body(t, `{"components":[{"type":1,"components":[{"type":2,"style":1,"label":"a"}]}]}`))
	var refused *discord.Error
	if !errors.As(err, &refused) || refused.Code != 50035 || refused.Status != 400 {
		t.Fatalf("got %v", err)
	}
	got, jerr := json.Marshal(refused)
	want := `{"code":50035,"message":"Invalid Form Body","errors":{"components":{"0":{"components":{"0":{"custom_id":{"_errors":[{"code":"BASE_TYPE_REQUIRED","message":"This field is required"}]}}}}}}}`
	if jerr != nil || string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNumber(t *testing.T) {
	b := body(t, `{"components":[{"type":17,"id":2,"components":[{"type":10,"content":"x"},{"type":10,"content":"y"}]}]}`)
	got := discord.Number(b.Components.Value)
	if got[0].ID != 2 || got[0].Components[0].ID != 1 || got[0].Components[1].ID != 3 {
		t.Errorf("numbered %+v", got)
	}
	if b.Components.Value[0].Components[0].ID != 0 {
		t.Error("the original was written into")
	}
}

func FuzzMessageBody(f *testing.F) {
	f.Add(`{"content":"x","components":[{"type":17,"components":[{"type":9,"accessory":{"type":2}}]}]}`)
	f.Add(`{"flags":32768,"components":[{"type":18,"component":{"type":4}},{"type":12,"items":[{"media":{"url":"attachment://"}}]}]}`)
	f.Add(`{"embeds":[{"image":null,"fields":[{}]}],"attachments":[{"id":0}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		var b discord.MessageBody
		if json.Unmarshal([]byte(text), &b) != nil {
			return
		}
		if err := discord.CheckMessage(b); err != nil {
			if _, err := json.Marshal(err); err != nil {
				t.Error(err)
			}
			return
		}
		// What is taken is numbered without gaps in meaning: every component has an id.
		for _, c := range discord.Number(b.Components.Value) {
			c.Walk(func(in discord.Component) bool {
				if in.ID == 0 {
					t.Errorf("no id: %+v", in)
				}
				return true
			})
		}
	})
}
