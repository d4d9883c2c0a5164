package app_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"busker/cmd/busker/internal/album"
	"busker/emulator"
	"busker/internal/snowflake"
)

// TestKilledGuildsPlayOn kills the bot's process while guilds play, and starts another
// one on the same file: all of them play on where they were, and nothing is lost.
func TestKilledGuildsPlayOn(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t)
	bot := e.AddBot("Busker")
	dir := t.TempDir()
	if err := album.Unpack(dir); err != nil {
		t.Fatal(err)
	}
	o := orders{Token: bot.Token, API: e.URL(), CA: e.CAFile(), Music: dir, Store: filepath.Join(t.TempDir(), "busker.db")}
	var rooms []*stage
	for _, name := range []string{"Attic", "Bridge", "Cellar", "Dock", "Elevator"} {
		room := (&stage{t: t, ctx: t.Context(), local: e, bot: bot}).newRoom(name)
		rooms, o.Guilds = append(rooms, room), append(o.Guilds, room.guild.ID)
	}
	c := startChild(t, o)
	if err := bot.WaitCommands(t.Context(), rooms[0].guild, 1); err != nil {
		t.Fatal(err)
	}
	for i, room := range rooms {
		for _, s := range []string{song, "01-cobblestone-waltz.opus", "02-last-tram-home.opus"} {
			room.play(t, s)
		}
		room.command(t, "volume", emulator.Args{"percent": 50 + i})
		hears(t, t.Context(), room.ears)
	}
	rooms[1].command(t, "pause", nil)

	before := c.kill()
	<-time.After(3 * time.Second) // nobody plays, and no time passes
	c = startChild(t, o)
	after := c.playing(t, len(rooms)-1)
	for i, room := range rooms {
		was, is := before[room.guild.ID], after[room.guild.ID]
		if i == 1 {
			is = c.wait(t, room.guild.ID, "paused")
		} else {
			hears(t, t.Context(), room.ears)
		}
		off := is.Position - was.Position
		if off.Abs() > 2*time.Second || is.Item != was.Item || is.Channel != was.Channel || is.Volume != 50+i ||
			!slices.Equal(is.Queue, was.Queue) || len(is.Queue) != 2 || was.Item == 0 {
			t.Errorf("guild %d was\n  %+v, is\n  %+v", i, was, is)
		}
		t.Logf("guild %d is %v away from where it was", i, off)
	}
	rooms[1].command(t, "resume", nil)
	hears(t, t.Context(), rooms[1].ears)
	rooms[0].command(t, "skip", nil)
	if got := c.wait(t, rooms[0].guild.ID, "playing", "Cobblestone Waltz"); len(got.Queue) != 1 {
		t.Errorf("after a skip: %+v", got)
	}
}

// wait waits until a guild is in a state, and plays a title if one is given.
func (c *child) wait(t *testing.T, guild snowflake.ID, state string, title ...string) report {
	t.Helper()
	late := time.After(patience)
	for {
		c.mu.Lock()
		is := c.last[guild]
		c.mu.Unlock()
		if is.State == state && (len(title) == 0 || is.Title == title[0]) {
			return is
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-late:
			t.Fatalf("guild %v: %+v, want %s", guild, is, state)
		}
	}
}
