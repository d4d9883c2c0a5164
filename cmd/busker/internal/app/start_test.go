package app_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"busker/dsp"
	"busker/emulator"
	"busker/emulator/gateway"
	"busker/internal/snowflake"
	"busker/queue"
	"busker/session"
	"busker/settings"
	"busker/store"
	"busker/track"
)

var (
	startGuilds = flag.Int("start.guilds", 20, "how many guilds TestAStartWithFullStores has")
	startQueue  = flag.Int("start.queue", 50, "how many tracks wait in each of them")
	startPlays  = flag.Int("start.plays", 5, "how many of them were playing")
)

// TestAStartWithFullStores starts the app on a store in which every guild has settings and
// a queue, and tells how long that takes, how large the store is and how much memory it
// takes.
func TestAStartWithFullStores(t *testing.T) {
	t.Parallel()
	e := emulator.Start(t, emulator.Options{Gateway: gateway.Limits{IdentifyEvery: 10 * time.Millisecond}})
	bot := e.AddBot("Busker")
	dir := t.TempDir()
	writeSweep(t, dir, 30*time.Minute)
	o := orders{Token: bot.Token, API: e.URL(), CA: e.CAFile(), Music: dir, Store: filepath.Join(t.TempDir(), "busker.db")}
	kept, err := store.Open(t.Context(), o.Store, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	base := &stage{t: t, ctx: t.Context(), local: e, bot: bot}
	var heard []*stage
	for i := range *startGuilds {
		s := *base
		s.guild = e.AddGuild(fmt.Sprint("Guild ", i), bot)
		s.text, s.voice = s.guild.AddTextChannel("requests"), s.guild.AddVoiceChannel("The Corner")
		s.you = s.guild.AddUser("you")
		if i < *startPlays {
			s.ears = s.join(s.voice)
			heard, o.Guilds = append(heard, &s), append(o.Guilds, s.guild.ID)
		}
		furnish(t, kept, &s, i < *startPlays)
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	size := fileSize(t, o.Store)

	began := time.Now()
	c := startChild(t, o)
	if err := bot.WaitCommands(t.Context(), heard[0].guild, 1); err != nil {
		t.Fatal(err)
	}
	ready := time.Since(began)
	atReady := c.resident(t)
	c.playing(t, len(heard))
	played := time.Since(began)
	for _, s := range heard {
		hears(t, t.Context(), s.ears)
	}
	t.Logf("%d guilds with %d tracks each: ready after %v with %d MiB; %d play after %v, %d MiB; the store has %.1f MiB",
		*startGuilds, *startQueue, ready.Round(time.Millisecond), atReady, len(heard), played.Round(time.Millisecond), c.resident(t), size)
	for _, s := range heard {
		if got := c.wait(t, s.guild.ID, "playing"); len(got.Queue) != *startQueue {
			t.Errorf("%d tracks wait, want %d", len(got.Queue), *startQueue)
		}
	}
}

// furnish keeps as much of a guild as people usually choose, and a queue.
func furnish(t *testing.T, kept *store.Store, s *stage, playing bool) {
	t.Helper()
	role := s.guild.ID + 1
	_, err := kept.Settings().ChangeGuild(t.Context(), s.guild.ID, func(g *settings.Guild) error {
		g.Language, g.VoteSkip, g.MaxPerUser, g.AutoLeave = "de", 50, 100, 10*time.Minute
		g.DJRoles, g.TextChannel = []snowflake.ID{role, role + 1}, s.text.ID
		g.CommandRoles = map[string][]snowflake.ID{"clear": {role}, "stop": {role, role + 2}}
		g.BlockedUsers = []snowflake.ID{role + 3, role + 4, role + 5}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	q := queue.New(queue.Options{})
	items := []queue.Item{{Requester: queue.UserID(s.you.ID), Track: track.Track{
		Source: "file", URI: sweepFile, Title: "Sweep", Length: 30 * time.Minute, Seekable: true,
	}}}
	for n := range *startQueue {
		items = append(items, queue.Item{Requester: queue.UserID(s.you.ID), Track: track.Track{
			Source: "file", URI: fmt.Sprintf("albums/%03d/track %02d.flac", n/12, n%12), Title: fmt.Sprint("A title of usual length ", n),
			Artist: "Some Artist", Album: "An Album", Length: 3 * time.Minute, Format: "FLAC", Seekable: true,
		}})
	}
	if _, err := q.Add(queue.AddOptions{}, items...); err != nil {
		t.Fatal(err)
	}
	first, _ := q.Next()
	parts := []dsp.Part{{Preset: "bassboost", Strength: 0.4}}
	mixed, err := dsp.Mix(parts...)
	if err != nil {
		t.Fatal(err)
	}
	change := session.Change{
		Guild: s.guild.ID, Queue: q.Changes(),
		Sound: &session.Sound{Volume: 80, Filters: mixed, Effects: parts, Crossfade: 3 * time.Second},
		Place: &session.Place{},
	}
	if playing {
		change.Place = &session.Place{Channel: s.voice.ID, Item: first.ID, At: time.Now(), Playing: true}
	}
	if _, err := kept.Sessions().Save(t.Context(), []session.Change{change}); err != nil {
		t.Fatal(err)
	}
}

// fileSize is how large a store is, in MiB.
func fileSize(t *testing.T, path string) float64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return float64(info.Size()) / (1 << 20)
}

// resident is how much memory the process takes, in MiB.
func (c *child) resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.process.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, is := strings.CutPrefix(line, "VmRSS:"); is {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return kib >> 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}
