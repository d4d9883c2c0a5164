package gateway_test

import (
	"reflect"
	"testing"

	"github.com/bwmarrin/discordgo"

	"busker/gateway"
)

func TestAFormIsRead(t *testing.T) {
	i, err := gateway.ReadInteraction([]byte(`{"id":"7","type":5,"token":"t","guild_id":"3","locale":"de",
		"member":{"user":{"id":"9"},"roles":["4"],"permissions":"32"},
		"data":{"custom_id":"b2|edit||0|","resolved":{"attachments":{"55":{"id":"55","filename":"a.m3u","url":"http://x"}}},"components":[
			{"type":18,"component":{"type":4,"custom_id":"name","value":"Party"}},
			{"type":18,"component":{"type":19,"custom_id":"file","values":["55"]}},
			{"type":18,"component":{"type":23,"custom_id":"sure","value":true}},
			{"type":1,"components":[{"type":4,"custom_id":"old","value":"row"}]},
			{"type":10,"content":"just text"}]}}`))
	if err != nil {
		t.Fatal(err)
	}
	form, ok := i.Data.(gateway.Form)
	want := map[string]gateway.Field{
		"name": {Value: "Party"}, "file": {Values: []string{"55"}}, "sure": {Value: "true"}, "old": {Value: "row"},
	}
	if !ok || i.Type != discordgo.InteractionModalSubmit || form.CustomID != "b2|edit||0|" || !reflect.DeepEqual(form.Fields, want) {
		t.Errorf("%v %+v", i.Type, i.Data)
	}
	if form.Attachments["55"].Filename != "a.m3u" || i.Member.User.ID != "9" || i.Locale != "de" || i.GuildID != "3" {
		t.Errorf("%+v", i.Interaction)
	}
}

// TestAMessageOfTomorrow is asked for with components nobody knows today.
func TestAMessageOfTomorrow(t *testing.T) {
	i, err := gateway.ReadInteraction([]byte(`{"id":"7","type":2,"token":"t","data":{"id":"1","name":"Play next","type":3,"target_id":"5",
		"resolved":{"messages":{"5":{"id":"5","content":"https://x/a.ogg","components":[{"type":99}]}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	data, ok := i.Data.(discordgo.ApplicationCommandInteractionData)
	if !ok || data.TargetID != "5" || data.Resolved.Messages["5"].Content != "https://x/a.ogg" {
		t.Errorf("%+v", i.Data)
	}
}

func FuzzReadInteraction(f *testing.F) {
	f.Add([]byte(`{"id":"7","type":5,"data":{"custom_id":"x","components":[{"type":18,"component":{"custom_id":"a","value":null}}]}}`))
	f.Add([]byte(`{"id":"7","type":3,"data":{"custom_id":"x"},"message":{"id":"1","components":[{"type":99}]}}`))
	f.Add([]byte(`{"type":5,"data":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		i, err := gateway.ReadInteraction(b)
		if err == nil && (i == nil || i.Interaction == nil) {
			t.Error("neither an interaction nor an error")
		}
	})
}
