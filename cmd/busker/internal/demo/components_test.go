package demo_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"busker/emulator/discord"
)

const standCommands = `[
	{"name":"queue","description":"The queue","name_localizations":{"de":"warteschlange"},"options":[
		{"type":1,"name":"show","description":"Shows it","name_localizations":{"de":"zeigen"}},
		{"type":1,"name":"of","description":"Of somebody","options":[{"type":6,"name":"user","description":"Who","required":true}]}]},
	{"name":"panel","description":"All menus"},
	{"name":"secret","description":"For admins","default_member_permissions":"32"},
	{"type":3,"name":"Add to queue","name_localizations":{"de":"Zur Warteschlange"}},
	{"type":2,"name":"Block"}]`

var standAnswers = map[string]string{
	"queue": `4 {"content":"The queue is empty.","flags":64}`,
	"panel": `4 {"flags":32832,"components":[
		{"type":17,"components":[{"type":10,"content":"## Settings"},
			{"type":1,"components":[{"type":3,"custom_id":"mode","placeholder":"Mode","options":[{"label":"Fair","value":"fair","description":"Turns"},{"label":"First come","value":"first","default":true}]}]},
			{"type":1,"components":[{"type":6,"custom_id":"djs","placeholder":"DJ roles","min_values":0,"max_values":3}]},
			{"type":1,"components":[{"type":5,"custom_id":"who","placeholder":"Somebody"}]},
			{"type":1,"components":[{"type":8,"custom_id":"where","placeholder":"Channel","channel_types":[2]}]},
			{"type":1,"components":[{"type":2,"style":1,"custom_id":"edit","label":"Edit"},{"type":2,"style":2,"custom_id":"more","label":"More"}]}]}]}`,
	"mode": "6", "djs": "6", "who": "6", "where": "6",
	"edit": `9 {"custom_id":"form","title":"Edit playlist","components":[
		{"type":18,"label":"Name","description":"What it is called","component":{"type":4,"custom_id":"name","style":1,"min_length":3,"value":"My"}},
		{"type":18,"label":"Import","component":{"type":19,"custom_id":"file","required":false,"max_values":2,"file_types":[".m3u"]}},
		{"type":18,"label":"Order","component":{"type":21,"custom_id":"order","options":[{"label":"As it is","value":"as"},{"label":"Shuffled","value":"mix"}]}},
		{"type":18,"label":"Days","component":{"type":22,"custom_id":"days","options":[{"label":"Friday","value":"fr"},{"label":"Saturday","value":"sa"}]}},
		{"type":18,"label":"Public","component":{"type":23,"custom_id":"public"}}]}`,
	"more": `9 {"custom_id":"form2","title":"Who","components":[
		{"type":10,"content":"Choose **somebody**."},
		{"type":18,"label":"People","component":{"type":7,"custom_id":"people","max_values":2}},
		{"type":18,"label":"Channel","component":{"type":8,"custom_id":"to","channel_types":[0]}}]}`,
	"form":         `4 {"content":"Saved.","flags":64}`,
	"form2":        `4 {"content":"Noted.","flags":64}`,
	"Add to queue": `4 {"content":"Added.","flags":64}`,
	"Block":        `4 {"content":"Blocked.","flags":64}`,
}

func shows(text string) string {
	return `document.getElementById("messages").innerText.includes("` + text + `")`
}

func TestThePageShowsEveryComponent(t *testing.T) {
	s := openStand(t, standCommands, standAnswers)
	b := openBrowser(t, s.Address)
	b.wait("the commands", `document.body.dataset.commands === "3"`)
	b.click("#prompt")
	b.keys("/panel\r")
	b.wait("the panel", shows("Settings"))
	b.wait("a download", `document.querySelector(".file a[download]").href.includes("/media/attachments/")`)

	b.choose("mode", "fair")
	b.choose("who", s.Bot.ID.String())
	b.choose("where", s.Voice[1].ID.String())
	b.click(`summary[data-custom="djs"]`)
	b.click(`.several[open] label:nth-child(2)`)
	b.click(`summary[data-custom="djs"]`)
	b.until("the menus", func() bool {
		return s.heard("mode") != "" && s.heard("djs") != "" && s.heard("who") != "" && s.heard("where") != ""
	})
	s.knows("mode", `"values":["fair"]`)
	s.knows("djs", `"component_type":6`, `"name":"Admin"`)
	s.knows("who", `"values":["`+s.Bot.ID.String()+`"]`, `"username":"Busker"`)
	s.knows("where", `"app_permissions"`, `"name":"Back Yard"`)
}

func TestThePageFillsInForms(t *testing.T) {
	s := openStand(t, standCommands, standAnswers)
	b := openBrowser(t, s.Address)
	b.wait("the commands", `document.body.dataset.commands === "3"`)
	b.click("#prompt")
	b.keys("/panel\r")
	b.wait("the panel", shows("Settings"))
	b.click(`[data-custom="edit"]`)
	b.wait("the form", `document.querySelector("dialog[open] h2").innerText === "Edit playlist" && document.activeElement.value === "My"`)
	list := filepath.Join(t.TempDir(), "list.m3u")
	if err := os.WriteFile(list, []byte("#EXTM3U"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(b.ctx, chromedp.SetUploadFiles(chromedp.CSS(`dialog input[type=file]`), []string{list})); err != nil {
		t.Fatal(err)
	}
	b.click(`dialog [role=radiogroup] label:nth-child(2)`)
	b.click(`dialog [role=group] label:nth-child(1)`)
	b.click(`dialog .check input`)
	b.click(`dialog [type=submit]`) // too short: the bot never hears of it
	b.wait("what is wrong", `document.querySelector("dialog .problem").innerText === "Name is too short."`)
	b.click(`dialog input[type=text]`)
	b.keys("xy")
	b.click(`dialog [type=submit]`)
	b.wait("the answer", `!document.querySelector("dialog") && `+shows("Saved."))
	s.knows("form", `"custom_id":"name","value":"Myxy"`, `"custom_id":"order","value":"mix"`, `"values":["fr"]`, `"value":true`, `"filename":"list.m3u"`)

	b.click(`[data-custom="more"]`)
	b.wait("the second form", `document.querySelector("dialog[open] strong").innerText === "somebody"`)
	b.click(`dialog summary`)
	b.click(`dialog .several label:nth-child(1)`)
	b.click(`dialog .several label:nth-child(6)`)
	b.choose("to", s.Text.ID.String())
	b.click(`dialog [type=submit]`)
	b.wait("the second answer", shows("Noted."))
	s.knows("form2", `"resolved":{"users"`, `"roles"`, `"channels"`)
	if got := s.heard("form"); got == "" {
		t.Error("the first form was not sent")
	}
}

func TestThePageIsSeveralPeople(t *testing.T) {
	s := openStand(t, standCommands, standAnswers)
	b := openBrowser(t, s.Address)
	b.wait("the commands", `document.body.dataset.commands === "3"`)
	b.click("#prompt")
	b.keys("hello\r")
	b.wait("what was said", shows("hello"))
	b.click(".more")
	b.wait("the menu", `document.activeElement.innerText === "Add to queue"`)
	b.keys("\r")
	b.wait("the answer", shows("Added."))
	s.knows("Add to queue", `"type":3`, `"content":"hello"`, `"locale":"en-US"`)

	b.pick("#self", "Mara")
	b.wait("the German commands", `[...document.querySelectorAll(".message")].length === 1 && document.getElementById("language").value === "de"`)
	b.click("#prompt")
	b.keys("/warteschlange zei\t\r")
	b.wait("the queue", shows("The queue is empty."))
	s.knows("queue", `"name":"show","type":1`, `"locale":"de"`)
	b.click(`.only button`)
	b.wait("it dismissed", `!document.querySelector(".message.private")`)
	b.click(".author")
	b.wait("the person's menu", `document.activeElement.innerText === "Block"`)
	b.keys("\r")
	b.wait("the answer", shows("Blocked."))

	b.pick("#self", "Inês")
	b.wait("the admin's commands", `document.body.dataset.commands === "4"`)
	b.click(".more")
	b.wait("the admin's menu", `[...document.querySelectorAll(".menu button")].at(-1).innerText === "Delete message"`)
	b.click(".menu .danger")
	b.wait("it gone", `!document.querySelector(".message")`)

	stage := s.Voice[2]
	if err := s.Bot.Grant(s.Guild, discord.ManageChannels); err != nil {
		t.Fatal(err)
	}
	if err := s.Emulator.World().SetVoiceStatus(s.Bot.ID, s.Voice[0].ID, "Cobblestone Waltz"); err != nil {
		t.Fatal(err)
	}
	b.wait("the status", `document.querySelector(".status").innerText === "Cobblestone Waltz"`)
	b.click(`[data-channel="` + stage.ID.String() + `"]`)
	b.wait("us on the stage", `document.querySelector(".member").innerText.includes("on stage")`)
}
