package app_test

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"busker/cmd/busker/internal/app"
	"busker/emulator"
	"busker/emulator/discord"
	"busker/internal/telemetry"
	"busker/playlists"
	"busker/store"
)

// keeping starts the app with a store in a file.
func keeping(t *testing.T, options *app.Options) (*stage, *store.Store) {
	t.Helper()
	kept, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "busker.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := kept.Close(); err != nil {
			t.Error(err)
		}
	})
	s := newStage(t, func(o *app.Options) { o.Store = kept; *options = *o })
	s.indexed()
	return s, kept
}

// restart ends the app and starts another one with the same options.
func (s *stage) restart(t *testing.T, options app.Options) {
	t.Helper()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	var err error
	if options.Telemetry, err = telemetry.New(telemetry.Options{Level: "warn", Output: t.Output()}); err != nil {
		t.Fatal(err)
	}
	if s.app, err = app.New(options); err != nil {
		t.Fatal(err)
	}
	s.run()
	if err := s.bot.WaitReady(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.indexed()
}

// press presses what does an action, with an argument unless empty, on a message, and
// returns what it says, or what the message says then.
func (s *stage) press(t *testing.T, m discord.Message, action, argument string, values ...string) string {
	t.Helper()
	c, ok := m.Find(func(c discord.Component) bool {
		parts := strings.Split(c.CustomID, "|")
		return len(parts) == 5 && parts[1] == action && (argument == "" || parts[4] == argument)
	})
	if !ok {
		t.Fatalf("nothing does %s %s in %+v", action, argument, m.Components)
	}
	i, err := s.you.Press(s.ctx, m, c.CustomID, values...)
	if err != nil {
		t.Fatal(err)
	}
	if f, err := i.Followup(s.ctx, 0); err == nil {
		return f.Content
	}
	t.Fatal("it says nothing")
	return ""
}

func (s *stage) suggested(t *testing.T, command, option, typed string) []discord.Choice {
	t.Helper()
	offered, err := s.you.Autocomplete(s.ctx, s.text, command, nil, option, typed)
	if err != nil {
		t.Fatal(err)
	}
	return offered
}

// TestMusicIsFoundKeptAndPlayedAgain goes from a typing error over playlists, favourites
// and the history to the deletion of it all, and restarts in between.
func TestMusicIsFoundKeptAndPlayedAgain(t *testing.T) {
	t.Parallel()
	var options app.Options
	s, kept := keeping(t, &options)

	offered := s.suggested(t, "play", "query", "cobleston waltz")
	if len(offered) == 0 || !strings.Contains(offered[0].Name, "Cobblestone Waltz") {
		t.Fatalf("a typing error offers %+v", offered)
	}
	s.play(t, offered[0].Value.(string))
	hears(t, s.ctx, s.ears)

	m := s.command(t, "search", emulator.Args{"query": "pocket arcade"})
	if got := s.press(t, m, "picked", "last"); !strings.Contains(got, "Pocket Arcade") {
		t.Errorf("search and add: %q", got)
	}
	s.expect(t, "favourites add", nil, "is one of your favourites now", "")
	s.expect(t, "playlist create", emulator.Args{"name": "Evening"}, "Created the playlist **Evening**.", "")
	s.expect(t, "playlist add", emulator.Args{"list": "Evening", "from": "queue"}, "Saved 2 tracks to **Evening**.", "")
	s.expect(t, "skip", nil, "Skipped", "")
	hears(t, s.ctx, s.ears)
	s.expect(t, "stop", nil, "Stopped", "")
	s.until(t, "two plays are written down", func() bool {
		plays, err := kept.Playlists().Recent(s.ctx, playlists.Plays{Guild: s.guild.ID})
		return err == nil && len(plays) == 2 && plays[1].Track.Title == "Cobblestone Waltz" && plays[1].Heard > 0
	})

	s.restart(t, options)
	s.expect(t, "playlist show", emulator.Args{"list": "Evening"}, "`2.` **Pocket Arcade**", "")
	s.expect(t, "stats", nil, "2 tracks in", "")
	s.expect(t, "stats", emulator.Args{"about": "bot"}, "tracks in the library", "")
	history := s.command(t, "history", nil)
	menu, ok := history.Find(func(c discord.Component) bool { return len(c.Options) == 2 })
	if !ok {
		t.Fatalf("the history: %q, %+v", history.Content, history.Components)
	}
	i, err := s.you.Press(s.ctx, history, menu.CustomID, menu.Options[1].Value)
	if err != nil {
		t.Fatal(err)
	}
	if history, err = i.Response(s.ctx); err != nil {
		t.Fatal(err)
	}
	if got := s.press(t, history, "picked", "last"); !strings.HasPrefix(got, "Playing **Cobblestone Waltz**") {
		t.Errorf("played again: %q", got)
	}
	hears(t, s.ctx, s.ears)
	s.expect(t, "playlist play", emulator.Args{"list": "Evening"}, "Added 2 tracks from **Evening**.", "")

	export := s.command(t, "mydata export", nil)
	if len(export.Attachments) != 1 || !strings.Contains(s.fetch(t, export.Attachments[0].URL), `"Evening"`) {
		t.Errorf("the export: %+v", export)
	}
	ask := s.command(t, "mydata delete", nil)
	erase, _ := ask.Find(func(c discord.Component) bool { return strings.Contains(c.CustomID, "|erase|") })
	if i, err = s.you.Press(s.ctx, ask, erase.CustomID); err != nil {
		t.Fatal(err)
	}
	if _, err := i.WaitResponse(s.ctx, func(m discord.Message) bool {
		return strings.HasPrefix(m.Content, "Deleted: 1 playlists, 1 favourites")
	}); err != nil {
		t.Fatal(err)
	}
	left, err := kept.Playlists().Export(s.ctx, s.you.ID)
	if err != nil || len(left.Lists)+len(left.Favourites)+len(left.Plays)+len(left.Added) != 0 {
		t.Errorf("left: %+v, %v", left, err)
	}
	s.until(t, "the queue is without your tracks", func() bool { return len(s.status().Queue) == 0 })
}

// TestAPlaylistComesFromAFile imports what another program wrote, and gives it back.
func TestAPlaylistComesFromAFile(t *testing.T) {
	t.Parallel()
	var options app.Options
	s, _ := keeping(t, &options)
	file := "#EXTM3U\n#PLAYLIST:From elsewhere\n#EXTINF:-1,Somebody - Cobblestone Waltz\nD:\\Music\\01-cobblestone-waltz.opus\n" +
		"#EXTINF:-1,Nobody - Nothing Like This\n/home/x/nothing like this.mp3\n"
	m := s.command(t, "playlist import", emulator.Args{"file": emulator.Upload{Name: "x.m3u8", Data: []byte(file)}})
	if !strings.HasPrefix(m.Content, "Imported **From elsewhere**: 1 of 2 tracks found.") || !strings.Contains(m.Content, "nothing like this.mp3") {
		t.Errorf("%q", m.Content)
	}
	s.expect(t, "playlist play", emulator.Args{"list": "From elsewhere"}, "Added 1 track from **From elsewhere**.", "")
	hears(t, s.ctx, s.ears)
	export := s.command(t, "playlist export", emulator.Args{"list": "From elsewhere", "format": "xspf"})
	if len(export.Attachments) != 1 || !strings.Contains(s.fetch(t, export.Attachments[0].URL), "<title>Cobblestone Waltz</title>") {
		t.Errorf("%+v", export)
	}
}

// fetch is the content of an attachment.
func (s *stage) fetch(t *testing.T, link string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
