package bot_test

import (
	"strings"
	"testing"
	"time"

	"busker/bot"
	"busker/emulator"
	"busker/playlists"
	"busker/track"
)

func TestSearchOffersWhatToDo(t *testing.T) {
	s := newShop(t)
	m := s.says(s.ann, "search", emulator.Args{"query": "art of"}, "2 hits for “art of”.")
	if !m.Ephemeral() {
		t.Error("the page is public")
	}
	if got := s.told(s.uses(s.ann, m, "picked", "last")); got != "Playing **Art of A** by The Band." {
		t.Errorf("add: %q", got)
	}
	m = s.turned(s.uses(s.ann, m, "pick", "", "Art of B", "Art of A"))
	if got := s.told(s.uses(s.ann, m, "picked", "next")); got != "Added 2 tracks." {
		t.Errorf("next: %q", got)
	}
	m = s.turned(s.uses(s.ann, m, "pick", "", "Art of B"))
	s.told(s.uses(s.ann, m, "picked", "now"))
	s.queues("Art of B", "Art of A", "Art of B")

	m = s.turned(s.uses(s.ann, m, "picked", "save"))
	modal := s.form(s.uses(s.ann, m, "pick_to", "", "new"))
	i, err := s.ann.Submit(s.ctx(), modal, emulator.Args{"name": "Evening"}) // pick_new
	s.need(err)
	if got := s.told(i); got != "Saved **Art of B** by The Band to **Evening**." {
		t.Errorf("save: %q", got)
	}
	m = s.turned(i)
	m = s.turned(s.uses(s.ann, m, "picked", "save"))
	m = s.turned(s.uses(s.ann, m, "picked", "back"))
	m = s.turned(s.uses(s.ann, m, "picked", "save"))
	lists, err := s.kept.Lists(s.ctx(), me(s.ann))
	s.need(err)
	s.told(s.uses(s.ann, m, "pick_to", "", bot.Reference(lists[0])))
	s.holds(me(s.ann), "Evening", "Art of B", "Art of B")
}

func TestSearchPlaysWhatWasMeant(t *testing.T) {
	s := newShop(t)
	words := s.value(s.ann, "search", "query", "art of b", "Art of B")
	s.says(s.ann, "search", emulator.Args{"query": words}, "1 hit for “The Band Art of B”.")
	m := s.says(s.ann, "search", emulator.Args{"query": "album"}, "Found 3 tracks from **The \\*Album\\***.")
	if got := s.told(s.uses(s.ann, m, "picked", "last")); got != "Added 3 tracks from **The \\*Album\\***." {
		t.Errorf("%q", got)
	}
	s.says(s.ann, "search", emulator.Args{"query": "missing"}, "There is no such file.")
}

func TestOnlyDJsPutThingsFirst(t *testing.T) {
	s := newShop(t)
	s.onlyDJs()
	s.command(s.ann, "play", emulator.Args{"query": "A"})
	s.command(s.ann, "play", emulator.Args{"query": "B"})
	bob := s.guild.AddUser("bob")
	s.sit(bob, s.voice)
	m := s.command(bob, "search", emulator.Args{"query": "waltz"})
	if got := s.told(s.uses(bob, m, "picked", "last")); !strings.HasPrefix(got, "Added **Cobblestone Waltz**") {
		t.Errorf("add: %q", got)
	}
	for _, when := range []string{"next", "now"} {
		if got := s.whisper(s.uses(bob, m, "picked", when)); !strings.Contains(got.Content, "DJ") {
			t.Errorf("%s: %q", when, got.Content)
		}
	}
	s.queues("A", "B", "Cobblestone Waltz")
}

func TestSuggestionsWhileTyping(t *testing.T) {
	s := newShop(t)
	s.list(me(s.ann), "Road trip", "One", "Two")
	s.list(playlists.Guild(s.guild.ID), "Road works", "Three")
	_, err := s.kept.Like(s.ctx(), s.ann.ID, song("Liked"), time.Now())
	s.need(err)
	s.need(s.kept.Played(s.ctx(), playlists.Play{Guild: s.guild.ID, User: s.ann.ID, Track: song("Heard"), At: time.Now()}))

	for _, tt := range []struct {
		typed string
		want  []string
	}{
		{"", []string{"Road trip · yours, 2 tracks", "Road works · the server's, 1 track", "The Band - Liked", "The Band - Heard"}},
		{"road", []string{"Road trip · yours, 2 tracks", "Road works · the server's, 1 track"}},
		{"art of", []string{"Art of A · The Band · 3:20", "Art of B · The Band · 3:20"}},
		{"like", []string{"The Band - Liked"}},
		{"https://example.org/a", []string{"https://example.org/a"}},
		{"nothing like this", nil},
	} {
		offered, err := s.ann.Autocomplete(s.ctx(), s.text, "play", nil, "query", tt.typed)
		s.need(err)
		var got []string
		for _, c := range offered {
			got = append(got, c.Name)
		}
		if strings.Join(got, "|") != strings.Join(tt.want, "|") {
			t.Errorf("%q offers %q, want %q", tt.typed, got, tt.want)
		}
	}
	for _, chosen := range []string{"Road trip", "The Band - Liked", "The Band - Heard"} {
		s.command(s.ann, "play", emulator.Args{"query": s.value(s.ann, "play", "query", "", chosen)})
	}
	s.queues("One", "Two", "Liked", "Heard")
}

// References are typed by hand, too; they lead nowhere else.
func TestReferencesOpenNobodyElsesThings(t *testing.T) {
	s := newShop(t)
	bob := s.guild.AddUser("bob")
	s.sit(bob, s.voice)
	l := s.list(me(s.ann), "Private", "One")
	s.need(s.kept.Played(s.ctx(), playlists.Play{Guild: 999, User: s.ann.ID, Track: song("Elsewhere"), At: time.Now()}))
	plays, err := s.kept.Recent(s.ctx(), playlists.Plays{})
	s.need(err)
	play := bot.PlayReference(plays[0])

	s.says(bob, "play", emulator.Args{"query": bot.Reference(l)}, "There is no such playlist.")
	s.says(bob, "playlist show", emulator.Args{"list": bot.Reference(l)}, "There is no such playlist.")
	s.says(bob, "play", emulator.Args{"query": play}, "That is no longer in the history.")
	s.says(bob, "play", emulator.Args{"query": "liked:1234"}, "That is not one of your favourites.")
	s.says(bob, "play", emulator.Args{"query": "liked:"}, "There is nothing in it yet.")
	s.says(bob, "play", emulator.Args{"query": "draft:x"}, "That was too long ago. Ask again.")
	s.says(bob, "play", emulator.Args{"query": "list:x"}, "There is no such playlist.")
	s.says(s.ann, "play", emulator.Args{"query": play}, "Playing **Elsewhere** by The Band.")
}

func TestDraftsAreFewAndShortLived(t *testing.T) {
	d := bot.NewDrafts()
	first := d.Keep(1, track.Result{Playlist: "first"})
	if got, _, err := d.Find(1, first); err != nil || got.Playlist != "first" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, _, err := d.Find(2, first); err == nil {
		t.Error("somebody else's draft was found")
	}
	for range 1000 {
		d.Keep(1, track.Result{})
	}
	if _, _, err := d.Find(1, first); err == nil {
		t.Error("the oldest of too many is still there")
	}
}
