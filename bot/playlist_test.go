package bot_test

import (
	"io"
	"strings"
	"testing"

	"busker/bot"
	"busker/emulator"
	"busker/playlists"
)

func TestPlaylistCommands(t *testing.T) {
	s := newShop(t)
	server := playlists.Guild(s.guild.ID)
	for _, tt := range []struct {
		name string
		args emulator.Args
		want string
	}{
		{"playlist show", nil, "There are no playlists yet. Make one with `/playlist create`, or bring one with `/playlist import`."},
		{"playlist create", emulator.Args{"name": " Road  trip "}, "Created the playlist **Road trip**."},
		{"playlist create", emulator.Args{"name": "ROAD TRIP"}, "There is already a playlist with that name."},
		{"playlist create", emulator.Args{"name": "Party", "owner": "server"}, "Created the playlist **Party**."},
		{"playlist show", nil, "Your playlists and those of this server:\n**Road trip**: yours, 0 tracks\n**Party**: the server's, 0 tracks"},
		{"playlist show", emulator.Args{"list": "road trip"}, "**Road trip** (yours, 0 tracks, 0:00)\nThere is nothing in it yet."},
		{"playlist play", emulator.Args{"list": "Road trip"}, "There is nothing in it yet."},
		{"playlist add", emulator.Args{"list": "Road trip"}, "Nothing is playing. Start with `/play`."},
		{"playlist add", emulator.Args{"list": "Road trip", "query": "missing"}, "There is no such file."},
		{"playlist add", emulator.Args{"list": "Road trip", "query": "Song 1"}, "Saved **Song 1** by The Band to **Road trip**."},
		{"playlist add", emulator.Args{"list": "Road trip", "query": "album"}, "Saved 3 tracks from **The \\*Album\\*** to **Road trip**."},
		{"playlist play", emulator.Args{"list": "Road trip"}, "Added 4 tracks from **Road trip**."},
		{"playlist add", emulator.Args{"list": "Party"}, "Saved **Song 1** by The Band to **Party**."},
		{"playlist add", emulator.Args{"list": "Party", "from": "queue"}, "Saved 4 tracks to **Party**."},
		{"playlist remove", emulator.Args{"list": "Road trip", "track": 9}, "The tracks of that playlist have the numbers 1 to 4."},
		{"playlist remove", emulator.Args{"list": "Road trip", "track": 1}, "Removed **Song 1** by The Band from **Road trip**."},
		{"playlist remove", emulator.Args{"list": "Party", "track": 2, "last": 3}, "Removed 2 tracks from **Party**."},
		{"playlist rename", emulator.Args{"list": "Party", "name": "Fête"}, "Renamed **Party** to **Fête**."},
		{"playlist rename", emulator.Args{"list": "Party", "name": "x"}, "There is no such playlist."},
		{"playlist copy", emulator.Args{"list": "Fête", "owner": "me"}, "Copied **Fête** to **Fête** (yours, 3 tracks)."},
		{"playlist copy", emulator.Args{"list": "Road trip", "owner": "server", "name": "Shared"}, "Copied **Road trip** to **Shared** (the server's, 3 tracks)."},
		{"playlist show", emulator.Args{"list": "Shared", "page": 7}, "**Shared** (the server's, 3 tracks, 10:00)\n`1.` **One** by The Band\n`2.` **Two** by The Band\n`3.` **Three** by The Band\nPage 1 of 1"},
	} {
		m := s.says(s.ann, tt.name, tt.args, tt.want)
		if m.Ephemeral() == strings.HasPrefix(tt.want, "Added") {
			t.Errorf("/%s: private %v", tt.name, m.Ephemeral())
		}
	}
	s.queues("Song 1", "One", "Two", "Three")
	s.holds(me(s.ann), "Fête", "Song 1", "Two", "Three")
	s.holds(server, "Shared", "One", "Two", "Three")
	if v := s.value(s.ann, "playlist play", "list", "sha", "Shared · the server's, 3 tracks"); !strings.HasPrefix(v, "list:") {
		t.Errorf("the choice is %s", v)
	}
	s.command(s.ann, "playlist play", emulator.Args{"list": "Shared", "shuffle": true})
	if n := len(s.queued()); n != 7 {
		t.Errorf("%d tracks after the shuffled list", n)
	}
}

func TestPagesOfAPlaylist(t *testing.T) {
	s := newShop(t)
	songs := strings.Split(strings.Repeat("S ", 20), " ")[:20]
	s.list(me(s.ann), "Long", songs...)
	m := s.command(s.ann, "playlist show", emulator.Args{"list": "Long"})
	m = s.turned(s.uses(s.ann, m, "list_page", bot.ListArgument(1, 2)))
	if !strings.Contains(m.Content, "`9.`") || !strings.Contains(m.Content, "Page 2 of 3") {
		t.Errorf("the second page:\n%s", m.Content)
	}
	if got := s.told(s.uses(s.ann, m, "list_play", "")); got != "Added 20 tracks from **Long**." {
		t.Errorf("%q", got)
	}
	modal := s.form(s.uses(s.ann, m, "list_edit", ""))
	if text := modal.Components[0].Component.Value; !strings.HasPrefix(text, "9. ") {
		t.Errorf("the form begins with %q", text)
	}
}

func TestDeletingAPlaylistAsksFirst(t *testing.T) {
	s := newShop(t)
	s.list(me(s.ann), "Old", "One")
	m := s.says(s.ann, "playlist delete", emulator.Args{"list": "Old"}, "Delete the playlist **Old** with 1 track?")
	if got := s.turned(s.uses(s.ann, m, "list_keep", "")); got.Content != "Nothing was deleted." || len(got.Components) != 0 {
		t.Errorf("%+v", got)
	}
	s.holds(me(s.ann), "Old", "One")
	m = s.command(s.ann, "playlist delete", emulator.Args{"list": "Old"})
	if got := s.turned(s.uses(s.ann, m, "list_delete", "")); got.Content != "Deleted the playlist **Old**." {
		t.Errorf("%+v", got)
	}
	s.holds(me(s.ann), "Old")
}

func TestEditingAPlaylistAsText(t *testing.T) {
	s := newShop(t)
	s.list(me(s.ann), "Mix", "One", "Two", "Three", "Four")
	edit := func() emulator.Modal {
		i, err := s.ann.Command(s.ctx(), s.text, "playlist edit", emulator.Args{"list": "Mix"})
		s.need(err)
		return s.form(i)
	}
	modal, stale := edit(), edit()
	if text := modal.Components[0].Component.Value; text != "1. The Band - One\n2. The Band - Two\n3. The Band - Three\n4. The Band - Four" {
		t.Fatalf("the form shows %q", text)
	}
	m := s.submit(s.ann, modal, emulator.Args{"lines": "4. The Band - Four\nSomething new\n\n1\n  The Band - Two \nmissing"})
	if want := "Saved **Mix**: 4 tracks, 1 of them new; 1 were removed.\nNot found: \n> missing"; m.Content != want {
		t.Errorf("%q, want %q", m.Content, want)
	}
	s.holds(me(s.ann), "Mix", "Four", "Something new", "One", "Two")

	m = s.submit(s.ann, stale, emulator.Args{"lines": ""}) // list_edit
	if m.Content != "Somebody changed the playlist meanwhile. Look at it again." {
		t.Errorf("an old form: %q", m.Content)
	}
	m = s.submit(s.ann, edit(), emulator.Args{"lines": strings.Repeat("new\n", 26)})
	if !strings.Contains(m.Content, "at most 25 new lines") {
		t.Errorf("too many lines: %q", m.Content)
	}
	s.submit(s.ann, edit(), emulator.Args{"lines": ""})
	l, err := s.kept.Lists(s.ctx(), me(s.ann))
	s.need(err)
	if l[0].Tracks != 0 {
		t.Errorf("emptied: %+v", l[0])
	}
}

func TestAnEditShowsWhatFits(t *testing.T) {
	s := newShop(t)
	songs := make([]string, 150)
	for i := range songs {
		songs[i] = strings.Repeat("long ", 10)
	}
	s.list(me(s.ann), "Long", songs...)
	i, err := s.ann.Command(s.ctx(), s.text, "playlist edit", emulator.Args{"list": "Long"})
	s.need(err)
	modal := s.form(i)
	part := modal.Components[0]
	shown := strings.Count(part.Component.Value, "\n") + 1
	if shown >= 150 || len(part.Component.Value) > 4000 || !strings.Contains(part.Description, "of 150") {
		t.Errorf("%d lines, %q", shown, part.Description)
	}
	s.submit(s.ann, modal, emulator.Args{"lines": "1"})
	l, err := s.kept.Lists(s.ctx(), me(s.ann))
	s.need(err)
	if want := 150 - shown + 1; l[0].Tracks != want {
		t.Errorf("%d tracks, want %d", l[0].Tracks, want)
	}
}

func TestOnlyDJsChangeTheServersPlaylists(t *testing.T) {
	s := newShop(t)
	s.onlyDJs()
	bob := s.guild.AddUser("bob")
	s.sit(bob, s.voice)
	server := playlists.Guild(s.guild.ID)
	s.list(server, "House", "One", "Two")
	s.list(me(bob), "Bob's", "Three")
	for _, tt := range []struct {
		name string
		args emulator.Args
	}{
		{"playlist create", emulator.Args{"name": "x", "owner": "server"}},
		{"playlist add", emulator.Args{"list": "House", "query": "x"}},
		{"playlist remove", emulator.Args{"list": "House", "track": 1}},
		{"playlist rename", emulator.Args{"list": "House", "name": "x"}},
		{"playlist edit", emulator.Args{"list": "House"}},
		{"playlist delete", emulator.Args{"list": "House"}},
		{"playlist copy", emulator.Args{"list": "Bob's", "owner": "server"}},
		{"playlist import", emulator.Args{"file": emulator.Upload{Name: "x.txt", Data: []byte("A")}, "owner": "server"}},
	} {
		i, err := bob.Command(s.ctx(), s.text, tt.name, tt.args)
		s.need(err)
		if m := s.outcome(i); !strings.HasPrefix(m.Content, "On this server only DJs change its playlists: <@&") {
			t.Errorf("/%s: %q", tt.name, m.Content)
		}
	}
	s.holds(server, "House", "One", "Two")
	s.says(bob, "playlist play", emulator.Args{"list": "House"}, "Added 2 tracks from **House**.")
	m := s.command(bob, "playlist show", emulator.Args{"list": "House"})
	for _, row := range m.Components {
		for _, b := range row.Components {
			if b.Label == "Edit" {
				t.Error("bob is offered to edit")
			}
		}
	}
	s.says(s.ann, "playlist rename", emulator.Args{"list": "House", "name": "Home"}, "Renamed **House** to **Home**.")
}

func TestImportsAreHonest(t *testing.T) {
	s := newShop(t)
	m3u := "#EXTM3U\n#PLAYLIST:Party mix\n#EXTINF:200,The Band - Art of A\nC:\\Music\\missing\n#EXTINF:1,Nobody - Nothing\nmissing\n#EXTINF:-1,x\nfolder/song.mp3\n"
	m := s.command(s.ann, "playlist import", emulator.Args{"file": emulator.Upload{Name: "mix.m3u8", Data: []byte(m3u)}})
	if want := "Imported **Party mix**: 2 of 3 tracks found.\nNot found: \n> missing"; m.Content != want || len(m.Attachments) != 1 {
		t.Errorf("%q with %d files, want %q", m.Content, len(m.Attachments), want)
	}
	s.holds(me(s.ann), "Party mix", "Art of A", "x")

	csv := "Track name,Artist name,Album\nCobblestone Waltz (Live),The Band feat. Ann,x\n"
	s.says(s.ann, "playlist import", emulator.Args{"file": emulator.Upload{Name: "Waltzes.csv", Data: []byte(csv)}, "owner": "server"},
		"Imported **Waltzes**: 1 of 1 tracks found.")
	s.holds(playlists.Guild(s.guild.ID), "Waltzes", "Cobblestone Waltz")

	s.says(s.ann, "playlist import", emulator.Args{"file": emulator.Upload{Name: "x.m3u", Data: []byte("#EXTM3U\nmissing\n")}},
		"The 1 track could not be found here.")
	s.says(s.ann, "playlist import", emulator.Args{"file": emulator.Upload{Name: "x.m3u", Data: []byte{0x89, 0, 1}}},
		"That is not a playlist: it is not even text.")
	s.says(s.ann, "playlist import", emulator.Args{"link": "album", "name": "From a source"}, "Imported **From a source**: 3 of 3 tracks found.")
}

func TestImportingPastedText(t *testing.T) {
	s := newShop(t)
	open := func() emulator.Modal {
		i, err := s.ann.Command(s.ctx(), s.text, "playlist import", nil)
		s.need(err)
		return s.form(i) // list_import
	}
	m := s.submit(s.ann, open(), emulator.Args{"name": "Pasted", "text": "1. The Band - Art of A\n2. Nobody - Nothing\n", "owner": "server"})
	if want := "Imported **Pasted**: 1 of 2 tracks found.\nNot found: \n> Nobody - Nothing"; m.Content != want {
		t.Errorf("%q", m.Content)
	}
	s.holds(playlists.Guild(s.guild.ID), "Pasted", "Art of A")

	m = s.submit(s.ann, open(), emulator.Args{"file": emulator.Upload{Name: "Up loaded.txt", Data: []byte("The Band - Art of B")}})
	if m.Content != "Imported **Up loaded**: 1 of 1 tracks found." {
		t.Errorf("%q", m.Content)
	}
	if m = s.submit(s.ann, open(), emulator.Args{}); m.Content != "Give me a file, a link or a list of tracks." {
		t.Errorf("nothing: %q", m.Content)
	}
}

func TestExportsComeBack(t *testing.T) {
	s := newShop(t)
	s.list(me(s.ann), "Best: of", "Art of A", "Art of B")
	for _, format := range []string{"m3u8", "pls", "xspf", "csv", "txt"} {
		m := s.says(s.ann, "playlist export", emulator.Args{"list": "Best: of", "format": format}, "**Best: of** with 2 tracks, as a file for other players.")
		if len(m.Attachments) != 1 || !strings.HasSuffix(m.Attachments[0].Filename, "."+format) || !m.Ephemeral() {
			t.Fatalf("%s: %+v", format, m.Attachments)
		}
		file, err := downloads{}.Fetch(s.ctx(), m.Attachments[0].URL)
		s.need(err)
		data, err := io.ReadAll(file)
		s.need(err)
		s.need(file.Close())
		got := s.command(s.ann, "playlist import", emulator.Args{"file": emulator.Upload{Name: "x." + format, Data: data}, "name": "from " + format})
		if !strings.Contains(got.Content, "2 of 2 tracks found") {
			t.Errorf("%s: %q\n%s", format, got.Content, data)
		}
	}
}
