package emulator_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"busker/emulator"
	"busker/emulator/voiceserver"
)

// inStep waits until the bot is in the epoch of the others.
func (p *player) inStep(t *testing.T) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		state, _ := p.VoiceServer().Encryption(p.guild.ID, p.voice.ID)
		got := p.conn.Status()
		if got.Encrypted && got.Epoch == state.Epoch {
			return
		}
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			t.Fatalf("the bot fell behind: %+v, the call is at %+v", got, state)
		}
	}
}

// TestFaults strikes the product with the whole catalogue while it plays: after
// every fault it is heard again, and has broken no rule.
func TestFaults(t *testing.T) {
	t.Parallel()
	var names []string
	all := emulator.Faults()
	slices.SortStableFunc(all, func(a, b emulator.NamedFault) int { return slowness(b) - slowness(a) })
	for _, f := range all {
		if slices.Contains(names, f.Name) || f.About == "" {
			t.Errorf("%q is there twice or says nothing", f.Name)
		}
		names = append(names, f.Name)
		t.Run(f.Name, func(t *testing.T) {
			if testing.Short() && (strings.HasPrefix(f.Name, "voice close") || strings.HasPrefix(f.Name, "mass")) {
				t.Skip("the short tests take a few of these only")
			}
			p := newPlayer(t, voiceserver.Required, emulator.ChannelOptions{})
			target := emulator.Target{Bot: p.bot, Guild: p.guild, Voice: p.voice, Other: p.other}
			p.heard(t)
			need(t, f.Strike(p.ctx, target))
			if f.Final {
				return
			}
			p.heard(t)
			p.inStep(t)
		})
	}
}

// slowness puts first what would be waited for in the end.
func slowness(f emulator.NamedFault) int {
	return 1 + slices.Index([]string{"voice zombie", "dead path"}, f.Name)
}

// TestFaultsAreDocumented keeps the table in docs/emulator.md true.
func TestFaultsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/emulator.md")
	need(t, err)
	for _, f := range emulator.Faults() {
		row := "| " + f.Name + " | " + f.About
		if strings.Contains(f.Name, " at ") {
			row = "| voice close *code* at *step* |" // all in one
		}
		if !strings.Contains(string(doc), row) {
			t.Errorf("docs/emulator.md has no row %q", row)
		}
	}
}
