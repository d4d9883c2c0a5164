package emulator_test

import (
	"encoding/json"
	"strings"
	"testing"

	"busker/emulator"
	"busker/emulator/discord"
	"busker/internal/fault"
)

// everything is a modal with one component of every kind but the last two, in two
// forms: a modal holds five.
const (
	texts = `{"custom_id":"form","title":"Form","components":[
		{"type":10,"content":"Read me"},
		{"type":18,"label":"Name","component":{"type":4,"custom_id":"name","style":1,"min_length":2,"max_length":5,"value":"was"}},
		{"type":18,"label":"Files","component":{"type":19,"custom_id":"files","min_values":1,"max_values":2,"file_types":["audio",".m3u"]}},
		{"type":18,"label":"One","component":{"type":21,"custom_id":"radio","required":false,"options":[{"label":"A","value":"a"},{"label":"B","value":"b"}]}},
		{"type":18,"label":"Some","component":{"type":22,"custom_id":"group","min_values":0,"required":false,"options":[{"label":"A","value":"a","default":true},{"label":"B","value":"b"}]}}]}`
	menus = `{"custom_id":"form","title":"Form","components":[
		{"type":18,"label":"Sure?","component":{"type":23,"custom_id":"sure","default":true}},
		{"type":18,"label":"Mode","component":{"type":3,"custom_id":"mode","max_values":2,"options":[{"label":"A","value":"a"},{"label":"B","value":"b"}]}},
		{"type":18,"label":"Who","component":{"type":7,"custom_id":"who","max_values":2}},
		{"type":18,"label":"Role","component":{"type":6,"custom_id":"role","required":false}},
		{"type":18,"label":"Where","component":{"type":8,"custom_id":"where","channel_types":[2]}}]}`
)

// form makes the bot open a modal for ann.
func (s *stage) form(t *testing.T, body string) emulator.Modal {
	t.Helper()
	var data discord.CallbackData
	need(t, json.Unmarshal([]byte(body), &data))
	i, err := s.ann.Command(s.ctx, s.text, "form", nil)
	need(t, err)
	in, _ := s.World().Interaction(i.ID)
	_, err = s.World().Respond(i.ID, in.Token, discord.CallbackModal, data)
	need(t, err)
	m, err := i.Modal(s.ctx)
	need(t, err)
	return m
}

func TestSubmitFillsEveryComponent(t *testing.T) {
	s := newStage(t)
	s.register(t, discord.Command{Name: "form", Description: "d"})
	bob, dj := s.guild.AddUser("bob"), s.guild.AddRole("DJ", 0)
	ogg, list := emulator.Upload{Name: "song.ogg", Data: []byte("OggS"), Type: "audio/ogg"}, emulator.Upload{Name: "LIST.M3U", Data: []byte("#EXTM3U")}
	full := emulator.Args{"mode": "a", "who": []string{bob.ID.String(), dj.ID.String()}, "where": s.voice}
	for _, tt := range []struct {
		name, form string
		values     emulator.Args
		want       string // in the JSON the bot is told; "" is refused
	}{
		{"text", texts, emulator.Args{"name": "new", "files": ogg}, `"type":4,"id":3,"custom_id":"name","value":"new"`},
		{"the value it had", texts, emulator.Args{"files": ogg}, `"custom_id":"name","value":"was"`},
		{"too short", texts, emulator.Args{"name": "n", "files": ogg}, ""},
		{"too long", texts, emulator.Args{"name": "longer", "files": ogg}, ""},
		{"no file", texts, nil, ""},
		{"two files", texts, emulator.Args{"files": []emulator.Upload{ogg, list}}, `"filename":"LIST.M3U"`},
		{"three files", texts, emulator.Args{"files": []emulator.Upload{ogg, list, ogg}}, ""},
		{"another kind of file", texts, emulator.Args{"files": emulator.Upload{Name: "a.exe"}}, ""},
		{"radio", texts, emulator.Args{"radio": "b", "files": ogg}, `"custom_id":"radio","value":"b"`},
		{"no radio", texts, emulator.Args{"files": ogg}, `"custom_id":"radio","value":null`},
		{"no such radio", texts, emulator.Args{"radio": "c", "files": ogg}, ""},
		{"group by default", texts, emulator.Args{"files": ogg}, `"custom_id":"group","values":["a"]`},
		{"group of nothing", texts, emulator.Args{"group": []string{}, "files": ogg}, `"custom_id":"group","values":[]`},
		{"group twice the same", texts, emulator.Args{"group": []string{"a", "a"}, "files": ogg}, ""},
		{"no such field", texts, emulator.Args{"x": "y", "files": ogg}, ""},
		{"menus", menus, full, `"custom_id":"who","values":["` + bob.ID.String() + `","` + dj.ID.String() + `"]`},
		{"resolved user", menus, full, `"users":{"` + bob.ID.String()},
		{"resolved role", menus, full, `"roles":{"` + dj.ID.String()},
		{"resolved channel", menus, full, `"app_permissions"`},
		{"checkbox by default", menus, full, `"custom_id":"sure","value":true`},
		{"unchecked", menus, merged(full, "sure", false), `"custom_id":"sure","value":false`},
		{"no role", menus, full, `"custom_id":"role","values":[]`},
		{"channel of another type", menus, merged(full, "where", s.text), ""},
		{"nothing from a menu", menus, merged(full, "mode", []string{}), ""},
		{"too much from a menu", menus, merged(full, "mode", []string{"a", "b", "a"}), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := s.form(t, tt.form)
			i, err := s.ann.Submit(s.ctx, m, tt.values)
			if tt.want == "" {
				if message, ok := fault.Message(err); err == nil || !ok || message == "" {
					t.Errorf("taken, or refused without a reason: %v", err)
				}
				return
			}
			need(t, err)
			in, _ := s.World().Interaction(i.ID)
			told, err := json.Marshal(in.Data)
			need(t, err)
			if !strings.Contains(string(told), tt.want) {
				t.Errorf("the bot is told %s, want %s", told, tt.want)
			}
		})
	}
}

func merged(a emulator.Args, name string, value any) emulator.Args {
	out := emulator.Args{name: value}
	for k, v := range a {
		if k != name {
			out[k] = v
		}
	}
	return out
}

func TestAFormOpensNoForm(t *testing.T) {
	s := newStage(t)
	s.register(t, discord.Command{Name: "form", Description: "d"})
	i, err := s.ann.Submit(s.ctx, s.form(t, menus), emulator.Args{"mode": "a", "who": s.ann, "where": s.voice})
	need(t, err)
	in, _ := s.World().Interaction(i.ID)
	var data discord.CallbackData
	need(t, json.Unmarshal([]byte(menus), &data))
	if _, err := s.World().Respond(i.ID, in.Token, discord.CallbackModal, data); err == nil {
		t.Error("it was taken")
	}
}
