package bot_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"busker/bot"
	"busker/emulator"
	ed "busker/emulator/discord"
	"busker/internal/snowflake"
	"busker/playlists"
	"busker/settings"
	"busker/track"
)

// shelf is a Library of a few songs, found by any part of their name.
type shelf []string

func (s shelf) Search(_ context.Context, text string, limit int) (hits []track.Hit, err error) {
	for _, name := range s {
		t := song(name)
		whole := strings.ToLower(t.Artist + " " + t.Title)
		if strings.Contains(whole, strings.ToLower(text)) && len(hits) < limit {
			hits = append(hits, track.Hit{Source: "file", Ref: t.URI, Title: t.Title, Artist: t.Artist, Tracks: 1, Length: t.Length, Track: t, Score: 1})
		}
	}
	return hits, nil
}

// downloads is a Files without rules.
type downloads struct{}

func (downloads) Fetch(ctx context.Context, link string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, link, nil)
	if err != nil {
		return nil, err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// shop is a square with a library, and what its bot keeps.
type shop struct {
	*square
	kept    *playlists.Memory
	choices *settings.Memory
}

func newShop(t *testing.T, adjust ...func(*bot.Options)) *shop {
	t.Helper()
	s := &shop{kept: playlists.NewMemory(playlists.Limits{}), choices: &settings.Memory{}}
	s.square = newSquare(t, append([]func(*bot.Options){func(o *bot.Options) {
		o.Library = shelf{"Art of A", "Art of B", "Cobblestone Waltz"}
		o.Playlists, o.Settings, o.Files = s.kept, s.choices, downloads{}
	}}, adjust...)...)
	return s
}

// says types a command and fails unless its author reads that.
func (s *shop) says(u *emulator.User, name string, args emulator.Args, want string) ed.Message {
	s.t.Helper()
	m := s.command(u, name, args)
	if m.Content != want {
		s.t.Errorf("/%s: %q, want %q", name, m.Content, want)
	}
	return m
}

// id is the custom id of the component that does action, with an argument unless empty.
func (s *shop) id(m ed.Message, action, argument string) string {
	s.t.Helper()
	c, ok := m.Find(func(c ed.Component) bool {
		a, _, _, arg, ok := bot.ParseCustomID(c.CustomID)
		return ok && a == action && (argument == "" || arg == argument)
	})
	if !ok {
		s.t.Fatalf("nothing does %s %s in %+v", action, argument, m.Components)
	}
	return c.CustomID
}

// uses presses what does an action, and returns the interaction.
func (s *shop) uses(u *emulator.User, m ed.Message, action, argument string, values ...string) *emulator.Interaction {
	s.t.Helper()
	i, err := u.Press(s.ctx(), m, s.id(m, action, argument), values...)
	s.need(err)
	return i
}

// turned is the message after a press changed it.
func (s *shop) turned(i *emulator.Interaction) ed.Message {
	s.t.Helper()
	m, err := i.Response(s.ctx())
	s.need(err)
	return m
}

// told is the follow-up to a press.
func (s *shop) told(i *emulator.Interaction) string {
	s.t.Helper()
	m, err := i.Followup(s.ctx(), 0)
	s.need(err)
	if !m.Ephemeral() {
		s.t.Errorf("%q is public", m.Content)
	}
	return m.Content
}

// form is what an interaction opens.
func (s *shop) form(i *emulator.Interaction) emulator.Modal {
	s.t.Helper()
	m, err := i.Modal(s.ctx())
	s.need(err)
	return m
}

func (s *shop) submit(u *emulator.User, m emulator.Modal, args emulator.Args) ed.Message {
	s.t.Helper()
	i, err := u.Submit(s.ctx(), m, args)
	s.need(err)
	return s.outcome(i)
}

// list makes a playlist of songs for an owner.
func (s *shop) list(o playlists.Owner, name string, songs ...string) playlists.Playlist {
	s.t.Helper()
	entries := make([]playlists.Entry, len(songs))
	for i, n := range songs {
		entries[i] = playlists.Entry{Track: song(n), Added: time.Now(), By: s.ann.ID}
	}
	l, err := s.kept.Create(s.ctx(), playlists.Playlist{Owner: o, Maker: o.ID, Name: name}, entries...)
	s.need(err)
	return l
}

// holds fails unless the playlist has these songs.
func (s *shop) holds(o playlists.Owner, name string, want ...string) {
	s.t.Helper()
	lists, err := s.kept.Lists(s.ctx(), o)
	s.need(err)
	for _, l := range lists {
		if l.Name != name {
			continue
		}
		entries, err := s.kept.Entries(s.ctx(), l.ID, 0, 0)
		s.need(err)
		var got []string
		for _, e := range entries {
			got = append(got, e.Track.Title)
		}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			s.t.Errorf("%s holds %q, want %q", name, got, want)
		}
		return
	}
	if len(want) > 0 {
		s.t.Errorf("there is no %s: %+v", name, lists)
	}
}

// queued are the titles of what plays and waits.
func (s *shop) queued() (titles []string) {
	st, _ := s.players.Status(s.guild.ID)
	if st.ItemID != 0 {
		titles = append(titles, st.Track.Title)
	}
	for _, item := range st.Queue {
		titles = append(titles, item.Track.Title)
	}
	return titles
}

func (s *shop) queues(want ...string) {
	s.t.Helper()
	if got := s.queued(); strings.Join(got, "|") != strings.Join(want, "|") {
		s.t.Errorf("the queue is %q, want %q", got, want)
	}
}

// onlyDJs makes a role that bob lacks the only one to control the music.
func (s *shop) onlyDJs() {
	s.t.Helper()
	role := s.guild.AddRole("DJ", 0)
	_, err := s.choices.ChangeGuild(s.ctx(), s.guild.ID, func(g *settings.Guild) error {
		g.DJRoles = []snowflake.ID{role.ID}
		return nil
	})
	s.need(err)
	s.need(s.ann.Give(role))
}

func me(u *emulator.User) playlists.Owner { return playlists.User(u.ID) }

// value is what is chosen by choosing the suggestion that begins so.
func (s *shop) value(u *emulator.User, command, option, typed, begins string) string {
	s.t.Helper()
	offered, err := u.Autocomplete(s.ctx(), s.text, command, nil, option, typed)
	s.need(err)
	for _, c := range offered {
		if strings.HasPrefix(c.Name, begins) {
			return c.Value.(string)
		}
	}
	s.t.Fatalf("/%s %s %q offers %+v", command, option, typed, offered)
	return ""
}
