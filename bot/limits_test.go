package bot_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"busker/bot"
	"busker/internal/fault"
	"busker/internal/snowflake"
	"busker/settings"
	"busker/track"
	"busker/words"
)

// manyRoles are as many roles as fit a list.
func manyRoles() (all []snowflake.ID) {
	for i := range settings.MaxRoles {
		all = append(all, snowflake.ID(1_400_000_000_000_000_000+i))
	}
	return all
}

// ruleful is a server that chose as much as it can.
func ruleful() settings.Guild {
	g := settings.Default()
	g.DJRoles, g.TextChannel, g.VoteSkip = manyRoles(), 1_400_000_000_000_000_000, 50
	g.BlockedUsers, g.BlockedChannels = manyRoles(), manyRoles()
	g.CommandRoles = map[string][]snowflake.ID{}
	for _, d := range bot.Definitions() {
		g.CommandRoles[d.Name] = manyRoles()
	}
	return g
}

func TestHelpFitsInEveryLanguage(t *testing.T) {
	for _, l := range words.Languages() {
		for i, text := range bot.HelpPages(l.Tag, ruleful()) {
			if n := utf8.RuneCountInString(text); n > 2000 {
				t.Errorf("%s: page %d of /help has %d characters", l.Tag, i, n)
			}
		}
	}
}

// part is a component, and what is in it.
type part struct {
	Type       int
	Content    string
	CustomID   string `json:"custom_id"`
	Components []part
	Accessory  *part
	Options    []struct{ Label, Value, Description string }
}

func (p part) count(texts *int) (n int) {
	*texts += utf8.RuneCountInString(p.Content)
	for _, c := range p.Components {
		n += c.count(texts)
	}
	if p.Accessory != nil {
		n += p.Accessory.count(texts)
	}
	return n + 1
}

func TestSettingsFitInEveryLanguage(t *testing.T) {
	for _, l := range words.Languages() {
		for i, page := range bot.SettingsPages(l.Tag, ruleful()) {
			raw, err := json.Marshal(page)
			if err != nil {
				t.Fatal(err)
			}
			var p part
			if err := json.Unmarshal(raw, &p); err != nil {
				t.Fatal(err)
			}
			texts := 0
			if n := p.count(&texts) - 1; n > 40 || texts > 4000 {
				t.Errorf("%s: page %d has %d components and %d characters", l.Tag, i, n, texts)
			}
		}
	}
}

func TestRolesThatDoNotFitAreCounted(t *testing.T) {
	g := ruleful()
	if got := bot.RoleRules(g); !strings.HasSuffix(got, " more.") || strings.Count(got, "\n") < 2 {
		t.Errorf("%q", got)
	}
	g.CommandRoles = map[string][]snowflake.ID{"play": {7}, "stop": {8, 9}}
	if got := bot.RoleRules(g); got != "`/play`: <@&7>\n`/stop`: <@&8>, <@&9>" {
		t.Errorf("%q", got)
	}
}

func TestWhatIsTooLargeToSendIsCompressed(t *testing.T) {
	for _, tt := range []struct {
		data []byte
		name string
	}{
		{[]byte("{}"), "me.json"},
		{bytes.Repeat([]byte("music "), 4<<20), "me.json.gz"},
	} {
		if name, size, err := bot.Fitting("me.json", tt.data); err != nil || name != tt.name || size > 10<<20 {
			t.Errorf("%d bytes became %s of %d, %v", len(tt.data), name, size, err)
		}
	}
	noise := make([]byte, 11<<20)
	_, _ = rand.Read(noise)
	if _, _, err := bot.Fitting("me.json", noise); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("noise: %v", err)
	}
}

func TestDraftsTakeLittleMemory(t *testing.T) {
	d := bot.NewDrafts()
	large := track.Result{Tracks: make([]track.Track, 60_000)}
	first := d.Keep(1, large)
	for range 2 {
		d.Keep(2, large)
	}
	if _, _, err := d.Find(1, first); err != nil {
		t.Errorf("180,000 tracks: %v", err)
	}
	last := d.Keep(3, large)
	if _, _, err := d.Find(1, first); err == nil {
		t.Error("240,000 tracks are kept")
	}
	if found, _, err := d.Find(3, last); err != nil || len(found.Tracks) != 60_000 {
		t.Errorf("the newest: %d tracks, %v", len(found.Tracks), err)
	}
	huge := d.Keep(4, track.Result{Tracks: make([]track.Track, 300_000)})
	if _, _, err := d.Find(4, huge); err != nil {
		t.Errorf("one that is larger than all may be: %v", err)
	}
}
