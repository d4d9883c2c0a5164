package app_test

import (
	"path/filepath"
	"strings"
	"testing"

	"busker/cmd/busker/internal/app"
	"busker/emulator"
	"busker/emulator/discord"
	"busker/store"
)

// withStore are options with a store of their own.
func withStore(t testing.TB, and func(*app.Options)) func(*app.Options) {
	return func(o *app.Options) {
		kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "busker.db"), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := kept.Close(); err != nil {
				t.Error(err)
			}
		})
		o.Store = kept
		if and != nil {
			and(o)
		}
	}
}

func TestTheAuditAsAModeratorReadsIt(t *testing.T) {
	t.Parallel()
	s := newStage(t, withStore(t, longSongs(t)))
	mod := s.guild.AddUser("mod")
	if err := mod.Moderate(); err != nil {
		t.Fatal(err)
	}
	s.joinAs(t, mod)
	modSays := s.as(mod)
	s.play(t, songs[0])
	s.play(t, songs[1])
	s.command(t, "seek", emulator.Args{"to": "99:00"}) // refused
	for range 12 {
		s.command(t, "shuffle", nil)
	}
	m := modSays.command(t, "settings", nil)
	modSays.choose(t, m, "follows=off")
	audit := func(args emulator.Args, words ...string) discord.Message {
		t.Helper()
		for { // it is written once a second
			m := modSays.command(t, "audit", args)
			missing := ""
			for _, w := range words {
				if !strings.Contains(m.Content, w) {
					missing = w
				}
			}
			if missing == "" {
				return m
			}
			if s.ctx.Err() != nil {
				t.Fatalf("no %q in\n%s", missing, m.Content)
			}
		}
	}
	m = audit(nil, "<@"+mod.ID.String()+">: `settings` general follows", "<@"+s.you.ID.String()+">: `shuffle`")
	if !m.Ephemeral() || strings.Contains(m.Content, "`play`") {
		t.Errorf("private %v:\n%s", m.Ephemeral(), m.Content)
	}
	older := modSays.choose(t, m, "Older")
	for _, want := range []string{"`play` Cobblestone Waltz", "`play` Last Tram Home", "refused"} {
		if !strings.Contains(older.Content, want) {
			t.Errorf("no %q in\n%s", want, older.Content)
		}
	}
	if m := audit(emulator.Args{"user": mod}, "settings"); strings.Contains(m.Content, s.you.ID.String()) {
		t.Errorf("others' entries:\n%s", m.Content)
	}
	if _, err := s.you.Command(s.ctx, s.text, "audit", nil); err == nil {
		t.Error("anybody can type /audit")
	}
}
